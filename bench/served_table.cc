#include "bench/served_table.h"

#include <utility>

#include "app/ingest_job.h"
#include "config/config.h"

namespace tapelake::bench {

Result<std::unique_ptr<ServedTable>> ServedTable::Create(const hudi::TableEnvironment& environment,
                                                         const std::string& path,
                                                         const hudi::CreateOptions& options) {
  std::unique_ptr<ServedTable> served(new ServedTable(environment, path));
  TAPELAKE_ASSIGN_OR_RAISE(served->table_, hudi::Table::Create(environment, path, options));
  served->BeginServices();
  return served;
}

void ServedTable::BeginServices() {
  config::Config config;
  // No query takes so long here; on an injected clock that would be hundreds of commits.
  config.history.readers.micros = 0;
  if (compactions_ != nullptr) compactions_before_ += compactions_->done();
  compactions_ = std::make_unique<app::CompactionWorker>(
      hudi::TableEnvironment{environment_.files, environment_.clock, random_}, path_,
      static_cast<int>(config.compaction.threads));
  services_.emplace(app::ServicePoliciesOf(config),
                    [this](const std::string& instant) { compactions_->Add(instant); });
}

Status ServedTable::Reopen() {
  TAPELAKE_ASSIGN_OR_RAISE(table_, hudi::Table::Open(environment_, path_));
  BeginServices();
  return services_->Begin(*table_);
}

}  // namespace tapelake::bench
