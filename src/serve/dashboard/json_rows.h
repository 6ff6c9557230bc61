#pragma once

/// The JSON of docs/internals/live-api.md, piece by piece. Each function writes one value.

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "serve/dashboard/dashboard_data.h"

namespace tapelake::serve {

void WriteBar(const BarRow& bar, base::JsonWriter* json);
void WriteBars(const std::vector<BarRow>& bars, base::JsonWriter* json);
void WriteMeasures(const SeriesName& series, const MeasureList& measures, base::JsonWriter* json);
void WriteOverviewRow(const OverviewRow& row, base::JsonWriter* json);
/// `age_ms` of each follows from `now_ms`.
void WriteExchanges(const std::vector<ExchangeRow>& rows, int64_t now_ms, base::JsonWriter* json);
void WriteTapeRow(const TapeRow& trade, base::JsonWriter* json);
void WriteLargeFrom(const Tape& tape, base::JsonWriter* json);
void WriteCorrelation(const Correlation& correlation, base::JsonWriter* json);
void WriteCone(const std::vector<ConeRow>& points, base::JsonWriter* json);
void WriteSizes(const SizeCounts& sizes, base::JsonWriter* json);
void WriteProgram(const ProgramInfo& program, int64_t now_ms, base::JsonWriter* json);
void WriteMarkets(const std::vector<PairInfo>& pairs, base::JsonWriter* json);

/// What the program knows of itself beside the data side's part of PIPELINE.
struct PipelineFrame {
  int64_t now_ms = 0;
  uint64_t market_version = 0;
  int64_t clients = 0;
};
void WritePipeline(const PipelineStatus& status, const PipelineFrame& frame,
                   base::JsonWriter* json);
void WriteAlarms(const AlarmStatus& status, base::JsonWriter* json);

void WriteTables(const std::vector<LakeTable>& tables, base::JsonWriter* json);
void WriteCommits(const std::vector<LakeCommit>& commits, base::JsonWriter* json);
void WriteFiles(const std::vector<LakeFile>& files, base::JsonWriter* json);
void WriteSchemas(const std::vector<LakeSchema>& schemas, base::JsonWriter* json);
void WriteSqlAnswer(const SqlAnswer& answer, base::JsonWriter* json);

}  // namespace tapelake::serve
