#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include "hudi/cleaning/cleaning.h"

namespace tapelake::hudi {
namespace {

/// Newest instants of each kind that stay because there are few of them.
struct Cuts {
  std::string commits;  ///< Everything before it may go; empty: nothing.
  std::string others;   ///< Cleans, rollbacks and the like before it may go, too.
};

std::string CutOf(const std::vector<Instant>& instants, const ArchivalPolicy& policy) {
  const auto count = static_cast<int64_t>(instants.size());
  if (count <= policy.instants_keep_max) return "";
  const int64_t kept = std::clamp<int64_t>(policy.instants_keep_min, 1, count);
  return instants[static_cast<size_t>(count - kept)].timestamp;
}

/// The newest commit up to a time; empty: there is none.
std::string NewestUpTo(const std::vector<Instant>& commits, const std::string& time) {
  const auto later = std::ranges::upper_bound(commits, time, {}, &Instant::timestamp);
  return later == commits.begin() ? std::string() : std::prev(later)->timestamp;
}

Cuts CutsOf(const Timeline& timeline, const ArchivalPolicy& policy, const ArchivalLimits& limits) {
  std::vector<Instant> others;
  for (const Instant& instant : timeline.instants()) {
    if (!IsWriteAction(instant.action) && instant.state == InstantState::kCompleted) {
      others.push_back(instant);
    }
  }
  const std::vector<Instant> commits = timeline.CompletedCommits();
  Cuts cuts{CutOf(commits, policy), CutOf(others, policy)};
  if (!limits.readers_began.empty()) {
    cuts.commits = std::min(cuts.commits, NewestUpTo(commits, limits.readers_began));
  }
  cuts.others = std::max(cuts.others, cuts.commits);
  return cuts;
}

std::set<std::string> SavepointsOf(const Timeline& timeline) {
  std::set<std::string> savepoints;
  for (const Instant& instant : timeline.instants()) {
    if (instant.action == InstantAction::kSavepoint) savepoints.insert(instant.timestamp);
  }
  return savepoints;
}

/// The first instant that must stay, with all after it.
std::string FirstKept(const Timeline& timeline, const ArchivalLimits& limits) {
  std::string first = limits.kept_instant;
  const auto keep = [&first](const std::string& timestamp) {
    if (first.empty() || timestamp < first) first = timestamp;
  };
  if (!limits.first_replacing.empty()) keep(limits.first_replacing);
  std::string last_commit;
  std::string last_unpinned;
  const std::set<std::string> savepoints = SavepointsOf(timeline);
  for (const Instant& instant : timeline.instants()) {
    const bool completed = instant.state == InstantState::kCompleted;
    if (!completed) keep(last_commit.empty() ? instant.timestamp : last_commit);
    // With the commit before it: a timeline of savepointed commits alone has no beginning, so that
    // after a restore nothing older would count.
    if (instant.action == InstantAction::kSavepoint) {
      keep(last_unpinned.empty() ? instant.timestamp : last_unpinned);
    }
    if (!completed || !IsWriteAction(instant.action)) continue;
    last_commit = instant.timestamp;
    if (!savepoints.contains(instant.timestamp)) last_unpinned = instant.timestamp;
  }
  return first;
}

std::string_view NewestClean(const Timeline& timeline) {
  std::string_view newest;
  for (const Instant& instant : timeline.instants()) {
    if (instant.action == InstantAction::kClean && instant.state == InstantState::kCompleted) {
      newest = instant.timestamp;
    }
  }
  return newest;
}

}  // namespace

std::vector<Instant> PlanArchival(const Timeline& timeline, const ArchivalPolicy& policy,
                                  const ArchivalLimits& limits) {
  const Cuts cuts = CutsOf(timeline, policy, limits);
  const std::string first_kept = FirstKept(timeline, limits);
  const std::string_view newest_clean = NewestClean(timeline);
  std::vector<Instant> archived;
  for (const Instant& instant : timeline.instants()) {
    const bool is_write = IsWriteAction(instant.action);
    const std::string& cut = is_write ? cuts.commits : cuts.others;
    if (instant.timestamp >= cut) continue;
    if (!first_kept.empty() && instant.timestamp >= first_kept) break;
    if (instant.action == InstantAction::kClean && instant.timestamp == newest_clean) continue;
    archived.push_back(instant);
  }
  return archived;
}

}  // namespace tapelake::hudi
