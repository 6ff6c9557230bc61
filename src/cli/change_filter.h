#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/status.h"
#include "record/change.h"

namespace tapelake::cli {

/// Conditions on changes, as `tap --where` takes them: `ATTRIBUTE OPERATOR VALUE` with one of
/// `= != < <= > >= ~` (contains). `event` stands for INSERT, MODIFY or REMOVE. Numbers (attributes
/// of type N) are compared as exact numbers, all else as text. Immutable; any thread.
class ChangeFilter {
 public:
  /// Errors: kInvalid, naming the condition and what is wrong with it.
  static Result<ChangeFilter> Make(const std::vector<std::string>& conditions);

  /// Whether all conditions hold for the change's image. What it lacks meets no condition but `!=`.
  bool Matches(const record::Change& change) const;

 private:
  enum class Operator : uint8_t { kEqual, kNotEqual, kLess, kAtMost, kMore, kAtLeast, kContains };
  struct Condition {
    std::string attribute;
    Operator op = Operator::kEqual;
    std::string value;
    bool is_number = false;
    base::Int128 number = 0;  // scaled by 10^18
  };

  static Result<Condition> ParseCondition(const std::string& text);
  static bool Holds(const Condition& condition, const record::Change& change);
  static bool HoldsFor(const Condition& condition, const record::Attribute& attribute);
  static bool HoldsForText(const Condition& condition, std::string_view text);
  static bool HoldsForOrder(Operator op, int order);

  std::vector<Condition> conditions_;
};

}  // namespace tapelake::cli
