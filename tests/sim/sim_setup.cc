#include "tests/sim/sim_setup.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "io/random.h"

namespace tapelake::sim {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr uint64_t kAimedDeaths = 4;
constexpr int64_t kSkipMax = 10;
constexpr int kProvocations = 3;
constexpr uint64_t kSeedsPerKeyIndex = 4;
constexpr std::string_view kClusteringPoints = "hudi/replacecommit";  // prefix
constexpr uint64_t kSeedsPerPartitions = 4;
constexpr uint64_t kSeedsPerEncryption = 4;

class Draws {
 public:
  explicit Draws(uint64_t seed) : random_(seed ^ 0x7365'7475'7021'7369) {}

  /// Uniform in min..max.
  int64_t Between(int64_t min, int64_t max) {
    return min + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(max - min + 1)));
  }
  bool Chance(double share) { return random_.NextDouble() < share; }
  uint64_t Next() { return random_.Next(); }

 private:
  io::SeededRandom random_;
};

DeathPhase DrawPhase(Draws& draws) {
  return static_cast<DeathPhase>(draws.Between(0, 2));
}

SimSetup::Death DrawDeath(Draws& draws) {
  SimSetup::Death death;
  death.at_progress = 0.98 * static_cast<double>(draws.Between(0, 1000)) / 1000;
  death.between_steps = draws.Chance(0.2);
  death.wanted = {.phase = DrawPhase(draws), .skip = draws.Between(0, 300)};
  return death;
}

/// Every point with every way to die there.
std::vector<WantedDeath> AllDeaths(const std::map<std::string, bool>& points) {
  std::vector<WantedDeath> all;
  for (const auto& [name, can_be_torn] : points) {
    all.push_back({.point = name, .phase = DeathPhase::kBefore});
    all.push_back({.point = name, .phase = DeathPhase::kAfter});
    if (can_be_torn) all.push_back({.point = name, .phase = DeathPhase::kTorn});
  }
  return all;
}

/// Steps that come only after another death.
struct Provocation {
  std::string_view point;  // prefix
  WantedDeath first;
};

const std::vector<Provocation>& Provocations() {
  static const std::vector<Provocation> all = {
      {"hudi/rollback", {.point = "hudi/deltacommit create", .phase = DeathPhase::kBefore}},
      {"hudi/temporary", {.point = "hudi/ingest state replace", .phase = DeathPhase::kTorn}},
      {"hudi/archive truncate", {.point = "hudi/archive append", .phase = DeathPhase::kTorn}},
      {"stream/segment truncate", {.point = "stream/segment append", .phase = DeathPhase::kTorn}},
      {"stream/temporary", {.point = "stream/metadata create", .phase = DeathPhase::kTorn}},
      {"delivery/temporary", {.point = "delivery/state replace", .phase = DeathPhase::kTorn}},
  };
  return all;
}

void Provoke(Draws& draws, const WantedDeath& death, std::vector<SimSetup::Death>* deaths) {
  for (const Provocation& provocation : Provocations()) {
    if (!death.point.starts_with(provocation.point)) continue;
    for (int i = 0; i < kProvocations; ++i) {
      deaths->push_back({.at_progress = 0.05, .wanted = provocation.first});
      deaths->back().wanted.skip = draws.Between(0, kSkipMax);
    }
  }
}

/// Neighbouring seeds aim at neighbouring deaths, so that a range of them meets all.
void DrawDeaths(Draws& draws, const SimOptions& options, SimSetup* setup) {
  const std::vector<WantedDeath> all = AllDeaths(options.points);
  for (const WantedDeath& aim : options.aims) {
    Provoke(draws, aim, &setup->deaths);
    setup->deaths.push_back({.wanted = aim});
  }
  for (uint64_t i = 0; i < kAimedDeaths && !all.empty() && options.aims.empty(); ++i) {
    SimSetup::Death death{.wanted = all[(options.seed * kAimedDeaths + i) % all.size()]};
    if (draws.Chance(0.5)) death.at_progress = 0.7 * static_cast<double>(draws.Between(0, 9)) / 10;
    if (draws.Chance(0.3)) death.wanted.skip = draws.Between(0, kSkipMax);
    Provoke(draws, death.wanted, &setup->deaths);
    setup->deaths.push_back(std::move(death));
  }
  const auto others = static_cast<uint64_t>(draws.Between(1, 4));
  for (uint64_t i = 0; i < others; ++i)
    setup->deaths.push_back(DrawDeath(draws));
  std::stable_sort(setup->deaths.begin(), setup->deaths.end(),
                   [](const auto& a, const auto& b) { return a.at_progress < b.at_progress; });
}

/// Objects by partition, of which some cuts have too many, and the records as they came.
delivery::LayoutOptions PartitionedLayout(uint64_t seed) {
  return {.prefix =
              "raw/pair=!{partitionKeyFromQuery:pair}/!{timestamp:yyyy/MM/dd/HH}/"
              "!{firehose:random-string}-",
          .error_prefix = "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/",
          .backup = true,
          .partition_keys = {{.name = "pair", .attribute = "trading_pair"}},
          .partitions_max = 2 + static_cast<int64_t>(seed / kSeedsPerPartitions % 7)};
}

/// Only then are there such steps.
bool DiesAtBackup(const SimSetup& setup) {
  return std::any_of(setup.deaths.begin(), setup.deaths.end(), [](const SimSetup::Death& death) {
    return death.wanted.point.starts_with("delivery/backup");
  });
}

void DrawFaults(Draws& draws, SimSetup* setup) {
  if (draws.Chance(0.5)) {
    setup->rates.fail = static_cast<uint64_t>(draws.Between(0, 3'000));
    setup->rates.lost_reply = static_cast<uint64_t>(draws.Between(0, 2'000));
  }
  if (draws.Chance(0.3)) setup->rates.read_fail = static_cast<uint64_t>(draws.Between(0, 1'000));
  if (draws.Chance(0.3)) setup->rates.slow = static_cast<uint64_t>(draws.Between(0, 10'000));
  setup->clock_jumps = draws.Chance(0.4);
  setup->disk_fills = draws.Chance(0.3);
  setup->power_loss = draws.Chance(0.2) ? 0 : 0.6;
}

SimSetup DrawCalmSetup(Draws& draws, const SimOptions& options) {
  SimSetup setup;
  setup.changes.seed = draws.Next();
  setup.changes.changes = options.changes;
  setup.changes.shape =
      draws.Chance(0.5) ? record::RecordShape::kStreams : record::RecordShape::kKinesis;
  setup.changes.duplicates = draws.Chance(0.7) ? 0.05 : 0;
  setup.changes.disorder_micros = draws.Chance(0.6) ? draws.Between(1, 120) * kSecond : 0;
  setup.changes.odd_types = 0.02;
  setup.changes.added_attributes = static_cast<int>(draws.Between(0, 9));
  setup.garbage = draws.Chance(0.7) ? 0.01 : 0;
  setup.put_records_max = draws.Between(1, 80);

  setup.stream.shard_count = static_cast<int>(draws.Between(1, 4));
  setup.stream.compression =
      draws.Chance(0.5) ? stream::Compression::kZstd : stream::Compression::kNone;
  setup.stream.segment_bytes_max = draws.Between(32, 512) << 10;
  if (draws.Chance(0.5)) {
    setup.stream.retention_micros = draws.Between(1, 60) * kSecond;
    setup.stream.retention_bytes = draws.Between(1, 2) << 20;
  }
  setup.stream.tail_bytes_max = draws.Between(0, 256) << 10;

  setup.bucket_count = static_cast<int>(draws.Between(1, 3));
  // A put whose reply was lost comes again: further back than the horizon a removed key would come
  // back with it (decision 4). Changes are half a minute apart.
  setup.horizon_micros = std::max(draws.Between(10, 1'800), 60 * setup.put_records_max) * kSecond;
  setup.commit_changes_max = draws.Between(30, 300);
  setup.commit_interval_micros = draws.Between(1, 5) * kSecond;
  setup.read_bytes_max = draws.Between(2, 256) << 10;
  setup.delivery_buffer_bytes = draws.Between(4, 512) << 10;
  setup.delivery_buffer_micros = draws.Between(2, 60) * kSecond;
  setup.index_bytes_max = draws.Between(8, 512) << 10;
  setup.table_worker_retries = draws.Chance(0.7);
  setup.compacts_beside = draws.Chance(0.8);
  setup.compaction_log_files = draws.Between(2, 9);
  setup.compaction_age_micros = draws.Between(3, 120) * kSecond;
  setup.compaction_slices_max = draws.Between(1, 6);
  setup.commits_between_services = draws.Between(1, 4);
  setup.commits_retained = draws.Between(2, 5);
  setup.instants_keep_min = setup.commits_retained + draws.Between(2, 6);
  setup.instants_keep_max = setup.instants_keep_min + draws.Between(1, 6);

  return setup;
}

/// Whether somebody is to die in a clustering, which tables with buckets do not have.
bool DiesInClustering(const SimSetup& setup) {
  return std::ranges::any_of(setup.deaths, [](const SimSetup::Death& death) {
    return death.wanted.point.starts_with(kClusteringPoints);
  });
}

}  // namespace

SimSetup DrawSetup(const SimOptions& options) {
  Draws draws(options.seed);
  SimSetup setup = DrawCalmSetup(draws, options);
  // Not drawn, so that seeds stay what they were but for this.
  if (options.seed % kSeedsPerKeyIndex == 0) setup.index = hudi::IndexKind::kBloom;
  if (!options.calm) {
    DrawFaults(draws, &setup);
    DrawDeaths(draws, options, &setup);
    if (DiesInClustering(setup)) setup.index = hudi::IndexKind::kBloom;
  }
  setup.encrypts = options.seed % kSeedsPerEncryption == 2;
  // Nor is this. A cut that was begun under one layout is finished under it by the next process.
  if (options.seed % kSeedsPerPartitions == 1 || DiesAtBackup(setup)) {
    setup.layouts = {PartitionedLayout(options.seed), delivery::LayoutOptions()};
  }
  if (options.adjust) options.adjust(setup);
  return setup;
}

void MakeVaried(SimSetup& setup) {
  setup.garbage = 0.02;
  setup.put_records_max = 20;
  setup.stream.segment_bytes_max = 64 << 10;
  setup.stream.retention_micros = 3'600 * kSecond;
  setup.stream.retention_bytes = 64 << 20;
  setup.commit_changes_max = 30;
  setup.commit_interval_micros = kSecond;
  setup.delivery_buffer_bytes = 32 << 10;
  setup.delivery_buffer_micros = 2 * kSecond;
  setup.compaction_log_files = 3;
  setup.compaction_age_micros = 0;  // or a lake at rest would have no logs
  setup.compaction_slices_max = 2;
  setup.commits_retained = 2;
  setup.instants_keep_min = 6;
  setup.instants_keep_max = 8;
  setup.commits_between_services = 1;
  setup.horizon_micros = 1'800 * kSecond;
  setup.index_bytes_max = 512 << 10;
}

}  // namespace tapelake::sim
