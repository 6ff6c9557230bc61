#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "record/record_block.h"

namespace tapelake::transform {

/// Memory for the texts of one record that cannot be views into it. One thread. Addresses are
/// stable until Reset(), and record::kRecordPaddingBytes are readable after every text. Reset()
/// keeps one block.
class TextArena {
 public:
  TextArena() { AddBlock(kFirstBlockBytes); }

  void Reset() {
    if (blocks_.size() > 1) {
      std::swap(blocks_.front(), blocks_.back());  // the last one is the largest
      blocks_.resize(1);
    }
    used_ = 0;
  }

  /// Room for at most `size` bytes; Commit() what was really used before the next call.
  char* Reserve(size_t size) {
    if (blocks_.back().size - used_ < size + record::kRecordPaddingBytes) {
      AddBlock(std::max(size + record::kRecordPaddingBytes, blocks_.back().size * 2));
    }
    return blocks_.back().bytes.get() + used_;
  }
  void Commit(size_t size) { used_ += size; }

  std::string_view Copy(std::string_view text) {
    char* to = Reserve(text.size());
    std::memcpy(to, text.data(), text.size());
    Commit(text.size());
    return {to, text.size()};
  }

 private:
  static constexpr size_t kFirstBlockBytes = 16 << 10;
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };

  void AddBlock(size_t size) {
    blocks_.push_back({std::make_unique<char[]>(size), size});
    used_ = 0;
  }

  std::vector<Block> blocks_;
  size_t used_ = 0;  // of the last block
};

}  // namespace tapelake::transform
