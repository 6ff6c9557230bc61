// Merges that copy row groups against merges that decode them: the same rows, whatever happens.

#include <gmock/gmock.h>

#include <map>
#include <optional>
#include <set>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/table.h>
#include <parquet/metadata.h>

#include "hudi/format/avro_schema.h"
#include "hudi/writer/file_group_merge.h"
#include "io/random.h"
#include "testing/fake_file_system.h"

namespace tapelake::hudi {
namespace {

constexpr int64_t kDecodesAll = 1 << 30;
constexpr int64_t kKeys = 400;

/// Columns of all kinds; the table grows by `added` at some time, and `small` widens to int64.
std::shared_ptr<arrow::Schema> SchemaOf(bool wide, bool grown) {
  arrow::FieldVector fields = {
      arrow::field("id", arrow::utf8()),
      arrow::field("version", arrow::int64()),
      arrow::field("small", wide ? arrow::int64() : arrow::int32()),
      arrow::field("few", arrow::utf8()),
      arrow::field("amount", arrow::decimal128(18, 8)),
      arrow::field("nested", arrow::list(arrow::struct_({arrow::field("a", arrow::int32()),
                                                         arrow::field("b", arrow::utf8())})))};
  if (grown) fields.push_back(arrow::field("added", arrow::utf8()));
  return arrow::schema(fields);
}

/// A random value of any of these types, now and then null.
Status AppendRandom(arrow::ArrayBuilder& builder, io::Random& random) {
  if (random.Below(8) == 0) return builder.AppendNull();
  const auto number = static_cast<int64_t>(random.Below(1'000'000));
  switch (builder.type()->id()) {
    case arrow::Type::INT32:
      return static_cast<arrow::Int32Builder&>(builder).Append(static_cast<int32_t>(number));
    case arrow::Type::INT64:
      return static_cast<arrow::Int64Builder&>(builder).Append(number);
    case arrow::Type::STRING:
      return static_cast<arrow::StringBuilder&>(builder).Append("t" + std::to_string(number % 3));
    case arrow::Type::DECIMAL128:
      return static_cast<arrow::Decimal128Builder&>(builder).Append(arrow::Decimal128(number));
    case arrow::Type::STRUCT: {
      auto& row = static_cast<arrow::StructBuilder&>(builder);
      TAPELAKE_RETURN_NOT_OK(row.Append());
      for (int i = 0; i < row.num_children(); ++i)
        TAPELAKE_RETURN_NOT_OK(AppendRandom(*row.child(i), random));
      return Status::OK();
    }
    default: {
      auto& list = static_cast<arrow::ListBuilder&>(builder);
      TAPELAKE_RETURN_NOT_OK(list.Append());
      for (int64_t i = number % 4; i > 0; --i)
        TAPELAKE_RETURN_NOT_OK(AppendRandom(*list.value_builder(), random));
      return Status::OK();
    }
  }
}

/// What one commit changes, at random: a few neighbouring keys, so that row groups stay untouched.
struct Batch {
  std::shared_ptr<arrow::RecordBatch> rows;
  std::vector<std::string> keys;
  std::vector<RecordChange> changes;
};

Batch RandomBatch(const std::shared_ptr<arrow::Schema>& schema, io::Random& random) {
  Batch batch;
  std::set<uint64_t> numbers;
  const uint64_t first = random.Below(kKeys);
  const uint64_t width = random.Below(4) == 0 ? 200 : 12;
  for (uint64_t i = random.Below(40) + 1; i > 0; --i)
    numbers.insert((first + random.Below(width)) % kKeys);
  for (const uint64_t number : numbers)
    batch.keys.push_back("key-" + std::to_string(1000 + number));
  arrow::ArrayVector columns;
  for (const auto& field : schema->fields()) {
    auto builder = *arrow::MakeBuilder(field->type());
    for (const std::string& key : batch.keys) {
      if (field->name() == "id") {
        EXPECT_TRUE(static_cast<arrow::StringBuilder&>(*builder).Append(key).ok());
      } else if (field->name() == "version") {
        EXPECT_TRUE(static_cast<arrow::Int64Builder&>(*builder)
                        .Append(static_cast<int64_t>(random.Below(50)))
                        .ok());
      } else {
        EXPECT_TRUE(AppendRandom(*builder, random).ok());
      }
    }
    columns.push_back(*builder->Finish());
  }
  batch.rows = arrow::RecordBatch::Make(schema, std::ssize(batch.keys), std::move(columns));
  for (size_t i = 0; i < batch.keys.size(); ++i) {
    const bool deletes = random.Below(4) == 0;
    batch.changes.push_back({.record_key = batch.keys[i],
                             .row = deletes ? RecordChange::kDelete : static_cast<int64_t>(i)});
  }
  return batch;
}

/// The greater version wins.
class GreaterVersion : public RecordMerger {
 public:
  GreaterVersion(const Batch& batch, bool says_what_it_needs)
      : batch_(batch), says_what_it_needs_(says_what_it_needs) {}

  std::optional<std::vector<std::string>> NeededColumns() const override {
    if (!says_what_it_needs_) return std::nullopt;
    return std::vector<std::string>{"version"};
  }

  bool IncomingWins(const arrow::RecordBatch& stored, int64_t row, size_t change) const override {
    const int64_t incoming = batch_.changes[change].row;
    const auto at = [](const arrow::RecordBatch& rows, int64_t i) {
      return static_cast<const arrow::Int64Array&>(*rows.GetColumnByName("version")).Value(i);
    };
    return incoming < 0 || at(*batch_.rows, incoming) > at(stored, row);
  }

 private:
  const Batch& batch_;
  bool says_what_it_needs_;
};

std::vector<bool> FewValues(const arrow::Schema& schema) {
  std::vector<bool> few;
  for (const auto& field : schema.fields())
    few.push_back(field->name() == "few" || field->name() == "added");
  return few;
}

/// One file group, rewritten commit by commit.
class Group {
 public:
  Group(std::string base_path, int64_t copied_rows_min)
      : base_path_(std::move(base_path)), copied_rows_min_(copied_rows_min) {
    EXPECT_TRUE(files_.CreateDirectories(base_path_).ok());
  }

  FileGroupOutcome Commit(const Batch& batch, const RecordMerger* merger, int number) {
    const UpsertRequest request{.schema = batch.rows->schema(),
                                .rows = batch.rows,
                                .partition_values = {""},
                                .changes = batch.changes,
                                .merger = merger};
    const CommitContext context{
        .files = files_,
        .base_path = base_path_,
        .instant = std::to_string(20261122180000000 + number),
        .request = request,
        .footer_schema = "{}",
        .low_cardinality = number % 2 == 0 ? FewValues(*batch.rows->schema())
                                           : std::vector<bool>(batch.rows->num_columns()),
        .copied_rows_min = copied_rows_min_};
    std::vector<uint32_t> all;
    FileGroupTask task{.file_id = "group",
                       .file_name = "group_" + context.instant + ".parquet",
                       .stored = stored_ ? &*stored_ : nullptr};
    for (uint32_t i = 0; i < batch.changes.size(); ++i) {
      all.push_back(i);
      if (batch.changes[i].row == RecordChange::kDelete) ++task.delete_count;
    }
    task.changes = all;
    auto outcome = FileGroupMerge(context, task).Run();
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    if (!outcome.ok()) return {};
    if (outcome->written) stored_ = FileSlice{.base_file_name = task.file_name};
    return *outcome;
  }

  bool has_file() const { return stored_.has_value(); }

  std::unique_ptr<BaseFileReader> Open() {
    return *BaseFileReader::Open(files_, base_path_ + "/" + stored_->base_file_name);
  }

  /// Every row as text, by key.
  std::map<std::string, std::string> Rows(const std::vector<std::string>& data_columns) {
    std::vector<std::string> columns(kMetaColumns.begin(), kMetaColumns.end());
    columns.insert(columns.end(), data_columns.begin(), data_columns.end());
    std::map<std::string, std::string> rows;
    const auto reader = Open();
    for (const int row_group : reader->AllRowGroups()) {
      const auto batch = *reader->ReadRowGroup(row_group, columns);
      EXPECT_TRUE(batch->ValidateFull().ok());
      for (int64_t row = 0; row < batch->num_rows(); ++row) {
        std::string text;
        for (const auto& column : batch->columns())
          text += (*column->GetScalar(row))->ToString() + "|";
        EXPECT_TRUE(rows.emplace((*batch->column(2)->GetScalar(row))->ToString(), text).second);
      }
    }
    return rows;
  }

 private:
  testing::FakeFileSystem files_;
  std::string base_path_;
  int64_t copied_rows_min_;
  std::optional<FileSlice> stored_;
};

std::string Told(const FileGroupOutcome& outcome) {
  std::string text = outcome.written ? "written" : "nothing";
  for (const int64_t number :
       {outcome.stat.writes, outcome.stat.inserts, outcome.stat.update_writes, outcome.stat.deletes,
        outcome.kept_stored_rows, outcome.missing_deletes})
    text += " " + std::to_string(number);
  for (const size_t change : outcome.refused)
    text += " refused " + std::to_string(change);
  return text;
}

TEST(FileGroupMerge, CopiesGiveTheRowsThatDecodingGives) {
  int copied_row_groups = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    io::SeededRandom random(seed);
    Group copying("/copying", 1);
    Group decoding("/decoding", kDecodesAll);
    for (int commit = 0; commit < 25; ++commit) {
      const auto schema = SchemaOf(/*wide=*/commit > 15, /*grown=*/commit > 8);
      const Batch batch = RandomBatch(schema, random);
      const GreaterVersion merger(batch, random.Below(2) == 0);
      const RecordMerger* used = random.Below(3) == 0 ? &merger : nullptr;
      EXPECT_EQ(Told(copying.Commit(batch, used, commit)),
                Told(decoding.Commit(batch, used, commit)));
      ASSERT_EQ(copying.has_file(), decoding.has_file());
      if (!copying.has_file()) continue;
      ASSERT_EQ(copying.Rows(schema->field_names()), decoding.Rows(schema->field_names()));
      const auto copied = copying.Open();
      const auto decoded = decoding.Open();
      EXPECT_EQ(copied->row_count(), decoded->row_count());
      for (const char* key :
           {"hoodie_min_record_key", "hoodie_max_record_key", "org.apache.hudi.bloomfilter"})
        EXPECT_EQ(copied->FooterValue(key), decoded->FooterValue(key)) << key;
      EXPECT_LE(decoded->row_group_count(), 1);
      copied_row_groups += std::max(0, copied->row_group_count() - 1);
    }
  }
  EXPECT_GT(copied_row_groups, 400);  // else the test compared decoding with decoding
}

/// A batch of rows with the keys `first` to `end`.
Batch Rows(int first, int end, const std::shared_ptr<arrow::Schema>& schema) {
  io::SeededRandom random(static_cast<uint64_t>(first));
  Batch batch;
  arrow::ArrayVector columns;
  for (int number = first; number < end; ++number)
    batch.keys.push_back("key-" + std::to_string(10'000 + number));
  for (const auto& field : schema->fields()) {
    auto builder = *arrow::MakeBuilder(field->type());
    for (const std::string& key : batch.keys) {
      EXPECT_TRUE((field->name() == "id" ? static_cast<arrow::StringBuilder&>(*builder).Append(key)
                                         : AppendRandom(*builder, random))
                      .ok());
    }
    columns.push_back(*builder->Finish());
  }
  batch.rows = arrow::RecordBatch::Make(schema, end - first, std::move(columns));
  for (int64_t row = 0; row < end - first; ++row)
    batch.changes.push_back({.record_key = batch.keys[static_cast<size_t>(row)], .row = row});
  return batch;
}

std::string ChunkBytes(const BaseFileReader& reader, int row_group, int leaf) {
  const auto group = reader.source().footer->RowGroup(row_group);
  const auto chunk = group->ColumnChunk(leaf);
  const int64_t begin =
      chunk->has_dictionary_page() ? chunk->dictionary_page_offset() : chunk->data_page_offset();
  return (*reader.source().file->ReadAt(begin, chunk->total_compressed_size()))->ToString();
}

TEST(FileGroupMerge, RowGroupsWithoutReplacedRowsMoveByteByByte) {
  const auto schema = SchemaOf(true, true);
  Group group("/table", 1);
  group.Commit(Rows(0, 300, schema), nullptr, 1);
  group.Commit(Rows(300, 600, schema), nullptr, 2);
  const auto before = group.Open();
  ASSERT_EQ(before->row_group_count(), 2);
  group.Commit(Rows(599, 610, schema), nullptr, 3);  // one row of the second row group
  const auto after = group.Open();
  ASSERT_EQ(after->row_group_count(), 2);
  EXPECT_EQ(after->row_group_rows(0), 300);
  EXPECT_EQ(after->row_group_rows(1), 310);
  for (int leaf = 0; leaf < before->source().footer->num_columns(); ++leaf) {
    const std::string column = before->source().footer->schema()->Column(leaf)->name();
    const bool same = ChunkBytes(*before, 0, leaf) == ChunkBytes(*after, 0, leaf);
    EXPECT_EQ(same, column != "_hoodie_file_name") << column;
  }
  const auto names = *(*after->ReadRowGroup(0, {"_hoodie_file_name"}))->column(0)->GetScalar(7);
  EXPECT_EQ(names->ToString(), "group_20261122180000003.parquet");
}

TEST(FileGroupMerge, SmallRowGroupsArePutTogether) {
  const auto schema = SchemaOf(true, true);
  Group group("/table", 250);
  group.Commit(Rows(0, 300, schema), nullptr, 1);
  for (int commit = 2; commit < 9; ++commit)
    group.Commit(Rows(commit * 100 + 100, commit * 100 + 200, schema), nullptr, commit);
  const auto reader = group.Open();
  EXPECT_EQ(reader->row_count(), 1'000);
  for (const int row_group : reader->AllRowGroups())
    EXPECT_GE(reader->row_group_rows(row_group), 100);
  EXPECT_LE(reader->row_group_count(), 4);
}

TEST(FileGroupMerge, ColumnsOfAnotherTypeAreDecoded) {
  Group group("/table", 1);
  group.Commit(Rows(0, 300, SchemaOf(/*wide=*/false, false)), nullptr, 1);
  group.Commit(Rows(300, 310, SchemaOf(/*wide=*/true, false)), nullptr, 2);
  const auto reader = group.Open();
  EXPECT_EQ(reader->row_group_count(), 1);
  EXPECT_EQ(reader->schema()->GetFieldByName("small")->type()->id(), arrow::Type::INT64);
  EXPECT_EQ(reader->row_count(), 310);
}

TEST(FileGroupMerge, NothingIsWrittenIfNothingChanges) {
  const auto schema = SchemaOf(true, true);
  Group group("/table", 1);
  group.Commit(Rows(0, 300, schema), nullptr, 1);
  Batch batch = Rows(0, 0, schema);
  batch.changes.push_back({.record_key = "unknown"});
  const FileGroupOutcome outcome = group.Commit(batch, nullptr, 2);
  EXPECT_FALSE(outcome.written);
  EXPECT_EQ(outcome.missing_deletes, 1);
}

}  // namespace
}  // namespace tapelake::hudi
