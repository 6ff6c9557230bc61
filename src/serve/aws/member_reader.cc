#include "serve/aws/member_reader.h"

#include <algorithm>
#include <utility>

namespace tapelake::serve {
namespace {

constexpr size_t kRefusedMax = 10;
constexpr size_t kShownBytesMax = 100;

/// A value for a message, cut at a whole character.
std::string Shown(std::string_view text) {
  size_t size = std::min(text.size(), kShownBytesMax);
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80)
    --size;
  return "'" + std::string(text.substr(0, size)) + (size < text.size() ? "...'" : "'");
}

std::string Joined(const std::vector<std::string_view>& texts) {
  std::string out;
  for (const std::string_view text : texts)
    out.append(out.empty() ? "" : ", ").append(text);
  return out;
}

}  // namespace

void Violations::Refuse(std::string_view place, std::string_view shown,
                        std::string_view constraint) {
  ++count_;
  if (refused_.size() == kRefusedMax) return;
  std::string text = "Value ";
  text.append(shown).append(" at '").append(place);
  text.append("' failed to satisfy constraint: ").append(constraint);
  refused_.push_back(std::move(text));
}

void Violations::Misfit(std::string_view place, std::string_view wanted) {
  if (!misfit_.empty()) return;
  misfit_.append("The value at '").append(place).append("' is not ").append(wanted).append(".");
}

std::optional<AwsError> Violations::error() const {
  if (!misfit_.empty()) return SerializationError(misfit_);
  if (count_ == 0) return std::nullopt;
  std::string message = std::to_string(count_) + " validation error" + (count_ == 1 ? "" : "s");
  message += " detected: ";
  for (size_t i = 0; i < refused_.size(); ++i)
    message += (i == 0 ? "" : "; ") + refused_[i];
  return ValidationError(std::move(message));
}

MemberReader::MemberReader(WireValue map, Violations* violations, std::string place)
    : map_(map), violations_(*violations), place_(std::move(place)) {}

std::string MemberReader::PlaceOf(std::string_view name, size_t item) const {
  std::string text = place_ + std::string(name);
  char& first = text[place_.size()];
  // Messages name members as the service's own code does: `streamName`, `streamARN`.
  if (first >= 'A' && first <= 'Z') first = static_cast<char>(first - 'A' + 'a');
  if (item > 0) text += "." + std::to_string(item) + ".member";
  return text;
}

std::optional<WireValue> MemberReader::Find(std::string_view name, Need need) {
  const WireValue value = map_.Find(name);
  if (!value.absent()) return value;
  if (need == Need::kRequired) {
    violations_.Refuse(PlaceOf(name), "null", "Member must not be null");
  }
  return std::nullopt;
}

std::optional<std::string> MemberReader::Text(std::string_view name, const TextRule& rule) {
  const auto value = Find(name, rule.need);
  if (!value) return std::nullopt;
  return CheckText(*value, rule, name);
}

std::optional<std::string> MemberReader::CheckText(WireValue value, const TextRule& rule,
                                                   std::string_view name, size_t item) {
  const auto text = value.Text();
  if (!text) {
    violations_.Misfit(PlaceOf(name, item), "a text");
    return std::nullopt;
  }
  const size_t characters = CharacterCount(*text);
  std::string constraint;
  if (characters < rule.characters_min) {
    constraint =
        "Member must have length greater than or equal to " + std::to_string(rule.characters_min);
  } else if (characters > rule.characters_max) {
    constraint =
        "Member must have length less than or equal to " + std::to_string(rule.characters_max);
  } else if (!rule.alphabet.empty() && text->find_first_not_of(rule.alphabet) != text->npos) {
    constraint = "Member must satisfy regular expression pattern: " + std::string(rule.pattern);
  }
  if (constraint.empty()) return std::string(*text);
  violations_.Refuse(PlaceOf(name, item), Shown(*text), constraint);
  return std::nullopt;
}

std::optional<std::string> MemberReader::Choice(std::string_view name, Need need,
                                                const std::vector<std::string_view>& choices) {
  const auto value = Find(name, need);
  if (!value) return std::nullopt;
  const auto text = value->Text();
  if (!text) {
    violations_.Misfit(PlaceOf(name), "a text");
    return std::nullopt;
  }
  if (std::ranges::find(choices, *text) != choices.end()) return std::string(*text);
  violations_.Refuse(PlaceOf(name), Shown(*text),
                     "Member must satisfy enum value set: [" + Joined(choices) + "]");
  return std::nullopt;
}

std::optional<int64_t> MemberReader::Integer(std::string_view name, const IntegerRule& rule) {
  const auto value = Find(name, rule.need);
  if (!value) return std::nullopt;
  const auto number = value->Integer();
  if (!number) {
    violations_.Misfit(PlaceOf(name), "an integer");
    return std::nullopt;
  }
  if (*number < rule.min || *number > rule.max) {
    const bool low = *number < rule.min;
    violations_.Refuse(PlaceOf(name), "'" + std::to_string(*number) + "'",
                       std::string("Member must have value ") + (low ? "greater" : "less") +
                           " than or equal to " + std::to_string(low ? rule.min : rule.max));
    return std::nullopt;
  }
  return number;
}

bool MemberReader::Flag(std::string_view name) {
  const auto value = Find(name, Need::kOptional);
  if (!value) return false;
  const auto flag = value->Bool();
  if (!flag) violations_.Misfit(PlaceOf(name), "a boolean");
  return flag.value_or(false);
}

std::optional<int64_t> MemberReader::TimeMicros(std::string_view name) {
  const auto value = Find(name, Need::kOptional);
  if (!value) return std::nullopt;
  const auto micros = value->TimeMicros();
  if (!micros) violations_.Misfit(PlaceOf(name), "a timestamp");
  return micros;
}

std::optional<std::string> MemberReader::Blob(std::string_view name, Need need, size_t bytes_max) {
  const auto value = Find(name, need);
  if (!value) return std::nullopt;
  auto bytes = value->Blob();
  if (!bytes) {
    violations_.Misfit(PlaceOf(name), "a blob (base64 text in JSON, a byte string in CBOR)");
    return std::nullopt;
  }
  if (bytes->size() > bytes_max) {
    violations_.Refuse(
        PlaceOf(name), "of " + std::to_string(bytes->size()) + " bytes",
        "Member must have length less than or equal to " + std::to_string(bytes_max));
    return std::nullopt;
  }
  return bytes;
}

WireValue MemberReader::Map(std::string_view name) {
  const auto value = Find(name, Need::kOptional);
  if (!value) return {};
  if (value->IsMap()) return *value;
  violations_.Misfit(PlaceOf(name), "a structure");
  return {};
}

WireValue MemberReader::ListOfAny(std::string_view name, size_t items_min, size_t items_max) {
  const auto value = Find(name, items_min > 0 ? Need::kRequired : Need::kOptional);
  if (!value) return {};
  if (!value->IsList()) {
    violations_.Misfit(PlaceOf(name), "a list");
    return {};
  }
  const size_t size = value->size();
  if (size < items_min || size > items_max) {
    violations_.Refuse(
        PlaceOf(name), "of " + std::to_string(size) + " items",
        size < items_min
            ? "Member must have length greater than or equal to " + std::to_string(items_min)
            : "Member must have length less than or equal to " + std::to_string(items_max));
    return {};
  }
  return *value;
}

WireValue MemberReader::List(std::string_view name, size_t items_min, size_t items_max) {
  const WireValue list = ListOfAny(name, items_min, items_max);
  for (size_t i = 0; i < list.size(); ++i) {
    if (list.At(i).IsMap()) continue;
    violations_.Misfit(PlaceOf(name, i + 1), "a structure");
    return {};
  }
  return list;
}

std::vector<std::string> MemberReader::Texts(std::string_view name, size_t items_min,
                                             size_t items_max, const TextRule& rule) {
  const WireValue list = ListOfAny(name, items_min, items_max);
  std::vector<std::string> texts;
  for (size_t i = 0; i < list.size(); ++i)
    texts.push_back(CheckText(list.At(i), rule, name, i + 1).value_or(""));
  return texts;
}

size_t CharacterCount(std::string_view utf8) {
  return static_cast<size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace tapelake::serve
