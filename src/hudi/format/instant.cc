#include "hudi/format/instant.h"

#include <array>
#include <cstdio>

#include "base/assert.h"
#include "base/time.h"

namespace tapelake::hudi {
namespace {

constexpr int64_t kMicrosPerMilli = 1000;

struct ActionNames {
  InstantAction action;
  std::string_view name;
  std::string_view requested;  // suffixes after "<timestamp>"; empty: no such file
  std::string_view inflight;
  std::string_view completed;
};

/// The state machine of the timeline, as it shows in file names.
constexpr std::array<ActionNames, 11> kActions = {{
    {InstantAction::kCommit, "commit", ".commit.requested", ".inflight", ".commit"},
    {InstantAction::kDeltaCommit, "deltacommit", ".deltacommit.requested", ".deltacommit.inflight",
     ".deltacommit"},
    {InstantAction::kReplaceCommit, "replacecommit", ".replacecommit.requested",
     ".replacecommit.inflight", ".replacecommit"},
    {InstantAction::kCompaction, "compaction", ".compaction.requested", ".compaction.inflight",
     ".commit"},
    {InstantAction::kLogCompaction, "logcompaction", ".logcompaction.requested",
     ".logcompaction.inflight", ".deltacommit"},
    {InstantAction::kClean, "clean", ".clean.requested", ".clean.inflight", ".clean"},
    {InstantAction::kRollback, "rollback", ".rollback.requested", ".rollback.inflight",
     ".rollback"},
    {InstantAction::kSavepoint, "savepoint", "", ".savepoint.inflight", ".savepoint"},
    {InstantAction::kRestore, "restore", ".restore.requested", ".restore.inflight", ".restore"},
    {InstantAction::kIndexing, "indexing", ".indexing.requested", ".indexing.inflight",
     ".indexing"},
    {InstantAction::kClustering, "clustering", ".clustering.requested", ".clustering.inflight",
     ".replacecommit"},
}};

const ActionNames& NamesOf(InstantAction action) {
  const size_t index = static_cast<size_t>(action) - 1;
  TAPELAKE_ASSERT(index < kActions.size() && kActions[index].action == action);
  return kActions[index];
}

}  // namespace

std::string_view InstantActionName(InstantAction action) {
  return NamesOf(action).name;
}

std::string_view InstantStateName(InstantState state) {
  switch (state) {
    case InstantState::kRequested:
      return "requested";
    case InstantState::kInflight:
      return "inflight";
    case InstantState::kCompleted:
      return "completed";
  }
  return "unknown";
}

bool IsWriteAction(InstantAction action) {
  switch (action) {
    case InstantAction::kCommit:
    case InstantAction::kDeltaCommit:
    case InstantAction::kReplaceCommit:
    case InstantAction::kCompaction:
    case InstantAction::kLogCompaction:
    case InstantAction::kClustering:
      return true;
    default:
      return false;
  }
}

std::optional<Instant> ParseInstantFileName(std::string_view file_name) {
  return ParseInstantFileName(file_name, TimelineLayout::kFlat);
}

std::optional<Instant> ParseInstantFileName(std::string_view file_name, TimelineLayout layout) {
  const size_t dot = file_name.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  std::string_view times = file_name.substr(0, dot);
  std::string_view completion;
  if (const size_t mark = times.find('_');
      layout == TimelineLayout::kFolder && mark != std::string_view::npos) {
    completion = times.substr(mark + 1);
    times = times.substr(0, mark);
    if (!IsInstantTime(completion)) return std::nullopt;
  }
  if (!IsInstantTime(times)) return std::nullopt;
  Instant instant{.timestamp = std::string(times),
                  .completion_time = std::string(completion),
                  .layout = layout};
  const std::string_view suffix = file_name.substr(dot);
  // Commit and deltacommit stand before the compactions, so their shared names are theirs.
  for (const ActionNames& names : kActions) {
    instant.action = names.action;
    const bool may_be_completed = layout == TimelineLayout::kFlat || !completion.empty();
    if (suffix == names.completed && may_be_completed) {
      instant.state = InstantState::kCompleted;
      return instant;
    }
    if (!completion.empty()) continue;
    if (suffix == names.inflight || suffix == names.requested) {
      instant.state = suffix == names.inflight ? InstantState::kInflight : InstantState::kRequested;
      return instant;
    }
  }
  return std::nullopt;
}

std::string InstantFileName(const Instant& instant) {
  const ActionNames& names = NamesOf(instant.action);
  std::string_view suffix = names.completed;
  if (instant.state == InstantState::kInflight) suffix = names.inflight;
  if (instant.state == InstantState::kRequested) {
    suffix = names.requested.empty() ? names.inflight : names.requested;
  }
  std::string name = instant.timestamp;
  if (instant.state == InstantState::kCompleted && !instant.completion_time.empty()) {
    name += "_" + instant.completion_time;
  }
  return name + std::string(suffix);
}

bool IsInstantTime(std::string_view text) {
  return text.size() >= 14 && text.size() <= 20 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string FormatInstantTime(int64_t micros) {
  const base::CivilTime civil = base::ToCivil(micros);
  TAPELAKE_ASSERT(civil.year >= 1 && civil.year <= 9999);
  char buffer[96];
  std::snprintf(buffer, sizeof(buffer), "%04d%02d%02d%02d%02d%02d%03d", civil.year, civil.month,
                civil.day, civil.hour, civil.minute, civil.second, civil.microsecond / 1000);
  return buffer;
}

std::optional<int64_t> ParseInstantTime(std::string_view timestamp) {
  if (!IsInstantTime(timestamp)) return std::nullopt;
  if (timestamp.size() != 14 && timestamp.size() < 17) return std::nullopt;
  const auto part = [timestamp](size_t from, size_t count) {
    return std::string(timestamp.substr(from, count));
  };
  const std::string millis = timestamp.size() == 14 ? "999" : part(14, 3);
  const auto parsed =
      base::ParseIso8601(part(0, 4) + "-" + part(4, 2) + "-" + part(6, 2) + "T" + part(8, 2) + ":" +
                         part(10, 2) + ":" + part(12, 2) + "." + millis + "Z");
  if (!parsed) return std::nullopt;
  TAPELAKE_ASSERT(parsed->micros % kMicrosPerMilli == 0);
  return parsed->micros;
}

std::string TimeOfDay(const std::string& instant) {
  constexpr size_t kDateDigits = 8;
  constexpr size_t kTimeDigits = 9;
  const size_t first = instant.find_first_not_of('0', kDateDigits);
  if (first >= kDateDigits + kTimeDigits) return "0";
  return instant.substr(first, kDateDigits + kTimeDigits - first);
}

}  // namespace tapelake::hudi
