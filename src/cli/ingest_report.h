#pragma once

/// How `ingest` and `replay` tell what they do and did.

#include <string>

#include "app/table_worker.h"

namespace tapelake::cli {

/// The progress line: bytes, records, rate.
std::string IngestProgressText(const app::TableProgress& progress, int64_t elapsed_micros);

/// The lines for people at the end.
std::string IngestSummary(const app::TableProgress& progress, int64_t elapsed_micros);

/// One line of JSON: received, applied, duplicates, stale, errors, rescued_values, inserted_rows,
/// updated_rows, deleted_rows, commits, files (input files read), errors_by_type, seconds, instant
/// (of the last commit; null if there was none).
std::string IngestSummaryJson(const app::TableProgress& progress, int64_t elapsed_micros);

}  // namespace tapelake::cli
