#include "transform/payload_transformer.h"

#include <cstring>

#include "base/base64.h"

namespace tapelake::transform {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

char* Put(std::string_view text, char* to) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

}  // namespace

ParseError PayloadTransformer::Transform(std::string_view payload, OutputBuffer* out) {
  context_.ClearError();
  payload.remove_prefix(std::min(payload.find_first_not_of(kBlanks), payload.size()));
  if (payload.empty() || payload.front() != '{') {
    context_.SetError(ParseError::kInvalidJson, "the payload does not start with {");
    return context_.error();
  }
  const char* problem = index_.Build(payload);
  if (problem != nullptr) {
    context_.SetError(ParseError::kInvalidJson, problem);
    return context_.error();
  }
  const bool has_escapes = std::memchr(payload.data(), '\\', payload.size()) != nullptr;
  context_.Start(payload, index_.tokens(), has_escapes);
  const size_t before = out->size();
  if (!WritePayload(out)) out->Truncate(before);
  return context_.error();
}

bool PayloadTransformer::WritePayload(OutputBuffer* out) {
  context_.Take();  // the {
  bool written = false;
  bool more = *context_.Peek() != '}';
  if (!more) context_.Take();
  while (more) {
    StringToken name;
    if (!context_.ReadName(&name)) return false;
    if (name.text != "records") {
      if (!context_.SkipValue()) return false;
    } else {
      if (written) {
        return context_.Fail(ParseError::kDuplicateKey, name.token.data(),
                             "the member 'records' stands twice");
      }
      written = true;
      if (!WriteRecords(out)) return false;
    }
    if (!context_.ReadSeparator('}', &more)) return false;
  }
  if (context_.position() != index_.tokens() + index_.size()) {
    return context_.FailJson(context_.Peek(), "more text follows the payload");
  }
  if (written) return true;
  context_.SetError(ParseError::kUnknownShape, "the payload has no member 'records'");
  return false;
}

bool PayloadTransformer::WriteRecords(OutputBuffer* out) {
  const char* open = context_.Take();
  if (*open != '[') return context_.Fail(ParseError::kUnknownShape, open, "records is no array");
  out->Append("{\"records\":[");
  bool more = *context_.Peek() != ']';
  if (!more) context_.Take();
  bool first = true;
  while (more) {
    Record record;
    if (!ReadRecord(&record)) return false;
    if (!first) out->Append(",");
    first = false;
    WriteRecord(record, out);
    if (!context_.ReadSeparator(']', &more)) return false;
  }
  out->Append("]}\n");
  return true;
}

bool PayloadTransformer::ReadRecord(Record* record) {
  const char* open = context_.Take();
  if (*open != '{') return context_.Fail(ParseError::kUnknownShape, open, "a record is no object");
  bool more = *context_.Peek() != '}';
  if (!more) context_.Take();
  while (more) {
    StringToken name;
    if (!context_.ReadName(&name)) return false;
    if (name.text == "recordId") {
      if (!ReadMember("recordId", &record->id)) return false;
    } else if (name.text == "data") {
      if (!ReadMember("data", &record->data)) return false;
    } else if (!context_.SkipValue()) {
      return false;
    }
    if (!context_.ReadSeparator('}', &more)) return false;
  }
  if (!record->id.token.empty() && !record->data.token.empty()) return true;
  return context_.Fail(ParseError::kUnknownShape, open, "a record lacks recordId or data");
}

bool PayloadTransformer::ReadMember(const char* what, StringToken* string) {
  const char* quote = context_.Take();
  if (*quote != '"') {
    return context_.Fail(ParseError::kUnknownShape, quote, std::string(what) + " is no string");
  }
  if (!string->token.empty()) {
    return context_.Fail(ParseError::kDuplicateKey, quote,
                         "a record has the member '" + std::string(what) + "' twice");
  }
  return context_.ReadString(quote, string);
}

void PayloadTransformer::WriteRecord(const Record& record, OutputBuffer* out) {
  const ParseError error = parser_.Parse(record.data.text);
  observer_(error, parser_.reason(), record.data.text);
  std::string_view row;
  if (error == ParseError::kNone) {
    const size_t size = writer_.BytesMax(parser_.change()) + record::kRecordPaddingBytes;
    if (row_.size() < size) row_.resize(size * 2);
    const char* end = writer_.Write(parser_.change(), row_.data());
    row = {row_.data(), static_cast<size_t>(end - row_.data())};
  }
  char* to = out->Reserve(record.id.token.size() + record.data.token.size() + 96 +
                          base::Base64EncodedSize(row.size()) + base::kBase64SlackBytes);
  to = Put("{\"recordId\":", to);
  to = Put(record.id.token, to);
  if (error == ParseError::kNone) {
    to = Put(",\"result\":\"Ok\",\"data\":\"", to);
    to = base::EncodeBase64(row, to);
    to = Put("\"}", to);
  } else {
    to = Put(",\"result\":\"ProcessingFailed\",\"data\":", to);
    to = Put(record.data.token, to);
    to = Put("}", to);
  }
  out->Commit(to);
}

}  // namespace tapelake::transform
