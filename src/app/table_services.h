#pragma once

/// What a table needs between its commits.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/status.h"
#include "hudi/cleaning/cleaning.h"
#include "hudi/clustering/clustering.h"
#include "hudi/compaction/compaction.h"
#include "hudi/table/table.h"

namespace tapelake::app {

/// Limits of the table's services, which run between commits.
struct ServicePolicies {
  hudi::CompactionPolicy compaction;
  hudi::CleaningPolicy cleaning;
  hudi::ArchivalPolicy archival;
  /// Of tables that can be clustered. It runs between two commits, so its bounds are what the next
  /// one waits for. nullopt: small files stay.
  std::optional<hudi::ClusteringPolicy> clustering;
  /// Clustering, cleaning and archival are looked at so often, first after the first commit of a
  /// run: `ingest --once` may make no other.
  int64_t commits_between = 20;
};

/// Plans compactions, merges small files, cleans and archives one table that we write, whose
/// commits carry ingest::kPositionsKey. One thread: the table's own.
class TableServices {
 public:
  /// Called with the instant of every compaction to run; empty: they run at once.
  using OnCompaction = std::function<void(const std::string& instant)>;

  TableServices(const ServicePolicies& policies, OnCompaction on_compaction)
      : policies_(policies), on_compaction_(std::move(on_compaction)) {}

  /// Take up what a dead process left: planned compactions, and a clean that it began (the next one
  /// may be far away). Errors: those of hudi::Table.
  Status Begin(hudi::Table& table);

  struct Done {
    int64_t merged_files = 0;
    int64_t cleaned_files = 0;
    int64_t archived_instants = 0;
  };
  /// What is due after a commit. Errors: those of hudi::Table.
  Result<Done> Run(hudi::Table& table);

  /// Compaction alone, for a table that gets no commits. Archival has to wait for the next one:
  /// Spark takes a table's schema from the newest active commit that is no compaction.
  Status CompactWhatIsDue(hudi::Table& table);

 private:
  /// Merge small files of a table whose file groups may be replaced. Returns how many.
  Result<int64_t> MergeSmallFiles(hudi::Table& table);
  Status Compact(hudi::Table& table, const std::string& instant);

  ServicePolicies policies_;
  OnCompaction on_compaction_;
  int64_t commits_until_services_ = 1;
};

}  // namespace tapelake::app
