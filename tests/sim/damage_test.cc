// A flipped bit, a cut or a missing part of a file: a clear error, a stated repair, or nothing at
// all to notice; never a wrong row.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "source/files/object_source.h"
#include "tests/sim/checks.h"
#include "tests/sim/crash_points.h"
#include "tests/sim/plant.h"
#include "tests/sim/simulation.h"

namespace tapelake::sim {
namespace {

using ::testing::HasSubstr;
using Disk = std::map<std::string, std::string>;  // path -> bytes

constexpr uint64_t kSeed = 7;
constexpr int kFlips = 60;

/// Takes compactions back and pins a commit, which changes no row.
void PinAndTakeBack(SimWorld& world) {
  const auto table = hudi::Table::Open(world.table_environment(), SimTablePath()).ValueOrDie();
  const std::string newest = table->LoadTimeline()->NewestCompletedCommit()->timestamp;
  for (const bool restores : {false, true}) {
    world.clock.Advance(1'000'000);
    const std::string compaction = table->ScheduleCompaction({.log_files_max = 1}).ValueOrDie();
    EXPECT_TRUE(table->RunCompaction(compaction, 1).ok());
    world.clock.Advance(1'000'000);
    const auto taken_back = restores ? table->Restore(newest) : table->RollBackCommit(compaction);
    EXPECT_TRUE(taken_back.ok()) << taken_back.status();
  }
  EXPECT_TRUE(table->Savepoint(newest, {}).ok());
}

/// A drained lake that holds files of every kind.
struct Lake {
  SimSetup setup;
  Disk disk;
  int64_t end_micros = 0;
  std::string csv;
};

const Lake& TheLake() {
  static const Lake* const lake = [] {
    auto* made = new Lake();
    SimOptions options{.seed = kSeed, .changes = 700, .calm = true};
    options.adjust = [](SimSetup& setup) {
      MakeVaried(setup);
      setup.horizon_micros = int64_t{24} * 3'600'000'000;  // tombstones stay in the state file
    };
    made->setup = DrawSetup(options);
    options.before_checks = [made](SimWorld& world) {
      PinAndTakeBack(world);
      made->end_micros = world.clock.WallMicros();
      for (const std::string& path : world.files.disk().Paths())
        made->disk[path] = world.files.disk().Find(path)->bytes;
      made->csv = ReadTable(world).ValueOrDie().ToCsv();
    };
    const SimReport report = RunSimulation(options);
    EXPECT_TRUE(report.status.ok()) << report.status;
    return made;
  }();
  return *lake;
}

std::vector<std::string> PathsOf(const std::string& file_class) {
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : TheLake().disk) {
    if (FileClassOf(path) == file_class && !bytes.empty()) paths.push_back(path);
  }
  EXPECT_FALSE(paths.empty()) << file_class;
  return paths;
}

void Put(SimWorld& world, const Disk& disk) {
  world.clock.SetWall(TheLake().end_micros);
  for (const auto& [path, bytes] : disk) {
    EXPECT_TRUE(world.files.CreateDirectories(io::ParentPath(path)).ok());
    EXPECT_TRUE(world.files.ReplaceFile(path, bytes).ok());
  }
}

/// Base files and logs that a reader of the newest snapshot needs.
std::set<std::string> NeededPaths() {
  SimWorld world(kSeed);
  Put(world, TheLake().disk);
  const auto table = hudi::Table::Open(world.table_environment(), SimTablePath()).ValueOrDie();
  std::set<std::string> paths;
  for (const hudi::FileSlice& slice : table->LatestSnapshot().ValueOrDie().slices) {
    if (slice.has_base_file()) paths.insert(io::JoinPath(SimTablePath(), slice.RelativePath()));
    for (const hudi::SliceLogFile& log : slice.log_files)
      paths.insert(io::JoinPath(SimTablePath(), slice.LogPath(log)));
  }
  return paths;
}

/// What became of a lake.
struct Outcome {
  Status opened;  ///< The pipeline, opened and drained.
  Status read;    ///< The table, read before and after that.
  bool wrong = false;
};

void Read(SimWorld& world, Outcome* outcome) {
  const auto table = ReadTable(world);
  if (!table.ok() && outcome->read.ok()) outcome->read = table.status();
  outcome->wrong |= table.ok() && table->ToCsv() != TheLake().csv;
}

Outcome Look(const Disk& disk) {
  SimWorld world(kSeed);
  Put(world, disk);
  Outcome outcome;
  Read(world, &outcome);
  const auto plant = Plant::Open(world, TheLake().setup);
  outcome.opened = plant.ok() ? (*plant)->Drain() : plant.status();
  if (outcome.opened.ok()) Read(world, &outcome);
  return outcome;
}

enum class Which : uint8_t {
  kAny,
  kNewest,
  kNeeded,  ///< Whoever reads the table now reads these.
};

struct Kind {
  const char* file_class;
  Which which;
  bool always_noticed;  ///< Every bit of it counts, whenever the pipeline starts.
};
void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.file_class;
}

class AFlippedBit : public ::testing::TestWithParam<Kind> {};

TEST_P(AFlippedBit, IsNeverAWrongRow) {
  io::SeededRandom random(1);
  auto paths = PathsOf(GetParam().file_class);
  if (GetParam().which == Which::kNewest) paths = {paths.back()};
  if (GetParam().which == Which::kNeeded) {
    std::erase_if(paths,
                  [needed = NeededPaths()](const auto& path) { return !needed.contains(path); });
    ASSERT_FALSE(paths.empty());
  }
  for (int i = 0; i < kFlips; ++i) {
    Disk disk = TheLake().disk;
    const std::string& path = paths[random.Below(paths.size())];
    std::string& bytes = disk[path];
    const size_t at = random.Below(bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
    const Outcome outcome = Look(disk);
    EXPECT_FALSE(outcome.wrong) << path << " at " << at;
    const bool noticed = !outcome.opened.ok() || !outcome.read.ok();
    EXPECT_TRUE(noticed || !GetParam().always_noticed) << path << " at " << at;
  }
}

INSTANTIATE_TEST_SUITE_P(
    OfALake, AFlippedBit,
    ::testing::Values(
        Kind{"stream/segment", Which::kAny, false}, Kind{"stream/metadata", Which::kAny, true},
        Kind{"hudi/properties", Which::kAny, false}, Kind{"hudi/ingest state", Which::kAny, true},
        Kind{"hudi/base file", Which::kNeeded, true}, Kind{"hudi/log file", Which::kNeeded, true},
        Kind{"hudi/deltacommit", Which::kNewest, true},
        Kind{"hudi/deltacommit", Which::kAny, false},
        Kind{"hudi/deltacommit.inflight", Which::kAny, false},
        Kind{"hudi/commit", Which::kAny, false},
        Kind{"hudi/compaction.requested", Which::kAny, false},
        Kind{"hudi/clean", Which::kAny, false}, Kind{"hudi/clean.requested", Which::kAny, false},
        Kind{"hudi/clean.inflight", Which::kAny, false}, Kind{"hudi/rollback", Which::kAny, false},
        Kind{"hudi/rollback.requested", Which::kAny, false},
        Kind{"hudi/restore", Which::kAny, false},
        Kind{"hudi/restore.requested", Which::kAny, false},
        Kind{"hudi/savepoint", Which::kAny, false}, Kind{"hudi/archive", Which::kAny, false},
        Kind{"hudi/partition metadata", Which::kAny, false},
        Kind{"delivery/state", Which::kAny, true}),
    [](const auto& kind) {
      std::string name = kind.param.file_class;
      for (char& c : name) {
        if (c == '/' || c == ' ' || c == '.') c = '_';
      }
      if (kind.param.which == Which::kNewest) name += "_newest";
      if (kind.param.which == Which::kNeeded) name += "_needed";
      return name;
    });

/// The records that a replay of one delivered object brings, and how it ends.
struct Replay {
  std::vector<std::string> records;
  Status status;
};

Replay ReplayOf(const std::string& path, const std::string& bytes) {
  SimWorld world(kSeed);
  EXPECT_TRUE(world.files.CreateDirectories(io::ParentPath(path)).ok());
  EXPECT_TRUE(world.files.ReplaceFile(path, bytes).ok());
  Replay replay;
  auto source = source::OpenObjectSource(world.files, path, path.ends_with(".ndjson"), 0);
  replay.status = source.status();
  record::RecordBlock block;
  bool more = source.ok();
  while (more) {
    const auto read = (*source)->ReadBlock(&block);
    replay.status = read.status();
    more = read.ok() && *read;
    for (const auto& entry : block.entries)
      replay.records.emplace_back(block.bytes(entry));
  }
  return replay;
}

class AFlippedBitOfADelivery : public ::testing::TestWithParam<const char*> {};

TEST_P(AFlippedBitOfADelivery, IsNeverAWrongRecordOfAReplay) {
  constexpr size_t kGzipHeaderBytes = 10;  // of which a time and a system mean nothing
  const bool packed = std::string_view(GetParam()) == "delivery/raw object";
  io::SeededRandom random(2);
  const auto paths = PathsOf(GetParam());
  for (int i = 0; i < 4 * kFlips; ++i) {
    const std::string& path = paths[random.Below(paths.size())];
    std::string bytes = TheLake().disk.at(path);
    const Replay whole = ReplayOf(path, bytes);
    ASSERT_TRUE(whole.status.ok()) << whole.status;
    const size_t at = random.Below(bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
    const Replay damaged = ReplayOf(path, bytes);
    ASSERT_LE(damaged.records.size(), whole.records.size()) << path << " at " << at;
    for (size_t r = 0; r < damaged.records.size(); ++r)
      EXPECT_EQ(damaged.records[r], whole.records[r]) << path << " at " << at;
    if (packed && at < kGzipHeaderBytes && damaged.status.ok()) continue;
    EXPECT_EQ(KindOf(damaged.status), ErrorKind::kCorrupt) << path << " at " << at;
    EXPECT_THAT(damaged.status.message(), HasSubstr(path));
  }
}

INSTANTIATE_TEST_SUITE_P(OfALake, AFlippedBitOfADelivery,
                         ::testing::Values("delivery/raw object", "delivery/error object"),
                         [](const auto& kind) { return std::string(kind.param).substr(9, 3); });

TEST(ATruncatedDataFile, IsAnErrorAndNotFewerRows) {
  for (const char* file_class : {"hudi/base file", "hudi/log file"}) {
    for (const std::string& path : PathsOf(file_class)) {
      if (!NeededPaths().contains(path)) continue;
      for (const size_t part : {0, 1, 2, 3}) {
        Disk disk = TheLake().disk;
        disk[path].resize(disk[path].size() * part / 4);
        const Outcome outcome = Look(disk);
        EXPECT_EQ(KindOf(outcome.read), ErrorKind::kCorrupt) << path << ": " << outcome.read;
        EXPECT_FALSE(outcome.wrong) << path;
      }
      break;
    }
  }
}

TEST(ADamagedStream, NamesSegmentAndOffsetWhenItIsRead) {
  for (const std::string& path : PathsOf("stream/segment")) {
    Disk disk = TheLake().disk;
    disk[path][disk[path].size() / 2] ^= 1;
    SimWorld world(kSeed);
    Put(world, disk);
    const auto plant = Plant::Open(world, TheLake().setup);
    Status status = plant.status();
    if (plant.ok()) {
      stream::Stream& stream = (*plant)->stream();
      record::RecordBlock block;
      uint64_t next = stream.facts().first_sequence;
      while (status.ok() && next < stream.facts().next_sequence) {
        status = stream.Read(next, 1 << 20, &block);
        next = block.end_offset;
      }
    }
    EXPECT_EQ(KindOf(status), ErrorKind::kCorrupt) << path;
    EXPECT_THAT(status.message(), HasSubstr(io::FileName(path)));
  }
}

TEST(ATruncatedSegment, ThatWasTakenIsAnErrorAndNotRowsTwice) {
  const std::string path = PathsOf("stream/segment").back();
  for (const size_t kept : {size_t{0}, size_t{100}, TheLake().disk.at(path).size() / 2}) {
    Disk disk = TheLake().disk;
    disk[path].resize(kept);
    const Outcome outcome = Look(disk);
    EXPECT_EQ(KindOf(outcome.opened), ErrorKind::kCorrupt) << kept << ": " << outcome.opened;
    EXPECT_FALSE(outcome.wrong);
  }
}

TEST(ALostFile, OfTheStateIsNamed) {
  for (const char* file_class : {"stream/metadata", "hudi/ingest state"}) {
    const std::string path = PathsOf(file_class).back();
    Disk disk = TheLake().disk;
    disk.erase(path);
    const Outcome outcome = Look(disk);
    EXPECT_FALSE(outcome.opened.ok()) << file_class;
    EXPECT_FALSE(outcome.wrong) << file_class;
  }
}

TEST(AReadOnlyDirectory, IsAnErrorAndTheTableCanBeRead) {
  SimWorld world(kSeed);
  Put(world, TheLake().disk);
  world.faults.SetReadOnly(true);
  const auto plant = Plant::Open(world, TheLake().setup);
  EXPECT_FALSE(plant.ok());
  EXPECT_EQ(ReadTable(world).ValueOrDie().ToCsv(), TheLake().csv);
}

TEST(AFullDisk, IsSurvivedOnceThereIsRoom) {
  SimWorld world(kSeed);
  Put(world, TheLake().disk);
  world.faults.FillDisk(60'000'000);
  auto plant = Plant::Open(world, TheLake().setup);
  if (plant.ok()) {
    const std::string record = "no change record";
    const std::vector<stream::PutEntry> entries = {{.partition_key = "k", .data = record}};
    Status put;
    ASSERT_TRUE((*plant)
                    ->stream_writer()
                    .Offer(entries, [&put](const auto& places) { put = places.status(); })
                    .ok());
    const auto stepped = (*plant)->Step(0);
    EXPECT_FALSE(put.ok() && stepped.ok()) << "nothing is acknowledged that has no room";
  }
  plant = Status::Cancelled("closed");
  world.clock.Advance(60'000'000);
  plant = Plant::Open(world, TheLake().setup);
  ASSERT_TRUE(plant.ok()) << plant.status();
  EXPECT_TRUE((*plant)->Drain().ok());
  EXPECT_EQ(ReadTable(world).ValueOrDie().ToCsv(), TheLake().csv);
}

TEST(ASecondProcess, IsToldThatAnotherOneWrites) {
  SimWorld world(kSeed);
  Put(world, TheLake().disk);
  const auto first = Plant::Open(world, TheLake().setup);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = Plant::Open(world, TheLake().setup);
  EXPECT_EQ(KindOf(second.status()), ErrorKind::kConflict);
  EXPECT_THAT(second.status().message(), HasSubstr("another process writes"));
}

}  // namespace
}  // namespace tapelake::sim
