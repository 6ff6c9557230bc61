#include "tests/sim/fault_plan.h"

#include <cstdio>

namespace tapelake::sim {
namespace {

using testing::DiskAction;
using testing::StepFate;

constexpr uint64_t kHashPrime = 0x0000'0100'0000'01b3;
constexpr uint64_t kSlowMicrosMax = 5'000'000;

bool NeedsRoom(DiskAction action) {
  switch (action) {
    case DiskAction::kOpen:
    case DiskAction::kWrite:
    case DiskAction::kStart:
    case DiskAction::kAppend:
    case DiskAction::kCreate:
    case DiskAction::kReplace:
    case DiskAction::kMakeDirectory:
    case DiskAction::kLock:
      return true;
    default:
      return false;
  }
}

}  // namespace

void FaultPlan::Hash(std::string_view text) {
  for (const char c : text)
    hash_ = (hash_ ^ static_cast<unsigned char>(c)) * kHashPrime;
  hash_ *= kHashPrime;
}

void FaultPlan::Hash(uint64_t number) {
  for (int i = 0; i < 8; ++i)
    hash_ = (hash_ ^ ((number >> (8 * i)) & 0xff)) * kHashPrime;
}

StepFate FaultPlan::OnStep(const testing::DiskStep& step) {
  ++steps_;
  const std::string point = PointName(step);
  if (point.empty() && unknown_path_.empty()) {
    unknown_path_ = std::string(testing::DiskActionText(step.action)) + " '" + step.path + "'";
  }
  PointCounts& counts = coverage_[point];
  ++counts.reached;
  counts.can_be_torn = testing::CanBeTorn(step.action);
  if (Chance(rates_.slow)) clock_.Advance(static_cast<int64_t>(random_.Below(kSlowMicrosMax)));
  const StepFate fate = Decide(step, point, &counts);
  Hash(point);
  Hash(step.path);
  Hash(static_cast<uint64_t>(fate));
  if (trace_) {
    std::fprintf(stderr, "%lld %lld %s %s: fate %d\n", static_cast<long long>(steps_),
                 static_cast<long long>(clock_.WallMicros()), point.c_str(), step.path.c_str(),
                 static_cast<int>(fate));
  }
  return fate;
}

StepFate FaultPlan::Decide(const testing::DiskStep& step, const std::string& point,
                           PointCounts* counts) {
  for (auto death = wanted_.begin(); death != wanted_.end(); ++death) {
    if ((!death->point.empty() && death->point != point) || death->skip-- > 0) continue;
    const DeathPhase phase = death->phase;
    wanted_.erase(death);
    return Death(step, point, phase, counts);
  }
  if (read_only_ || (disk_is_full() && NeedsRoom(step.action))) return StepFate::kFail;
  if (Chance(rates_.fail)) return StepFate::kFail;
  return Chance(rates_.lost_reply) ? StepFate::kLostReply : StepFate::kDone;
}

StepFate FaultPlan::Death(const testing::DiskStep& step, const std::string& point, DeathPhase phase,
                          PointCounts* counts) {
  if (phase == DeathPhase::kTorn && !testing::CanBeTorn(step.action)) phase = DeathPhase::kBefore;
  last_death_ = point + (phase == DeathPhase::kBefore  ? " (before)"
                         : phase == DeathPhase::kAfter ? " (after)"
                                                       : " (torn)");
  switch (phase) {
    case DeathPhase::kBefore:
      ++counts->died_before;
      return StepFate::kDieBefore;
    case DeathPhase::kTorn:
      ++counts->died_torn;
      return StepFate::kDieTorn;
    case DeathPhase::kAfter:
      break;
  }
  ++counts->died_after;
  return StepFate::kDieAfter;
}

Status FaultPlan::OnRead(const std::string& path) {
  if (paused_ || !Chance(rates_.read_fail)) return Status::OK();
  Hash("read fails");
  return MakeError(ErrorKind::kUnavailable, "injected: cannot read '" + path + "'");
}

}  // namespace tapelake::sim
