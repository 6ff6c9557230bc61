#include "cli/ingest_report.h"

#include <algorithm>

#include "base/json.h"
#include "cli/words.h"

namespace tapelake::cli {
namespace {

double Seconds(int64_t micros) {
  return static_cast<double>(std::max<int64_t>(micros, 1)) / 1e6;
}

}  // namespace

std::string IngestProgressText(const app::TableProgress& progress, int64_t elapsed_micros) {
  const double rate = static_cast<double>(progress.read_records) / Seconds(elapsed_micros);
  return progress.table + ": file " +
         Grouped(std::min(progress.sources_done + 1, progress.sources)) + " of " +
         Grouped(progress.sources) + ", " + SizeWords(progress.read_bytes) + ", " +
         Grouped(progress.read_records) + " records, " + RateWords(rate) + "/s, " +
         Counted(progress.counts.commits, "commit");
}

std::string IngestSummary(const app::TableProgress& progress, int64_t elapsed_micros) {
  const ingest::IngestCounts& counts = progress.counts;
  std::string out = progress.table + ": " + Grouped(counts.received) + " changes received from " +
                    Counted(progress.sources, "file") + " in " + SpanWords(elapsed_micros) + ": " +
                    Grouped(counts.applied) + " applied, " + Grouped(counts.duplicates) +
                    " duplicates, " + Grouped(counts.stale) + " stale, " + Grouped(counts.errors) +
                    " errors\n";
  out += "rows: " + Grouped(counts.inserted_rows) + " inserted, " + Grouped(counts.updated_rows) +
         " updated, " + Grouped(counts.deleted_rows) + " deleted";
  if (counts.rescued_values > 0) {
    out += "; " + Counted(counts.rescued_values, "value") + " kept in _rescued";
  }
  out += progress.last_instant.empty() ? "\nno commit: nothing new\n"
                                       : "\n" + Counted(counts.commits, "commit") +
                                             ", the last one " + progress.last_instant + "\n";
  for (const auto& [type, count] : counts.errors_by_type) {
    out += "errors of type " + type + ": " + Grouped(count) + "\n";
  }
  return out;
}

std::string IngestSummaryJson(const app::TableProgress& progress, int64_t elapsed_micros) {
  const ingest::IngestCounts& counts = progress.counts;
  std::string out;
  base::JsonWriter writer(&out);
  writer.BeginObject();
  writer.Key("received").Int(counts.received).Key("applied").Int(counts.applied);
  writer.Key("duplicates").Int(counts.duplicates).Key("stale").Int(counts.stale);
  writer.Key("errors").Int(counts.errors).Key("rescued_values").Int(counts.rescued_values);
  writer.Key("inserted_rows").Int(counts.inserted_rows);
  writer.Key("updated_rows").Int(counts.updated_rows);
  writer.Key("deleted_rows").Int(counts.deleted_rows);
  writer.Key("commits").Int(counts.commits).Key("files").Int(progress.sources);
  writer.Key("errors_by_type").BeginObject();
  for (const auto& [type, count] : counts.errors_by_type)
    writer.Key(type).Int(count);
  writer.EndObject();
  writer.Key("seconds").Double(Seconds(elapsed_micros)).Key("instant");
  progress.last_instant.empty() ? writer.Null() : writer.String(progress.last_instant);
  writer.EndObject();
  return out + "\n";
}

}  // namespace tapelake::cli
