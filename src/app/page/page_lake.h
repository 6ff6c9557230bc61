#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/lake.h"
#include "app/world.h"
#include "base/status.h"
#include "hudi/table/table.h"
#include "serve/dashboard/dashboard_data.h"

namespace tapelake::app {

/// The tables of a lake as the page browses them: from names, sizes and commit metadata; no data
/// file is opened. Any thread; one lock, held while a table is looked at.
///
/// Errors: kNotFound (no such table; names those that are there), those of hudi::Table.
class PageLake {
 public:
  explicit PageLake(std::string lake_path) : lake_path_(std::move(lake_path)) {}

  /// `rows` stay empty: counting them means reading.
  Result<std::vector<serve::LakeTable>> Tables();

  /// Whether there is such a table.
  bool Has(const std::string& table) { return FindTable(world_.files, lake_path_, table).ok(); }

  /// All instants of the active timeline, newest first.
  Result<std::vector<serve::LakeCommit>> Commits(const std::string& table);

  /// The latest slice of every file group.
  Result<std::vector<serve::LakeFile>> Files(const std::string& table);

  /// The schemas that the commits of the active timeline carry, newest first, each with the first
  /// of them that had it.
  Result<std::vector<serve::LakeSchema>> Schemas(const std::string& table);

 private:
  /// An open table and the metadata of its commits, which never change.
  struct Known {
    std::unique_ptr<hudi::Table> table;
    std::map<std::string, hudi::CommitMetadata> commits;  // by instant; those on the timeline
  };

  /// Holding mutex_.
  Result<Known*> Open(const TableName& name);
  Result<Known*> Find(const std::string& qualified_name);
  Result<hudi::Timeline> ReadCommits(Known* known);

  const std::string lake_path_;
  World world_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;  // by path; guarded by mutex_
};

}  // namespace tapelake::app
