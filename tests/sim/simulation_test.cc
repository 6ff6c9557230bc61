#include "tests/sim/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "tests/sim/crash_points.h"

namespace tapelake::sim {
namespace {

using ::testing::HasSubstr;

TEST(Simulation, TheSameSeedDoesTheSame) {
  const SimOptions options{.seed = 11, .changes = 400};
  const SimReport first = RunSimulation(options);
  const SimReport second = RunSimulation(options);
  EXPECT_TRUE(first.status.ok()) << first.status;
  EXPECT_EQ(first.trace_hash, second.trace_hash);
  EXPECT_NE(first.trace_hash, RunSimulation({.seed = 12, .changes = 400}).trace_hash);
}

TEST(Simulation, ProcessesDie) {
  const SimReport report = RunSimulation({.seed = 13, .changes = 400});
  EXPECT_TRUE(report.status.ok()) << report.status;
  EXPECT_GE(report.deaths, kDeathsMin);
  EXPECT_GT(report.coverage.at("hudi/deltacommit create").reached, 0);
}

TEST(Simulation, AnAimedDeathHappensThere) {
  for (const DeathPhase phase : {DeathPhase::kBefore, DeathPhase::kTorn, DeathPhase::kAfter}) {
    const SimReport report =
        RunSimulation({.seed = 14,
                       .changes = 400,
                       .aims = {{.point = "delivery/state replace", .phase = phase}},
                       .adjust = MakeVaried});
    EXPECT_TRUE(report.status.ok()) << report.status;
    const PointCounts counts = report.coverage.at("delivery/state replace");
    EXPECT_GT(counts.died_before + counts.died_torn + counts.died_after, 0);
  }
}

/// A way to break a drained lake, and what a check then says.
struct Breach {
  const char* name;
  std::string file_class;  ///< Of the file it is done to: the last one of its class.
  std::function<void(SimWorld& world, const std::string& path)> damage;
  const char* said;
};

void PrintTo(const Breach& breach, std::ostream* out) {
  *out << breach.name;
}

testing::SimDisk& DiskOf(SimWorld& world) {
  return world.files.disk();
}

class Checks : public ::testing::TestWithParam<Breach> {};

TEST_P(Checks, FindIt) {
  SimOptions options{.seed = 15, .changes = 600, .calm = true, .adjust = MakeVaried};
  options.before_checks = [](SimWorld& world) {
    std::string chosen;
    for (const std::string& path : DiskOf(world).Paths()) {
      if (FileClassOf(path) == GetParam().file_class) chosen = path;
    }
    ASSERT_FALSE(chosen.empty());
    GetParam().damage(world, chosen);
  };
  EXPECT_THAT(RunSimulation(options).status.ToString(), HasSubstr(GetParam().said));
}

void Remove(SimWorld& world, const std::string& path) {
  DiskOf(world).Unlink(path);
}

/// A second copy under a later name.
void Double(SimWorld& world, const std::string& path, const std::string& name) {
  DiskOf(world).Link(io::JoinPath(io::ParentPath(path), name), DiskOf(world).Find(path));
}

INSTANTIATE_TEST_SUITE_P(
    OfADrainedLake, Checks,
    ::testing::Values(
        Breach{"LostRawObject", "delivery/raw object", Remove, "in the raw objects"},
        Breach{"DoubledRawObject", "delivery/raw object",
               [](SimWorld& world, const std::string& path) {
                 Double(world, path,
                        "crypto.transactions-1-2026-11-22-19-00-00-0000000999.ndjson.gz");
               },
               "raw lines too many"},
        Breach{"LostErrorObject", "delivery/error object", Remove, "is in no error object"},
        Breach{"DoubledErrorObject", "delivery/error object",
               [](SimWorld& world, const std::string& path) {
                 Double(world, path, "crypto.transactions-1-2026-11-22-19-00-00-0000000999.ndjson");
               },
               "is in two error lines"},
        Breach{"LostCommit", "hudi/deltacommit", Remove, "the table holds the records before"},
        Breach{"LostLogFiles", "hudi/log file",
               [](SimWorld& world, const std::string&) {
                 for (const std::string& path : DiskOf(world).Paths()) {
                   if (FileClassOf(path) == "hudi/log file") Remove(world, path);
                 }
               },
               "the final table differs"},
        Breach{"DeadInstant", "hudi/deltacommit",
               [](SimWorld& world, const std::string& path) {
                 Double(world, path, "20261122235959000.deltacommit.requested");
               },
               "it is pending"},
        Breach{"OrphanedBaseFile", "hudi/base file",
               [](SimWorld& world, const std::string& path) {
                 Double(world, path,
                        "00000000-0000-4000-8000-000000000000-0_0-0-0_20261122235959000.parquet");
               },
               "belongs to nobody"},
        Breach{"StrayFile", "hudi/base file",
               [](SimWorld& world, const std::string& path) { Double(world, path, "stray"); },
               "belongs to nobody"}),
    [](const auto& breach) { return breach.param.name; });

}  // namespace
}  // namespace tapelake::sim
