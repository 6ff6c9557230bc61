#include "app/table_plan.h"

#include "io/file_system.h"

namespace tapelake::app {
namespace {

bool IsSpeed(const std::string& text) {
  if (text == "recorded" || text == "max") return true;
  if (!text.ends_with('x')) return false;
  const std::string factor = text.substr(0, text.size() - 1);
  return factor.find_first_not_of("0123456789.") == std::string::npos &&
         factor.find_first_of("123456789") != std::string::npos &&
         factor.find('.') == factor.rfind('.');
}

TablePlan PlanTable(const config::TableConfig& table, std::vector<config::Problem>* problems) {
  TablePlan plan;
  plan.source = table.source;
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
  if (!IsSpeed(table.source.speed)) {
    problems->push_back({"table " + table.QualifiedName() + ": source.speed = '" +
                             table.source.speed + "' is no speed",
                         table.source.place, "write 'recorded', 'max' or a factor like '10x'"});
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
                                const std::string& qualified_name, int64_t buckets) {
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
  if (buckets > 0) found.definition.bucket_count = static_cast<int>(buckets);
  TAPELAKE_RETURN_NOT_OK(record::ValidateTable(found.definition));
  return found;
}

record::RecordShape ShapeOf(const std::string& text) {
  return text == "kinesis" ? record::RecordShape::kKinesis : record::RecordShape::kStreams;
}

std::string TablePath(const std::string& lake_path, const record::TableDefinition& table) {
  return io::JoinPath(io::JoinPath(lake_path, table.database), table.name);
}

}  // namespace tapelake::app
