#include "app/replay_job.h"

#include <memory>
#include <utility>

#include "app/interrupt.h"
#include "base/base64.h"
#include "base/time.h"
#include "source/paced_source.h"

namespace tapelake::app {
namespace {

constexpr size_t kHourTextBytes = 13;  // 2026-11-22T09

void AppendLine(std::string_view record, std::string* lines) {
  if (record.find('\n') == record.npos) {
    lines->append(record);
  } else {
    base::AppendBase64(record, lines);
  }
  lines->push_back('\n');
}

}  // namespace

Result<ReplayCounts> RunReplay(World& world, const ReplayOptions& options, io::ByteOutput& output,
                               const std::function<void(const ReplayCounts&)>& progress) {
  std::vector<std::string> files;
  for (const std::string& path : options.paths) {
    TAPELAKE_ASSIGN_OR_RAISE(const std::vector<std::string> found,
                             source::ListInputFiles(world.files, path));
    files.insert(files.end(), found.begin(), found.end());
  }
  std::unique_ptr<record::RecordSource> records =
      source::MakeFileChain(world.files, files, options.format);
  if (options.speed > 0) {
    TAPELAKE_ASSIGN_OR_RAISE(
        records,
        source::PacedSource::Make(std::move(records), {.speed = options.speed}, world.clock));
  }
  ReplayCounts counts;
  record::RecordBlock block;
  std::string lines;
  while (!Interrupted()) {
    const Result<bool> more = records->ReadBlock(&block);
    if (!more.ok()) {
      counts.failures.push_back(more.status());
      if (counts.failures.size() > files.size()) break;  // every file has failed once at most
      continue;
    }
    if (!*more) break;
    lines.clear();
    for (const record::RecordBlock::Entry& entry : block.entries)
      AppendLine(block.bytes(entry), &lines);
    TAPELAKE_RETURN_NOT_OK(output.Write(lines));
    counts.records += static_cast<int64_t>(block.entries.size());
    counts.bytes += static_cast<int64_t>(lines.size());
    progress(counts);
  }
  return counts;
}

Result<std::vector<std::string>> FindReplayObjects(World& world, const ReplayObjects& objects) {
  const delivery::ObjectRange& range = objects.range;
  std::vector<std::string> paths;
  if (objects.errors) {
    TAPELAKE_ASSIGN_OR_RAISE(paths,
                             delivery::ListErrorObjects(world.files, range, objects.error_type));
  } else {
    TAPELAKE_ASSIGN_OR_RAISE(paths, delivery::ListRawObjects(world.files, range));
  }
  if (paths.empty()) {
    return MakeError(ErrorKind::kNotFound, std::string("no ") + (objects.errors ? "error" : "raw") +
                                               " objects of stream '" + range.stream +
                                               "' in that range below '" + range.lake_path + "'");
  }
  return paths;
}

std::optional<int64_t> ParseReplayTime(const std::string& text) {
  const auto time = base::ParseIso8601(text.size() == kHourTextBytes ? text + ":00" : text);
  if (!time) return std::nullopt;
  return time->micros;
}

}  // namespace tapelake::app
