// Runs seeds of the simulation: `tapelake_sim --help`.

#include <cstdio>
#include <map>
#include <string>
#include <string_view>

#include "io/local_file_system.h"
#include "io/random.h"
#include "tests/sim/crash_points.h"
#include "tests/sim/sim_farm.h"
#include "tests/sim/sim_options.h"

namespace tapelake::sim {
namespace {

constexpr char kPointDocument[] = "docs/internals/crash-points.md";
constexpr uint64_t kFreshSeedMax = 1'000'000'000;

long long Wide(int64_t number) {
  return static_cast<long long>(number);
}

/// Whether somebody died at every listed point in every way, and no other point was reached.
bool PointsAreComplete(const PointCoverage& coverage, const std::map<std::string, bool>& listed) {
  bool complete = true;
  for (const auto& [name, can_be_torn] : listed) {
    const auto found = coverage.find(name);
    const PointCounts counts = found == coverage.end() ? PointCounts{} : found->second;
    if (found != coverage.end() && counts.complete()) continue;
    std::fprintf(stderr,
                 "crash point '%s': reached %lld times, died before %lld, torn %lld, after %lld\n",
                 name.c_str(), Wide(counts.reached), Wide(counts.died_before),
                 Wide(counts.died_torn), Wide(counts.died_after));
    complete = false;
  }
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
  TAPELAKE_ASSIGN_OR_RAISE(const FarmReport report, RunFarm(line, points));
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
