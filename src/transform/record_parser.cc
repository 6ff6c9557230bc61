#include "transform/record_parser.h"

#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "base/base64.h"
#include "base/decimal.h"
#include "transform/attribute_parser.h"
#include "transform/json_text.h"
#include "transform/parse_context.h"
#include "transform/structural_index.h"

namespace tapelake::transform {
namespace {

using record::Change;
using record::EventName;
using record::RecordShape;

constexpr std::array<std::string_view, 14> kErrorTexts = {"",
                                                          "invalid-json",
                                                          "invalid-base64",
                                                          "too-deep",
                                                          "unknown-shape",
                                                          "unknown-event",
                                                          "no-key",
                                                          "no-order",
                                                          "no-image",
                                                          "invalid-attribute",
                                                          "duplicate-key",
                                                          "too-large",
                                                          "no-partition",
                                                          "wrong-shape"};

constexpr int64_t kTimeMicrosMax = 253'402'300'799'999'999;  // the end of the year 9999
constexpr size_t kSequenceDigitsMax = 40;

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

bool IsDigits(std::string_view text) {
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return !text.empty();
}

/// Scaled integer of a JSON number; digits beyond `scale` are cut.
std::optional<int64_t> ReadScaled(std::string_view number, int scale) {
  base::Int128 value = 0;
  if (base::ParseDecimal(number, 38, scale, &value) != base::DecimalOutcome::kOk) {
    constexpr int kScaleMax = 18;
    if (base::ParseDecimal(number, 38, kScaleMax, &value) != base::DecimalOutcome::kOk) return {};
    for (int i = scale; i < kScaleMax; ++i)
      value /= 10;
  }
  if (value < 0 || value > kTimeMicrosMax) return {};
  return static_cast<int64_t>(value);
}

/// A creation time of the Kinesis shape in microseconds: what the precision member says, else what
/// the number of digits says.
std::optional<int64_t> KinesisMicros(std::string_view number, std::string_view precision) {
  base::Int128 value = 0;
  if (base::ParseDecimal(number, 38, 0, &value) != base::DecimalOutcome::kOk || value <= 0) {
    return {};
  }
  constexpr int64_t kSecondsBelow = 100'000'000'000;     // 12 digits and more are finer
  constexpr int64_t kMillisBelow = 100'000'000'000'000;  // 15 digits and more are finer
  if (precision == "MILLISECOND") {
    value *= 1000;
  } else if (precision.empty()) {
    if (value < kSecondsBelow) {
      value *= 1'000'000;
    } else if (value < kMillisBelow) {
      value *= 1000;
    }
  } else if (precision != "MICROSECOND") {
    return {};
  }
  if (value > kTimeMicrosMax) return {};
  return static_cast<int64_t>(value);
}

}  // namespace

std::string_view ParseErrorText(ParseError error) {
  return kErrorTexts[static_cast<size_t>(error)];
}

/// Walks the members of a record, then judges them together, as they may come in any order.
class RecordParser::Impl {
 public:
  Impl() : attributes_(context_) {}

  ParseError Parse(std::string_view bytes);
  const Change& change() const { return change_; }
  const std::string& reason() { return context_.reason(); }

 private:
  /// Members that may stand only once.
  enum Member : uint32_t {
    kEventName = 1,
    kEventId = 2,
    kDynamodb = 4,
    kTime = 8,
    kPrecision = 16,
    kSequence = 32,
    kKeys = 64,
    kNewImage = 128,
    kOldImage = 256,
  };

  bool Fail(ParseError error, std::string reason);
  bool ParseJson(std::string_view json);
  bool DecodeBase64(std::string_view text, std::string_view* json);
  void PreferJsonError(std::string_view json, bool has_escapes);
  bool ReadRecord();
  bool CheckEnd();
  bool ReadRecordMember(const StringToken& name);
  bool ReadDynamodb();
  bool ReadDynamodbMember(const StringToken& name);
  bool ReadText(std::string_view member, std::string_view* text);
  bool Once(Member member, const StringToken& name);
  bool Judge();
  bool JudgeEvent();
  bool JudgeOrder();
  bool JudgeImages();

  ParseContext context_;
  StructuralIndex index_;
  AttributeParser attributes_;
  Change change_;
  std::string decoded_;

  // Of the present record.
  uint32_t seen_ = 0;
  std::string_view event_name_;
  std::string_view time_;  // number token
  std::string_view precision_;
};

bool RecordParser::Impl::Fail(ParseError error, std::string reason) {
  context_.SetError(error, std::move(reason));
  return false;
}

ParseError RecordParser::Impl::Parse(std::string_view bytes) {
  context_.ClearError();
  if (bytes.size() > kRecordBytesMax) [[unlikely]] {
    Fail(ParseError::kTooLarge, "the record has " + std::to_string(bytes.size()) +
                                    " bytes; the limit is " + std::to_string(kRecordBytesMax));
    return context_.error();
  }
  std::string_view json = Trim(bytes);
  if (json.empty()) [[unlikely]] {
    Fail(ParseError::kInvalidJson, "the record is empty");
  } else if (json.front() == '{' || DecodeBase64(json, &json)) [[likely]] {
    ParseJson(json);
  }
  return context_.error();
}

bool RecordParser::Impl::DecodeBase64(std::string_view text, std::string_view* json) {
  decoded_.resize(base::Base64DecodedSizeMax(text.size()) + base::kBase64SlackBytes +
                  record::kRecordPaddingBytes);
  size_t size = 0;
  if (!base::DecodeBase64(text, decoded_.data(), &size)) {
    return Fail(ParseError::kInvalidBase64, "neither JSON (no { at the start) nor base64");
  }
  *json = Trim(std::string_view(decoded_).substr(0, size));
  if (!json->empty() && json->front() == '{') return true;
  return Fail(ParseError::kInvalidBase64, "base64, but not of JSON (no { at the start)");
}

bool RecordParser::Impl::ParseJson(std::string_view json) {
  const char* problem = index_.Build(json);
  if (problem != nullptr) [[unlikely]]
    return Fail(ParseError::kInvalidJson, problem);
  const bool has_escapes = std::memchr(json.data(), '\\', json.size()) != nullptr;
  context_.Start(json, index_.tokens(), has_escapes);
  if (ReadRecord()) [[likely]]
    return Judge();
  if (context_.error() != ParseError::kInvalidJson) PreferJsonError(json, has_escapes);
  return false;
}

/// Whatever else is wrong with a record: if it is no JSON, that is what we say.
void RecordParser::Impl::PreferJsonError(std::string_view json, bool has_escapes) {
  const ParseError error = context_.error();
  std::string reason = context_.reason();
  context_.ClearError();
  context_.Start(json, index_.tokens(), has_escapes);
  if (context_.SkipValue()) CheckEnd();
  if (context_.error() != ParseError::kInvalidJson) context_.SetError(error, std::move(reason));
}

bool RecordParser::Impl::ReadRecord() {
  seen_ = 0;
  change_.event_id = {};
  change_.sequence_number = {};
  change_.change_time_micros = 0;
  change_.has_new_image = false;
  change_.has_old_image = false;
  change_.keys.clear();
  change_.new_image.clear();
  change_.old_image.clear();
  event_name_ = {};
  time_ = {};
  precision_ = {};
  context_.Take();  // the {
  if (*context_.Peek() == '}') {
    context_.Take();
  } else {
    for (bool more = true; more;) {
      StringToken name;
      if (!context_.ReadName(&name) || !ReadRecordMember(name)) [[unlikely]]
        return false;
      if (!context_.ReadSeparator('}', &more)) [[unlikely]]
        return false;
    }
  }
  return CheckEnd();
}

bool RecordParser::Impl::CheckEnd() {
  if (context_.position() == index_.tokens() + index_.size()) [[likely]]
    return true;
  return context_.FailJson(context_.Peek(), "more text follows the record");
}

bool RecordParser::Impl::ReadRecordMember(const StringToken& name) {
  if (name.text == "dynamodb") return Once(kDynamodb, name) && ReadDynamodb();
  if (name.text == "eventName")
    return Once(kEventName, name) && ReadText("eventName", &event_name_);
  if (name.text == "eventID") return Once(kEventId, name) && ReadText("eventID", &change_.event_id);
  return context_.SkipValue();
}

bool RecordParser::Impl::Once(Member member, const StringToken& name) {
  if ((seen_ & member) == 0) [[likely]] {
    seen_ |= member;
    return true;
  }
  return context_.Fail(ParseError::kDuplicateKey, name.token.data(),
                       "the member '" + std::string(Excerpt(name.text)) + "' stands twice");
}

/// A string, or null, which leaves the text empty.
bool RecordParser::Impl::ReadText(std::string_view member, std::string_view* text) {
  const char* start = context_.Peek();
  if (*start == '"') [[likely]] {
    StringToken string;
    context_.Take();
    if (!context_.ReadString(start, &string)) return false;
    *text = string.text;
    return true;
  }
  if (!context_.SkipValue()) return false;
  if (*start == 'n') return true;
  return context_.Fail(ParseError::kUnknownShape, start, std::string(member) + " is no string");
}

bool RecordParser::Impl::ReadDynamodb() {
  const char* open = context_.Peek();
  if (*open != '{') {
    return context_.SkipValue() &&
           context_.Fail(ParseError::kUnknownShape, open, "dynamodb is no object");
  }
  context_.Take();
  if (*context_.Peek() == '}') {
    context_.Take();
    return true;
  }
  for (bool more = true; more;) {
    StringToken name;
    if (!context_.ReadName(&name) || !ReadDynamodbMember(name)) [[unlikely]]
      return false;
    if (!context_.ReadSeparator('}', &more)) [[unlikely]]
      return false;
  }
  return true;
}

bool RecordParser::Impl::ReadDynamodbMember(const StringToken& name) {
  bool present = false;
  if (name.text == "NewImage") {
    return Once(kNewImage, name) &&
           attributes_.ReadImage("NewImage", &change_.new_image, &change_.has_new_image);
  }
  if (name.text == "OldImage") {
    return Once(kOldImage, name) &&
           attributes_.ReadImage("OldImage", &change_.old_image, &change_.has_old_image);
  }
  if (name.text == "Keys") {
    return Once(kKeys, name) && attributes_.ReadImage("Keys", &change_.keys, &present);
  }
  if (name.text == "SequenceNumber") {
    return Once(kSequence, name) && ReadText("SequenceNumber", &change_.sequence_number);
  }
  if (name.text == "ApproximateCreationDateTimePrecision") {
    return Once(kPrecision, name) && ReadText(name.text, &precision_);
  }
  if (name.text == "ApproximateCreationDateTime") {
    if (!Once(kTime, name)) return false;
    const char* start = context_.Peek();
    if (!context_.SkipValue()) return false;
    if (*start != '{' && *start != '[') time_ = context_.TokenFrom(start);
    return true;
  }
  return context_.SkipValue();
}

bool RecordParser::Impl::Judge() {
  if ((seen_ & kDynamodb) == 0) [[unlikely]] {
    return Fail(ParseError::kUnknownShape, "the record has no member 'dynamodb'");
  }
  return JudgeEvent() && JudgeOrder() && JudgeImages();
}

bool RecordParser::Impl::JudgeEvent() {
  if (event_name_ == "INSERT") {
    change_.event = EventName::kInsert;
  } else if (event_name_ == "MODIFY") {
    change_.event = EventName::kModify;
  } else if (event_name_ == "REMOVE") [[likely]] {
    change_.event = EventName::kRemove;
  } else {
    return Fail(ParseError::kUnknownEvent, "eventName '" + std::string(Excerpt(event_name_)) +
                                               "' is not INSERT, MODIFY or REMOVE");
  }
  return true;
}

bool RecordParser::Impl::JudgeOrder() {
  if ((seen_ & kSequence) == 0) {
    change_.shape = RecordShape::kKinesis;
    const auto micros = KinesisMicros(time_, precision_);
    if (!micros) {
      return Fail(ParseError::kNoOrder, "ApproximateCreationDateTime '" +
                                            std::string(Excerpt(time_)) + "' with precision '" +
                                            std::string(Excerpt(precision_)) +
                                            "' is no integer of milli- or microseconds");
    }
    change_.change_time_micros = *micros;
    return true;
  }
  change_.shape = RecordShape::kStreams;
  if (!IsDigits(change_.sequence_number) || change_.sequence_number.size() > kSequenceDigitsMax) {
    return Fail(ParseError::kNoOrder, "SequenceNumber '" +
                                          std::string(Excerpt(change_.sequence_number)) +
                                          "' is not 1 to 40 digits");
  }
  if (time_.empty() || time_ == "null") return true;
  const auto micros = ReadScaled(time_, 6);
  if (!micros) {
    return Fail(ParseError::kNoOrder, "ApproximateCreationDateTime '" +
                                          std::string(Excerpt(time_)) +
                                          "' is no number of seconds");
  }
  change_.change_time_micros = *micros;
  return true;
}

bool RecordParser::Impl::JudgeImages() {
  const bool remove = change_.event == EventName::kRemove;
  if (remove ? change_.has_old_image : change_.has_new_image) [[likely]]
    return true;
  return Fail(ParseError::kNoImage, std::string(EventNameText(change_.event)) + " needs " +
                                        (remove ? "OldImage" : "NewImage"));
}

RecordParser::RecordParser() : impl_(std::make_unique<Impl>()) {}
RecordParser::~RecordParser() = default;
ParseError RecordParser::Parse(std::string_view bytes) {
  return impl_->Parse(bytes);
}
const Change& RecordParser::change() const {
  return impl_->change();
}
const std::string& RecordParser::reason() const {
  return impl_->reason();
}

}  // namespace tapelake::transform
