#pragma once

/// What one seed simulates.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "delivery/object_layout.h"
#include "hudi/format/table_config.h"
#include "source/simulator.h"
#include "stream/stream.h"
#include "tests/sim/fault_plan.h"

namespace tapelake::sim {

/// Processes that die in every run.
inline constexpr int64_t kDeathsMin = 3;

struct SimSetup;
struct SimWorld;

/// What a caller decides.
struct SimOptions {
  uint64_t seed = 1;
  int64_t changes = 2'000;
  bool calm = false;  ///< Nothing fails, nobody dies.
  bool trace = false;
  bool look_always = false;  ///< Check the table after every step: finds the one that broke it.
  /// Known crash points and whether each can be torn: some deaths are aimed at them.
  std::map<std::string, bool> points;
  std::string keep_directory;  ///< Write table and expected CSV there on the real disk.
  /// Die there, instead of at the points that the seed chooses.
  std::vector<WantedDeath> aims;
  /// Changes what the seed has chosen.
  std::function<void(SimSetup& setup)> adjust;
  /// Called with the drained lake before it is checked: damage that the checks must find.
  std::function<void(SimWorld& world)> before_checks;
};

/// Everything the seed decides before the run.
struct SimSetup {
  source::SimulatorOptions changes;
  double garbage = 0.01;  ///< Share of records that cannot become rows.
  int64_t put_records_max = 40;
  stream::StreamOptions stream;
  bool encrypts = false;  ///< The stream, by two processes of three.

  hudi::IndexKind index = hudi::IndexKind::kBucket;
  int bucket_count = 2;
  int64_t horizon_micros = 0;
  int64_t commit_changes_max = 0;
  int64_t commit_interval_micros = 0;
  int64_t read_bytes_max = 0;

  int64_t delivery_buffer_bytes = 0;
  int64_t delivery_buffer_micros = 0;
  /// Of one process after the other, in turn; empty: the default.
  std::vector<delivery::LayoutOptions> layouts;

  int64_t index_bytes_max = 0;
  bool table_worker_retries = true;
  bool compacts_beside = true;

  int64_t compaction_log_files = 3;
  int64_t compaction_age_micros = 0;
  int64_t compaction_slices_max = 0;
  /// Small enough that a run of a table without buckets merges often.
  int64_t clustering_files_min = 2;
  int64_t clustering_small_bytes = 256 << 10;
  int64_t clustering_bytes_max = 512 << 10;
  int64_t commits_between_services = 1;
  int64_t commits_retained = 3;
  int64_t instants_keep_min = 8;
  int64_t instants_keep_max = 12;

  FaultRates rates;
  bool clock_jumps = false;
  bool disk_fills = false;
  double power_loss = 0.5;  ///< Of the deaths; the others are kills of the process only.

  struct Death {
    double at_progress = 0;  ///< Share of the records put.
    WantedDeath wanted;
    bool between_steps = false;
  };
  std::vector<Death> deaths;  ///< By progress.
};

SimSetup DrawSetup(const SimOptions& options);

/// Make a short run leave files of every kind: small commits, compactions, archives, raw objects.
void MakeVaried(SimSetup& setup);

}  // namespace tapelake::sim
