#pragma once

/// What must hold whenever somebody looks, and at the end.

#include <string>

#include "base/status.h"
#include "source/simulator.h"
#include "tests/sim/change_log.h"
#include "tests/sim/plant.h"
#include "tests/sim/table_text.h"

namespace tapelake::sim {

/// The table now, read as a snapshot query reads it: shown columns, rows by key.
Result<TextTable> ReadTable(SimWorld& world);

/// The expected final table: the simulated database's own state, as CSV.
Result<std::string> ExpectedCsv(const source::Simulator& simulator);

/// Where the consumers of the stream say they are; what follows rests on it.
struct Positions {
  uint64_t stream_next = 1;
  uint64_t committed_next = 1;
  uint64_t delivered_next = 0;
  bool operator==(const Positions&) const = default;
};
Result<Positions> ReadPositions(SimWorld& world, Plant& plant);

/// Check the committed table against the records it says it holds, and the hot rows over it:
/// every row is the one after the table worker's records or, where only the stored row can judge,
/// the committed one. `oracle` is of the stream's records. Errors: kInternal.
Status CheckMoment(SimWorld& world, Plant& plant, TableOracle& oracle);

/// received = applied + duplicates + stale + errors, once nothing is pending.
Status CheckCounts(const ingest::IngestCounts& counts);

/// The final table equals the simulated database; its position is the end of the stream.
Status CheckTable(SimWorld& world, const ChangeLog& log);

/// Every change is in exactly one raw object, in the order of the stream: cut after cut, and in
/// each object of a cut. Every record that cannot become a row, or has no place in a raw object, is
/// in exactly one error object. Where source records are kept they are those of their cut.
Status CheckDelivered(SimWorld& world, const ChangeLog& log);

/// No instant is pending, and the timeline accounts for every file of the table.
Status CheckFiles(SimWorld& world);

}  // namespace tapelake::sim
