#include "tests/sim/checks.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "hot/hot_table.h"
#include "ingest/ingest_state.h"
#include "io/file_system.h"
#include "testing/fake_file_system.h"

namespace tapelake::sim {
namespace {

constexpr char kNoRow[] = "no row";
constexpr char kKeyColumn[] = "transaction_id";

Status Broken(std::string message) {
  return MakeError(ErrorKind::kInternal, std::move(message));
}

/// The columns that tell which change a row is from.
const std::vector<std::string>& VersionColumns() {
  static const std::vector<std::string> columns = {kKeyColumn, record::kChangeSequenceColumn,
                                                   record::kChangeTimeColumn};
  return columns;
}

/// `_change_sequence` if the row has one, else `_change_time`.
std::string VersionOf(const std::vector<std::string>& cells) {
  return cells.at(1) == "\\N" ? cells.at(2) : cells.at(1);
}

struct Committed {
  uint64_t next_sequence = 1;
  std::string instant;    // newest commit that says up to where we are: ours, or of a service
  std::string positions;  // what it says
  hudi::Snapshot snapshot;
  std::map<std::string, std::string> versions;  // by key, the newest
  std::map<std::string, std::string> outlived;  // of keys that another day holds as well
};

/// Fill in the position, and the instant that carries it, of the newest commit of ours.
Status ReadCommittedPosition(SimWorld& world, hudi::Table& table, Committed* committed) {
  const auto commit = table.NewestCommitWith(ingest::kPositionsKey);
  if (!commit.ok()) {
    return KindOf(commit.status()) == ErrorKind::kNotFound ? Status::OK() : commit.status();
  }
  committed->instant = commit->instant;
  committed->positions = commit->extra_metadata.at(ingest::kPositionsKey);
  TAPELAKE_ASSIGN_OR_RAISE(const auto state,
                           ingest::LoadState(world.files, SimTablePath(), commit->extra_metadata));
  const auto position = state.positions.find(SimSourceId());
  if (position != state.positions.end()) committed->next_sequence = position->second;
  return Status::OK();
}

Result<Committed> ReadCommitted(SimWorld& world) {
  Committed committed;
  TAPELAKE_ASSIGN_OR_RAISE(const auto table,
                           hudi::Table::Open(world.table_environment(), SimTablePath()));
  TAPELAKE_ASSIGN_OR_RAISE(committed.snapshot, table->LatestSnapshot());
  TAPELAKE_RETURN_NOT_OK(ReadCommittedPosition(world, *table, &committed));
  std::vector<std::vector<std::string>> doubled;
  TAPELAKE_ASSIGN_OR_RAISE(
      const TextTable rows,
      ReadSnapshot(world.files, SimTablePath(), committed.snapshot, VersionColumns(), &doubled));
  for (const auto& [key, cells] : rows.rows)
    committed.versions[key] = VersionOf(cells);
  for (const std::vector<std::string>& cells : doubled) {
    std::string& newest = committed.versions.at(cells[0]);
    std::string older = VersionOf(cells);
    if (newest < older) std::swap(newest, older);
    if (!committed.outlived.emplace(cells[0], older).second) {
      return Broken("key " + cells[0] + " is stored three times");
    }
  }
  return committed;
}

/// Whether the commit `instant` of ours is the newest but for those of services, which change no
/// row.
Result<bool> IsNewestOfOurs(SimWorld& world, const Committed& committed,
                            const std::string& instant) {
  if (instant == committed.instant) return true;
  for (const hudi::Instant& commit : committed.snapshot.timeline->CompletedCommits()) {
    if (commit.timestamp != instant) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const auto metadata,
                             hudi::ReadCommitMetadata(world.files, SimTablePath(), commit));
    const auto positions = metadata.extra_metadata.find(ingest::kPositionsKey);
    return positions != metadata.extra_metadata.end() && positions->second == committed.positions;
  }
  return false;
}

/// The live rows of an oracle, versions by key.
std::map<std::string, std::string> LiveRows(const std::map<std::string, TableOracle::Row>& rows) {
  std::map<std::string, std::string> live;
  for (const auto& [key, row] : rows) {
    if (!row.removed) live[key] = row.version;
  }
  return live;
}

std::string ShownVersion(const std::map<std::string, std::string>& versions,
                         const std::string& key) {
  const auto found = versions.find(key);
  return found == versions.end() ? kNoRow : found->second;
}

/// The first difference of two tables of versions; empty: there is none.
std::string Difference(const std::map<std::string, std::string>& have,
                       const std::map<std::string, std::string>& want) {
  for (const auto* side : {&have, &want}) {
    for (const auto& [key, version] : *side) {
      const std::string has = ShownVersion(have, key);
      const std::string wants = ShownVersion(want, key);
      if (has != wants) return "key " + key + " has " + has + ", expected " + wants;
    }
  }
  return "";
}

/// A key that was removed and made again on another day has both rows while its removal, which
/// Kinesis may deliver later than what followed it, is still to come (docs/architecture.md, 4).
Status CheckOutlived(const Committed& committed, const TableOracle& oracle) {
  for (const auto& [key, version] : committed.outlived) {
    const std::string& newest = committed.versions.at(key);
    for (uint64_t sequence = 1; sequence < committed.next_sequence; ++sequence) {
      const SimRecord& record = oracle.record(sequence);
      const bool ends = record.removes && !record.is_garbage && record.key == key &&
                        version < record.version && record.version < newest;
      if (ends) return Broken("key " + key + " is stored twice, also as of " + version);
    }
  }
  return Status::OK();
}

/// Lay the hot rows over committed ones.
Result<std::map<std::string, std::string>> WithHotRows(std::map<std::string, std::string> rows,
                                                       const hot::HotView& view) {
  TAPELAKE_ASSIGN_OR_RAISE(const hot::HotOverlay overlay, hot::MergeHotView(view));
  for (const std::string& key : overlay.keys)
    rows.erase(key);
  if (overlay.rows == nullptr) return rows;
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const std::string& name : VersionColumns())
    columns.push_back(overlay.rows->GetColumnByName(name));
  for (int64_t row = 0; row < overlay.rows->num_rows(); ++row) {
    std::vector<std::string> cells;
    for (const auto& column : columns) {
      TAPELAKE_ASSIGN_OR_RAISE(std::string cell, CellText(*column, row));
      cells.push_back(std::move(cell));
    }
    rows[cells[0]] = VersionOf(cells);
  }
  return rows;
}

/// Every row must be what some record between the commit and the stream's end made of it.
Status CheckHotRows(const std::map<std::string, std::string>& rows,
                    const std::map<std::string, std::set<std::string>>& allowed,
                    const std::map<std::string, std::string>& committed) {
  std::set<std::string> keys;
  for (const auto* side : {&rows, &committed}) {
    for (const auto& [key, version] : *side)
      keys.insert(key);
  }
  for (const std::string& key : keys) {
    const std::string shown = ShownVersion(rows, key);
    const auto states = allowed.find(key);
    const bool fine = states == allowed.end() ? shown == ShownVersion(committed, key)
                                              : states->second.contains(shown);
    if (!fine) return Broken("the view with hot rows: key " + key + " shows " + shown);
  }
  return Status::OK();
}

/// The states of every key that the records from a committed position to the stream's end speak of.
std::map<std::string, std::set<std::string>> StatesAfter(uint64_t next_sequence, uint64_t end,
                                                         TableOracle& oracle) {
  std::map<std::string, std::set<std::string>> states;
  const auto before = LiveRows(oracle.At(next_sequence));
  for (uint64_t sequence = next_sequence; sequence < end; ++sequence) {
    const SimRecord& record = oracle.record(sequence);
    if (record.is_garbage) continue;
    states[record.key].insert(ShownVersion(before, record.key));
    const TableOracle::Row& row = oracle.At(sequence + 1).at(record.key);
    states[record.key].insert(row.removed ? kNoRow : row.version);
  }
  return states;
}

}  // namespace

Result<TextTable> ReadTable(SimWorld& world) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto table,
                           hudi::Table::Open(world.table_environment(), SimTablePath()));
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Snapshot snapshot, table->LatestSnapshot());
  return ReadSnapshot(world.files, SimTablePath(), snapshot,
                      ShownColumns(*snapshot.schema, kKeyColumn));
}

Result<Positions> ReadPositions(SimWorld& world, Plant& plant) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto table,
                           hudi::Table::Open(world.table_environment(), SimTablePath()));
  Committed committed;
  TAPELAKE_RETURN_NOT_OK(ReadCommittedPosition(world, *table, &committed));
  return Positions{.stream_next = plant.stream().facts().next_sequence,
                   .committed_next = committed.next_sequence,
                   .delivered_next = plant.delivery().DeliveredOffset(SimSourceId())};
}

Result<std::string> ExpectedCsv(const source::Simulator& simulator) {
  testing::FakeFileSystem files;
  TAPELAKE_RETURN_NOT_OK(files.CreateDirectories("/expected"));
  TAPELAKE_RETURN_NOT_OK(simulator.WriteExpected(files, "/expected/table.csv"));
  return files.ReadFile("/expected/table.csv");
}

Status CheckMoment(SimWorld& world, Plant& plant, TableOracle& oracle) {
  const hot::HotView view = plant.hot().View();
  TAPELAKE_ASSIGN_OR_RAISE(const Committed committed, ReadCommitted(world));
  const auto want = LiveRows(oracle.At(committed.next_sequence));
  if (const std::string other = Difference(committed.versions, want); !other.empty()) {
    return Broken("the table of instant " + committed.snapshot.instant + ", which says it holds " +
                  "the records before " + std::to_string(committed.next_sequence) + ": " + other);
  }
  TAPELAKE_RETURN_NOT_OK(CheckOutlived(committed, oracle));
  // After a failed commit the hot rows may lie over an older one for a moment; a query says so.
  TAPELAKE_ASSIGN_OR_RAISE(const bool is_newest, IsNewestOfOurs(world, committed, view.instant));
  if (!is_newest) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(const auto rows, WithHotRows(committed.versions, view));
  const auto states =
      StatesAfter(committed.next_sequence, plant.stream().facts().next_sequence, oracle);
  return CheckHotRows(rows, states, committed.versions);
}

Status CheckCounts(const ingest::IngestCounts& counts) {
  if (counts.received == counts.applied + counts.duplicates + counts.stale + counts.errors) {
    return Status::OK();
  }
  return Broken("received " + std::to_string(counts.received) + " is not applied " +
                std::to_string(counts.applied) + " + duplicates " +
                std::to_string(counts.duplicates) + " + stale " + std::to_string(counts.stale) +
                " + errors " + std::to_string(counts.errors));
}

Status CheckTable(SimWorld& world, const ChangeLog& log) {
  TAPELAKE_ASSIGN_OR_RAISE(const Committed committed, ReadCommitted(world));
  if (committed.next_sequence != log.stored().size() + 1) {
    return Broken("the table holds the records before " + std::to_string(committed.next_sequence) +
                  ", not all " + std::to_string(log.stored().size()));
  }
  TAPELAKE_ASSIGN_OR_RAISE(const TextTable table, ReadTable(world));
  TAPELAKE_ASSIGN_OR_RAISE(const std::string expected, ExpectedCsv(log.simulator()));
  const std::string csv = table.ToCsv();
  if (csv == expected) return Status::OK();
  const auto [have, want] = std::mismatch(csv.begin(), csv.end(), expected.begin(), expected.end());
  const auto begin =
      static_cast<size_t>(std::max<std::ptrdiff_t>(0, std::distance(csv.begin(), have) - 200));
  return Broken("the final table differs:\n  has " + csv.substr(begin, 400) + "\n  expected " +
                expected.substr(begin, 400));
}

}  // namespace tapelake::sim
