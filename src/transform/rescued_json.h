#pragma once

/// The `_rescued` column: what does not fit its column, kept exactly.

#include <string>
#include <string_view>
#include <vector>

#include "record/change.h"

namespace tapelake::transform {

/// Collects the rescued values of one row. One thread; reuse it.
class RescuedJson {
 public:
  void Clear() { count_ = 0; }
  bool empty() const { return count_ == 0; }
  size_t size() const { return count_; }

  /// Keep `value` under `name` (the attribute's name, or its path in a map). The first of two
  /// values of one name stays.
  void Add(std::string_view name, const record::Attribute& value);

  /// The JSON object: members sorted by the bytes of their names, no white space; scalars written
  /// canonically, nested values as received (on one line). Valid until the next call.
  std::string_view Format();

 private:
  struct Entry {
    std::string name;
    std::string member;  // `"name":{...}`
  };
  std::vector<Entry> entries_;  // the first count_ are in use
  size_t count_ = 0;
  std::string text_;
};

}  // namespace tapelake::transform
