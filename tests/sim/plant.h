#pragma once

/// One process of the simulated world: the whole pipeline, opened on the lake as it is.

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "app/compaction_worker.h"
#include "app/stream_worker.h"
#include "app/table_worker.h"
#include "base/status.h"
#include "delivery/delivery.h"
#include "hot/hot_table.h"
#include "io/random.h"
#include "record/table_definition.h"
#include "stream/stream.h"
#include "stream/stream_writer.h"
#include "testing/fake_clock.h"
#include "testing/fake_key_management.h"
#include "testing/sim_file_system.h"
#include "tests/sim/fault_plan.h"
#include "tests/sim/sim_setup.h"

namespace tapelake::sim {

inline constexpr char kLakePath[] = "/lake";
inline constexpr char kStreamName[] = "crypto.transactions";

/// What outlives a process.
struct SimWorld {
  explicit SimWorld(uint64_t seed);

  hudi::TableEnvironment table_environment() {
    return {.files = files, .clock = clock, .random = id_random};
  }

  testing::FakeClock clock;
  io::SeededRandom disk_random;
  io::SeededRandom id_random;
  testing::SimFileSystem files;
  FaultPlan faults;
  std::shared_ptr<testing::FakeKeyManagement> keys = std::make_shared<testing::FakeKeyManagement>();
  size_t processes = 0;  ///< Also those that did not get far.
};

/// The table of the simulation and where it lies.
record::TableDefinition SimTable(const SimSetup& setup);
std::string SimTablePath();
/// The stream's name in positions.
std::string SimSourceId();

/// The process. One thread. Destroy it before the disk is restarted.
class Plant {
 public:
  /// Open everything as `up` does. Errors: those of the parts.
  static Result<std::unique_ptr<Plant>> Open(SimWorld& world, const SimSetup& setup);
  ~Plant();

  stream::Stream& stream() { return *stream_; }
  stream::StreamWriter& stream_writer() { return *stream_writer_; }
  hot::HotTable& hot() { return hot_; }
  delivery::Delivery& delivery() { return *delivery_; }
  app::TableProgress progress() const { return table_worker_->progress(); }

  /// Workers of kinds stream, table, delivery, compaction.
  static constexpr size_t kWorkers = 4;
  /// Let one of them do a piece of work. Return whether there was some.
  Result<bool> Step(size_t worker);

  /// The orderly end: each worker in the order of `up`.
  Status Drain();

 private:
  Plant(SimWorld& world, const SimSetup& setup) : world_(world), setup_(setup) {}
  Status OpenTable();

  SimWorld& world_;
  const SimSetup& setup_;
  std::unique_ptr<io::FileLock> lock_;
  hot::HotTable hot_;
  std::unique_ptr<stream::Stream> stream_;
  std::unique_ptr<stream::StreamWriter> stream_writer_;
  std::unique_ptr<delivery::Delivery> delivery_;
  std::unique_ptr<app::StreamWorker> stream_worker_;
  std::unique_ptr<app::TableWorker> table_worker_;
  std::unique_ptr<app::DeliveryWorker> delivery_worker_;
  std::unique_ptr<app::CompactionWorker> compaction_worker_;
  std::array<app::Worker*, kWorkers> workers_ = {};
};

}  // namespace tapelake::sim
