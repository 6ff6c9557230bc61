#include "hudi/log/log_overlay.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "hudi/format/avro_schema.h"
#include "hudi/log/log_file_writer.h"
#include "io/local_file_system.h"
#include "tests/golden/golden_table.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr char kT1[] = "20261122100000001";
constexpr char kT2[] = "20261122100000002";
constexpr char kT3[] = "20261122100000003";
constexpr char kT4[] = "20261122100000004";

struct TestRow {
  std::string key;
  int64_t seq = 0;
  std::string value;
  bool flagged = false;
};

using Rows = std::map<std::string, std::string>;  // key -> value

/// One file group in a folder of its own; each call adds a log file.
class LogWorld {
 public:
  LogWorld() { slice_.file_id = "f-0"; }

  std::shared_ptr<arrow::Schema> schema =
      arrow::schema({arrow::field("id", arrow::utf8(), false), arrow::field("value", arrow::utf8()),
                     arrow::field("_change_seq", arrow::int64(), false)});

  std::string SchemaJson() {
    return *FormatAvroSchema(*WithMetaColumns(schema), AvroRecordName::OfTable("t"));
  }

  void Commit(const std::string& instant) { instants_.push_back(instant + ".deltacommit"); }

  /// A committed log file with these rows and deletes.
  void Write(const std::string& instant, const std::vector<TestRow>& rows,
             const std::vector<DeleteRecord>& deletes = {}) {
    Commit(instant);
    WriteUncommitted(instant, rows, deletes);
  }

  void WriteUncommitted(const std::string& instant, const std::vector<TestRow>& rows,
                        const std::vector<DeleteRecord>& deletes = {}) {
    const auto batch = BatchOf(instant, rows);
    std::vector<int64_t> selection(rows.size());
    std::iota(selection.begin(), selection.end(), 0);
    const std::string schema_json = SchemaJson();
    auto encoder = *AvroRowEncoder::Make(batch->schema());
    const LogFileContent content = {.instant = instant,
                                    .schema_json = schema_json,
                                    .rows = batch.get(),
                                    .selection = selection,
                                    .deletes = &deletes};
    const std::string name = NewName();
    const auto size = WriteLogFile(files_, Path(name), content, &encoder);
    ASSERT_TRUE(size.ok()) << size.status().ToString();
    EXPECT_EQ(*size, files_.GetInfo(Path(name))->size_bytes);
  }

  void WriteBytes(const std::string& bytes) {
    ASSERT_TRUE(files_.CreateIfAbsent(Path(NewName()), bytes).ok());
  }

  /// Make the last log file, with other bytes, one that our writer names so for `instant`.
  void ReplaceLast(const std::string& instant, const std::string& bytes) {
    slice_.log_files.pop_back();
    const std::string name = ".f-0_20261122100000000.log." + std::to_string(++renamed_ * 100) +
                             "_0-0-" + TimeOfDay(instant);
    slice_.log_files.push_back({name, renamed_ * 100, 0});
    ASSERT_TRUE(files_.ReplaceFile(Path(name), bytes).ok());
  }
  void Begin(const std::string& instant) {
    instants_.push_back(instant + ".deltacommit.requested");
  }

  std::string LastLog() { return *files_.ReadFile(Path(slice_.log_files.back().name)); }

  /// The blocks of the last log file, which then is no longer there, under other headers.
  std::string TakeLast(const LogBlockHeader& more) {
    std::string out;
    const std::string file = LastLog();
    for (const LogBlock& block : *SplitLogBlocks(file)) {
      LogBlockHeader header = block.header;
      header.insert(more.begin(), more.end());
      AppendLogBlock(block.type, header, block.content, &out);
    }
    slice_.log_files.pop_back();
    return out;
  }

  Result<std::shared_ptr<const LogOverlay>> Read(const std::string& as_of = "") {
    return ReadLogOverlay(files_, folder_.path(), slice_, Timeline::FromFileNames(instants_),
                          schema, {as_of, "_change_seq"});
  }

  /// Rows and hidden keys by another rule, over base rows of one ordering value.
  std::pair<Rows, int> ReadBy(MergeRule rule, const std::vector<std::string>& base_keys,
                              int64_t base_seq) {
    std::vector<TestRow> base;
    for (const std::string& key : base_keys)
      base.push_back({.key = key, .seq = base_seq, .value = "base"});
    LogScanOptions options{.as_of = "", .precombine_field = "_change_seq", .merge = rule};
    options.base_rows = [this, &base](const BaseRowSink& sink) {
      return sink(*BatchOf(kT1, base));
    };
    const auto overlay = ReadLogOverlay(files_, folder_.path(), slice_,
                                        Timeline::FromFileNames(instants_), schema, options);
    EXPECT_TRUE(overlay.ok()) << overlay.status().ToString();
    if (!overlay.ok()) return {};
    return {RowsOf(**overlay), static_cast<int>((*overlay)->keys.size())};
  }

  Rows ReadRows(const std::string& as_of = "") {
    const auto overlay = Read(as_of);
    EXPECT_TRUE(overlay.ok()) << overlay.status().ToString();
    return overlay.ok() ? RowsOf(**overlay) : Rows();
  }

  static Rows RowsOf(const LogOverlay& overlay) {
    Rows rows;
    for (int64_t i = 0; i < overlay.rows->num_rows(); ++i) {
      const auto text = [&](const char* column) {
        return (*overlay.rows->GetColumnByName(column)->GetScalar(i))->ToString();
      };
      EXPECT_TRUE(rows.emplace(text("_hoodie_record_key"), text("value")).second);
    }
    return rows;
  }

 private:
  std::shared_ptr<arrow::RecordBatch> BatchOf(const std::string& instant,
                                              const std::vector<TestRow>& rows) {
    const auto full = WithMetaColumns(schema);
    arrow::ArrayVector columns;
    for (const auto& field : full->fields()) {
      auto builder = *arrow::MakeBuilder(field->type());
      for (const TestRow& row : rows) {
        const std::string text = field->name() == "value"                 ? row.value
                                 : field->name() == "_hoodie_commit_time" ? instant
                                                                          : row.key;
        const auto type = field->type()->id();
        const auto scalar = type == arrow::Type::INT64
                                ? std::shared_ptr<arrow::Scalar>(arrow::MakeScalar(row.seq))
                            : type == arrow::Type::BOOL ? arrow::MakeScalar(row.flagged)
                                                        : arrow::MakeScalar(text);
        EXPECT_TRUE(builder->AppendScalar(*scalar).ok());
      }
      columns.push_back(*builder->Finish());
    }
    return arrow::RecordBatch::Make(full, static_cast<int64_t>(rows.size()), columns);
  }

  std::string NewName() {
    const auto version = static_cast<int64_t>(slice_.log_files.size()) + 1 + renamed_++ * 100;
    const std::string name = ".f-0_t.log." + std::to_string(version) + "_0-0-0";
    slice_.log_files.push_back({name, version, 0});
    return name;
  }
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  golden::TemporaryFolder folder_;
  io::LocalFileSystem files_;
  FileSlice slice_;
  std::vector<std::string> instants_;
  int renamed_ = 0;
};

DeleteRecord DeleteOf(const std::string& key, OrderingValue ordering) {
  return {key, "", std::move(ordering)};
}

TEST(WriteLogFile, PutsDataBeforeDeletes) {
  LogWorld world;
  world.Write(kT1, {{"a", 1, "x"}}, {DeleteOf("b", int64_t{2})});
  const std::string file = world.LastLog();
  const auto blocks = *SplitLogBlocks(file);
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].type, LogBlockType::kAvroData);
  EXPECT_EQ(blocks[0].header.at(LogHeaderKey::kSchema), world.SchemaJson());
  EXPECT_EQ(blocks[1].type, LogBlockType::kDelete);
  for (const LogBlock& block : blocks)
    EXPECT_EQ(block.instant(), kT1);
  EXPECT_EQ(*ParseDeleteBlockContent(blocks[1].content)->at(0).record_key.c_str(), 'b');
}

TEST(WriteLogFile, LeavesOutTheBlockThatWouldBeEmpty) {
  LogWorld world;
  world.Write(kT1, {{"a", 1, "x"}});
  EXPECT_EQ(SplitLogBlocks(world.LastLog())->size(), 1u);
  world.Write(kT2, {}, {DeleteOf("a", int64_t{2})});
  EXPECT_EQ(SplitLogBlocks(world.LastLog())->size(), 1u);
  golden::TemporaryFolder folder;
  io::LocalFileSystem files;
  const Status nothing =
      WriteLogFile(files, folder.path() + "/x", {.instant = kT1}, nullptr).status();
  EXPECT_EQ(KindOf(nothing), ErrorKind::kInvalid);
}

TEST(LogOverlay, KeepsTheGreaterOrderingValueAndTheLaterOfEqualOnes) {
  LogWorld world;
  world.Write(kT1, {{"a", 5, "old"}, {"b", 5, "kept"}, {"c", 5, "first"}});
  world.Write(kT2, {{"a", 6, "new"}, {"b", 4, "late"}, {"c", 5, "second"}, {"d", 1, "only"}});
  EXPECT_THAT(world.ReadRows(), ElementsAre(Pair("a", "new"), Pair("b", "kept"),
                                            Pair("c", "second"), Pair("d", "only")));
  const auto overlay = *world.Read();
  EXPECT_THAT(overlay->keys, UnorderedElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(overlay->log_records, 7);
  EXPECT_EQ(overlay->log_blocks, 2);
  EXPECT_THAT(overlay->counted_instants, ElementsAre(kT1, kT2));
  EXPECT_THAT(overlay->skipped_instants, IsEmpty());
  EXPECT_TRUE(overlay->int64_orderings);
  EXPECT_EQ(overlay->least_ordering, 1);
  EXPECT_EQ(overlay->greatest_ordering, 6);
  EXPECT_GT(overlay->memory_bytes, 0);
  EXPECT_EQ(overlay->rows->num_columns(), 8);
}

TEST(LogOverlay, OrdersDeletesAsHudiDoes) {
  LogWorld world;
  world.Write(kT1, {{"a", 5, "x"}, {"b", 5, "kept"}, {"c", 5, "x"}, {"d", 5, "x"}});
  world.Write(kT2, {},
              {DeleteOf("a", int64_t{6}), DeleteOf("b", int64_t{4}), DeleteOf("c", int32_t{0}),
               DeleteOf("d", std::string("other type")), DeleteOf("e", int64_t{9})});
  EXPECT_THAT(world.ReadRows(), ElementsAre(Pair("b", "kept")));
  const auto overlay = *world.Read();
  EXPECT_THAT(overlay->keys, UnorderedElementsAre("a", "b", "c", "d", "e"));
  EXPECT_FALSE(overlay->int64_orderings);
}

TEST(LogOverlay, LetsEveryRecordReplaceADelete) {
  LogWorld world;
  world.Write(kT1, {}, {DeleteOf("a", int64_t{20}), DeleteOf("b", int32_t{0})});
  world.Write(kT2, {{"a", 7, "late"}, {"b", 1, "back"}});
  EXPECT_THAT(world.ReadRows(), ElementsAre(Pair("a", "late"), Pair("b", "back")));
}

TEST(LogOverlay, AppliesTheDeletesOfAFileAfterItsRows) {
  LogWorld world;
  world.Write(kT1, {{"a", 1, "x"}}, {DeleteOf("a", int64_t{1})});
  EXPECT_THAT(world.ReadRows(), IsEmpty());
}

TEST(LogOverlay, TakesFlaggedRecordsAsDeletes) {
  LogWorld world;
  world.schema =
      *world.schema->AddField(3, arrow::field("_hoodie_is_deleted", arrow::boolean(), false));
  world.Write(kT1, {{"a", 5, "x"}, {"b", 5, "kept"}});
  world.Write(kT2, {{"a", 6, "", true}, {"b", 4, "", true}});
  EXPECT_THAT(world.ReadRows(), ElementsAre(Pair("b", "kept")));
}

TEST(LogOverlay, SkipsWhatIsNotCommittedOrNewer) {
  LogWorld world;
  world.Write(kT1, {{"a", 1, "one"}});
  world.WriteUncommitted(kT3, {{"a", 9, "dead"}});
  world.Write(kT2, {{"a", 2, "two"}});
  world.Write(kT4, {{"a", 4, "four"}});
  EXPECT_THAT(world.ReadRows(), ElementsAre(Pair("a", "four")));
  // A newer block in between does not end the scan.
  EXPECT_THAT(world.ReadRows(kT2), ElementsAre(Pair("a", "two")));
  EXPECT_THAT(world.ReadRows(kT1), ElementsAre(Pair("a", "one")));
  EXPECT_THAT((*world.Read(kT1))->skipped_instants, ElementsAre(kT3, kT2, kT4));
  EXPECT_THAT((*world.Read(kT1))->counted_instants, ElementsAre(kT1));
}

TEST(LogOverlay, TakesBackWhatWasRolledBackBefore) {
  LogWorld world;
  world.Write(kT1, {{"a", 1, "one"}});
  world.Write(kT2, {{"a", 2, "undone"}});
  std::string rollback;
  AppendLogBlock(LogBlockType::kCommand,
                 {{LogHeaderKey::kInstantTime, kT3},
                  {LogHeaderKey::kTargetInstantTime, kT2},
                  {LogHeaderKey::kCommandBlockType, "0"}},
                 "", &rollback);
  world.WriteBytes(rollback);  // its own instant need not be known
  EXPECT_THAT(world.ReadRows(), ElementsAre(Pair("a", "one")));
  EXPECT_EQ((*world.Read())->rollback_blocks, 1);
  world.WriteUncommitted(kT2, {{"a", 2, "written after the rollback"}});
  EXPECT_THAT(world.ReadRows(), ElementsAre(Pair("a", "written after the rollback")));
}

TEST(LogOverlay, LetsALogCompactionStandForItsBlocks) {
  LogWorld world;
  world.Write(kT1, {{"a", 1, "a1"}, {"b", 1, "b1"}});
  world.Write(kT2, {{"a", 2, "a2"}});
  world.Write(kT3, {{"b", 1, "b3"}});
  // Made from the first two, but written last: on the tie of b the block of kT3 is the later one.
  world.WriteUncommitted(kT4, {{"a", 2, "compacted"}, {"b", 1, "compacted"}});
  world.WriteBytes(
      world.TakeLast({{LogHeaderKey::kCompactedBlockTimes, std::string(kT2) + "," + kT1}}));
  EXPECT_THAT(world.ReadRows(), ElementsAre(Pair("a", "a2"), Pair("b", "b3")));
  world.Commit(kT4);
  EXPECT_THAT(world.ReadRows(), ElementsAre(Pair("a", "compacted"), Pair("b", "b3")));
  EXPECT_EQ((*world.Read())->log_records, 3);
  EXPECT_THAT(world.ReadRows(kT3), ElementsAre(Pair("a", "a2"), Pair("b", "b3")));
}

// docs/internals/seal.md, S4
TEST(LogOverlay, AFlippedBitNamesFileAndBlock) {
  LogWorld world;
  world.Write(kT1, {{"a", 1, "x"}}, {DeleteOf("b", int64_t{2})});
  std::string bytes = world.LastLog();
  bytes[bytes.size() - 60] ^= 1;
  world.ReplaceLast(kT1, bytes);
  const Status status = world.Read().status();
  EXPECT_EQ(KindOf(status), ErrorKind::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("log file '.f-0_20261122100000000.log."));
  EXPECT_THAT(status.message(), HasSubstr("log block at byte "));
}

// S5
TEST(LogOverlay, WhatAPendingInstantLeftBehindIsSkippedWhateverItIs) {
  LogWorld world;
  world.Write(kT1, {{"a", 1, "x"}});
  world.WriteUncommitted(kT2, {{"a", 2, "y"}});
  world.Begin(kT2);
  std::string bytes = world.LastLog();
  bytes[40] ^= 1;
  for (const std::string& left : {bytes, bytes.substr(0, 50), std::string()}) {
    world.ReplaceLast(kT2, left);
    EXPECT_THAT(world.ReadRows(), ElementsAre(Pair("a", "x")));
  }
  world.ReplaceLast(kT2, bytes);
  EXPECT_THAT((*world.Read())->skipped_instants, ElementsAre(kT2));
}

// S6
TEST(LogOverlay, ALogThatIsShorterThanItsCommitMadeItIsAnError) {
  LogWorld world;
  world.Write(kT1, {{"a", 1, "x"}}, {DeleteOf("b", int64_t{2})});
  const std::string bytes = world.LastLog();
  for (size_t size = 0; size < bytes.size(); ++size) {
    world.ReplaceLast(kT1, bytes.substr(0, size));
    ASSERT_EQ(KindOf(world.Read().status()), ErrorKind::kCorrupt) << size;
  }
  world.ReplaceLast(kT1, bytes);
  EXPECT_THAT(world.ReadRows(), ElementsAre(Pair("a", "x")));
}

TEST(LogOverlay, GoesOnAfterACorruptBlock) {
  LogWorld world;
  world.Write(kT1, {{"a", 1, "one"}});
  std::string cut = world.LastLog();
  cut.resize(cut.size() - 5);
  world.WriteBytes(cut + world.TakeLast({}));
  world.Write(kT2, {{"b", 1, "two"}});
  EXPECT_THAT(world.ReadRows(), ElementsAre(Pair("a", "one"), Pair("b", "two")));
  EXPECT_EQ((*world.Read())->corrupt_blocks, 1);
}

TEST(LogOverlay, NamesFileAndBlockOfWhatItCannotRead) {
  for (const LogBlockType type : {LogBlockType::kHFileData, LogBlockType::kCdcData}) {
    LogWorld world;
    world.Write(kT1, {{"a", 1, "one"}});
    std::string bytes;
    AppendLogBlock(type, {{LogHeaderKey::kInstantTime, kT1}}, "", &bytes);
    world.WriteBytes(bytes);
    const Status status = world.Read().status();
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
    EXPECT_THAT(status.message(), HasSubstr("'.f-0_t.log.102_0-0-0', block at byte 0"));
  }
  const auto kind_of = [](LogBlockType type, const LogBlockHeader& header, const char* content) {
    LogWorld world;
    world.Commit(kT1);
    std::string bytes;
    AppendLogBlock(type, header, content, &bytes);
    world.WriteBytes(bytes);
    return KindOf(world.Read().status());
  };
  const LogBlockHeader instant = {{LogHeaderKey::kInstantTime, kT1}};
  EXPECT_EQ(kind_of(LogBlockType::kAvroData, {}, ""), ErrorKind::kCorrupt);
  EXPECT_EQ(kind_of(LogBlockType::kAvroData, instant, ""), ErrorKind::kCorrupt);
  EXPECT_EQ(kind_of(LogBlockType::kDelete, instant, "x"), ErrorKind::kCorrupt);
  EXPECT_EQ(kind_of(LogBlockType::kParquetData, instant, "PAR1 no Parquet PAR1"),
            ErrorKind::kCorrupt);
  EXPECT_EQ(kind_of(LogBlockType::kCommand, instant, ""), ErrorKind::kInvalid);
}

TEST(LogOverlay, ProjectsOlderRecordsToTheSchemaAskedFor) {
  LogWorld world;
  world.Write(kT1, {{"a", 1, "one"}});
  world.schema = *world.schema->AddField(3, arrow::field("note", arrow::utf8()));
  world.Write(kT2, {{"b", 1, "two"}});
  const auto overlay = *world.Read();
  ASSERT_EQ(overlay->rows->num_rows(), 2);
  EXPECT_TRUE(overlay->rows->schema()->Equals(*WithMetaColumns(world.schema)));
  EXPECT_EQ(overlay->rows->GetColumnByName("note")->null_count(), 1);
  // The ordering column counts also where it is not asked for.
  world.Write(kT3, {{"a", 0, "late"}});
  world.schema = arrow::schema({arrow::field("value", arrow::utf8())});
  EXPECT_THAT(world.ReadRows(), ElementsAre(Pair("a", "one"), Pair("b", "two")));
  EXPECT_EQ((*world.Read())->rows->num_columns(), 6);
}

TEST(LogOverlay, OfNoLogsIsEmpty) {
  LogWorld world;
  const auto overlay = *world.Read();
  EXPECT_EQ(overlay->rows->num_rows(), 0);
  EXPECT_TRUE(overlay->keys.empty());
  EXPECT_GT(overlay->least_ordering, overlay->greatest_ordering);
}

// Every rule on the same logs over base rows of ordering value 10: a late and a newer update, a
// late and a newer delete by value, a delete of natural order, and a late row after a newer delete.

void WriteEveryCase(LogWorld* world) {
  world->Write(kT1, {{"late", 5, "log"}, {"newer", 20, "log"}},
               {{"late_delete", "", int64_t{5}},
                {"newer_delete", "", int64_t{20}},
                {"natural_delete", "", int32_t{0}},
                {"back", "", int64_t{20}}});
  world->Write(kT2, {{"back", 7, "log"}});
}

const std::vector<std::string> kBaseKeys = {"late",         "newer",          "late_delete",
                                            "newer_delete", "natural_delete", "back"};

TEST(LogOverlayRules, OverwriteWithLatestNeverLooksAtTheBaseRows) {
  LogWorld world;
  WriteEveryCase(&world);
  EXPECT_EQ(world.ReadBy(MergeRule::kOverwriteWithLatest, kBaseKeys, 10),
            std::pair(Rows({{"late", "log"}, {"newer", "log"}, {"back", "log"}}), 6));
}

TEST(LogOverlayRules, CommitTimeTakesWhatCameLast) {
  LogWorld world;
  WriteEveryCase(&world);
  EXPECT_EQ(world.ReadBy(MergeRule::kCommitTime, kBaseKeys, 10),
            std::pair(Rows({{"late", "log"}, {"newer", "log"}, {"back", "log"}}), 6));
}

TEST(LogOverlayRules, DefaultPayloadBringsTheBaseRowBackAfterALateRow) {
  LogWorld world;
  WriteEveryCase(&world);
  // `late` and `back` lose against the base row, which shows; every delete counts.
  EXPECT_EQ(world.ReadBy(MergeRule::kDefaultPayload, kBaseKeys, 10),
            std::pair(Rows({{"newer", "log"}}), 4));
}

TEST(LogOverlayRules, EventTimeComparesDeletesToo) {
  LogWorld world;
  WriteEveryCase(&world);
  // The late delete loses against the base row; the newer one outlives the late row after it.
  EXPECT_EQ(world.ReadBy(MergeRule::kEventTime, kBaseKeys, 10),
            std::pair(Rows({{"newer", "log"}}), 4));
  EXPECT_EQ(world.ReadBy(MergeRule::kEventTime, {"back"}, 10).second, 6);
}

}  // namespace
}  // namespace tapelake::hudi
