#include "ingest/table_ingest.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include <arrow/array.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/time.h"
#include "hudi/reader/base_file_reader.h"
#include "io/local_file_system.h"
#include "record/record_block.h"

namespace tapelake::ingest {
namespace {

/// One wire record of the Kinesis shape; empty status = no such image.
struct Event {
  std::string key;
  int64_t micros = 0;
  std::string old_day;
  std::string old_status;
  std::string new_day;
  std::string new_status;
  std::string id = "";
};

std::string Image(const Event& event, const std::string& day, const std::string& status) {
  return R"({"transaction_id":{"S":")" + event.key + R"("},"timestamp":{"S":")" + day +
         R"(T10:00:00Z"},"trade_status":{"S":")" + status + R"("},"price":{"N":"12.5"}})";
}

std::string KinesisRecord(const Event& event) {
  std::string name = "MODIFY";
  if (event.old_status.empty()) name = "INSERT";
  if (event.new_status.empty()) name = "REMOVE";
  std::string json = R"({"awsRegion":"r","eventID":")" +
                     (event.id.empty() ? event.key + std::to_string(event.micros) : event.id) +
                     R"(","eventName":")" + name +
                     R"(","userIdentity":null,"recordFormat":"application/json","tableName":"T",)"
                     R"("dynamodb":{"ApproximateCreationDateTime":)" +
                     std::to_string(event.micros) + R"(,"Keys":{"transaction_id":{"S":")" +
                     event.key + R"("}})";
  if (!event.new_status.empty()) {
    json += R"(,"NewImage":)" + Image(event, event.new_day, event.new_status);
  }
  if (!event.old_status.empty()) {
    json += R"(,"OldImage":)" + Image(event, event.old_day, event.old_status);
  }
  return json + R"(,"SizeBytes":9,"ApproximateCreationDateTimePrecision":"MICROSECOND"},)"
                R"("eventSource":"aws:dynamodb"})";
}

std::string StreamsRecord(const std::string& key, const std::string& sequence,
                          const std::string& status) {
  Event event{.key = key};
  return R"({"eventID":"e","eventName":"INSERT","eventVersion":"1.1","eventSource":"aws:dynamodb",)"
         R"("awsRegion":"r","dynamodb":{"ApproximateCreationDateTime":1714557600.0,)"
         R"("Keys":{"transaction_id":{"S":")" +
         key + R"("}},"NewImage":)" + Image(event, "2024-05-01", status) +
         R"(,"SequenceNumber":")" + sequence +
         R"(","SizeBytes":9,"StreamViewType":"NEW_AND_OLD_IMAGES"}})";
}

constexpr int64_t kT0 = 1'714'557'600'000'000;
constexpr int64_t kMinute = 60'000'000;
const char kDay1[] = "2024-05-01";
const char kDay2[] = "2024-05-02";
const char kDay3[] = "2024-05-03";

class TableIngestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tapelake-in-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    options_.lake_path = root_;
    options_.type = hudi::TableType::kCopyOnWrite;
    table_ = record::CryptoTransactionsTable();
    table_.bucket_count = 2;
    Reopen();
  }
  void TearDown() override {
    ingest_.reset();
    std::filesystem::remove_all(root_);
  }

  void Reopen() {
    ingest_.reset();
    auto opened = TableIngest::Open(environment_, table_, options_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    ingest_ = std::move(*opened);
  }

  void AppendRaw(const std::vector<std::string>& records) {
    transform::RecordParser parser;
    for (const std::string& record : records) {
      const std::string padded = record + std::string(record::kRecordPaddingBytes, ' ');
      offset_ += record.size() + 1;
      const auto error = parser.Parse(std::string_view(padded).substr(0, record.size()));
      if (error != transform::ParseError::kNone) {
        ingest_->CountError(error);
        continue;
      }
      const Refusal refusal = ingest_->Check(parser.change());
      if (refusal.refused()) {
        EXPECT_FALSE(refusal.reason.empty());
        ingest_->CountError(refusal.error);
      } else {
        const auto verdict = ingest_->Take(parser.change());
        ASSERT_TRUE(verdict.ok()) << verdict.status();
        verdicts_.push_back(*verdict);
      }
    }
    ingest_->Advance("test-source", offset_);
  }

  void Append(const std::vector<Event>& events) {
    std::vector<std::string> records;
    for (const Event& event : events)
      records.push_back(KinesisRecord(event));
    AppendRaw(records);
  }

  IngestCounts Commit() {
    auto report = ingest_->Commit();
    EXPECT_TRUE(report.ok()) << report.status().ToString();
    return report.ok() ? report->counts : IngestCounts{};
  }

  /// "key@day=status" of every stored row, sorted.
  std::vector<std::string> Rows() {
    const std::string path = root_ + "/crypto/transactions";
    auto table = hudi::Table::Open(environment_, path).ValueOrDie();
    std::vector<std::string> rows;
    for (const auto& slice : table->LatestSnapshot().ValueOrDie().slices) {
      auto reader =
          hudi::BaseFileReader::Open(files_, path + "/" + slice.RelativePath()).ValueOrDie();
      for (int i = 0; i < reader->row_group_count(); ++i) {
        const auto batch =
            reader->ReadRowGroup(i, {"transaction_id", "event_date", "trade_status"}).ValueOrDie();
        const auto text = [&batch](int column, int64_t row) {
          return static_cast<const arrow::StringArray&>(*batch->column(column)).GetString(row);
        };
        for (int64_t row = 0; row < batch->num_rows(); ++row) {
          rows.push_back(text(0, row) + "@" + text(1, row) + "=" + text(2, row));
        }
      }
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  using Strings = std::vector<std::string>;

  std::string root_;
  io::LocalFileSystem files_;
  io::SystemClock clock_;
  io::SeededRandom random_{1};
  hudi::TableEnvironment environment_{files_, clock_, random_};
  IngestOptions options_;
  record::TableDefinition table_;
  std::unique_ptr<TableIngest> ingest_;
  uint64_t offset_ = 0;
  std::vector<Verdict> verdicts_;
};

TEST_F(TableIngestTest, InsertModifyRemoveMakeTheFinalRows) {
  Append({{"a", kT0, "", "", kDay1, "PENDING"},
          {"b", kT0 + 1, "", "", kDay1, "PENDING"},
          {"a", kT0 + 2, kDay1, "PENDING", kDay1, "SUCCESS"},
          {"b", kT0 + 3, kDay1, "PENDING", "", ""}});
  const IngestCounts counts = Commit();
  EXPECT_EQ(counts.received, 4);
  EXPECT_EQ(counts.applied, 4);
  EXPECT_EQ(Rows(), (Strings{"a@2024-05-01=SUCCESS"}));
}

TEST_F(TableIngestTest, NothingAppendedMeansNoCommit) {
  EXPECT_EQ(ingest_->Commit().ValueOrDie().instant, "");
}

TEST_F(TableIngestTest, DisorderAndDuplicatesWithinACommitAreSettled) {
  Append({{"a", kT0 + 2, kDay1, "PENDING", kDay1, "SUCCESS"},
          {"a", kT0, "", "", kDay1, "PENDING"},
          {"a", kT0 + 2, kDay1, "PENDING", kDay1, "SUCCESS"}});
  const IngestCounts counts = Commit();
  EXPECT_EQ(counts.applied, 1);
  EXPECT_EQ(counts.stale, 1);
  EXPECT_EQ(counts.duplicates, 1);
  EXPECT_EQ(Rows(), (Strings{"a@2024-05-01=SUCCESS"}));
}

TEST_F(TableIngestTest, AMoveToAnotherDayLeavesOneRow) {
  Append({{"a", kT0, "", "", kDay1, "PENDING"}});
  Commit();
  Append({{"a", kT0 + 5, kDay1, "PENDING", kDay2, "PENDING"}});
  Commit();
  EXPECT_EQ(Rows(), (Strings{"a@2024-05-02=PENDING"}));
  Append({{"a", kT0 + 6, kDay2, "PENDING", kDay1, "SUCCESS"}});
  Commit();
  EXPECT_EQ(Rows(), (Strings{"a@2024-05-01=SUCCESS"}));
}

TEST_F(TableIngestTest, ALateOlderChangeDoesNotBringBackADeletedRowAfterRestart) {
  Append({{"a", kT0, "", "", kDay1, "PENDING"}, {"a", kT0 + kMinute, kDay1, "SUCCESS", "", ""}});
  Commit();
  Reopen();
  Append({{"a", kT0 + 5, kDay1, "PENDING", kDay1, "SUCCESS"}});
  EXPECT_EQ(Commit().stale, 1);
  EXPECT_EQ(Rows(), Strings{});
}

TEST_F(TableIngestTest, ALateOlderChangeDoesNotUndoAMoveAfterRestart) {
  Append({{"a", kT0, "", "", kDay1, "P"}, {"a", kT0 + kMinute, kDay1, "Q", kDay2, "R"}});
  Commit();
  Reopen();
  Append({{"a", kT0 + 5, kDay1, "P", kDay1, "Q"}});
  EXPECT_EQ(Commit().stale, 1);
  EXPECT_EQ(Rows(), (Strings{"a@2024-05-02=R"}));
}

TEST_F(TableIngestTest, AMissingMiddleMoveNeverDoublesTheKey) {
  Append({{"a", kT0, "", "", kDay1, "P"}});
  Append({{"a", kT0 + 9, kDay2, "Q", kDay3, "R"}});  // the move from day 1 to day 2 is late
  Commit();
  EXPECT_EQ(Rows(), (Strings{"a@2024-05-03=R"}));
  Append({{"a", kT0 + 5, kDay1, "P", kDay2, "Q"}});
  Commit();
  EXPECT_EQ(Rows(), (Strings{"a@2024-05-03=R"}));
}

TEST_F(TableIngestTest, ReplayingEverythingBeyondTheHorizonChangesNothing) {
  options_.horizon_micros = kMinute;
  Reopen();
  const std::vector<Event> history = {{"a", kT0, "", "", kDay1, "P"},
                                      {"b", kT0 + 1, "", "", kDay1, "P"},
                                      {"a", kT0 + 2, kDay1, "P", kDay2, "Q"},
                                      {"z", kT0 + 60 * kMinute, "", "", kDay3, "P"}};
  Append(history);
  Commit();
  const Strings before = Rows();
  Reopen();
  for (const Event& event : history) {  // one commit each: no help from the same batch
    Append({event});
    const IngestCounts counts = Commit();
    EXPECT_EQ(counts.received, counts.applied + counts.duplicates + counts.stale);
    EXPECT_EQ(Rows(), before) << event.key << event.micros;
  }
}

TEST_F(TableIngestTest, ARemovalIsRememberedForAHorizonAfterItCameHoweverLateItIs) {
  options_.horizon_micros = 10 * kMinute;
  Reopen();
  const Event insert = {"a", kT0, "", "", kDay1, "P"};
  const auto ahead = [](int minutes) {
    return Event{"z" + std::to_string(minutes), kT0 + minutes * kMinute, "", "", kDay3, "P"};
  };
  Append({ahead(60)});
  Commit();
  Append({insert, {"a", kT0 + kMinute, kDay1, "P", "", ""}});  // a producer far behind
  Commit();
  for (int minutes : {61, 65, 69}) {  // its batch comes again
    Append({ahead(minutes), insert});
    EXPECT_EQ(Commit().stale, 1) << minutes;
    Reopen();
    Append({insert});
    EXPECT_EQ(Commit().stale, 1) << minutes << ", after a restart";
  }
  EXPECT_EQ(Rows().size(), 4u);
  const auto state_files = [this] {
    return files_.List(root_ + "/crypto/transactions/.hoodie/.aux/tapelake").ValueOrDie().size();
  };
  EXPECT_EQ(state_files(), 1u);
  Append({ahead(71)});
  Commit();
  EXPECT_EQ(state_files(), 0u) << "forgotten a horizon later";
}

TEST_F(TableIngestTest, ALateRemovalThatIsRefusedIsNotRemembered) {
  Append({{"a", kT0 + 5, "", "", kDay1, "P"}, {"z", kT0 + 60 * kMinute, "", "", kDay3, "P"}});
  Commit();
  Reopen();
  Append({{"a", kT0 + 2, kDay1, "O", "", ""}});
  EXPECT_EQ(Commit().stale, 1);
  Reopen();
  Append({{"a", kT0 + 3, kDay1, "O", kDay2, "N"}});
  EXPECT_EQ(Commit().stale, 1) << "older than the row that is there";
  EXPECT_EQ(Rows(), (Strings{"a@2024-05-01=P", "z@2024-05-03=P"}));
}

TEST_F(TableIngestTest, ARemovalThatComesAfterTheKeyWasMadeAgainEndsItsFormerRow) {
  for (const int late_minutes : {0, 140}) {  // while the key is remembered, and long after
    const std::string key = "a" + std::to_string(late_minutes);
    Append({{key, kT0, "", "", kDay1, "P"}, {"y" + key, kT0 + 60 * kMinute, "", "", kDay3, "P"}});
    Commit();
    Reopen();
    Append({{key, kT0 + 61 * kMinute, "", "", kDay2, "Q"}});
    Append({{"z" + key, kT0 + (61 + late_minutes) * kMinute, "", "", kDay3, "P"}});
    Commit();
    Reopen();
    Append({{key, kT0 + 60 * kMinute + 1, kDay1, "P", "", ""}});
    EXPECT_EQ(Commit().stale, 1);
    EXPECT_EQ(Rows(), (Strings{key + "@2024-05-02=Q", "y" + key + "@2024-05-03=P",
                               "z" + key + "@2024-05-03=P"}));
    TearDown();
    SetUp();
  }
}

TEST_F(TableIngestTest, ARemoveWithoutADayFindsTheRowInTheTable) {
  Append({{"a", kT0, "", "", kDay1, "P"}, {"z", kT0 + 60 * kMinute, "", "", kDay3, "P"}});
  Commit();
  Reopen();
  Append({{"a", kT0 + 61 * kMinute, "no-day", "P", "", ""}});
  EXPECT_EQ(verdicts_.back(), Verdict::kLate) << "where the row is only the table can say";
  EXPECT_EQ(Commit().applied, 1);
  EXPECT_EQ(Rows(), (Strings{"z@2024-05-03=P"}));
}

TEST_F(TableIngestTest, BadRecordsAreCountedByTypeAndTheWorkGoesOn) {
  AppendRaw({"{\"cut", KinesisRecord({"a", kT0, "", "", kDay1, "P"}),
             KinesisRecord({"b", kT0, "", "", "someday", "P"}),
             KinesisRecord({"", kT0, "", "", kDay1, "P"}), StreamsRecord("c", "12", "P")});
  const IngestCounts counts = Commit();
  EXPECT_EQ(counts.received, 5);
  EXPECT_EQ(counts.applied, 1);
  EXPECT_EQ(counts.errors, 4);
  EXPECT_EQ(counts.errors_by_type.at("invalid-json"), 1);
  EXPECT_EQ(counts.errors_by_type.at("no-partition"), 1);
  EXPECT_EQ(counts.errors_by_type.at("no-key"), 1);
  EXPECT_EQ(counts.errors_by_type.at("wrong-shape"), 1);
}

TEST_F(TableIngestTest, ErrorsAloneStillMoveThePosition) {
  AppendRaw({"nonsense!"});
  EXPECT_EQ(Commit().errors, 1);
  Reopen();
  EXPECT_EQ(ingest_->CommittedOffset("test-source"), offset_);
  EXPECT_EQ(ingest_->CommittedOffset("other"), 0u);
}

TEST_F(TableIngestTest, MarksTravelInTheCommitAndAreForgottenWithTheirSource) {
  AppendRaw({"nonsense!"});
  ingest_->SetMark("test-source", {.offset = 3, .text = "after 77 1", .at_end = false});
  ingest_->SetMark("not-begun", {.offset = 0, .text = "oldest", .at_end = false});
  Commit();
  ingest_->SetMark("test-source", {.offset = 3, .text = "after 77 1", .at_end = false});
  EXPECT_EQ(ingest_->Commit().ValueOrDie().instant, "") << "nothing moved";
  ingest_->SetMark("test-source", {.offset = offset_, .text = "after 78 1", .at_end = true});
  EXPECT_NE(ingest_->Commit().ValueOrDie().instant, "") << "a quiet source's mark is kept, too";
  Reopen();
  const auto marks = ingest_->marks();
  ASSERT_EQ(marks.size(), 2u);
  EXPECT_EQ(marks.at("test-source"),
            (record::LogMark{.offset = offset_, .text = "after 78 1", .at_end = true}));
  EXPECT_EQ(marks.at("not-begun"), (record::LogMark{.offset = 0, .text = "oldest"}));

  ingest_->Forget("test-source");
  ingest_->CountError(transform::ParseError::kNoKey);
  Commit();
  Reopen();
  EXPECT_EQ(ingest_->marks().count("test-source"), 0u);
  EXPECT_EQ(ingest_->CommittedOffset("test-source"), 0u);
}

TEST_F(TableIngestTest, StreamsRecordsOrderBySequenceAcrossRestarts) {
  AppendRaw({StreamsRecord("a", "000100", "NEW")});
  Commit();
  Reopen();
  AppendRaw({StreamsRecord("a", "99", "OLD"), StreamsRecord("a", "100", "NEW")});
  const IngestCounts counts = Commit();
  EXPECT_EQ(counts.stale, 1);
  EXPECT_EQ(counts.duplicates, 1);
  EXPECT_EQ(Rows(), (Strings{"a@2024-05-01=NEW"}));
}

TEST_F(TableIngestTest, AChangeOfShapeNeedsAHandOver) {
  Append({{"a", kT0, "", "", kDay1, "P"}});
  Commit();
  options_.hand_over = true;
  Reopen();
  AppendRaw({StreamsRecord("a", "5", "Q")});
  EXPECT_EQ(Commit().applied, 1);
  EXPECT_EQ(Rows(), (Strings{"a@2024-05-01=Q"}));
}

TEST_F(TableIngestTest, ChangeDataLogsAreKeptAsANewTableWasAskedTo) {
  table_.name = "logged";
  options_.change_data = hudi::CdcLogging::kBefore;
  options_.change_data_stated = true;
  Reopen();
  const hudi::TableConfig stored = ingest_->table().config();
  EXPECT_TRUE(stored.cdc_enabled);
  EXPECT_EQ(stored.cdc_logging(), hudi::CdcLogging::kBefore);
  Append({{"a", kT0, "", "", kDay1, "P"}});
  Commit();
  Append({{"a", kT0 + 1, kDay1, "P", kDay1, "Q"}});
  Commit();
  const auto names = files_.ListNames(root_ + "/crypto/logged/event_date=2024-05-01").ValueOrDie();
  EXPECT_EQ(std::ranges::count_if(names, [](const auto& name) { return name.ends_with(".cdc"); }),
            1);
}

TEST_F(TableIngestTest, OtherChangeDataLogsAreRefusedOnlyIfAskedFor) {
  options_.change_data = hudi::CdcLogging::kBothImages;
  Reopen();
  EXPECT_FALSE(ingest_->table().config().cdc_enabled) << "the table was made without";
  options_.change_data_stated = true;
  const auto opened = TableIngest::Open(environment_, table_, options_);
  EXPECT_EQ(KindOf(opened.status()), ErrorKind::kConflict);
  EXPECT_NE(opened.status().message().find(
                "is stored without change-data logs, asked for is one with change-data logs of "
                "the kind DATA_BEFORE_AFTER"),
            std::string::npos)
      << opened.status();
  table_.name = "logged";
  Reopen();
  options_.change_data = hudi::CdcLogging::kKeys;
  EXPECT_EQ(KindOf(TableIngest::Open(environment_, table_, options_).status()),
            ErrorKind::kConflict);
}

TEST_F(TableIngestTest, ABucketCountThatDiffersIsRefusedOnlyIfAskedFor) {
  table_.bucket_count = 3;
  Reopen();
  options_.buckets_stated = true;
  const auto opened = TableIngest::Open(environment_, table_, options_);
  EXPECT_EQ(KindOf(opened.status()), ErrorKind::kConflict);
  EXPECT_NE(opened.status().message().find("3"), std::string::npos);
}

TEST_F(TableIngestTest, NewAttributesBecomeColumnsOfLaterCommits) {
  Append({{"a", kT0, "", "", kDay1, "P"}});
  Commit();
  std::string record = KinesisRecord({"b", kT0 + 1, "", "", kDay1, "P"});
  record.insert(record.find("\"price\""), R"("slippage":{"N":"0.25"},)");
  AppendRaw({record});
  Commit();
  auto table = hudi::Table::Open(environment_, root_ + "/crypto/transactions").ValueOrDie();
  const auto schema = table->LatestSnapshot().ValueOrDie().schema;
  ASSERT_NE(schema->GetFieldByName("slippage"), nullptr);
  EXPECT_EQ(schema->GetFieldByName("slippage")->type()->ToString(), "decimal128(38, 18)");
  EXPECT_EQ(Rows().size(), 2u);
}

}  // namespace
}  // namespace tapelake::ingest
