#include "tests/model/oracle.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace tapelake::model {
namespace {

Status Broken(std::string message) {
  return MakeError(ErrorKind::kInternal, std::move(message));
}

std::string JoinNames(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names)
    text += " " + name;
  return text;
}

}  // namespace

const State& Oracle::At(const std::string& instant) const {
  const auto after = states_.upper_bound(instant);
  return after == states_.begin() ? empty_ : std::prev(after)->second;
}

void Oracle::SetCleanedBefore(const std::string& instant) {
  cleaned_before_ = std::max(cleaned_before_, instant);
}

Status Oracle::TakeOver(const hudi::Timeline& timeline, const Intent& intent) {
  std::set<std::string> there;
  for (const hudi::Instant& commit : timeline.CompletedCommits())
    there.insert(commit.timestamp);
  TAPELAKE_RETURN_NOT_OK(TakeNew(there, intent));
  TAPELAKE_RETURN_NOT_OK(TakeBack(there, intent));
  savepoints.clear();
  for (const hudi::Instant& instant : timeline.instants()) {
    // One that was begun and not completed pins as well.
    if (instant.action == hudi::InstantAction::kSavepoint) savepoints.insert(instant.timestamp);
  }
  return Status::OK();
}

/// Without an intent's commit, new ones are those of services, which change no row.
Status Oracle::TakeNew(const std::set<std::string>& there, const Intent& intent) {
  std::vector<std::string> fresh;
  std::ranges::set_difference(there, seen_, std::back_inserter(fresh));
  seen_ = there;
  if (intent.next == nullptr) return Status::OK();
  if (fresh.size() > 1) return Broken("one call made several commits:" + JoinNames(fresh));
  if (fresh.empty()) {
    return intent.must_happen ? Broken("the commit that was done is not there") : Status::OK();
  }
  State next = *intent.next;
  for (auto& [key, row] : next.rows) {
    if (row.commit.empty()) row.commit = fresh.front();
  }
  states_[fresh.front()] = std::move(next);
  return Status::OK();
}

/// Active commits never go, but by going back; those before the first active one were archived.
/// Whoever goes back finishes a half archival first, perhaps past what it was to go back to. Then
/// that is no longer active, and the call took nothing back.
Status Oracle::TakeBack(const std::set<std::string>& there, const Intent& intent) {
  const std::string first = there.empty() ? "" : *there.begin();
  std::vector<std::string> gone;
  std::vector<std::string> stayed;
  for (const auto& [instant, state] : states_) {
    const bool may_go = intent.goes_back && instant > intent.back_to;
    if (there.contains(instant)) {
      if (may_go) stayed.push_back(instant);
    } else if (instant >= first) {
      if (!may_go) return Broken("lost commit " + instant);
      gone.push_back(instant);
    }
  }
  if (!gone.empty() && !stayed.empty()) {
    return Broken("went back half way: gone" + JoinNames(gone) + ", still there" +
                  JoinNames(stayed));
  }
  if (intent.goes_back && intent.must_happen && !stayed.empty()) {
    return Broken("did not go back to " + intent.back_to + ": still there" + JoinNames(stayed));
  }
  for (const std::string& instant : gone)
    states_.erase(instant);
  return Status::OK();
}

}  // namespace tapelake::model
