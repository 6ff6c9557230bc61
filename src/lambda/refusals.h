#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "transform/record_parser.h"

namespace tapelake::lambda {

/// The records of one event that could not be transformed: how many of which type, and why the
/// first of them. For one line of the log, however many there are.
class Refusals {
 public:
  /// `index`: place of the record in its event.
  void Add(size_t index, std::string_view type, std::string_view reason) {
    if (count_ == 0) {
      first_ = "record " + std::to_string(index) + ": " + std::string(reason);
    }
    ++count_;
    ++by_type_[std::string(type)];
  }
  void Add(size_t index, transform::ParseError error, std::string_view reason) {
    Add(index, transform::ParseErrorText(error), reason);
  }

  size_t count() const { return count_; }

  /// `3 of 500 records refused (2 invalid-json, 1 no-key); first: record 17: <reason>`
  std::string Text(size_t records) const {
    std::string types;
    for (const auto& [type, count] : by_type_) {
      types.append(types.empty() ? "" : ", ").append(std::to_string(count)).append(" " + type);
    }
    return std::to_string(count_) + " of " + std::to_string(records) + " records refused (" +
           types + "); first: " + first_;
  }

 private:
  size_t count_ = 0;
  std::map<std::string, size_t> by_type_;
  std::string first_;
};

}  // namespace tapelake::lambda
