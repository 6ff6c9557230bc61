#include "cli/change_filter.h"

#include <array>
#include <utility>

namespace tapelake::cli {
namespace {

constexpr int kScale = 18;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  return text;
}

int OrderOf(base::Int128 a, base::Int128 b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

}  // namespace

Result<ChangeFilter> ChangeFilter::Make(const std::vector<std::string>& conditions) {
  ChangeFilter filter;
  for (const std::string& text : conditions) {
    TAPELAKE_ASSIGN_OR_RAISE(Condition condition, ParseCondition(text));
    filter.conditions_.push_back(std::move(condition));
  }
  return filter;
}

Result<ChangeFilter::Condition> ChangeFilter::ParseCondition(const std::string& text) {
  // Longer operators first: `<=` is no `<` with the value `=...`.
  static constexpr std::array<std::pair<std::string_view, Operator>, 7> kOperators = {
      {{"!=", Operator::kNotEqual},
       {"<=", Operator::kAtMost},
       {">=", Operator::kAtLeast},
       {"=", Operator::kEqual},
       {"<", Operator::kLess},
       {">", Operator::kMore},
       {"~", Operator::kContains}}};
  const size_t place = text.find_first_of("=!<>~");
  if (place != std::string::npos) {
    const std::string_view rest = std::string_view(text).substr(place);
    for (const auto& [sign, op] : kOperators) {
      if (!rest.starts_with(sign)) continue;
      Condition condition;
      condition.attribute = Trimmed(std::string_view(text).substr(0, place));
      condition.op = op;
      condition.value = Trimmed(rest.substr(sign.size()));
      condition.is_number = base::ParseDecimal(condition.value, base::kDecimalPrecisionMax, kScale,
                                               &condition.number) == base::DecimalOutcome::kOk;
      if (!condition.attribute.empty()) return condition;
    }
  }
  return MakeError(ErrorKind::kInvalid,
                   "'" + text +
                       "' is no condition\nhint: write ATTRIBUTE OPERATOR VALUE, for example "
                       "'trading_pair = BTC/USD' or 'price >= 1000'; operators are "
                       "= != < <= > >= ~");
}

bool ChangeFilter::Matches(const record::Change& change) const {
  for (const Condition& condition : conditions_) {
    if (!Holds(condition, change)) return false;
  }
  return true;
}

bool ChangeFilter::Holds(const Condition& condition, const record::Change& change) {
  if (condition.attribute == "event") {
    return HoldsForText(condition, record::EventNameText(change.event));
  }
  for (const record::Attribute& attribute : change.image()) {
    if (attribute.name == condition.attribute) return HoldsFor(condition, attribute);
  }
  return condition.op == Operator::kNotEqual;
}

bool ChangeFilter::HoldsFor(const Condition& condition, const record::Attribute& attribute) {
  base::Int128 number = 0;
  if (condition.is_number && condition.op != Operator::kContains &&
      attribute.type == record::AttributeType::kNumber &&
      base::ParseDecimal(attribute.text, base::kDecimalPrecisionMax, kScale, &number) ==
          base::DecimalOutcome::kOk) {
    return HoldsForOrder(condition.op, OrderOf(number, condition.number));
  }
  return HoldsForText(condition, attribute.text);
}

bool ChangeFilter::HoldsForText(const Condition& condition, std::string_view text) {
  if (condition.op == Operator::kContains) {
    return text.find(condition.value) != std::string_view::npos;
  }
  return HoldsForOrder(condition.op, text.compare(condition.value));
}

bool ChangeFilter::HoldsForOrder(Operator op, int order) {
  switch (op) {
    case Operator::kEqual:
      return order == 0;
    case Operator::kNotEqual:
      return order != 0;
    case Operator::kLess:
      return order < 0;
    case Operator::kAtMost:
      return order <= 0;
    case Operator::kMore:
      return order > 0;
    case Operator::kAtLeast:
      return order >= 0;
    case Operator::kContains:
      break;
  }
  return false;
}

}  // namespace tapelake::cli
