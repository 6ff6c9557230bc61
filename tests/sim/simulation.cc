#include "tests/sim/simulation.h"

#include <cstdio>
#include <optional>
#include <utility>

#include "tests/sim/checks.h"
#include "tests/sim/keep_table.h"

namespace tapelake::sim {
namespace {

constexpr int64_t kStepsMax = 100'000;
constexpr int64_t kRestartsMax = 5'000;
constexpr int kQuietStepsMin = 100;
constexpr double kOfferShare = 0.3;
constexpr double kFootingShare = 0.06;
constexpr double kCheckShare = 0.003;
constexpr int64_t kSecond = 1'000'000;

class Simulation {
 public:
  explicit Simulation(const SimOptions& options)
      : options_(options),
        setup_(DrawSetup(options)),
        world_(options.seed),
        random_(options.seed ^ 0x7363'6865'6475'6c65) {
    world_.faults.SetTrace(options.trace);
    world_.faults.SetRates(setup_.rates);
  }

  SimReport Run();

 private:
  Status RunAll();
  Status RunUntilPut();
  Status RunUntilDrained();
  Status OneAction();
  Status CheckFooting();
  Status Look();
  Status StepWorker();
  Status EnsurePlant();
  Status Survive(const Status& status);
  void ArmDeaths();
  void MoveClock();
  bool Chance(double share) { return random_.NextDouble() < share; }

  const SimOptions& options_;
  SimSetup setup_;
  SimWorld world_;
  io::SeededRandom random_;
  std::unique_ptr<ChangeLog> log_;
  std::unique_ptr<TableOracle> oracle_;
  std::unique_ptr<Plant> plant_;
  Positions footing_;  // of the last process just after opening
  bool check_footing_ = false;
  size_t next_death_ = 0;
  SimReport report_;
};

SimReport Simulation::Run() {
  report_.status = RunAll();
  plant_.reset();
  report_.trace_hash = world_.faults.trace_hash();
  report_.coverage = world_.faults.coverage();
  report_.disk_steps = world_.faults.steps();
  if (report_.status.ok() && !world_.faults.unknown_path().empty()) {
    report_.status = MakeError(ErrorKind::kInternal, "a step at a path that no protocol knows: " +
                                                         world_.faults.unknown_path());
  }
  return std::move(report_);
}

Status Simulation::RunAll() {
  TAPELAKE_ASSIGN_OR_RAISE(
      log_, ChangeLog::Make(setup_.changes, setup_.garbage, options_.seed ^ 0x6761'7262));
  oracle_ = std::make_unique<TableOracle>(log_->stored());
  TAPELAKE_RETURN_NOT_OK(RunUntilPut());
  world_.faults.SetRates({});
  TAPELAKE_RETURN_NOT_OK(RunUntilDrained());
  report_.records = static_cast<int64_t>(log_->stored().size());
  report_.put_twice = log_->put_twice();
  if (options_.before_checks) options_.before_checks(world_);
  TAPELAKE_RETURN_NOT_OK(CheckDelivered(world_, *log_));
  TAPELAKE_RETURN_NOT_OK(CheckTable(world_, *log_));
  TAPELAKE_RETURN_NOT_OK(CheckFiles(world_));
  if (options_.keep_directory.empty()) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(const std::string expected, ExpectedCsv(log_->simulator()));
  return KeepTable(world_.files.disk(), SimTablePath(), options_.keep_directory, expected);
}

Status Simulation::RunUntilPut() {
  while (!log_->all_put() || (!options_.calm && report_.deaths < kDeathsMin)) {
    if (++report_.steps > kStepsMax) return MakeError(ErrorKind::kInternal, "it never ends");
    ArmDeaths();
    TAPELAKE_RETURN_NOT_OK(EnsurePlant());
    TAPELAKE_RETURN_NOT_OK(Survive(OneAction()));
    if (options_.look_always && plant_ != nullptr) TAPELAKE_RETURN_NOT_OK(Look());
  }
  return Status::OK();
}

/// Work until nobody has anything to do any more, then end in order.
Status Simulation::RunUntilDrained() {
  for (int quiet = 0; quiet < kQuietStepsMin; ++quiet) {
    if (++report_.steps > kStepsMax) return MakeError(ErrorKind::kInternal, "it never drains");
    TAPELAKE_RETURN_NOT_OK(EnsurePlant());
    world_.clock.Advance(static_cast<int64_t>(random_.Below(kSecond)));
    const size_t worker = random_.Below(Plant::kWorkers);
    const auto worked = plant_->Step(worker);
    if (!worked.ok() || *worked) quiet = 0;
    TAPELAKE_RETURN_NOT_OK(Survive(worked.status()));
  }
  const Status drained = plant_->Drain();
  if (drained.ok()) {
    const Status counted = CheckCounts(plant_->progress().counts);
    plant_.reset();
    return counted;
  }
  TAPELAKE_RETURN_NOT_OK(Survive(drained));
  return RunUntilDrained();
}

/// Open the process, as often as it takes: it may die while it recovers.
Status Simulation::EnsurePlant() {
  while (plant_ == nullptr) {
    auto plant = Plant::Open(world_, setup_);
    if (plant.ok()) {
      plant_ = std::move(*plant);
      const Status recovered = log_->Recover(plant_->stream());
      TAPELAKE_RETURN_NOT_OK(WithContext(Survive(recovered), "after a restart"));
      if (plant_ != nullptr) TAPELAKE_RETURN_NOT_OK(CheckFooting());
    } else {
      TAPELAKE_RETURN_NOT_OK(WithContext(Survive(plant.status()), "opening"));
    }
  }
  return Status::OK();
}

/// What an opened process has seen must be durable before anything rests on it: its position
/// survives a power loss that comes at once.
Status Simulation::CheckFooting() {
  if (options_.calm) return Status::OK();
  world_.faults.SetPaused(true);
  TAPELAKE_ASSIGN_OR_RAISE(const Positions now, ReadPositions(world_, *plant_));
  world_.faults.SetPaused(false);
  const Positions before = std::exchange(footing_, now);
  if (std::exchange(check_footing_, false) && before != now) {
    return MakeError(
        ErrorKind::kInternal,
        "a power loss just after opening took back what was seen: stream " +
            std::to_string(before.stream_next) + ", committed " +
            std::to_string(before.committed_next) + ", delivered " +
            std::to_string(before.delivered_next) + "; now " + std::to_string(now.stream_next) +
            ", " + std::to_string(now.committed_next) + ", " + std::to_string(now.delivered_next));
  }
  if (!Chance(kFootingShare)) return Status::OK();
  check_footing_ = true;
  ++report_.deaths;
  ++report_.power_losses;
  world_.files.Die();
  plant_.reset();
  world_.files.Restart(/*power_lost=*/true);
  world_.faults.Hash("power lost");
  return Status::OK();
}

/// Take what a step returned: an OK status, the death of the process, an error that ends the
/// process as it may, or a broken promise (returned).
Status Simulation::Survive(const Status& status) {
  const bool died = world_.files.dead();
  if (status.ok() && !died) return Status::OK();
  if (report_.deaths + report_.ended_by_error > kRestartsMax) {
    return MakeError(ErrorKind::kInternal, "it never recovers; last: " + status.ToString());
  }
  const bool power_lost = died && Chance(setup_.power_loss);
  if (died) {
    ++report_.deaths;
    report_.power_losses += power_lost ? 1 : 0;
  } else {
    const ErrorKind kind = KindOf(status);
    if (kind != ErrorKind::kUnavailable && kind != ErrorKind::kUnknownOutcome) return status;
    ++report_.ended_by_error;
    world_.clock.Advance(static_cast<int64_t>(random_.Below(2 * kSecond)));
  }
  if (options_.trace) {
    std::fprintf(stderr, "--- the process ends (%s%s): %s\n",
                 died ? world_.faults.last_death().c_str() : "error",
                 power_lost ? ", power lost" : "", status.ToString().c_str());
  }
  world_.files.Die();
  plant_.reset();
  world_.files.Restart(power_lost);
  world_.faults.Hash(power_lost ? "power lost" : "restart");
  return Status::OK();
}

/// Aim at the deaths whose time has come. At the end, those that nobody met are given up.
void Simulation::ArmDeaths() {
  while (next_death_ < setup_.deaths.size() &&
         log_->progress() >= setup_.deaths[next_death_].at_progress) {
    const SimSetup::Death& death = setup_.deaths[next_death_++];
    if (death.between_steps) {
      world_.files.Die();
    } else {
      world_.faults.Want(death.wanted);
    }
  }
  if (options_.calm || !log_->all_put()) return;
  world_.faults.WantNoMore();
  if (report_.deaths < kDeathsMin) world_.files.Die();
}

void Simulation::MoveClock() {
  world_.clock.Advance(static_cast<int64_t>(random_.Below(Chance(0.02) ? 5 * kSecond : 100'000)));
  if (setup_.clock_jumps && Chance(0.002)) {
    const auto jump = static_cast<int64_t>(random_.Below(360 * kSecond)) - 180 * kSecond;
    world_.clock.SetWall(world_.clock.WallMicros() + jump);
  }
}

Status Simulation::OneAction() {
  MoveClock();
  if (setup_.disk_fills && Chance(0.001)) {
    world_.faults.FillDisk(static_cast<int64_t>(random_.Below(20 * kSecond)));
  }
  if (Chance(kCheckShare)) {
    ++report_.moments;
    return Look();
  }
  if (!Chance(kOfferShare)) return StepWorker();
  const auto records =
      1 + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(setup_.put_records_max)));
  world_.faults.Hash(log_->Offer(plant_->stream_writer(), records) ? 1 : 0);
  return Status::OK();
}

Status Simulation::Look() {
  world_.faults.SetPaused(true);
  const Status status = CheckMoment(world_, *plant_, *oracle_);
  world_.faults.SetPaused(false);
  return status;
}

Status Simulation::StepWorker() {
  const size_t worker = random_.Below(Plant::kWorkers);
  world_.faults.Hash(worker);
  TAPELAKE_RETURN_NOT_OK(plant_->Step(worker).status());
  return log_->status();
}

}  // namespace

SimReport RunSimulation(const SimOptions& options) {
  return Simulation(options).Run();
}

}  // namespace tapelake::sim
