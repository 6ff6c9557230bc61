#include "ingest/error_objects.h"

#include <cstdio>

#include "base/time.h"
#include "transform/ndjson_writer.h"

namespace tapelake::ingest {
namespace {

/// A source id as part of a file name: anything unusual becomes '-'.
std::string FileNamePart(std::string_view text) {
  std::string name;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_';
    name.push_back(plain ? c : '-');
  }
  constexpr size_t kNameBytesMax = 120;
  if (name.size() > kNameBytesMax) name.erase(0, name.size() - kNameBytesMax);
  return name;
}

std::string HourDirectory(int64_t micros) {
  const base::CivilTime time = base::ToCivil(micros);
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%04d/%02d/%02d/%02d", time.year, time.month, time.day,
                time.hour);
  return buffer;
}

}  // namespace

void ErrorObjects::Add(transform::ParseError error, std::string_view reason,
                       const std::string& source, const std::string& place, uint64_t offset,
                       std::string_view raw) {
  Object& object = objects_[{std::string(transform::ParseErrorText(error)), source}];
  if (object.lines.empty()) object.first_offset = offset;
  const size_t before = object.lines.size();
  transform::AppendErrorLine(error, reason, {.source = place, .offset = offset}, raw,
                             &object.lines);
  pending_bytes_ += static_cast<int64_t>(object.lines.size() - before);
}

Status ErrorObjects::Write(int64_t now_micros) {
  while (!objects_.empty()) {
    const auto& [id, object] = *objects_.begin();
    const std::string directory = io::JoinPath(
        io::JoinPath(io::JoinPath(lake_path_, "errors"), id.first), HourDirectory(now_micros));
    TAPELAKE_RETURN_NOT_OK(files_.CreateDirectories(directory));
    const std::string name = FileNamePart(table_name_) + "-" + FileNamePart(id.second) + "-" +
                             std::to_string(object.first_offset) + ".ndjson";
    TAPELAKE_RETURN_NOT_OK(files_.ReplaceFile(io::JoinPath(directory, name), object.lines));
    objects_.erase(objects_.begin());
  }
  pending_bytes_ = 0;
  return Status::OK();
}

}  // namespace tapelake::ingest
