#include "transform/raw_line.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace tapelake::transform {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr std::string_view kNull = "null";

bool ReadMicros(std::string_view number, int64_t* micros) {
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), *micros);
  return parsed.ec == std::errc() && parsed.ptr == number.data() + number.size() && *micros > 0;
}

/// Seconds with six digits behind the point: as exact as the microseconds.
void AppendSeconds(int64_t micros, std::string* out) {
  char text[48];
  std::snprintf(text, sizeof(text), "%lld.%06lld",
                static_cast<long long>(micros / kMicrosPerSecond),
                static_cast<long long>(micros % kMicrosPerSecond));
  out->append(text);
}

bool IsString(std::string_view value) {
  return !value.empty() && value.front() == '"';
}

bool IsObject(std::string_view value) {
  return !value.empty() && value.front() == '{';
}

}  // namespace

bool RawLineReader::Refuse(const char* at, std::string_view what) {
  return context_.Fail(ParseError::kUnknownShape, at, what);
}

bool RawLineReader::AppendRecord(std::string_view line, std::string* out) {
  context_.ClearError();
  const char* problem = nullptr;
  if (line.empty() || line.front() != '{') {
    problem = "the line does not start with {";
  } else {
    problem = index_.Build(line);
  }
  if (problem != nullptr) {
    context_.SetError(ParseError::kInvalidJson, problem);
    return false;
  }
  const bool has_escapes = std::memchr(line.data(), '\\', line.size()) != nullptr;
  context_.Start(line, index_.tokens(), has_escapes);
  const size_t before = out->size();
  if (ReadLine() && CheckOwnMembers() && TakeTypes() && AppendChange(out)) return true;
  out->resize(before);
  return false;
}

bool RawLineReader::ReadLine() {
  own_ = {};
  attributes_.clear();
  types_.clear();
  rescued_.clear();
  context_.Take();  // the {
  bool more = *context_.Peek() != '}';
  if (!more) context_.Take();
  while (more) {
    if (!ReadMember() || !context_.ReadSeparator('}', &more)) return false;
  }
  if (context_.position() == index_.tokens() + index_.size()) return true;
  return context_.FailJson(context_.Peek(), "more text follows the line's object");
}

bool RawLineReader::ReadMember() {
  StringToken name;
  if (!context_.ReadName(&name)) return false;
  if (name.text == "event_name") return ReadOwnMember(name, &own_.event_name);
  if (name.text == "event_id") return ReadOwnMember(name, &own_.event_id);
  if (name.text == "change_time") return ReadOwnMember(name, &own_.change_time);
  if (name.text == "position") return ReadOwnMember(name, &own_.position);
  if (name.text == "_old_image") return ReadOwnMember(name, &own_.old_image);
  if (name.text == "_keys") return ReadOwnMember(name, &own_.keys);
  if (name.text == "_typed") return ReadAttributes(&types_);
  if (name.text == "_rescued") return ReadAttributes(&rescued_);
  Member& member = attributes_.emplace_back();
  member.token = name.token;
  member.name = name.text;
  return ReadValue(&member.value);
}

bool RawLineReader::ReadOwnMember(const StringToken& name, std::string_view* value) {
  if (!value->empty()) return Refuse(name.token.data(), "a member of the line stands twice");
  return ReadValue(value);
}

/// Any value, as it stands.
bool RawLineReader::ReadValue(std::string_view* value) {
  const char* start = context_.Peek();
  if (!context_.SkipValue()) return false;
  if (*start != '{' && *start != '[') {
    *value = context_.TokenFrom(start);
    return true;
  }
  const char* end = context_.text() + context_.position()[-1] + 1;  // behind the last bracket
  *value = {start, static_cast<size_t>(end - start)};
  return true;
}

/// An object of names and DynamoDB JSON.
bool RawLineReader::ReadAttributes(std::vector<Member>* members) {
  const char* open = context_.Take();
  if (*open != '{' || !members->empty())
    return Refuse(open, "this is no object, or the second one");
  bool more = *context_.Peek() != '}';
  if (!more) context_.Take();
  while (more) {
    StringToken name;
    if (!context_.ReadName(&name)) return false;
    Member& member = members->emplace_back();
    member.token = name.token;
    member.name = name.text;
    member.typed = true;
    if (!ReadValue(&member.value) || !context_.ReadSeparator('}', &more)) return false;
  }
  return true;
}

bool RawLineReader::CheckOwnMembers() {
  const char* line = context_.text();
  if (!IsString(own_.event_name)) return Refuse(line, "the line has no event_name");
  if (!IsString(own_.event_id) && own_.event_id != kNull) {
    return Refuse(line, "the line has no event_id");
  }
  if (!IsString(own_.position) && own_.position != kNull) {
    return Refuse(line, "the line has no position");
  }
  if (own_.change_time.empty()) return Refuse(line, "the line has no change_time");
  for (const std::string_view object : {own_.old_image, own_.keys}) {
    if (!object.empty() && !IsObject(object)) return Refuse(object.data(), "this is no object");
  }
  return true;
}

/// Let every attribute that `_typed` names have its value.
bool RawLineReader::TakeTypes() {
  for (const Member& type : types_) {
    const auto found = std::find_if(attributes_.begin(), attributes_.end(),
                                    [&](const Member& one) { return one.name == type.name; });
    if (found == attributes_.end()) {
      return Refuse(type.token.data(), "_typed names an attribute that is not in the line");
    }
    found->value = type.value;
    found->typed = true;
  }
  return true;
}

bool RawLineReader::AppendChange(std::string* out) {
  out->append("{\"eventID\":").append(own_.event_id).append(",\"eventName\":");
  out->append(own_.event_name).append(",\"eventSource\":\"aws:dynamodb\",\"dynamodb\":{");
  if (!AppendOrder(out)) return false;
  if (!own_.keys.empty()) out->append(",\"Keys\":").append(own_.keys);
  if (!own_.old_image.empty()) out->append(",\"OldImage\":").append(own_.old_image);
  out->append(own_.event_name == "\"REMOVE\"" ? ",\"OldImage\":{" : ",\"NewImage\":{");
  if (!AppendImage(out)) return false;
  out->append("}}}");
  return true;
}

bool RawLineReader::AppendOrder(std::string* out) {
  const bool streams = IsString(own_.position);
  int64_t micros = 0;
  const bool has_time = own_.change_time != kNull;
  if (has_time ? !ReadMicros(own_.change_time, &micros) : !streams) {
    return Refuse(own_.change_time.data(), "change_time is no number of microseconds");
  }
  if (streams) {
    out->append("\"SequenceNumber\":").append(own_.position);
    if (!has_time) return true;
    out->append(",\"ApproximateCreationDateTime\":");
    AppendSeconds(micros, out);
    return true;
  }
  out->append("\"ApproximateCreationDateTime\":").append(std::to_string(micros));
  out->append(",\"ApproximateCreationDateTimePrecision\":\"MICROSECOND\"");
  return true;
}

bool RawLineReader::AppendImage(std::string* out) {
  bool first = true;
  const auto begin = [&](const Member& member) {
    if (!first) out->push_back(',');
    first = false;
    out->append(member.token).push_back(':');
  };
  for (const Member& member : attributes_) {
    begin(member);
    const char kind = member.value.front();
    if (member.typed) {
      out->append(member.value);
    } else if (kind == '"') {
      out->append("{\"S\":").append(member.value).push_back('}');
    } else if (kind == 't' || kind == 'f') {
      out->append("{\"BOOL\":").append(member.value).push_back('}');
    } else if (kind == 'n') {
      out->append("{\"NULL\":true}");
    } else if (kind == '{' || kind == '[') {
      return Refuse(member.value.data(), "_typed does not say what this value was");
    } else {
      out->append("{\"N\":\"").append(member.value).append("\"}");
    }
  }
  for (const Member& member : rescued_) {
    begin(member);
    out->append(member.value);
  }
  return true;
}

}  // namespace tapelake::transform
