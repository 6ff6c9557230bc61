#include "delivery/object_name.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "base/time.h"
#include "io/file_system.h"

namespace tapelake::delivery {
namespace {

// Firehose puts the version of its configuration here; ours never changes.
constexpr std::string_view kVersionPart = "-1-";
constexpr size_t kTimeBytes = 19;  // YYYY-MM-DD-HH-MM-SS
constexpr size_t kStreamBytesMax = 200;

std::string TimePart(int64_t micros) {
  const base::CivilTime time = base::ToCivil(micros);
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%04d-%02d-%02d-%02d-%02d-%02d", time.year, time.month,
                time.day, time.hour, time.minute, time.second);
  return buffer;
}

std::optional<uint64_t> ReadNumber(std::string_view text) {
  uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int64_t> ReadTimePart(std::string_view text) {
  std::array<int, 6> fields{};
  size_t begin = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    const size_t width = i == 0 ? 4 : 2;
    if (i > 0 && text[begin - 1] != '-') return std::nullopt;
    const auto value = ReadNumber(text.substr(begin, width));
    if (!value) return std::nullopt;
    fields[i] = static_cast<int>(*value);
    begin += width + 1;
  }
  const int64_t micros = base::FromCivil({.year = fields[0],
                                          .month = fields[1],
                                          .day = fields[2],
                                          .hour = fields[3],
                                          .minute = fields[4],
                                          .second = fields[5]});
  // A 31st of February comes back as another day.
  if (TimePart(micros) != text) return std::nullopt;
  return micros;
}

std::string Below(std::string_view folder, std::string_view part, const ObjectName& name,
                  std::string_view ending) {
  std::string path = io::JoinPath(io::JoinPath(folder, part), HourPath(name.cut_micros));
  return io::JoinPath(path, FormatObjectName(name)).append(ending);
}

}  // namespace

std::string HourPath(int64_t micros) {
  const base::CivilTime time = base::ToCivil(micros);
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%04d/%02d/%02d/%02d", time.year, time.month, time.day,
                time.hour);
  return buffer;
}

std::string FormatObjectName(const ObjectName& name) {
  char id[32];
  std::snprintf(id, sizeof(id), "-%010llu", static_cast<unsigned long long>(name.id));
  return name.stream + std::string(kVersionPart) + TimePart(name.cut_micros) + id;
}

std::optional<ObjectName> ParseObjectName(std::string_view file_name, std::string_view ending) {
  if (!file_name.ends_with(ending)) return std::nullopt;
  file_name.remove_suffix(ending.size());
  const size_t dash = file_name.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto id = ReadNumber(file_name.substr(dash + 1));
  file_name = file_name.substr(0, dash);
  if (!id || file_name.size() <= kTimeBytes + kVersionPart.size()) return std::nullopt;
  const auto micros = ReadTimePart(file_name.substr(file_name.size() - kTimeBytes));
  file_name.remove_suffix(kTimeBytes);
  if (!micros || !file_name.ends_with(kVersionPart)) return std::nullopt;
  file_name.remove_suffix(kVersionPart.size());
  return ObjectName{.stream = std::string(file_name), .cut_micros = *micros, .id = *id};
}

std::string RawObjectPath(const ObjectName& name) {
  return Below(kRawFolder, name.stream, name, kRawEnding);
}

std::string ErrorObjectPath(std::string_view type, const ObjectName& name) {
  return Below(kErrorFolder, type, name, kErrorEnding);
}

Status CheckStreamName(const std::string& stream) {
  bool fits = !stream.empty() && stream.size() <= kStreamBytesMax && stream.front() != '.';
  for (const char c : stream) {
    fits &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            c == '.' || c == '_' || c == '-';
  }
  if (fits) return Status::OK();
  return MakeError(ErrorKind::kInvalid,
                   "'" + stream +
                       "' is no name of a stream: 1 to 200 letters, digits, '.', '_' or '-', not "
                       "starting with '.'");
}

}  // namespace tapelake::delivery
