#pragma once

/// What a table's whole past must be: a state per commit.

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "base/status.h"
#include "hudi/timeline/timeline.h"
#include "tests/model/model_rows.h"

namespace tapelake::model {

/// What a call was to do to the past.
struct Intent {
  /// A commit may come that makes this state.
  const State* next = nullptr;
  /// Everything after this instant may go (empty string: nothing may go).
  std::string back_to = {};
  bool goes_back = false;
  bool must_happen = false;  ///< It said that it did.
};

/// The past of one table. One thread.
class Oracle {
 public:
  explicit Oracle(State empty) : empty_(std::move(empty)) {}

  /// Compare with what the timeline says after a call and take over what happened: the intent's
  /// commit, all of its going back, or nothing. Errors: kInternal (something else happened, half of
  /// it did, or what was said to happen did not).
  Status TakeOver(const hudi::Timeline& timeline, const Intent& intent);

  /// The newest state.
  const State& now() const { return At("99"); }
  /// The state that readers of the instant see.
  const State& At(const std::string& instant) const;
  /// The instants that changed rows, ascending.
  const std::map<std::string, State>& states() const { return states_; }
  std::string newest() const { return states_.empty() ? "" : states_.rbegin()->first; }

  /// Cleaning may have taken what readers of commits before `instant` need.
  void SetCleanedBefore(const std::string& instant);
  /// Whether readers of the instant must find all they need.
  bool MustBeReadable(const std::string& instant) const {
    return NothingCleanedFrom(instant) || savepoints.contains(instant);
  }
  /// The same of every instant from there on.
  bool NothingCleanedFrom(const std::string& instant) const { return instant >= cleaned_before_; }

  std::set<std::string> savepoints;

 private:
  Status TakeNew(const std::set<std::string>& there, const Intent& intent);
  Status TakeBack(const std::set<std::string>& there, const Intent& intent);

  State empty_;
  std::map<std::string, State> states_;
  std::set<std::string> seen_;  // completed commits of every kind
  std::string cleaned_before_;
};

}  // namespace tapelake::model
