#include "hudi/table/change_log.h"

#include <algorithm>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/util/checked_cast.h>

#include "hudi/format/avro_datum.h"
#include "hudi/format/log_block.h"
#include "hudi/format/projection.h"

namespace tapelake::hudi {
namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;
using arrow::internal::checked_cast;

Status Corrupt(const std::string& why) {
  return MakeError(ErrorKind::kCorrupt, "change-data block: " + why);
}

/// An image column in the columns of the table.
Result<std::shared_ptr<arrow::Array>> ImageOf(const arrow::RecordBatch& rows, const char* name,
                                              const std::shared_ptr<arrow::DataType>& type) {
  const auto column = rows.GetColumnByName(name);
  if (column == nullptr || column->type_id() != arrow::Type::STRUCT) {
    return Corrupt(std::string("it has no record '") + name + "'");
  }
  TAPELAKE_ASSIGN_OR_RAISE(const Batch fields, arrow::RecordBatch::FromStructArray(column));
  TAPELAKE_ASSIGN_OR_RAISE(const Batch projected,
                           ProjectBatch(*fields, arrow::schema(type->fields())));
  return std::make_shared<arrow::StructArray>(type, column->length(), projected->columns(),
                                              column->null_bitmap(), column->null_count());
}

/// The keys of the rows: of the image after, or, where there is none, before.
Result<std::shared_ptr<arrow::Array>> KeysOf(const std::string& key_field,
                                             const arrow::Array& before,
                                             const arrow::Array& after) {
  const auto keys_in = [&key_field](const arrow::Array& image) {
    return checked_cast<const arrow::StructArray&>(image).GetFieldByName(key_field);
  };
  const auto old_keys = keys_in(before);
  const auto new_keys = keys_in(after);
  if (old_keys == nullptr || old_keys->type_id() != arrow::Type::STRING) {
    return MakeError(ErrorKind::kInvalid, "the key '" + key_field + "' is no text");
  }
  arrow::StringBuilder keys;
  for (int64_t i = 0; i < before.length(); ++i) {
    const auto& column =
        checked_cast<const arrow::StringArray&>(after.IsNull(i) ? *old_keys : *new_keys);
    if (column.IsNull(i)) return Corrupt("a change has no key");
    TAPELAKE_RETURN_NOT_OK(keys.Append(column.GetView(i)));
  }
  return keys.Finish();
}

Result<Batch> ChangesOf(const ChangeLogSource& source, const LogBlock& block,
                        const std::shared_ptr<arrow::Schema>& schema) {
  const auto writer_schema = block.header.find(LogHeaderKey::kSchema);
  if (writer_schema == block.header.end()) return Corrupt("it has no schema");
  TAPELAKE_ASSIGN_OR_RAISE(auto decoder, AvroRowDecoder::Make(writer_schema->second));
  TAPELAKE_ASSIGN_OR_RAISE(const auto datums, SplitAvroBlockContent(block.content));
  for (const std::string_view datum : datums)
    TAPELAKE_RETURN_NOT_OK(decoder.Append(datum));
  TAPELAKE_ASSIGN_OR_RAISE(const Batch rows, decoder.Finish());
  const int64_t count = rows->num_rows();
  arrow::ArrayVector columns(6);
  columns[0] = rows->GetColumnByName("op");
  if (columns[0] == nullptr || columns[0]->type_id() != arrow::Type::STRING) {
    return Corrupt("it has no text 'op'");
  }
  TAPELAKE_ASSIGN_OR_RAISE(columns[4], ImageOf(*rows, "before", schema->field(4)->type()));
  TAPELAKE_ASSIGN_OR_RAISE(columns[5], ImageOf(*rows, "after", schema->field(5)->type()));
  TAPELAKE_ASSIGN_OR_RAISE(columns[2], KeysOf(source.key_field, *columns[4], *columns[5]));
  TAPELAKE_ASSIGN_OR_RAISE(columns[1],
                           arrow::MakeArrayFromScalar(arrow::StringScalar(source.instant), count));
  TAPELAKE_ASSIGN_OR_RAISE(
      columns[3], arrow::MakeArrayFromScalar(arrow::StringScalar(source.partition_path), count));
  return arrow::RecordBatch::Make(schema, count, std::move(columns));
}

}  // namespace

bool HaveWholeChangeLogs(const TableConfig& config, const std::vector<const WriteStat*>& stats) {
  if (!config.cdc_enabled || config.record_key_fields.size() != 1) return false;
  if (config.cdc_logging() != CdcLogging::kBothImages) return false;
  return !stats.empty() &&
         std::ranges::none_of(stats, [](const WriteStat* stat) { return stat->cdc_stats.empty(); });
}

Result<Batch> ReadChangeLogs(const ChangeLogSource& source,
                             const std::vector<const WriteStat*>& stats,
                             const std::shared_ptr<arrow::Schema>& schema) {
  arrow::RecordBatchVector batches;
  for (const WriteStat* stat : stats) {
    for (const auto& [path, bytes] : stat->cdc_stats) {
      TAPELAKE_ASSIGN_OR_RAISE(const std::string file,
                               source.files.ReadFile(io::JoinPath(source.base_path, path)));
      const std::string place = "change-data log '" + path + "'";
      const auto blocks = SplitLogBlocks(file);
      if (!blocks.ok()) return WithContext(blocks.status(), place);
      for (const LogBlock& block : *blocks) {
        // The log counts whole: its commit is complete, and says how long it is.
        if (block.type != LogBlockType::kCdcData) {
          return MakeError(ErrorKind::kCorrupt, place + ": it holds another block than changes");
        }
        if (block.instant() != source.instant) continue;
        auto changes = ChangesOf(source, block, schema);
        if (!changes.ok()) return WithContext(changes.status(), place);
        batches.push_back(std::move(*changes));
      }
    }
  }
  if (batches.empty()) return Batch();
  TAPELAKE_ASSIGN_OR_RAISE(const Batch all, arrow::ConcatenateRecordBatches(batches));
  return all->num_rows() == 0 ? Batch() : all;
}

}  // namespace tapelake::hudi
