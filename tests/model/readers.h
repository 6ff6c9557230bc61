#pragma once

/// What the readers of a table say, compared with the model.

#include <string>

#include "base/status.h"
#include "hudi/table/table.h"
#include "hudi/table/table_view.h"
#include "tests/model/oracle.h"

namespace tapelake::model {

/// Compare the rows of a snapshot with a state. Errors: kInternal (they differ; says where), those
/// of the readers.
Status CheckRows(io::FileSystem& files, const std::string& base_path,
                 const hudi::Snapshot& snapshot, const State& want);

/// Time travel to `instant`.
Status CheckTimeTravel(hudi::TableView& view, const Oracle& oracle, const std::string& instant);

/// What the commits of a range wrote, as it stood at its end.
Status CheckIncremental(hudi::TableView& view, const Oracle& oracle, const hudi::TimeRange& range);

/// The changes of a range, each upon the row it says it changed, lead from its begin to its end.
Status CheckChanges(hudi::TableView& view, const Oracle& oracle, const hudi::TimeRange& range);

}  // namespace tapelake::model
