#include "query/snapshot_sql.h"

#include <arrow/type.h>

namespace tapelake::query {
namespace {

std::string Quote(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out.push_back(quote);
    out.push_back(c);
  }
  out.push_back(quote);
  return out;
}

Result<std::string> NestedTypeName(const arrow::DataType& type) {
  if (type.id() == arrow::Type::MAP) {
    const auto& map = static_cast<const arrow::MapType&>(type);
    TAPELAKE_ASSIGN_OR_RAISE(const std::string key, DuckTypeName(*map.key_type()));
    TAPELAKE_ASSIGN_OR_RAISE(const std::string value, DuckTypeName(*map.item_type()));
    return "MAP(" + key + ", " + value + ")";
  }
  if (type.id() != arrow::Type::STRUCT) {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string element, DuckTypeName(*type.field(0)->type()));
    return element + "[]";
  }
  std::string out = "STRUCT(";
  for (const auto& field : type.fields()) {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string member, DuckTypeName(*field->type()));
    if (out.back() != '(') out += ", ";
    out += QuoteIdentifier(field->name()) + " " + member;
  }
  return out + ")";
}

// Parquet has no zone, only "adjusted to UTC": those values are TIMESTAMPTZ.
std::string TimestampTypeName(const arrow::TimestampType& type) {
  if (!type.timezone().empty()) return "TIMESTAMP WITH TIME ZONE";
  return type.unit() == arrow::TimeUnit::NANO ? "TIMESTAMP_NS" : "TIMESTAMP";
}

/// `, partition_field = ..., partition_values = [...]`; nothing if none is known.
std::string PartitionOptions(const std::vector<std::string>& paths, const TableSnapshot& snapshot) {
  std::string values;
  bool any_known = false;
  for (const std::string& path : paths) {
    const auto value = snapshot.partition_values.find(path);
    const bool known = value != snapshot.partition_values.end();
    any_known |= known;
    values += values.empty() ? "" : ", ";
    values += known ? QuoteLiteral(value->second) : "NULL";
  }
  if (!any_known) return "";
  return ", partition_field = " + QuoteLiteral(snapshot.keys.partition_field) +
         ", partition_values = [" + values + "]";
}

std::string ReadFiles(const std::vector<std::string>& paths, const TableSnapshot& snapshot,
                      const std::vector<SnapshotColumn>& columns) {
  std::string files;
  for (const std::string& path : paths)
    files += (files.empty() ? "" : ", ") + QuoteLiteral(path);
  std::string schema;
  for (const SnapshotColumn& column : columns) {
    if (!schema.empty()) schema += ", ";
    const std::string name = QuoteLiteral(column.name);
    schema += name + ": {name: " + name + ", type: " + QuoteLiteral(column.type) +
              ", default_value: NULL}";
  }
  return "SELECT * FROM tapelake_parquet([" + files + "], schema = MAP {" + schema +
         "}, hive_partitioning = false" + PartitionOptions(paths, snapshot) + ")";
}

/// `SELECT CAST(<value of a column> AS <its type>) AS <its name>, ...`.
template <typename Value>
std::string SelectColumns(const std::vector<SnapshotColumn>& columns, const Value& value) {
  std::string sql;
  for (const SnapshotColumn& column : columns) {
    sql += sql.empty() ? "SELECT " : ", ";
    sql += "CAST(" + value(column) + " AS " + column.type + ") AS " + QuoteIdentifier(column.name);
  }
  return sql;
}

// The casts do nothing where Arrow and Parquet types meet in one DuckDB type, which is nearly
// always; a union of unlike types would change those of the whole table.
std::string ReadOverlay(const std::string& id, const std::vector<SnapshotColumn>& columns) {
  const auto name = [](const SnapshotColumn& column) { return QuoteIdentifier(column.name); };
  return SelectColumns(columns, name) + " FROM tapelake_overlay(" + id + ")";
}

std::string NoRows(const std::vector<SnapshotColumn>& columns) {
  const auto null = [](const SnapshotColumn&) { return std::string("NULL"); };
  return SelectColumns(columns, null) + " WHERE false";
}

/// The bounds first: files and row groups can be left out by them.
std::string CommitTimeCondition(const TableSnapshot& snapshot) {
  std::string condition = "_hoodie_commit_time >= " + QuoteLiteral(snapshot.first_commit_time) +
                          " AND _hoodie_commit_time <= " + QuoteLiteral(snapshot.last_commit_time);
  if (snapshot.commit_times.empty()) return condition;
  std::string times;
  for (const std::string& time : snapshot.commit_times)
    times += (times.empty() ? "" : ", ") + QuoteLiteral(time);
  return condition + " AND _hoodie_commit_time IN (" + times + ")";
}

}  // namespace

std::string QuoteIdentifier(std::string_view name) {
  return Quote(name, '"');
}

std::string QuoteLiteral(std::string_view text) {
  return Quote(text, '\'');
}

Result<std::string> DuckTypeName(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return "BOOLEAN";
    case arrow::Type::INT8:
      return "TINYINT";
    case arrow::Type::INT16:
      return "SMALLINT";
    case arrow::Type::INT32:
      return "INTEGER";
    case arrow::Type::INT64:
      return "BIGINT";
    case arrow::Type::FLOAT:
      return "FLOAT";
    case arrow::Type::DOUBLE:
      return "DOUBLE";
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
      return "VARCHAR";
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::FIXED_SIZE_BINARY:
      return "BLOB";
    case arrow::Type::DATE32:
      return "DATE";
    case arrow::Type::TIME64:
    case arrow::Type::TIME32:
      return "TIME";
    case arrow::Type::TIMESTAMP:
      return TimestampTypeName(static_cast<const arrow::TimestampType&>(type));
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      return "DECIMAL(" + std::to_string(decimal.precision()) + "," +
             std::to_string(decimal.scale()) + ")";
    }
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::MAP:
    case arrow::Type::STRUCT:
      return NestedTypeName(type);
    default:
      return MakeError(ErrorKind::kInvalid, "type " + type.ToString() + " cannot be queried");
  }
}

Result<std::vector<SnapshotColumn>> ColumnsOf(const arrow::Schema& schema) {
  static constexpr std::string_view kMetaColumns[] = {
      "_hoodie_commit_time", "_hoodie_commit_seqno", "_hoodie_record_key", "_hoodie_partition_path",
      "_hoodie_file_name"};
  std::vector<SnapshotColumn> columns;
  for (const std::string_view name : kMetaColumns) {
    columns.push_back({.name = std::string(name), .type = "VARCHAR"});
  }
  for (const auto& field : schema.fields()) {
    Result<std::string> type = DuckTypeName(*field->type());
    if (!type.ok()) return WithContext(type.status(), "column '" + field->name() + "'");
    columns.push_back({.name = field->name(), .type = type.MoveValueUnsafe()});
  }
  return columns;
}

Result<std::string> SnapshotSelect(const TableSnapshot& snapshot, const Overlay* overlay,
                                   int64_t overlay_id) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto columns, ColumnsOf(*snapshot.schema));
  std::vector<std::string> covered;
  if (overlay != nullptr) {
    for (const auto& [path, rows] : overlay->covered_files())
      covered.push_back(path);
  }
  const std::vector<std::string>& plain =
      overlay == nullptr ? snapshot.file_paths : overlay->plain_files();
  const std::string id = std::to_string(overlay_id);
  std::vector<std::string> parts;
  if (!plain.empty()) parts.push_back(ReadFiles(plain, snapshot, columns));
  if (!covered.empty()) {
    parts.push_back(ReadFiles(covered, snapshot, columns) + " WHERE NOT tapelake_hidden(" + id +
                    ", filename, file_row_number)");
  }
  if (overlay != nullptr && overlay->row_count() > 0) {
    parts.push_back(ReadOverlay(id, columns));
  }
  if (parts.empty()) parts.push_back(NoRows(columns));
  std::string sql;
  for (const std::string& part : parts)
    sql += (sql.empty() ? "" : " UNION ALL ") + part;
  if (snapshot.first_commit_time.empty()) return sql;
  return "SELECT * FROM (" + sql + ") WHERE " + CommitTimeCondition(snapshot);
}

}  // namespace tapelake::query
