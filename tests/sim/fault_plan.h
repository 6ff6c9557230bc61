#pragma once

/// Decides, from a seed, which steps of the simulated disk fail and which are the last.

#include <cstdint>
#include <string>
#include <vector>

#include "io/random.h"
#include "testing/fake_clock.h"
#include "testing/sim_file_system.h"
#include "tests/sim/crash_points.h"

namespace tapelake::sim {

/// A way to die at a step.
enum class DeathPhase : uint8_t { kBefore, kTorn, kAfter };

/// Where a process is to die.
struct WantedDeath {
  std::string point;  ///< Empty: at any step.
  DeathPhase phase = DeathPhase::kBefore;
  int64_t skip = 0;  ///< Steps at this point that still go well.
};

/// Chances in a million, per step.
struct FaultRates {
  uint64_t fail = 0;
  uint64_t lost_reply = 0;
  uint64_t read_fail = 0;
  uint64_t slow = 0;
};

/// The plan. Also counts the points that are reached and hashes everything that happens, so that
/// two runs of one seed can be compared. One thread.
class FaultPlan : public testing::DiskFaults {
 public:
  FaultPlan(testing::FakeClock& clock, uint64_t seed) : clock_(clock), random_(seed) {}

  void SetRates(const FaultRates& rates) { rates_ = rates; }
  /// Let no read fail for the moment: somebody looks from outside, who changes nothing.
  void SetPaused(bool paused) { paused_ = paused; }
  /// Let everything that needs room fail until the steady clock has moved on by `micros`.
  void FillDisk(int64_t micros) { full_until_micros_ = clock_.SteadyMicros() + micros; }
  bool disk_is_full() const { return clock_.SteadyMicros() < full_until_micros_; }
  /// Refuse every change from now on.
  void SetReadOnly(bool read_only) { read_only_ = read_only; }
  /// Die there too, once it is met.
  void Want(WantedDeath death) { wanted_.push_back(std::move(death)); }
  /// Forget the deaths that were not met.
  void WantNoMore() { wanted_.clear(); }
  /// Print every step to stderr.
  void SetTrace(bool trace) { trace_ = trace; }

  testing::StepFate OnStep(const testing::DiskStep& step) override;
  Status OnRead(const std::string& path) override;

  /// Mix something of the run into its hash.
  void Hash(std::string_view text);
  void Hash(uint64_t number);

  uint64_t trace_hash() const { return hash_; }
  int64_t steps() const { return steps_; }
  const PointCoverage& coverage() const { return coverage_; }
  /// The first path that no protocol knows; empty: there was none.
  const std::string& unknown_path() const { return unknown_path_; }
  /// Where the last process died.
  const std::string& last_death() const { return last_death_; }

 private:
  bool Chance(uint64_t in_a_million) {
    return in_a_million > 0 && random_.Below(1'000'000) < in_a_million;
  }
  testing::StepFate Decide(const testing::DiskStep& step, const std::string& point,
                           PointCounts* counts);
  testing::StepFate Death(const testing::DiskStep& step, const std::string& point, DeathPhase phase,
                          PointCounts* counts);

  testing::FakeClock& clock_;
  io::SeededRandom random_;
  FaultRates rates_;
  int64_t full_until_micros_ = 0;
  bool read_only_ = false;
  bool paused_ = false;
  bool trace_ = false;
  std::vector<WantedDeath> wanted_;
  PointCoverage coverage_;
  std::string unknown_path_;
  std::string last_death_;
  uint64_t hash_ = 0xcbf2'9ce4'8422'2325;
  int64_t steps_ = 0;
};

}  // namespace tapelake::sim
