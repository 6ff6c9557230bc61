#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/compaction_worker.h"
#include "app/table_services.h"
#include "base/status.h"
#include "hudi/table/table.h"
#include "io/random.h"

namespace tapelake::bench {

/// A table with the services that `up` gives it, by the default configuration, on one thread: what
/// `up` does beside the commits is done between them. `environment` must outlive it.
class ServedTable {
 public:
  /// Errors: those of hudi::Table::Create.
  static Result<std::unique_ptr<ServedTable>> Create(const hudi::TableEnvironment& environment,
                                                     const std::string& path,
                                                     const hudi::CreateOptions& options);

  hudi::Table& table() { return *table_; }

  /// Do what is due after a commit, but for the compactions planned. Errors: those of hudi::Table.
  Result<app::TableServices::Done> Serve() { return services_->Run(*table_); }
  /// Run what is planned. Errors: those of hudi::Table::RunCompaction.
  Status Compact() { return compactions_->Drain(); }
  int64_t compactions() const { return compactions_before_ + compactions_->done(); }

  /// Be a new process that finds the table as it is. Errors: those of hudi::Table.
  Status Reopen();

 private:
  ServedTable(const hudi::TableEnvironment& environment, std::string path)
      : environment_(environment), path_(std::move(path)) {}

  void BeginServices();

  hudi::TableEnvironment environment_;
  std::string path_;
  io::SeededRandom random_{3};  // of the compactions
  std::unique_ptr<hudi::Table> table_;
  std::optional<app::TableServices> services_;
  std::unique_ptr<app::CompactionWorker> compactions_;
  int64_t compactions_before_ = 0;  // of processes before
};

}  // namespace tapelake::bench
