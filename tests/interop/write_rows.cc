// One commit of any kind, for tests beside Spark: the rows of a Parquet file into a Hudi table.
//
//   write_rows TABLE OPERATION ROWS.parquet [cow|mor bucket|bloom|simple [LOGGING]]
//   write_rows TABLE archive
//
// With type and index the table is created, keyed by `id`, partitioned by `part`, ordered by `seq`;
// LOGGING, a mode as Hudi names it, makes it one with change-data logs.
// OPERATION: upsert, insert, delete (of the rows' keys), bulk_insert, insert_overwrite,
// insert_overwrite_table. `archive` leaves three commits on the timeline, if there are more than
// four: the program archives beside its own commits only. Prints one JSON line.

#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/array.h>
#include <arrow/table.h>

#include "hudi/reader/base_file_reader.h"
#include "hudi/table/table.h"
#include "io/local_file_system.h"

namespace tapelake {
namespace {

constexpr int kBuckets = 3;
constexpr hudi::ArchivalPolicy kFewInstants = {.instants_keep_min = 3, .instants_keep_max = 4};
constexpr std::string_view kArchive = "archive";

const std::map<std::string, hudi::CdcLogging> kLoggings = {
    {"OP_KEY_ONLY", hudi::CdcLogging::kKeys},
    {"DATA_BEFORE", hudi::CdcLogging::kBefore},
    {"DATA_BEFORE_AFTER", hudi::CdcLogging::kBothImages}};

const std::map<std::string, hudi::WriteOperation> kOperations = {
    {"upsert", hudi::WriteOperation::kUpsert},
    {"insert", hudi::WriteOperation::kInsert},
    {"delete", hudi::WriteOperation::kDelete},
    {"bulk_insert", hudi::WriteOperation::kBulkInsert},
    {"insert_overwrite", hudi::WriteOperation::kInsertOverwrite},
    {"insert_overwrite_table", hudi::WriteOperation::kInsertOverwriteTable}};
const std::map<std::string, hudi::IndexKind> kIndexes = {{"bucket", hudi::IndexKind::kBucket},
                                                         {"bloom", hudi::IndexKind::kBloom},
                                                         {"simple", hudi::IndexKind::kSimple}};

Result<std::shared_ptr<arrow::RecordBatch>> ReadRows(io::FileSystem& files,
                                                     const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto reader, hudi::BaseFileReader::Open(files, path));
  arrow::RecordBatchVector batches;
  for (const int group : reader->AllRowGroups()) {
    TAPELAKE_ASSIGN_OR_RAISE(auto batch,
                             reader->ReadRowGroup(group, reader->schema()->field_names()));
    batches.push_back(std::move(batch));
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto table, arrow::Table::FromRecordBatches(
                                                 reader->schema()->WithMetadata(nullptr), batches));
  return table->CombineChunksToBatch();
}

Result<std::unique_ptr<hudi::Table>> OpenTable(const hudi::TableEnvironment& environment,
                                               const std::vector<std::string>& arguments,
                                               const std::shared_ptr<arrow::Schema>& schema) {
  if (arguments.size() == 3) return hudi::Table::Open(environment, arguments[0]);
  hudi::CreateOptions options = {.name = io::FileName(arguments[0]),
                                 .schema = schema,
                                 .record_key_field = "id",
                                 .partition_field = "part",
                                 .precombine_field = "seq",
                                 .index = kIndexes.at(arguments[4]),
                                 .bucket_count = kBuckets};
  if (arguments[3] == "mor") options.type = hudi::TableType::kMergeOnRead;
  if (arguments.size() == 6) options.cdc_logging = kLoggings.at(arguments[5]);
  return hudi::Table::Create(environment, arguments[0], options);
}

Result<const arrow::StringArray*> Texts(const arrow::RecordBatch& rows, const std::string& name) {
  const auto* texts = dynamic_cast<const arrow::StringArray*>(rows.GetColumnByName(name).get());
  if (texts != nullptr) return texts;
  return MakeError(ErrorKind::kInvalid, "the rows have no text column '" + name + "'");
}

Status Archive(const std::string& path) {
  io::LocalFileSystem files;
  io::SystemClock clock;
  io::SystemRandom random;
  TAPELAKE_ASSIGN_OR_RAISE(const auto table, hudi::Table::Open({files, clock, random}, path));
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t archived, table->Archive(kFewInstants, ""));
  std::printf("{\"archived\":%lld}\n", static_cast<long long>(archived));
  return Status::OK();
}

Status Run(const std::vector<std::string>& arguments) {
  io::LocalFileSystem files;
  io::SystemClock clock;
  io::SystemRandom random;
  TAPELAKE_ASSIGN_OR_RAISE(const auto rows, ReadRows(files, arguments[2]));
  TAPELAKE_ASSIGN_OR_RAISE(const auto table,
                           OpenTable({files, clock, random}, arguments, rows->schema()));
  hudi::UpsertRequest request{
      .schema = rows->schema(), .rows = rows, .operation = kOperations.at(arguments[1])};
  TAPELAKE_ASSIGN_OR_RAISE(const auto* keys, Texts(*rows, table->config().record_key_fields.at(0)));
  TAPELAKE_ASSIGN_OR_RAISE(const auto* parts, Texts(*rows, table->config().partition_fields.at(0)));
  std::map<std::string, uint32_t> partitions;
  std::vector<hudi::RecordChange> changes;
  const bool deletes = request.operation == hudi::WriteOperation::kDelete;
  for (int64_t row = 0; row < rows->num_rows(); ++row) {
    const auto next = static_cast<uint32_t>(partitions.size());
    const auto [at, added] = partitions.emplace(parts->GetString(row), next);
    if (added) request.partition_values.push_back(at->first);
    changes.push_back(
        {keys->GetView(row), at->second, deletes ? hudi::RecordChange::kDelete : row});
  }
  request.changes = changes;
  TAPELAKE_ASSIGN_OR_RAISE(const auto done, table->Upsert(request));
  TAPELAKE_RETURN_NOT_OK(done.reason);
  std::printf(
      "{\"instant\":\"%s\",\"inserted\":%lld,\"updated\":%lld,\"deleted\":%lld,"
      "\"missing_deletes\":%lld,\"files\":%lld}\n",
      done.instant.c_str(), static_cast<long long>(done.inserted_rows),
      static_cast<long long>(done.updated_rows), static_cast<long long>(done.deleted_rows),
      static_cast<long long>(done.missing_deletes), static_cast<long long>(done.files_written));
  return Status::OK();
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool archives = argc == 3 && arguments[1] == tapelake::kArchive;
  const bool writes = (argc == 4 || argc == 6 || argc == 7) &&
                      tapelake::kOperations.contains(arguments[1]) &&
                      (argc == 4 || tapelake::kIndexes.contains(arguments[4])) &&
                      (argc < 7 || tapelake::kLoggings.contains(arguments[5]));
  if (!archives && !writes) {
    std::fprintf(stderr,
                 "usage: write_rows TABLE OPERATION ROWS.parquet [cow|mor bucket|bloom|simple "
                 "[LOGGING]]\n       write_rows TABLE archive\n");
    return 2;
  }
  const tapelake::Status status =
      archives ? tapelake::Archive(arguments[0]) : tapelake::Run(arguments);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
