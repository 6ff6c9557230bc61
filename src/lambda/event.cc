#include "lambda/event.h"

#include <algorithm>
#include <cstring>

namespace tapelake::lambda {
namespace {

using transform::Excerpt;
using transform::ParseError;
using transform::StringToken;

constexpr std::string_view kBlanks = " \t\r\n";
constexpr size_t kSeenBytesMax = 200;
constexpr size_t kShownBytesMax = 60;
constexpr std::string_view kKnown =
    "known are Firehose transformations (records), and batches of Kinesis and DynamoDB streams "
    "(Records)";

/// The start of a text that may be anything, for a message.
std::string Shown(std::string_view text) {
  std::string shown(text.substr(0, kShownBytesMax));
  std::ranges::replace_if(shown, [](char c) { return c < ' ' || c > '~'; }, '?');
  return shown;
}

}  // namespace

Status EventReader::Read(std::string_view text, Event* event) {
  *event = {};
  delivery_stream_ = {};
  seen_.clear();
  has_firehose_records_ = false;
  has_stream_records_ = false;
  context_.ClearError();
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  if (!text.starts_with('{')) {
    return MakeError(ErrorKind::kInvalid, "the event is no JSON object, it starts with '" +
                                              Shown(text) + "'; " + std::string(kKnown));
  }
  const char* problem = index_.Build(text);
  if (problem != nullptr) {
    return MakeError(ErrorKind::kInvalid, std::string("the event is no JSON: ") + problem);
  }
  context_.Start(text, index_.tokens(), std::memchr(text.data(), '\\', text.size()) != nullptr);
  if (ReadEvent(event)) return Status::OK();
  return MakeError(ErrorKind::kInvalid, "the event: " + context_.reason());
}

bool EventReader::ReadEvent(Event* event) {
  const char* start = context_.Peek();
  if (!ReadObject("the event", [&](const StringToken& name) { return ReadMember(name, event); })) {
    return false;
  }
  if (context_.position() != index_.tokens() + index_.size()) {
    return context_.FailJson(context_.Peek(), "more text follows");
  }
  if (has_firehose_records_ && has_stream_records_) {
    return Refuse(start, "both records and Records are there; " + std::string(kKnown));
  }
  if (!has_firehose_records_ && !has_stream_records_) {
    const std::string seen = seen_.empty() ? "no members" : "the members " + seen_;
    return Refuse(start, "of no known kind: it has " + seen + "; " + std::string(kKnown));
  }
  if (has_firehose_records_) {
    event->kind = EventKind::kFirehose;
    event->source = delivery_stream_;
  }
  return true;
}

bool EventReader::ReadMember(const StringToken& name, Event* event) {
  const bool is_firehose = name.text == "records";
  if (is_firehose || name.text == "Records") {
    bool& has_records = is_firehose ? has_firehose_records_ : has_stream_records_;
    if (has_records) return Refuse(name.token.data(), "a member stands twice");
    has_records = true;
    return ReadArray(
        [&] { return is_firehose ? ReadFirehoseRecord(event) : ReadStreamRecord(event); });
  }
  if (seen_.size() < kSeenBytesMax) {
    seen_.append(seen_.empty() ? "" : ", ").append(Excerpt(name.text));
  }
  if (name.text != "deliveryStreamArn" || *context_.Peek() != '"') return context_.SkipValue();
  StringToken arn;
  if (!context_.ReadString(context_.Take(), &arn)) return false;
  delivery_stream_ = arn.text;
  return true;
}

bool EventReader::ReadFirehoseRecord(Event* event) {
  const char* start = context_.Peek();
  StringToken id;
  StringToken data;
  const bool is_read = ReadObject("a record", [&](const StringToken& name) {
    if (name.text == "recordId") return ReadString(name, &id);
    if (name.text == "data") return ReadString(name, &data);
    return context_.SkipValue();
  });
  if (!is_read) return false;
  if (id.token.empty() || data.token.empty()) {
    return Refuse(start, "a record lacks recordId or data");
  }
  event->records.push_back({.id = id.token, .data = data.text, .data_token = data.token});
  return true;
}

bool EventReader::ReadStreamRecord(Event* event) {
  const char* start = context_.Peek();
  StreamRecord record;
  const auto read_kinesis = [&](const StringToken& name) {
    if (name.text == "sequenceNumber") return ReadString(name, &record.kinesis_id);
    if (name.text == "data") return ReadString(name, &record.kinesis_data);
    return context_.SkipValue();
  };
  const auto read_dynamodb = [&](const StringToken& name) {
    if (name.text == "SequenceNumber") return ReadString(name, &record.dynamodb_id);
    return context_.SkipValue();
  };
  const bool is_read = ReadObject("a record", [&](const StringToken& name) {
    if (name.text == "eventSource") return ReadString(name, &record.source_kind);
    if (name.text == "eventSourceARN") return ReadString(name, &record.source);
    if (name.text == "kinesis") return ReadObject("kinesis", read_kinesis);
    if (name.text == "dynamodb") return ReadObject("dynamodb", read_dynamodb);
    return context_.SkipValue();
  });
  if (!is_read) return false;
  if (const char* next = context_.Peek(); *next != ',' && *next != ']') {
    return context_.FailJson(next, "',' or ']' is missing");
  }
  record.json = context_.TokenFrom(start);
  return TakeStreamRecord(start, record, event);
}

bool EventReader::TakeStreamRecord(const char* at, const StreamRecord& record, Event* event) {
  EventKind kind = EventKind::kKinesis;
  EventRecord taken{.id = record.kinesis_id.token, .data = record.kinesis_data.text};
  if (record.source_kind.text == "aws:dynamodb") {
    kind = EventKind::kDynamodb;
    taken = {.id = record.dynamodb_id.token, .data = record.json};
  } else if (record.source_kind.text != "aws:kinesis") {
    return Refuse(at, "eventSource '" + std::string(Excerpt(record.source_kind.text)) +
                          "' is not aws:kinesis or aws:dynamodb");
  }
  if (taken.id.size() <= 2) return Refuse(at, "a record lacks its sequence number");
  if (kind == EventKind::kKinesis && record.kinesis_data.token.empty()) {
    return Refuse(at, "a record lacks kinesis.data");
  }
  if (!event->records.empty() && kind != event->kind) {
    return Refuse(at, "records of Kinesis and of DynamoDB stand in one batch");
  }
  event->kind = kind;
  if (event->records.empty()) event->source = record.source.text;
  event->records.push_back(taken);
  return true;
}

template <typename ReadItem>
bool EventReader::ReadArray(ReadItem read_item) {
  const char* open = context_.Take();
  if (*open != '[') return Refuse(open, "the records are no array");
  if (*context_.Peek() == ']') {
    context_.Take();
    return true;
  }
  for (bool more = true; more;) {
    if (!read_item() || !context_.ReadSeparator(']', &more)) return false;
  }
  return true;
}

/// Walk over an object; `read_value` reads the value of each member.
template <typename ReadValue>
bool EventReader::ReadObject(const char* what, ReadValue read_value) {
  const char* open = context_.Take();
  if (*open != '{') return Refuse(open, std::string(what) + " is no object");
  if (*context_.Peek() == '}') {
    context_.Take();
    return true;
  }
  for (bool more = true; more;) {
    StringToken name;
    if (!context_.ReadName(&name) || !read_value(name) || !context_.ReadSeparator('}', &more)) {
      return false;
    }
  }
  return true;
}

/// Read the value of the member `name`, which must be a string and stand only once.
bool EventReader::ReadString(const StringToken& name, StringToken* string) {
  const char* quote = context_.Take();
  if (*quote != '"') return Refuse(quote, std::string(Excerpt(name.text)) + " is no string");
  if (!string->token.empty()) {
    return Refuse(quote, "a record has the member " + std::string(Excerpt(name.text)) + " twice");
  }
  return context_.ReadString(quote, string);
}

bool EventReader::Refuse(const char* at, std::string_view what) {
  return context_.Fail(ParseError::kUnknownShape, at, what);
}

}  // namespace tapelake::lambda
