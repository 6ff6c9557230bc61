#include "hudi/cleaning/archive_log.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "hudi/format/log_block.h"

namespace tapelake::hudi {
namespace {

constexpr std::string_view kPrefix = ".commits_.archive.";
constexpr std::string_view kSuffix = "_1-0-1";
// Hudi takes 10, but every block repeats the schema, which is bigger than ten entries.
constexpr size_t kEntriesPerBlock = 500;

/// The number in `.commits_.archive.<n>_<write token>`.
std::optional<int64_t> NumberOf(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const std::string_view rest = name.substr(kPrefix.size());
  int64_t number = 0;
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  const bool ends = parsed.ptr == rest.data() + rest.size() || *parsed.ptr == '_';
  if (parsed.ec != std::errc() || !ends || number < 0) return std::nullopt;
  return number;
}

}  // namespace

std::string ArchiveLog::PathOf(int64_t number) const {
  return io::JoinPath(folder_,
                      std::string(kPrefix) + std::to_string(number) + std::string(kSuffix));
}

Result<ArchiveLog> ArchiveLog::Open(io::FileSystem& files, const std::string& folder) {
  ArchiveLog log(files, folder);
  TAPELAKE_ASSIGN_OR_RAISE(const auto names, files.ListNames(folder));
  int64_t newest = 0;
  for (const std::string& name : names)
    newest = std::max(newest, NumberOf(name).value_or(0));
  if (newest > 0) TAPELAKE_RETURN_NOT_OK(log.ReadNewest(newest));
  return log;
}

Status ArchiveLog::ReadNewest(int64_t number) {
  number_ = number;
  const std::string path = PathOf(number);
  TAPELAKE_ASSIGN_OR_RAISE(const bool is_ours, files_.Exists(path));
  if (!is_ours) {  // another write token: Hudi's own
    ++number_;
    return Status::OK();
  }
  TAPELAKE_ASSIGN_OR_RAISE(std::string content, files_.ReadFile(path));
  const auto blocks = SplitLogBlocks(content);
  if (!blocks.ok()) {
    ++number_;
    return Status::OK();
  }
  const auto size_bytes = static_cast<int64_t>(content.size());
  if (!blocks->empty() && blocks->back().type == LogBlockType::kCorrupt) {
    content.resize(blocks->back().offset);
  }
  const auto entries = ParseArchiveFile(content);
  if (!entries.ok()) {
    ++number_;
    return Status::OK();
  }
  for (const ArchivedEntry& entry : *entries)
    stored_.emplace(entry.timestamp, entry.action, entry.state);
  size_bytes_ = size_bytes;
  whole_bytes_ = static_cast<int64_t>(content.size());
  return Status::OK();
}

Status ArchiveLog::Append(const std::vector<ArchivedEntry>& entries) {
  std::string blocks;
  std::vector<ArchivedEntry> block;
  for (size_t i = 0; i < entries.size(); ++i) {
    const ArchivedEntry& entry = entries[i];
    if (stored_.emplace(entry.timestamp, entry.action, entry.state).second) block.push_back(entry);
    if (block.empty() || (block.size() < kEntriesPerBlock && i + 1 < entries.size())) continue;
    TAPELAKE_RETURN_NOT_OK(AppendArchiveBlock(block, &blocks));
    block.clear();
  }
  return blocks.empty() ? Status::OK() : WriteBlocks(blocks);
}

bool ArchiveLog::HoldsCompleted(const Instant& instant) const {
  return stored_.contains(
      {instant.timestamp, std::string(InstantActionName(instant.action)), "COMPLETED"});
}

Status ArchiveLog::WriteBlocks(const std::string& blocks) {
  if (whole_bytes_ >= kFileBytesMax) {
    ++number_;
    size_bytes_ = whole_bytes_ = 0;
  }
  const std::string path = PathOf(number_);
  // Read again: what it has beyond what we know of is not ours to drop.
  auto content = files_.ReadFile(path);
  if (!content.ok() && KindOf(content.status()) != ErrorKind::kNotFound) return content.status();
  std::string grown = content.ok() ? std::move(*content) : std::string();
  if (static_cast<int64_t>(grown.size()) == size_bytes_) {
    grown.resize(static_cast<size_t>(whole_bytes_));
  }
  grown += blocks;
  TAPELAKE_RETURN_NOT_OK(files_.ReplaceFile(path, grown));
  size_bytes_ = whole_bytes_ = static_cast<int64_t>(grown.size());
  return Status::OK();
}

}  // namespace tapelake::hudi
