#pragma once

/// The tables of a lake directory as DuckDB schemas and views. Internal to query.

#include <map>
#include <string>
#include <vector>

#include <duckdb.h>

#include "base/status.h"
#include "io/file_system.h"
#include "query/snapshot_cache.h"
#include "query/snapshot_sql.h"

namespace tapelake::query {

/// One table directory: `LAKE/<database>/<table>` holding `.hoodie`.
struct LakeTable {
  std::string database;
  std::string name;
  std::string path;
  bool operator==(const LakeTable&) const = default;
};

/// List the tables of a lake, sorted by path. A lake directory that does not exist yet has none.
/// Names that start with a dot are skipped. Errors: kUnavailable.
Result<std::vector<LakeTable>> ListLakeTables(io::FileSystem& files, const std::string& lake_path);

/// Keeps a view per table, and `<table>_enriched` where it applies, in step with the lake. Works on
/// a connection of its own, so that a user's open transaction is not touched. One thread.
class LakeCatalog {
 public:
  struct Environment {
    io::FileSystem& files;
    SnapshotCache& snapshots;
    duckdb_connection connection;
  };

  /// `lake_path` may be empty: no lake. Everything in `environment` must outlive the catalog.
  LakeCatalog(const Environment& environment, std::string lake_path)
      : environment_(environment), lake_path_(std::move(lake_path)) {}

  /// Look at the lake again: create the views of new tables, replace those whose columns changed,
  /// drop those of deleted tables. A table that cannot be read is remembered with its error and
  /// does not stop the others. Errors: kUnavailable (the lake directory cannot be listed).
  Status Refresh();

  /// Return the path of the table that `name` names: `database.table`, or `table` if there is one
  /// of that name only. What names none is taken for a path and returned as it is.
  std::string PathOf(const std::string& name) const;

  /// Tables that have no view, by `database.table`, and why.
  const std::map<std::string, Status>& unreadable() const { return unreadable_; }

 private:
  struct View {
    LakeTable table;
    std::vector<SnapshotColumn> columns;
    std::vector<std::string> enriched;  ///< Quoted names of the shipped views over it.
  };

  Status RefreshTable(const LakeTable& table, const std::vector<LakeTable>& all);
  Status CreateEnriched(const std::vector<LakeTable>& all, View* view);
  Status DropMissing(const std::vector<LakeTable>& all);
  Status RunSql(const std::string& sql);

  Environment environment_;
  std::string lake_path_;
  std::map<std::string, View> views_;  // by lower-case `database.table`: SQL names ignore case
  std::map<std::string, Status> unreadable_;
};

}  // namespace tapelake::query
