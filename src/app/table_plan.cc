#include "app/table_plan.h"

#include <charconv>

#include "app/aws_plan.h"
#include "io/file_system.h"

namespace tapelake::app {
namespace {

constexpr double kSpeedMax = 1e9;

hudi::TableType TypeOf(const std::string& text) {
  return text == "cow" ? hudi::TableType::kCopyOnWrite : hudi::TableType::kMergeOnRead;
}

hudi::IndexKind IndexOf(const std::string& text) {
  if (text == "bloom") return hudi::IndexKind::kBloom;
  return text == "simple" ? hudi::IndexKind::kSimple : hudi::IndexKind::kBucket;
}

std::optional<hudi::CdcLogging> ChangeDataOf(const std::string& text) {
  if (text == "op_key_only") return hudi::CdcLogging::kKeys;
  if (text == "data_before") return hudi::CdcLogging::kBefore;
  if (text == "data_before_after") return hudi::CdcLogging::kBothImages;
  return std::nullopt;
}

TablePlan PlanTable(const config::TableConfig& table, std::vector<config::Problem>* problems) {
  TablePlan plan;
  plan.source = table.source;
  plan.buckets_stated = table.buckets != config::TableConfig().buckets;
  plan.type = TypeOf(table.type);
  plan.type_stated = table.type != config::TableConfig().type;
  plan.index = IndexOf(table.index);
  plan.index_stated = table.index != config::TableConfig().index;
  plan.change_data = ChangeDataOf(table.change_data);
  plan.change_data_stated = plan.change_data.has_value();
  plan.definition = record::CryptoTransactionsTable();
  plan.definition.database = table.database;
  plan.definition.name = table.name;
  plan.definition.key_column = table.key;
  plan.definition.time_column = table.time;
  plan.definition.bucket_count = static_cast<int>(table.buckets);
  if (!table.columns.empty()) plan.definition.columns.clear();
  for (const config::ColumnConfig& column : table.columns) {
    record::ColumnDefinition definition;
    definition.name = column.name;
    definition.attribute = column.attribute.empty() ? column.name : column.attribute;
    const Status status = record::ParseColumnType(column.type, &definition);
    if (!status.ok()) {
      problems->push_back({"column '" + column.name + "': " + status.message(), column.place,
                           "write one of those types"});
    }
    plan.definition.columns.push_back(definition);
  }
  const Status status = record::ValidateTable(plan.definition);
  if (!status.ok() && problems->empty()) {
    problems->push_back({status.message(), table.place, "change the table's declaration"});
  }
  if (!ParseSpeed(table.source.speed)) {
    problems->push_back({"table " + table.QualifiedName() + ": source.speed = '" +
                             table.source.speed + "' is no speed",
                         table.source.place, "write 'recorded', 'max' or a factor like '10x'"});
  }
  if (!ParseStart(table.source.start, 0)) {
    problems->push_back(
        {"table " + table.QualifiedName() + ": source.start = '" + table.source.start +
             "' is no place in a stream",
         table.source.place,
         "write 'oldest', 'latest' (or 'newest') or a time like '2026-11-22T18:00'"});
  }
  return plan;
}

}  // namespace

std::vector<TablePlan> PlanTables(const config::Config& config,
                                  std::vector<config::Problem>* problems) {
  std::vector<TablePlan> plans;
  for (const config::TableConfig& table : config.tables) {
    plans.push_back(PlanTable(table, problems));
  }
  return plans;
}

Result<TablePlan> FindTablePlan(const std::vector<TablePlan>& plans,
                                const std::string& qualified_name, int64_t buckets,
                                const std::string& type) {
  const size_t dot = qualified_name.find('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == qualified_name.size()) {
    return MakeError(ErrorKind::kInvalid, "table '" + qualified_name +
                                              "' is not of the form DATABASE.TABLE\nhint: write "
                                              "for example crypto.transactions");
  }
  TablePlan found;
  found.definition = record::CryptoTransactionsTable();
  found.definition.database = qualified_name.substr(0, dot);
  found.definition.name = qualified_name.substr(dot + 1);
  for (const TablePlan& plan : plans) {
    if (plan.definition.QualifiedName() == qualified_name) found = plan;
  }
  if (buckets > 0) {
    found.definition.bucket_count = static_cast<int>(buckets);
    found.buckets_stated = true;
  }
  if (!type.empty()) {
    found.type = TypeOf(type);
    found.type_stated = true;
  }
  TAPELAKE_RETURN_NOT_OK(record::ValidateTable(found.definition));
  return found;
}

std::optional<double> ParseSpeed(const std::string& text) {
  if (text == "recorded") return 1;
  if (text == "max") return 0;
  double factor = 0;
  const char* end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, factor);
  const bool complete = error == std::errc() && after + 1 == end && *after == 'x';
  if (!complete || !(factor > 0 && factor <= kSpeedMax)) return std::nullopt;
  return factor;
}

record::RecordShape ShapeOf(const std::string& text) {
  return text == "kinesis" ? record::RecordShape::kKinesis : record::RecordShape::kStreams;
}

std::string TablePath(const std::string& lake_path, const record::TableDefinition& table) {
  return io::JoinPath(io::JoinPath(lake_path, table.database), table.name);
}

}  // namespace tapelake::app
