// Is every record delivered once?

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/json.h"
#include "delivery/object_layout.h"
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

struct DeliveredObject {
  std::string path;
  std::vector<std::string> lines;
};
/// Those of a cut, by its id.
using Cuts = std::map<uint64_t, std::vector<DeliveredObject>>;

/// The decompressed lines of all objects below a directory.
Result<Cuts> ReadObjects(SimWorld& world, const std::string& folder, std::string_view ending) {
  Cuts cuts;
  const std::string directory = io::JoinPath(kLakePath, folder);
  for (const std::string& path : world.files.disk().Paths()) {
    if (!testing::IsBelow(path, directory)) continue;
    const std::string name = io::FileName(path);
    if (name.starts_with(".tmp-")) continue;
    const auto parsed = delivery::ParseObjectName(name, ending);
    if (!parsed) return Broken("'" + path + "' is no object");
    TAPELAKE_ASSIGN_OR_RAISE(const std::string text, ReadUnpacked(world.files, path));
    if (text.empty() || text.back() != '\n') return Broken("'" + path + "' ends within a line");
    DeliveredObject object{.path = path, .lines = {}};
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = text.find('\n', begin);
      object.lines.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    cuts[parsed->id].push_back(std::move(object));
  }
  return cuts;
}

size_t LinesOf(const std::vector<DeliveredObject>& objects) {
  size_t lines = 0;
  for (const DeliveredObject& object : objects)
    lines += object.lines.size();
  return lines;
}

Result<std::string> TextMember(const std::string& line, std::string_view name) {
  TAPELAKE_ASSIGN_OR_RAISE(const base::JsonValue object, base::ParseJson(line));
  const base::JsonValue* member = object.Find(name);
  if (member == nullptr) return Broken("no '" + std::string(name) + "' in " + line);
  return member->text();
}

/// Places of records in the log.
using Places = std::vector<size_t>;

/// Find the lines of one object, in their order, among the records `[begin, end)` of `places`, and
/// note which those are.
Status FindLines(const DeliveredObject& object, const ChangeLog& log, const Places& places,
                 size_t begin, size_t end, std::vector<bool>* found) {
  size_t next = begin;
  for (const std::string& line : object.lines) {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string event_id, TextMember(line, "event_id"));
    while (next < end && ((*found)[next] || log.stored()[places[next]].event_id != event_id))
      ++next;
    if (next == end) {
      return Broken("change " + event_id +
                    " is not where it must be in the raw objects: " + object.path);
    }
    (*found)[next++] = true;
  }
  return Status::OK();
}

Status CheckRawObjects(const Cuts& cuts, const ChangeLog& log, const Places& places) {
  std::vector<bool> found(places.size());
  size_t next = 0;
  for (const auto& [id, objects] : cuts) {
    const size_t end = next + LinesOf(objects);
    if (end > places.size())
      return Broken(std::to_string(end - places.size()) + " raw lines too many");
    for (const DeliveredObject& object : objects)
      TAPELAKE_RETURN_NOT_OK(FindLines(object, log, places, next, end, &found));
    next = end;
  }
  if (next == places.size()) return Status::OK();
  return Broken("record " + std::to_string(places[next] + 1) + " (" +
                log.stored()[places[next]].event_id + ") is not in the raw objects");
}

/// What the error objects hold, by the record's sequence number.
struct ErrorLine {
  std::string bytes;
  bool is_change = false;  ///< Which has no place in a raw object.
};
using ErrorLines = std::map<uint64_t, ErrorLine>;

Status AddErrorLine(const std::string& line, ErrorLines* lines) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string offset, TextMember(line, "offset"));
  TAPELAKE_ASSIGN_OR_RAISE(const std::string type, TextMember(line, "error_type"));
  TAPELAKE_ASSIGN_OR_RAISE(const std::string raw, TextMember(line, "raw_data"));
  ErrorLine read{.bytes = std::string(raw.size() + base::kBase64SlackBytes, '\0'),
                 .is_change = type == delivery::kProcessingFailed};
  size_t size = 0;
  if (!base::DecodeBase64(raw, read.bytes.data(), &size)) return Broken("no base64: " + line);
  read.bytes.resize(size);
  if (lines->try_emplace(std::stoull(offset), std::move(read)).second) return Status::OK();
  return Broken("record " + offset + " is in two error lines");
}

Result<ErrorLines> ReadErrorLines(const Cuts& cuts) {
  ErrorLines lines;
  for (const auto& [id, objects] : cuts) {
    for (const DeliveredObject& object : objects) {
      for (const std::string& line : object.lines)
        TAPELAKE_RETURN_NOT_OK(AddErrorLine(line, &lines));
    }
  }
  return lines;
}

/// Check the error lines, and find the records that must be in raw objects.
Result<Places> CheckErrorLines(const ErrorLines& lines, const ChangeLog& log) {
  Places places;
  size_t known = 0;
  for (size_t i = 0; i < log.stored().size(); ++i) {
    const SimRecord& record = log.stored()[i];
    const auto found = lines.find(i + 1);
    if (!record.is_garbage && found == lines.end()) {
      places.push_back(i);
      continue;
    }
    const bool fits = found != lines.end() && found->second.bytes == record.bytes &&
                      found->second.is_change != record.is_garbage;
    if (!fits) return Broken("record " + std::to_string(i + 1) + " is in no error object");
    ++known;
  }
  if (known == lines.size()) return places;
  return Broken("error objects hold " + std::to_string(lines.size()) + " records, not " +
                std::to_string(known));
}

/// The records as they came, of each cut that keeps them: all of those that have partitions do.
Status CheckBackups(const Cuts& backups, const Cuts& raw, const Cuts& errors,
                    const ChangeLog& log) {
  std::map<uint64_t, size_t> records;
  std::set<uint64_t> wanted;
  for (const auto& [id, objects] : raw) {
    records[id] += LinesOf(objects);
    if (objects.front().path.find("/pair=") != std::string::npos) wanted.insert(id);
  }
  for (const auto& [id, objects] : errors)
    records[id] += LinesOf(objects);
  size_t next = 0;
  for (const auto& [id, count] : records) {
    std::string expected;
    for (const size_t end = next + count; next < end; ++next)
      expected.append(log.stored()[next].bytes).append("\n");
    const auto found = backups.find(id);
    if (found == backups.end() && !wanted.contains(id)) continue;
    std::string kept;
    if (found != backups.end()) {
      for (const std::string& line : found->second.front().lines)
        kept.append(line).append("\n");
    }
    if (kept != expected)
      return Broken("the source records of cut " + std::to_string(id) + " differ");
  }
  const bool known = std::all_of(backups.begin(), backups.end(), [&](const auto& backup) {
    return records.contains(backup.first) && backup.second.size() == 1;
  });
  return known ? Status::OK() : Broken("there are source records of no cut");
}

}  // namespace

Status CheckDelivered(SimWorld& world, const ChangeLog& log) {
  TAPELAKE_ASSIGN_OR_RAISE(const Cuts raw, ReadObjects(world, "raw", delivery::kRawEnding));
  TAPELAKE_ASSIGN_OR_RAISE(const Cuts errors, ReadObjects(world, "errors", delivery::kErrorEnding));
  TAPELAKE_ASSIGN_OR_RAISE(const Cuts backups, ReadObjects(world, "source", delivery::kRawEnding));
  TAPELAKE_ASSIGN_OR_RAISE(const ErrorLines error_lines, ReadErrorLines(errors));
  TAPELAKE_ASSIGN_OR_RAISE(const Places places, CheckErrorLines(error_lines, log));
  TAPELAKE_RETURN_NOT_OK(CheckRawObjects(raw, log, places));
  return CheckBackups(backups, raw, errors, log);
}

}  // namespace tapelake::sim
