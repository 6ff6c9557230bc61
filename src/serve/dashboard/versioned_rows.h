#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tapelake::serve {

/// Rows as JSON texts, each with the version at which it last became different, and the keys that
/// went: what a client that knows everything up to a version has not seen. One thread.
class VersionedRows {
 public:
  /// `rows` (key, text) are all rows now, in their order. What differs from before gets `version`,
  /// which grows from call to call. Returns whether anything does.
  bool Update(std::vector<std::pair<std::string, std::string>> rows, uint64_t version);

  /// Whether removals after `version` are all known still.
  bool Remembers(uint64_t version) const { return version == 0 || version >= forgotten_; }

  /// Texts of the rows that changed after `version`, in their order.
  std::vector<const std::string*> ChangedAfter(uint64_t version) const;
  /// Keys of rows that went after `version` and did not come back.
  std::vector<const std::string*> RemovedAfter(uint64_t version) const;

 private:
  static constexpr size_t kRemovalsMax = 4'096;
  struct Row {
    std::string text;
    uint64_t version = 0;
    uint64_t seen = 0;  // in which Update it was last there
  };
  uint64_t updates_ = 0;
  std::map<std::string, Row> rows_;
  std::vector<std::string> order_;
  std::deque<std::pair<uint64_t, std::string>> removed_;
  uint64_t forgotten_ = 0;  // removals up to this version are not known
};

}  // namespace tapelake::serve
