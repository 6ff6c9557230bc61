// Runs seeds of the simulation: `tapelake_sim --help`.

#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/local_file_system.h"
#include "io/random.h"
#include "tests/sim/crash_points.h"
#include "tests/sim/sim_farm.h"
#include "tests/sim/sim_options.h"

namespace tapelake::sim {
namespace {

constexpr char kPointDocument[] = "docs/internals/crash-points.md";
constexpr int kAimsMax = 20;
constexpr uint64_t kFreshSeedMax = 1'000'000'000;

long long Wide(int64_t number) {
  return static_cast<long long>(number);
}

constexpr std::pair<DeathPhase, const char*> kPhases[] = {
    {DeathPhase::kBefore, "before"}, {DeathPhase::kTorn, "torn"}, {DeathPhase::kAfter, "after"}};

int64_t DeathsIn(const PointCounts& counts, DeathPhase phase) {
  if (phase == DeathPhase::kBefore) return counts.died_before;
  return phase == DeathPhase::kTorn ? counts.died_torn : counts.died_after;
}

/// `POINT:PHASE`.
Result<WantedDeath> ParseAim(const std::string& text) {
  const size_t colon = text.rfind(':');
  for (const auto& [phase, name] : kPhases) {
    if (colon != text.npos && text.substr(colon + 1) == name) {
      return WantedDeath{.point = text.substr(0, colon), .phase = phase};
    }
  }
  return MakeError(ErrorKind::kInvalid, "no death '" + text + "'");
}

std::string AimText(const WantedDeath& death) {
  for (const auto& [phase, name] : kPhases) {
    if (phase == death.phase) return death.point + ":" + name;
  }
  return death.point;
}

/// The deaths that nobody has died yet.
std::vector<WantedDeath> MissingDeaths(const PointCoverage& coverage,
                                       const std::map<std::string, bool>& listed) {
  std::vector<WantedDeath> missing;
  for (const auto& [name, can_be_torn] : listed) {
    const auto found = coverage.find(name);
    for (const auto& [phase, phase_name] : kPhases) {
      if (phase == DeathPhase::kTorn && !can_be_torn) continue;
      if (found != coverage.end() && DeathsIn(found->second, phase) > 0) continue;
      missing.push_back({.point = name, .phase = phase});
    }
  }
  return missing;
}

/// Aim at what nobody met, with seeds of their own, a few times each.
Status AimAgain(CommandLine line, const std::map<std::string, bool>& listed, FarmReport* report) {
  line.jobs = 1;
  line.twice = 0;
  line.keep_tables.clear();
  for (const WantedDeath& death : MissingDeaths(report->coverage, listed)) {
    for (int i = 0; i < kAimsMax; ++i) {
      line.first_seed = ++line.last_seed;
      TAPELAKE_ASSIGN_OR_RAISE(const FarmReport again, RunFarm(line, listed, {death}));
      AddCoverage(again.coverage, &report->coverage);
      for (const std::string& failure : again.failures)
        report->failures.push_back(failure + " (with --aim '" + AimText(death) + "')");
      if (!again.failures.empty()) std::fprintf(stderr, "%s\n", report->failures.back().c_str());
      ++report->seeds;
      const auto found = report->coverage.find(death.point);
      if (found != report->coverage.end() && DeathsIn(found->second, death.phase) > 0) break;
    }
  }
  return Status::OK();
}

/// Whether somebody died at every listed point in every way, and no other point was reached.
bool PointsAreComplete(const PointCoverage& coverage, const std::map<std::string, bool>& listed) {
  const auto missing = MissingDeaths(coverage, listed);
  for (const WantedDeath& death : missing) {
    std::fprintf(stderr, "nobody died at crash point '%s'\n", AimText(death).c_str());
  }
  bool complete = missing.empty();
  for (const auto& [name, counts] : coverage) {
    if (listed.contains(name)) continue;
    std::fprintf(stderr, "crash point '%s' is not in %s\n", name.c_str(), kPointDocument);
    complete = false;
  }
  return complete;
}

Result<bool> Run(CommandLine line) {
  io::LocalFileSystem files;
  std::map<std::string, bool> points;
  if (line.write_points.empty() || line.check_points) {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string text, files.ReadFile(kPointDocument));
    TAPELAKE_ASSIGN_OR_RAISE(points, ParsePointDocument(text));
  }
  if (line.fresh > 0) {
    io::SystemRandom random;
    line.first_seed = 1 + random.Below(kFreshSeedMax);
    line.last_seed = line.first_seed + line.fresh - 1;
  }
  std::printf("seeds %llu..%llu\n", static_cast<unsigned long long>(line.first_seed),
              static_cast<unsigned long long>(line.last_seed));
  std::fflush(stdout);
  std::vector<WantedDeath> aims;
  if (!line.aim.empty()) {
    TAPELAKE_ASSIGN_OR_RAISE(WantedDeath aim, ParseAim(line.aim));
    aims.push_back(std::move(aim));
  }
  TAPELAKE_ASSIGN_OR_RAISE(FarmReport report, RunFarm(line, points, aims));
  if (line.check_points) TAPELAKE_RETURN_NOT_OK(AimAgain(line, points, &report));
  std::printf(
      "%lld seeds, %lld changes, %lld records, %lld deaths (%lld with power loss), %lld ends "
      "by an error, %lld looks in between, %zu crash points, %lld tables kept, %zu failed\n",
      Wide(report.seeds), Wide(report.changes), Wide(report.records), Wide(report.deaths),
      Wide(report.power_losses), Wide(report.ended_by_error), Wide(report.moments),
      report.coverage.size(), Wide(report.tables_kept), report.failures.size());
  if (!line.write_points.empty()) {
    TAPELAKE_RETURN_NOT_OK(
        files.ReplaceFile(line.write_points, FormatPointDocument(report.coverage)));
  }
  const bool complete = !line.check_points || PointsAreComplete(report.coverage, points);
  return report.failures.empty() && complete;
}

int Main(int count, char** arguments) {
  if (count < 2 || std::string_view(arguments[1]) == "--help") {
    std::fputs(kUsage, stdout);
    return count < 2 ? 2 : 0;
  }
  Result<CommandLine> line = ParseCommandLine(count, arguments);
  if (!line.ok()) {
    std::fprintf(stderr, "%s\n%s", line.status().message().c_str(), kUsage);
    return 2;
  }
  const Result<bool> passed = Run(std::move(*line));
  if (!passed.ok()) std::fprintf(stderr, "%s\n", passed.status().ToString().c_str());
  return passed.ValueOr(false) ? 0 : 1;
}

}  // namespace
}  // namespace tapelake::sim

int main(int count, char** arguments) {
  return tapelake::sim::Main(count, arguments);
}
