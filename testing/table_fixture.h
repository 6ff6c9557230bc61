#pragma once

/// A small table in a fake world, for tests: columns id (key), day (partition), version, text.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/util/checked_cast.h>
#include "hudi/reader/base_file_reader.h"
#include "hudi/reader/slice_reader.h"
#include "hudi/table/snapshot_source.h"
#include "hudi/table/table.h"
#include "hudi/table/table_view.h"
#include "testing/fake_clock.h"
#include "testing/fake_file_system.h"

namespace tapelake::testing {

/// One row of the fixture's table.
struct TestRow {
  std::string id;
  std::string day;
  int64_t version = 0;
  std::optional<std::string> text;

  bool operator==(const TestRow&) const = default;
};

/// What one commit of a test changes.
struct TestChanges {
  std::vector<TestRow> rows;
  std::vector<std::pair<std::string, std::string>> deletes;  ///< (id, day)
  int64_t delete_ordering = hudi::RecordChange::kNaturalOrder;
  const hudi::RecordMerger* merger = nullptr;
  std::map<std::string, std::string> extra_metadata;
  hudi::WriteOperation operation = hudi::WriteOperation::kUpsert;
  int threads = 2;
  std::vector<std::string> dictionary_columns = {};  ///< Of the rows.
};

class TableFixture : public ::testing::Test {
 public:
  static constexpr int64_t kStartMicros = 1'795'370'400'000'000;  // 2026-11-22T18:00:00Z
  static constexpr const char* kPath = "/lake/table";

  static std::shared_ptr<arrow::Schema> Schema() {
    return arrow::schema({arrow::field("id", arrow::utf8()), arrow::field("day", arrow::utf8()),
                          arrow::field("version", arrow::int64()),
                          arrow::field("text", arrow::utf8())});
  }

  static hudi::CreateOptions Options(int bucket_count) {
    return {.database = "test",
            .name = "table",
            .schema = Schema(),
            .record_key_field = "id",
            .partition_field = "day",
            .precombine_field = "version",
            .bucket_count = bucket_count};
  }

  static hudi::CreateOptions MergeOnReadOptions(int bucket_count) {
    hudi::CreateOptions options = Options(bucket_count);
    options.type = hudi::TableType::kMergeOnRead;
    return options;
  }

  hudi::TableEnvironment World() { return {files_, clock_, random_}; }

  std::unique_ptr<hudi::Table> Create(int bucket_count = 2) {
    auto table = hudi::Table::Create(World(), kPath, Options(bucket_count));
    EXPECT_TRUE(table.ok()) << table.status();
    return std::move(table).ValueOr(nullptr);
  }

  std::unique_ptr<hudi::Table> CreateMergeOnRead(int bucket_count = 2) {
    auto table = hudi::Table::Create(World(), kPath, MergeOnReadOptions(bucket_count));
    EXPECT_TRUE(table.ok()) << table.status();
    return std::move(table).ValueOr(nullptr);
  }

  /// A table of this type and index; a bucket index has two buckets.
  std::unique_ptr<hudi::Table> Create(hudi::TableType type, hudi::IndexKind index,
                                      int bucket_count = 2) {
    hudi::CreateOptions options = Options(bucket_count);
    options.type = type;
    options.index = index;
    auto table = hudi::Table::Create(World(), kPath, options);
    EXPECT_TRUE(table.ok()) << table.status();
    return std::move(table).ValueOr(nullptr);
  }

  std::unique_ptr<hudi::Table> Open() {
    auto table = hudi::Table::Open(World(), kPath);
    EXPECT_TRUE(table.ok()) << table.status();
    return std::move(table).ValueOr(nullptr);
  }

  /// The same table as if a foreign writer had made it: the greater ordering value wins, the base
  /// file's too. To be read only.
  std::unique_ptr<hudi::Table> ReopenWithDefaultPayload() {
    auto config = hudi::ReadTableConfig(files_, kPath);
    EXPECT_TRUE(config.ok()) << config.status();
    config->properties["hoodie.compaction.payload.class"] =
        "org.apache.hudi.common.model.DefaultHoodieRecordPayload";
    EXPECT_TRUE(files_
                    .ReplaceFile(std::string(kPath) + "/.hoodie/hoodie.properties",
                                 hudi::FormatTableConfig(*config))
                    .ok());
    return Open();
  }

  static std::shared_ptr<arrow::RecordBatch> BatchOf(const std::vector<TestRow>& rows) {
    arrow::StringBuilder ids;
    arrow::StringBuilder days;
    arrow::Int64Builder versions;
    arrow::StringBuilder texts;
    for (const TestRow& row : rows) {
      EXPECT_TRUE(ids.Append(row.id).ok() && days.Append(row.day).ok() &&
                  versions.Append(row.version).ok());
      EXPECT_TRUE((row.text ? texts.Append(*row.text) : texts.AppendNull()).ok());
    }
    return arrow::RecordBatch::Make(
        Schema(), static_cast<int64_t>(rows.size()),
        {*ids.Finish(), *days.Finish(), *versions.Finish(), *texts.Finish()});
  }

  /// The same rows, some columns as dictionaries.
  static std::shared_ptr<arrow::RecordBatch> WithDictionaries(
      std::shared_ptr<arrow::RecordBatch> batch, const std::vector<std::string>& columns) {
    for (const std::string& name : columns) {
      const int at = batch->schema()->GetFieldIndex(name);
      const auto encoded = arrow::compute::DictionaryEncode(batch->column(at))->make_array();
      batch = *batch->SetColumn(at, arrow::field(name, encoded->type()), encoded);
    }
    return batch;
  }

  /// Apply changes as one commit, whatever comes of it.
  static Result<hudi::UpsertResult> TryUpsert(hudi::Table& table, const TestChanges& changes) {
    hudi::UpsertRequest request{
        .schema = Schema(),
        .rows = WithDictionaries(BatchOf(changes.rows), changes.dictionary_columns),
        .merger = changes.merger,
        .extra_metadata = changes.extra_metadata,
        .operation = changes.operation,
        .threads = changes.threads};
    std::map<std::string, uint32_t> partitions;
    const auto partition = [&](const std::string& day) {
      const auto next = static_cast<uint32_t>(partitions.size());
      const auto [number, is_new] = partitions.try_emplace(day, next);
      if (is_new) request.partition_values.push_back(day);
      return number->second;
    };
    std::vector<hudi::RecordChange> records;
    for (size_t i = 0; i < changes.rows.size(); ++i) {
      records.push_back(
          {changes.rows[i].id, partition(changes.rows[i].day), static_cast<int64_t>(i)});
    }
    for (const auto& [id, day] : changes.deletes) {
      records.push_back({id, partition(day), hudi::RecordChange::kDelete, changes.delete_ordering});
    }
    request.changes = records;
    return table.Upsert(request);
  }

  /// Apply changes as one commit that must be done.
  hudi::UpsertResult Upsert(hudi::Table& table, const TestChanges& changes) {
    auto result = TryUpsert(table, changes);
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return {};
    EXPECT_EQ(result->outcome, hudi::CommitOutcome::kDone) << result->reason;
    return *result;
  }

  /// All rows of the latest snapshot, sorted by id then day; a key stored twice shows twice.
  std::vector<TestRow> Rows(hudi::Table& table) { return RowsIn(files_, table); }

  /// The same of a table on another file system, at kPath.
  static std::vector<TestRow> RowsIn(io::FileSystem& files, hudi::Table& table) {
    auto snapshot = table.LatestSnapshot();
    EXPECT_TRUE(snapshot.ok()) << snapshot.status();
    if (!snapshot.ok()) return {};
    std::multimap<std::pair<std::string, std::string>, TestRow> sorted;
    for (const hudi::FileSlice& slice : snapshot->slices) {
      for (TestRow& row : RowsOf(files, *snapshot, slice))
        sorted.emplace(std::pair(row.id, row.day), row);
    }
    std::vector<TestRow> rows;
    for (auto& [key, row] : sorted)
      rows.push_back(std::move(row));
    return rows;
  }

  std::unique_ptr<hudi::BaseFileReader> OpenSlice(const hudi::FileSlice& slice) {
    auto reader =
        hudi::BaseFileReader::Open(files_, std::string(kPath) + "/" + slice.RelativePath());
    EXPECT_TRUE(reader.ok()) << reader.status();
    return std::move(reader).ValueOr(nullptr);
  }

  /// The values of a string column of a slice, nulls as "\N".
  std::vector<std::string> Strings(const hudi::FileSlice& slice, const std::string& column) {
    std::vector<std::string> values;
    const auto reader = OpenSlice(slice);
    for (const int group : reader->AllRowGroups()) {
      const auto batch = *reader->ReadRowGroup(group, {column});
      const auto& array =
          arrow::internal::checked_cast<const arrow::StringArray&>(*batch->column(0));
      for (int64_t i = 0; i < array.length(); ++i) {
        values.push_back(array.IsNull(i) ? "\\N" : std::string(array.GetView(i)));
      }
    }
    return values;
  }

 protected:
  static std::vector<TestRow> RowsOf(io::FileSystem& files, const hudi::Snapshot& snapshot,
                                     const hudi::FileSlice& slice) {
    const std::string base_path = kPath;
    const hudi::SliceSource source = hudi::SourceOf(files, base_path, snapshot);
    std::vector<TestRow> rows;
    auto reader = hudi::SliceReader::Open(source, slice, Schema()->field_names());
    EXPECT_TRUE(reader.ok()) << reader.status();
    while (reader.ok()) {
      const auto batch = (*reader)->Next();
      EXPECT_TRUE(batch.ok()) << batch.status();
      if (!batch.ok() || *batch == nullptr) break;
      AppendRows(**batch, &rows);
    }
    return rows;
  }

  static void AppendRows(const arrow::RecordBatch& batch, std::vector<TestRow>* rows) {
    using arrow::internal::checked_cast;
    const auto& ids = checked_cast<const arrow::StringArray&>(*batch.column(0));
    const auto& days = checked_cast<const arrow::StringArray&>(*batch.column(1));
    const auto& versions = checked_cast<const arrow::Int64Array&>(*batch.column(2));
    const auto& texts = checked_cast<const arrow::StringArray&>(*batch.column(3));
    for (int64_t i = 0; i < batch.num_rows(); ++i) {
      TestRow row{ids.GetString(i), days.GetString(i), versions.Value(i), std::nullopt};
      if (texts.IsValid(i)) row.text = texts.GetString(i);
      rows->push_back(std::move(row));
    }
  }

  FakeFileSystem files_;
  FakeClock clock_{kStartMicros};
  io::SeededRandom random_{1};
};

}  // namespace tapelake::testing
