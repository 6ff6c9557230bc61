#pragma once

/// From the configuration to what the lower layers understand.

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "config/parse.h"
#include "hudi/format/table_config.h"
#include "record/change.h"
#include "record/table_definition.h"

namespace tapelake::app {

/// One configured table, checked: what it is and what feeds it.
struct TablePlan {
  record::TableDefinition definition;
  config::SourceConfig source;
  bool buckets_stated = false;  ///< The number of buckets was asked for, not defaulted.
  hudi::TableType type = hudi::TableType::kMergeOnRead;
  bool type_stated = false;  ///< The type was asked for, not defaulted.
  hudi::IndexKind index = hudi::IndexKind::kBucket;
  bool index_stated = false;                    ///< The index was asked for, not defaulted.
  std::optional<hudi::CdcLogging> change_data;  ///< nullopt: no change-data logs.
  bool change_data_stated = false;              ///< They were asked for, not defaulted.
};

/// Turn every configured table into a plan. Mistakes (column types, keys, times, speeds) are added
/// to
/// `*problems` with their place; the plans are usable only if none was added.
std::vector<TablePlan> PlanTables(const config::Config& config,
                                  std::vector<config::Problem>* problems);

/// The plan of `database.table`: the configured one, else the columns of CryptoTransactions under
/// that name. `buckets` > 0 overrides the number of buckets, a `type` (`mor`, `cow`) the type.
/// Errors: kInvalid (name has not the form `database.table`, buckets out of range).
Result<TablePlan> FindTablePlan(const std::vector<TablePlan>& plans,
                                const std::string& qualified_name, int64_t buckets,
                                const std::string& type);

/// `recorded` -> 1, `10x` -> 10, `max` -> 0 (unpaced); nullopt for anything else.
std::optional<double> ParseSpeed(const std::string& text);

/// `streams` or `kinesis`, as validated by the configuration.
record::RecordShape ShapeOf(const std::string& text);

/// The directory of a table: `<lake>/<database>/<name>`.
std::string TablePath(const std::string& lake_path, const record::TableDefinition& table);

}  // namespace tapelake::app
