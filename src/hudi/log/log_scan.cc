#include "hudi/log/log_scan.h"

#include <algorithm>
#include <set>
#include <utility>

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
    } else if (std::ranges::find(scan_.skipped_instants, instant) == scan_.skipped_instants.end()) {
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
    TAPELAKE_RETURN_NOT_OK(WithContext(blocks.status(), "log file '" + path + "'"));
    for (LogBlock& block : *blocks) {
      TAPELAKE_RETURN_NOT_OK(scanner.Take({std::move(block), file, path}));
    }
  }
  return scanner.Finish();
}

}  // namespace tapelake::hudi
