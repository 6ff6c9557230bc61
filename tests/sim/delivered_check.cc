// Is every record delivered once?

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/json.h"
#include "delivery/object_name.h"
#include "io/file_system.h"
#include "source/files/byte_stream.h"
#include "tests/sim/checks.h"

namespace tapelake::sim {
namespace {

constexpr size_t kReadBytes = size_t{64} << 10;

Status Broken(std::string message) {
  return MakeError(ErrorKind::kInternal, std::move(message));
}

Result<std::string> ReadUnpacked(io::FileSystem& files, const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto stream, source::OpenByteStream(files, path));
  std::string text;
  while (true) {
    const size_t before = text.size();
    text.resize(before + kReadBytes);
    TAPELAKE_ASSIGN_OR_RAISE(const size_t got, stream->Read(text.data() + before, kReadBytes));
    text.resize(before + got);
    if (got == 0) return text;
  }
}

/// The decompressed lines of all objects below a directory, by the id of their cut.
Result<std::map<uint64_t, std::vector<std::string>>> ReadObjects(SimWorld& world,
                                                                 const std::string& directory,
                                                                 std::string_view ending) {
  std::map<uint64_t, std::vector<std::string>> objects;
  for (const std::string& path : world.files.disk().Paths()) {
    if (!testing::IsBelow(path, directory)) continue;
    const std::string name = io::FileName(path);
    if (name.starts_with(".tmp-")) continue;
    const auto parsed = delivery::ParseObjectName(name, ending);
    if (!parsed) return Broken("'" + path + "' is no object");
    TAPELAKE_ASSIGN_OR_RAISE(const std::string text, ReadUnpacked(world.files, path));
    if (text.empty() || text.back() != '\n') return Broken("'" + path + "' ends within a line");
    std::vector<std::string>& lines = objects[parsed->id];
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = text.find('\n', begin);
      lines.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return objects;
}

Result<std::string> TextMember(const std::string& line, std::string_view name) {
  TAPELAKE_ASSIGN_OR_RAISE(const base::JsonValue object, base::ParseJson(line));
  const base::JsonValue* member = object.Find(name);
  if (member == nullptr) return Broken("no '" + std::string(name) + "' in " + line);
  return member->text();
}

Status CheckRawObjects(SimWorld& world, const ChangeLog& log) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto objects, ReadObjects(world, std::string(kLakePath) + "/raw",
                                                           delivery::kRawEnding));
  std::vector<std::string> delivered;
  for (const auto& [id, lines] : objects) {
    for (const std::string& line : lines) {
      TAPELAKE_ASSIGN_OR_RAISE(std::string event_id, TextMember(line, "event_id"));
      delivered.push_back(std::move(event_id));
    }
  }
  size_t next = 0;
  for (size_t i = 0; i < log.stored().size(); ++i) {
    const SimRecord& record = log.stored()[i];
    if (record.is_garbage) continue;
    if (next < delivered.size() && delivered[next++] == record.event_id) continue;
    return Broken("record " + std::to_string(i + 1) + " (" + record.event_id +
                  ") is not where it must be in the raw objects (line " + std::to_string(next) +
                  " of " + std::to_string(delivered.size()) + ")");
  }
  if (next == delivered.size()) return Status::OK();
  return Broken(std::to_string(delivered.size() - next) + " raw lines too many");
}

Status CheckErrorObjects(SimWorld& world, const ChangeLog& log) {
  TAPELAKE_ASSIGN_OR_RAISE(
      const auto objects,
      ReadObjects(world, std::string(kLakePath) + "/errors", delivery::kErrorEnding));
  std::map<uint64_t, std::string> delivered;
  for (const auto& [id, lines] : objects) {
    for (const std::string& line : lines) {
      TAPELAKE_ASSIGN_OR_RAISE(const std::string offset, TextMember(line, "offset"));
      TAPELAKE_ASSIGN_OR_RAISE(const std::string raw, TextMember(line, "raw_data"));
      std::string bytes(raw.size() + base::kBase64SlackBytes, '\0');
      size_t size = 0;
      if (!base::DecodeBase64(raw, bytes.data(), &size)) return Broken("no base64: " + line);
      bytes.resize(size);
      if (!delivered.try_emplace(std::stoull(offset), bytes).second) {
        return Broken("record " + offset + " is in two error lines");
      }
    }
  }
  size_t garbage = 0;
  for (size_t i = 0; i < log.stored().size(); ++i) {
    if (!log.stored()[i].is_garbage) continue;
    ++garbage;
    const auto found = delivered.find(i + 1);
    if (found == delivered.end() || found->second != log.stored()[i].bytes) {
      return Broken("record " + std::to_string(i + 1) + " is in no error object");
    }
  }
  if (garbage == delivered.size()) return Status::OK();
  return Broken("error objects hold " + std::to_string(delivered.size()) + " records, not " +
                std::to_string(garbage));
}

}  // namespace

Status CheckDelivered(SimWorld& world, const ChangeLog& log) {
  TAPELAKE_RETURN_NOT_OK(CheckRawObjects(world, log));
  return CheckErrorObjects(world, log);
}

}  // namespace tapelake::sim
