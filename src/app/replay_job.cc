#include "app/replay_job.h"

#include <memory>
#include <utility>

#include "app/interrupt.h"
#include "source/paced_source.h"

namespace tapelake::app {

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
  Status damage;
  size_t failures = 0;
  record::RecordBlock block;
  std::string lines;
  while (!Interrupted()) {
    const Result<bool> more = records->ReadBlock(&block);
    if (!more.ok()) {
      if (damage.ok()) damage = more.status();
      if (++failures > files.size()) break;  // every file has failed once at most
      continue;
    }
    if (!*more) break;
    lines.clear();
    for (const record::RecordBlock::Entry& entry : block.entries) {
      lines += block.bytes(entry);
      lines += '\n';
    }
    TAPELAKE_RETURN_NOT_OK(output.Write(lines));
    counts.records += static_cast<int64_t>(block.entries.size());
    counts.bytes += static_cast<int64_t>(lines.size());
    progress(counts);
  }
  if (!damage.ok()) return damage;
  return counts;
}

}  // namespace tapelake::app
