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

/// The write instant that wrote a log file of ours, found by the time of day in its write token, so
/// that damage inside the file has no say in it; nullptr: archived by now, or not ours.
const Instant* WriterOf(const SliceLogFile& log, const Timeline& timeline) {
  const auto name = ParseLogFileName(log.name);
  if (!name) return nullptr;
  const size_t dash = name->write_token.rfind('-');
  if (dash == std::string::npos || !name->write_token.substr(0, dash).ends_with("-0")) {
    return nullptr;
  }
  const std::string_view time = std::string_view(name->write_token).substr(dash + 1);
  const auto found = std::ranges::find_if(
      timeline.instants() | std::views::reverse, [time](const Instant& instant) {
        return IsWriteAction(instant.action) && TimeOfDay(instant.timestamp) == time;
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
  Scanner(const Timeline& timeline, std::string_view as_of) : timeline_(timeline), as_of_(as_of) {}

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
        Collect(std::move(scanned));
        return Status::OK();
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

  void Collect(ScannedBlock&& scanned) {
    const std::string instant(scanned.block.instant());
    const bool counts = (as_of_.empty() || instant <= as_of_) && timeline_.IsCommitted(instant);
    if (counts) {
      scan_.blocks.push_back(std::move(scanned));
    } else {
      AddSkipped(instant);
    }
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
  LogScan scan_;
};

}  // namespace

std::string ScannedBlock::Place() const {
  return "log file '" + path + "', block at byte " + std::to_string(block.offset);
}

Result<LogScan> ScanLogFiles(io::FileSystem& files, const std::string& base_path,
                             const FileSlice& slice, const Timeline& timeline,
                             std::string_view as_of) {
  Scanner scanner(timeline, as_of);
  for (const SliceLogFile& log : slice.log_files) {
    const std::string path = slice.LogPath(log);
    TAPELAKE_ASSIGN_OR_RAISE(std::string bytes, files.ReadFile(io::JoinPath(base_path, path)));
    const auto file = std::make_shared<const std::string>(std::move(bytes));
    scanner.scan().log_bytes += static_cast<int64_t>(file->size());
    auto blocks = SplitLogBlocks(*file);
    if (!blocks.ok() || IsCut(*blocks)) {
      const Instant* writer = WriterOf(log, timeline);
      const bool pending = writer != nullptr && writer->state != InstantState::kCompleted;
      if (pending && KindOf(blocks.status()) == ErrorKind::kCorrupt) {
        scanner.Skip(writer->timestamp);
        continue;
      }
      TAPELAKE_RETURN_NOT_OK(WithContext(blocks.status(), "log file '" + path + "'"));
      if (writer != nullptr && !pending) {
        return MakeError(ErrorKind::kCorrupt, "log file '" + path +
                                                  "': it is cut, though its commit '" +
                                                  writer->timestamp + "' is complete");
      }
    }
    for (LogBlock& block : *blocks) {
      TAPELAKE_RETURN_NOT_OK(scanner.Take({std::move(block), file, path}));
    }
  }
  return scanner.Finish();
}

}  // namespace tapelake::hudi
