#include "query/lake_catalog.h"

#include <algorithm>
#include <utility>

#include "query/duck.h"
#include "query/duck_error.h"
#include "query/enriched_view.h"

namespace tapelake::query {
namespace {

// The database whose shipped view is also reachable without a schema name.
constexpr std::string_view kDefaultDatabase = "crypto";

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::string KeyOf(const LakeTable& table) {
  return LowerCase(table.database + "." + table.name);
}

std::string QualifiedName(const std::string& schema, const std::string& name) {
  return QuoteIdentifier(schema) + "." + QuoteIdentifier(name);
}

Result<std::vector<std::string>> ListDirectories(io::FileSystem& files, const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto entries, files.List(path));
  std::vector<std::string> names;
  for (const io::FileInfo& entry : entries) {
    if (entry.is_directory && !entry.name.starts_with('.')) names.push_back(entry.name);
  }
  return names;
}

}  // namespace

Result<std::vector<LakeTable>> ListLakeTables(io::FileSystem& files, const std::string& lake_path) {
  std::vector<LakeTable> tables;
  TAPELAKE_ASSIGN_OR_RAISE(const bool exists, files.Exists(lake_path));
  if (!exists) return tables;
  TAPELAKE_ASSIGN_OR_RAISE(const auto databases, ListDirectories(files, lake_path));
  for (const std::string& database : databases) {
    const std::string database_path = io::JoinPath(lake_path, database);
    // A directory that vanishes or is closed to us while we look holds no tables for us.
    const auto names = ListDirectories(files, database_path);
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      std::string path = io::JoinPath(database_path, name);
      if (files.Exists(io::JoinPath(path, ".hoodie")).ValueOr(false)) {
        tables.push_back({.database = database, .name = name, .path = std::move(path)});
      }
    }
  }
  return tables;
}

Status LakeCatalog::Refresh() {
  if (lake_path_.empty()) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(const auto tables, ListLakeTables(environment_.files, lake_path_));
  unreadable_.clear();
  TAPELAKE_RETURN_NOT_OK(DropMissing(tables));
  for (const LakeTable& table : tables) {
    const Status status = RefreshTable(table, tables);
    if (!status.ok()) unreadable_[table.database + "." + table.name] = status;
  }
  return Status::OK();
}

std::string LakeCatalog::PathOf(const std::string& name) const {
  const std::string key = LowerCase(name);
  if (const auto found = views_.find(key); found != views_.end()) return found->second.table.path;
  const View* only = nullptr;
  for (const auto& [qualified, view] : views_) {
    if (LowerCase(view.table.name) != key) continue;
    if (only != nullptr) return name;
    only = &view;
  }
  return only == nullptr ? name : only->table.path;
}

Status LakeCatalog::DropMissing(const std::vector<LakeTable>& all) {
  for (auto view = views_.begin(); view != views_.end();) {
    const LakeTable& table = view->second.table;
    if (std::find(all.begin(), all.end(), table) != all.end()) {
      ++view;
      continue;
    }
    TAPELAKE_RETURN_NOT_OK(
        RunSql("DROP VIEW IF EXISTS " + QualifiedName(table.database, table.name)));
    for (const std::string& name : view->second.enriched) {
      TAPELAKE_RETURN_NOT_OK(RunSql("DROP VIEW IF EXISTS " + name));
    }
    view = views_.erase(view);
  }
  return Status::OK();
}

Status LakeCatalog::RefreshTable(const LakeTable& table, const std::vector<LakeTable>& all) {
  const auto found = views_.find(KeyOf(table));
  if (found != views_.end() && found->second.table != table) {
    return MakeError(ErrorKind::kInvalid, table.path + ": the name differs from " +
                                              found->second.table.path +
                                              " only in case, which SQL ignores");
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto snapshot, environment_.snapshots.Get(table.path));
  TAPELAKE_ASSIGN_OR_RAISE(const auto columns, ColumnsOf(*snapshot->schema));
  if (found != views_.end() && found->second.columns == columns) return Status::OK();
  View view{.table = table, .columns = columns, .enriched = {}};
  TAPELAKE_RETURN_NOT_OK(RunSql("CREATE SCHEMA IF NOT EXISTS " + QuoteIdentifier(table.database)));
  TAPELAKE_RETURN_NOT_OK(
      RunSql("CREATE OR REPLACE VIEW " + QualifiedName(table.database, table.name) +
             " AS FROM query(tapelake_snapshot_sql(" + QuoteLiteral(table.path) + "))"));
  TAPELAKE_RETURN_NOT_OK(CreateEnriched(all, &view));
  views_[KeyOf(table)] = std::move(view);
  return Status::OK();
}

Status LakeCatalog::CreateEnriched(const std::vector<LakeTable>& all, View* view) {
  const auto select =
      EnrichedSelect(QualifiedName(view->table.database, view->table.name), view->columns);
  if (!select.has_value()) return Status::OK();
  std::vector<std::string> schemas = {view->table.database};
  if (view->table.database == kDefaultDatabase) schemas.push_back("main");
  for (const std::string& schema : schemas) {
    const LakeTable name{.database = schema, .name = view->table.name + "_enriched", .path = ""};
    const bool taken = std::any_of(all.begin(), all.end(), [&name](const LakeTable& table) {
      return KeyOf(table) == KeyOf(name);
    });
    if (taken) continue;
    view->enriched.push_back(QualifiedName(name.database, name.name));
    TAPELAKE_RETURN_NOT_OK(
        RunSql("CREATE OR REPLACE VIEW " + view->enriched.back() + " AS " + *select));
  }
  return Status::OK();
}

Status LakeCatalog::RunSql(const std::string& sql) {
  DuckResult result;
  if (duckdb_query(environment_.connection, sql.c_str(), result.get()) == DuckDBSuccess) {
    return Status::OK();
  }
  return DuckError(duckdb_result_error(result.get()), 1);
}

}  // namespace tapelake::query
