#include "hudi/log/log_scan.h"

#include <algorithm>
#include <ranges>
#include <set>
#include <utility>

#include "hudi/format/file_name.h"

namespace tapelake::hudi {
namespace {

constexpr std::string_view kRollbackCommand = "0";

std::string_view HeaderOf(const LogBlock& block, LogHeaderKey key) {
  const auto found = block.header.find(key);
  return found == block.header.end() ? std::string_view() : std::string_view(found->second);
}

/// The instants of a comma list.
std::set<std::string_view> SplitInstants(std::string_view list) {
  std::set<std::string_view> instants;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (comma > 0) instants.insert(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return instants;
}

/// The time of day in the write token of a commit's log file of ours: it names the commit, so that
/// damage inside the file has no say in which one that is. Empty: not ours, or too short to be
/// sure.
std::string TimeOfCommit(const SliceLogFile& log) {
  constexpr std::string_view kMiddle = "-0-";
  constexpr size_t kDigitsMin = 5;
  const auto name = ParseLogFileName(log.name);
  const size_t middle = name ? name->write_token.find(kMiddle) : std::string::npos;
  if (middle == std::string::npos) return "";
  std::string time = name->write_token.substr(middle + kMiddle.size());
  return time.size() < kDigitsMin ? "" : time;
}

const Instant* FindCommit(const Timeline& timeline, const std::string& time_of_day) {
  const auto found = std::ranges::find_if(
      timeline.instants() | std::views::reverse, [&time_of_day](const Instant& instant) {
        return IsWriteAction(instant.action) && TimeOfDay(instant.timestamp) == time_of_day;
      });
  return found == timeline.instants().rend() ? nullptr : &*found;
}

bool IsCut(const std::vector<LogBlock>& blocks) {
  return blocks.empty() || std::ranges::any_of(blocks, [](const LogBlock& block) {
           return block.type == LogBlockType::kCorrupt;
         });
}

class Scanner {
 public:
  Scanner(const Timeline& timeline, const LogScanRange& range)
      : timeline_(timeline), as_of_(range.as_of), only_(range.only) {}

  Status Take(ScannedBlock&& scanned) {
    const LogBlock& block = scanned.block;
    if (block.type == LogBlockType::kCorrupt) {
      ++scan_.corrupt_blocks;
      return Status::OK();
    }
    ++scan_.log_blocks;
    if (block.instant().empty()) {
      return MakeError(ErrorKind::kCorrupt, scanned.Place() + ": a block without instant");
    }
    switch (block.type) {
      case LogBlockType::kCommand:
        return Command(scanned);
      case LogBlockType::kDelete:
      case LogBlockType::kAvroData:
      case LogBlockType::kParquetData:
        return Collect(std::move(scanned));
      default:
        return MakeError(ErrorKind::kInvalid, scanned.Place() + ": blocks of type " +
                                                  std::to_string(static_cast<int32_t>(block.type)) +
                                                  " are not read in the logs of a table");
    }
  }

  /// Take a file of an instant that is not committed: whatever power loss made of it, none counts.
  void Skip(const std::string& instant) {
    ++scan_.corrupt_blocks;
    AddSkipped(instant);
  }

  LogScan Finish() {
    ApplyLogCompactions();
    return std::move(scan_);
  }

  LogScan& scan() { return scan_; }

 private:
  Status Command(const ScannedBlock& scanned) {
    const std::string_view type = HeaderOf(scanned.block, LogHeaderKey::kCommandBlockType);
    if (type != kRollbackCommand) {
      return MakeError(ErrorKind::kInvalid,
                       scanned.Place() + ": command '" + std::string(type) + "' is not known");
    }
    ++scan_.rollback_blocks;
    const std::string_view target = HeaderOf(scanned.block, LogHeaderKey::kTargetInstantTime);
    std::erase_if(scan_.blocks,
                  [&](const ScannedBlock& earlier) { return earlier.block.instant() == target; });
    return Status::OK();
  }

  Status Collect(ScannedBlock&& scanned) {
    if (HeaderOf(scanned.block, LogHeaderKey::kIsPartial) == "true") {
      return MakeError(ErrorKind::kInvalid,
                       scanned.Place() + ": blocks of partial updates are not read");
    }
    const std::string instant(scanned.block.instant());
    const bool counts = (as_of_.empty() || instant <= as_of_) &&
                        (only_.empty() || instant == only_) && timeline_.IsCommitted(instant);
    if (counts) {
      scan_.blocks.push_back(std::move(scanned));
    } else {
      AddSkipped(instant);
    }
    return Status::OK();
  }

  void AddSkipped(const std::string& instant) {
    if (std::ranges::find(scan_.skipped_instants, instant) == scan_.skipped_instants.end()) {
      scan_.skipped_instants.push_back(instant);
    }
  }

  void ApplyLogCompactions() {
    std::vector<ScannedBlock>& blocks = scan_.blocks;
    std::vector<size_t> place(blocks.size());
    std::vector<bool> replaced(blocks.size(), false);
    bool any = false;
    for (size_t i = 0; i < blocks.size(); ++i) {
      place[i] = i;
      const auto instants =
          SplitInstants(HeaderOf(blocks[i].block, LogHeaderKey::kCompactedBlockTimes));
      if (instants.empty()) continue;
      any = true;
      size_t last = 0;
      bool found = false;
      for (size_t j = 0; j < blocks.size(); ++j) {
        if (j == i || !instants.contains(blocks[j].block.instant())) continue;
        replaced[j] = true;
        found = true;
        last = std::max(last, j < i ? place[j] : j);
      }
      if (found) place[i] = last;
    }
    if (!any) return;
    std::vector<size_t> order;
    for (size_t i = 0; i < blocks.size(); ++i) {
      if (!replaced[i]) order.push_back(i);
    }
    std::ranges::sort(order, {}, [&](size_t i) { return std::pair(place[i], i); });
    std::vector<ScannedBlock> kept;
    for (const size_t i : order)
      kept.push_back(std::move(blocks[i]));
    blocks = std::move(kept);
  }

  const Timeline& timeline_;
  std::string_view as_of_;
  std::string_view only_;
  LogScan scan_;
};

/// The instant that is not committed in `timeline` and wrote a log file of ours; empty: there is
/// none.
Result<std::string> PendingWriter(io::FileSystem& files, const std::string& base_path,
                                  const Timeline& timeline, const SliceLogFile& log) {
  if (timeline.layout() != TimelineLayout::kFlat) return std::string();  // never of ours
  const std::string time = TimeOfCommit(log);
  if (time.empty()) return time;
  const auto unless_committed = [&timeline](const Instant& writer) {
    return timeline.IsCommitted(writer.timestamp) ? std::string() : writer.timestamp;
  };
  if (const Instant* writer = FindCommit(timeline, time)) return unless_committed(*writer);
  // Archived by now; or it began after `timeline` was read, and is still at it.
  TAPELAKE_ASSIGN_OR_RAISE(const Timeline newest, Timeline::Load(files, base_path));
  const Instant* writer = FindCommit(newest, time);
  return writer == nullptr ? std::string() : unless_committed(*writer);
}

}  // namespace

std::string ScannedBlock::Place() const {
  return "log file '" + path + "', block at byte " + std::to_string(block.offset);
}

Result<LogScan> ScanLogFiles(io::FileSystem& files, const std::string& base_path,
                             const FileSlice& slice, const Timeline& timeline,
                             const LogScanRange& range) {
  Scanner scanner(timeline, range);
  for (const SliceLogFile& log : slice.log_files) {
    const std::string path = slice.LogPath(log);
    TAPELAKE_ASSIGN_OR_RAISE(std::string bytes, files.ReadFile(io::JoinPath(base_path, path)));
    const auto file = std::make_shared<const std::string>(std::move(bytes));
    scanner.scan().log_bytes += static_cast<int64_t>(file->size());
    auto blocks = SplitLogBlocks(*file);
    if (!blocks.ok() || IsCut(*blocks)) {
      TAPELAKE_ASSIGN_OR_RAISE(const std::string pending,
                               PendingWriter(files, base_path, timeline, log));
      if (!pending.empty() && KindOf(blocks.status()) == ErrorKind::kCorrupt) {
        scanner.Skip(pending);
        continue;
      }
      TAPELAKE_RETURN_NOT_OK(WithContext(blocks.status(), "log file '" + path + "'"));
      const bool is_ours = timeline.layout() == TimelineLayout::kFlat && !TimeOfCommit(log).empty();
      if (pending.empty() && is_ours) {
        return MakeError(ErrorKind::kCorrupt,
                         "log file '" + path + "': it is cut, though its commit is complete");
      }
    }
    for (LogBlock& block : *blocks) {
      TAPELAKE_RETURN_NOT_OK(scanner.Take({std::move(block), file, path}));
    }
  }
  return scanner.Finish();
}

}  // namespace tapelake::hudi
