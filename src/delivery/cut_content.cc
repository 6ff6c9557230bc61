#include "delivery/cut_content.h"

#include <charconv>
#include <cstdio>
#include <utility>

#include <xxhash.h>

#include "base/json.h"
#include "delivery/publisher.h"
#include "io/file_system.h"

namespace tapelake::delivery {
namespace {

using base::JsonValue;

// First line: this, the XXH64 of everything after the line as 16 hex digits, and the line end. Then
// one line of JSON: how many bytes of what. Then the bytes: errors, partitions, backup.
constexpr std::string_view kHead = "tapelake-cut 1 ";
constexpr size_t kChecksumBytes = 16;
constexpr std::string_view kNameBegin = "cut-";

std::string Checksum(std::string_view body) {
  char text[kChecksumBytes + 1];
  std::snprintf(text, sizeof(text), "%016llx",
                static_cast<unsigned long long>(XXH64(body.data(), body.size(), 0)));
  return text;
}

Status Corrupt(const std::string& what) {
  return MakeError(ErrorKind::kCorrupt, what);
}

void WriteSizes(const CutTexts::Texts& texts, base::JsonWriter* writer) {
  writer->BeginArray();
  for (const auto& [key, text] : texts) {
    writer->BeginArray().String(key);
    writer->Int(static_cast<int64_t>(text.size())).EndArray();
  }
  writer->EndArray();
}

/// Cut `size` bytes off the front of `*rest`.
Status Take(int64_t size, std::string_view* rest, std::string* text) {
  if (size < 0 || static_cast<uint64_t>(size) > rest->size()) {
    return Corrupt("it has fewer bytes than it says");
  }
  text->assign(rest->substr(0, static_cast<size_t>(size)));
  rest->remove_prefix(static_cast<size_t>(size));
  return Status::OK();
}

Status TakeTexts(const JsonValue* sizes, std::string_view* rest, CutTexts::Texts* texts) {
  if (sizes == nullptr) return Corrupt("it lacks a member");
  for (const JsonValue& item : sizes->items()) {
    if (item.items().size() != 2) return Corrupt("a text has not two members");
    TAPELAKE_RETURN_NOT_OK(
        Take(item.items()[1].AsInt(-1), rest, &(*texts)[item.items()[0].text()]));
  }
  return Status::OK();
}

int64_t BytesOf(const CutTexts::Texts& texts) {
  size_t bytes = 0;
  for (const auto& [key, text] : texts)
    bytes += text.size();
  return static_cast<int64_t>(bytes);
}

}  // namespace

int64_t TextBytes(const CutTexts& texts) {
  return BytesOf(texts.errors) + BytesOf(texts.partitions) +
         static_cast<int64_t>(texts.backup.size());
}

std::string FormatCutContent(const CutTexts& texts, const LineCounts& counts) {
  std::string file(kHead);
  file.append(kChecksumBytes, '0').push_back('\n');
  const size_t begin = file.size();
  base::JsonWriter writer(&file);
  writer.BeginObject().Key("lines").Int(counts.lines);
  writer.Key("error_lines").Int(counts.error_lines).Key("errors");
  WriteSizes(texts.errors, &writer);
  writer.Key("partitions");
  WriteSizes(texts.partitions, &writer);
  writer.Key("backup").Int(static_cast<int64_t>(texts.backup.size())).EndObject();
  file.push_back('\n');
  file.reserve(file.size() + static_cast<size_t>(TextBytes(texts)));
  for (const CutTexts::Texts* kind : {&texts.errors, &texts.partitions}) {
    for (const auto& [key, text] : *kind)
      file.append(text);
  }
  file.append(texts.backup);
  file.replace(kHead.size(), kChecksumBytes, Checksum(std::string_view(file).substr(begin)));
  return file;
}

Result<CutContent> ParseCutContent(std::string_view file) {
  const size_t head_bytes = kHead.size() + kChecksumBytes + 1;
  if (file.size() < head_bytes || !file.starts_with(kHead) || file[head_bytes - 1] != '\n') {
    return Corrupt("it does not start with '" + std::string(kHead) + "' and a checksum");
  }
  const std::string_view stored = file.substr(kHead.size(), kChecksumBytes);
  std::string_view rest = file.substr(head_bytes);
  if (stored != Checksum(rest)) {
    return Corrupt("its checksum is " + Checksum(rest) + ", it says " + std::string(stored));
  }
  const size_t end = rest.find('\n');
  if (end == rest.npos) return Corrupt("its second line has no end");
  const Result<JsonValue> index = base::ParseJson(rest.substr(0, end));
  if (!index.ok()) return Corrupt(index.status().message());
  rest.remove_prefix(end + 1);
  const JsonValue* lines = index->Find("lines");
  const JsonValue* error_lines = index->Find("error_lines");
  const JsonValue* backup = index->Find("backup");
  if (lines == nullptr || error_lines == nullptr || backup == nullptr) {
    return Corrupt("it lacks a member");
  }
  CutContent content{.texts = {},
                     .counts = {.lines = lines->AsInt(0), .error_lines = error_lines->AsInt(0)}};
  TAPELAKE_RETURN_NOT_OK(TakeTexts(index->Find("errors"), &rest, &content.texts.errors));
  TAPELAKE_RETURN_NOT_OK(TakeTexts(index->Find("partitions"), &rest, &content.texts.partitions));
  TAPELAKE_RETURN_NOT_OK(Take(backup->AsInt(-1), &rest, &content.texts.backup));
  if (!rest.empty()) return Corrupt("it has more bytes than it says");
  return content;
}

std::string CutContentPath(const std::string& state_path, uint64_t cut_id) {
  return io::JoinPath(io::ParentPath(state_path), std::string(kNameBegin) + std::to_string(cut_id));
}

bool ParseCutContentName(std::string_view name, uint64_t* cut_id) {
  if (!name.starts_with(kNameBegin)) return false;
  name.remove_prefix(kNameBegin.size());
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), *cut_id);
  return parsed.ec == std::errc() && parsed.ptr == name.data() + name.size();
}

}  // namespace tapelake::delivery
