#include "query/parquet_function.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <duckdb/catalog/catalog_entry/table_function_catalog_entry.hpp>
#include <duckdb/common/multi_file/multi_file_list.hpp>
#include <duckdb/common/multi_file/multi_file_reader.hpp>
#include <duckdb/execution/expression_executor.hpp>
#include <duckdb/main/capi/capi_internal.hpp>
#include <duckdb/main/database.hpp>
#include <duckdb/main/extension/extension_loader.hpp>
#include <duckdb/planner/expression/bound_columnref_expression.hpp>
#include <duckdb/planner/expression/bound_constant_expression.hpp>
#include <duckdb/planner/expression_iterator.hpp>

namespace tapelake::query {
namespace {

using duckdb::Expression;
using duckdb::MultiFilePushdownInfo;
using Condition = duckdb::unique_ptr<Expression>;
using Files = duckdb::vector<duckdb::OpenFileInfo>;

constexpr const char* kName = "tapelake_parquet";
constexpr const char* kFieldOption = "partition_field";
constexpr const char* kValuesOption = "partition_values";

/// The value of a column in all rows of a file, by the file's path; files that are not in it have
/// any value.
struct Partitions {
  std::string field;
  std::map<std::string, std::string> value_of;
};

/// Put `value` in the place of every mention of the column.
void Replace(const std::string& field, const duckdb::Value& value,
             const MultiFilePushdownInfo& info, Condition* condition) {
  if ((*condition)->GetExpressionClass() == duckdb::ExpressionClass::BOUND_COLUMN_REF) {
    const auto& binding = (*condition)->Cast<duckdb::BoundColumnRefExpression>().binding;
    if (binding.table_index != info.table_index) return;
    const duckdb::column_t column = info.column_ids.at(binding.column_index);
    if (column < info.column_names.size() && info.column_names[column] == field) {
      *condition = duckdb::make_uniq<duckdb::BoundConstantExpression>(value);
    }
    return;
  }
  duckdb::ExpressionIterator::EnumerateChildren(
      **condition, [&](Condition& child) { Replace(field, value, info, &child); });
}

/// Whether a condition is true with this value of the column; nullopt: that depends on more.
std::optional<bool> Judge(duckdb::ClientContext& context, const Expression& condition,
                          const std::string& field, const std::string& value,
                          const MultiFilePushdownInfo& info) {
  Condition replaced = condition.Copy();
  Replace(field, duckdb::Value(value), info, &replaced);
  duckdb::Value result;
  if (!replaced->IsFoldable() ||
      !duckdb::ExpressionExecutor::TryEvaluateScalar(context, *replaced, result)) {
    return std::nullopt;
  }
  return !result.IsNull() && duckdb::BooleanValue::Get(result);
}

/// Leaves files out by their partitions.
class PartitionReader : public duckdb::MultiFileReader {
 public:
  explicit PartitionReader(std::string name) { function_name = std::move(name); }

  static duckdb::unique_ptr<MultiFileReader> Make(const duckdb::TableFunction& function) {
    return duckdb::make_uniq<PartitionReader>(function.name);
  }

  duckdb::shared_ptr<duckdb::MultiFileList> CreateFileList(duckdb::ClientContext&,
                                                           const duckdb::vector<std::string>& paths,
                                                           const duckdb::FileGlobInput&) override {
    paths_ = paths;
    return duckdb::make_shared_ptr<duckdb::SimpleMultiFileList>(Files(paths.begin(), paths.end()));
  }

  bool ParseOption(const std::string& key, const duckdb::Value& value,
                   duckdb::MultiFileOptions& options, duckdb::ClientContext& context) override {
    if (key == kFieldOption) {
      partitions_.field = duckdb::StringValue::Get(value);
      return true;
    }
    if (key != kValuesOption) return MultiFileReader::ParseOption(key, value, options, context);
    const auto& values = duckdb::ListValue::GetChildren(value);
    if (values.size() != paths_.size()) {
      throw duckdb::InvalidInputException("%s: %d values of partitions for %d files", kName,
                                          values.size(), paths_.size());
    }
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i].IsNull()) continue;
      partitions_.value_of[paths_[i]] = duckdb::StringValue::Get(values[i]);
    }
    return true;
  }

  duckdb::unique_ptr<duckdb::MultiFileList> ComplexFilterPushdown(
      duckdb::ClientContext& context, duckdb::MultiFileList& files,
      const duckdb::MultiFileOptions& options, MultiFilePushdownInfo& info,
      duckdb::vector<Condition>& conditions) override {
    if (partitions_.value_of.empty()) {
      return MultiFileReader::ComplexFilterPushdown(context, files, options, info, conditions);
    }
    const Files all = files.GetAllFiles();
    std::string deciding;
    const auto excluded = ExcludedValues(context, info, conditions, &deciding);
    Files kept;
    for (const duckdb::OpenFileInfo& file : all) {
      const auto value = partitions_.value_of.find(file.path);
      const bool rules_out = value != partitions_.value_of.end() && excluded.at(value->second);
      if (!rules_out) kept.push_back(file);
    }
    if (kept.size() == all.size()) return nullptr;
    if (!info.extra_info.total_files.IsValid()) info.extra_info.total_files = all.size();
    info.extra_info.filtered_files = kept.size();
    info.extra_info.file_filters += deciding;  // EXPLAIN shows all three
    return duckdb::make_uniq<duckdb::SimpleMultiFileList>(std::move(kept));
  }

  duckdb::unique_ptr<MultiFileReader> Copy() const override {
    return duckdb::make_uniq<PartitionReader>(*this);
  }

 private:
  /// Each value of the column, and whether some condition is never true with it. Appends the
  /// conditions that say so to `deciding`.
  std::map<std::string, bool> ExcludedValues(duckdb::ClientContext& context,
                                             const MultiFilePushdownInfo& info,
                                             const duckdb::vector<Condition>& conditions,
                                             std::string* deciding) const {
    std::map<std::string, bool> excluded;
    for (const auto& [path, value] : partitions_.value_of)
      excluded.try_emplace(value, false);
    for (const Condition& condition : conditions) {
      bool decides = false;
      for (auto& [value, is_excluded] : excluded) {
        if (is_excluded) continue;
        const auto holds = Judge(context, *condition, partitions_.field, value, info);
        if (!holds) break;  // it is about more than this column, with each value alike
        is_excluded = !*holds;
        decides |= is_excluded;
      }
      if (decides) *deciding += (deciding->empty() ? "" : " AND ") + condition->ToString();
    }
    return excluded;
  }

  duckdb::vector<std::string> paths_;
  Partitions partitions_;
};

}  // namespace

Status RegisterParquetFunction(duckdb_database database) {
  try {
    auto& wrapper = *reinterpret_cast<duckdb::DatabaseWrapper*>(database);
    duckdb::ExtensionLoader loader(*wrapper.database->instance, "tapelake");
    duckdb::TableFunctionSet functions(kName);
    for (duckdb::TableFunction function :
         loader.GetTableFunction("read_parquet").functions.functions) {
      function.name = kName;
      function.get_multi_file_reader = PartitionReader::Make;
      function.named_parameters[kFieldOption] = duckdb::LogicalType::VARCHAR;
      function.named_parameters[kValuesOption] =
          duckdb::LogicalType::LIST(duckdb::LogicalType::VARCHAR);
      functions.AddFunction(std::move(function));
    }
    loader.RegisterFunction(std::move(functions));
  } catch (const std::exception& failure) {
    return MakeError(ErrorKind::kInternal,
                     std::string("cannot register ") + kName + ": " + failure.what());
  }
  return Status::OK();
}

}  // namespace tapelake::query
