#pragma once

/// What hoodie.properties must say for us to make, read or write a table. Pure; any thread.

#include <memory>

#include <arrow/type.h>

#include "base/status.h"
#include "hudi/format/table_config.h"
#include "hudi/table/table.h"

namespace tapelake::hudi {

/// Return the properties of a new table, the ones included that make a plain Spark write do the
/// right thing. Errors: kInvalid, naming the option (see CreateOptions).
Result<TableConfig> ConfigOf(const CreateOptions& options);

/// Return OK if snapshots of such a table can be read. Errors: kInvalid, naming property and value.
Status CheckReadable(const TableConfig& config);

/// Return OK if anything may be written in such a table, be it by a table service only.
/// Errors: kInvalid, as above.
Status CheckServiceable(const TableConfig& config);

/// Return OK if such a table, readable, can also be written by commits. Errors: kInvalid, as above.
Status CheckWritable(const TableConfig& config);

/// Return OK if services that only take whole files away or pin them (savepoint, rollback, restore)
/// can work on such a table, whatever its index. Errors: kInvalid, as above.
Status CheckRestorable(const TableConfig& config);

/// Return OK if `next` holds all columns of `current`, none of them narrower, and what it adds is
/// nullable. Wider may become what Hudi allows (docs/internals/hudi-v6.md, section 8), but for
/// record key, partition field and the order of a merge-on-read table.
/// Errors: kInvalid, naming the column, both types and the reason.
Status CheckSchemaChange(const TableConfig& config, const arrow::Schema& current,
                         const arrow::Schema& next);

}  // namespace tapelake::hudi
