#pragma once

/// What a commit carries for the next start: positions, watermark, order domain, tombstones.
/// Format: docs/internals/ingest-state.md.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "ingest/change_order.h"
#include "io/file_system.h"
#include "record/log_mark.h"

namespace tapelake::ingest {

// Keys of a Hudi commit's extraMetadata. Written on disk: never rename one.
inline constexpr char kPositionsKey[] = "tapelake.positions";
inline constexpr char kMarksKey[] = "tapelake.marks";
inline constexpr char kWatermarkKey[] = "tapelake.watermark";
inline constexpr char kChangeSeqKey[] = "tapelake.change_seq";
inline constexpr char kShapeKey[] = "tapelake.shape";
inline constexpr char kWriterKey[] = "tapelake.writer";
inline constexpr char kStateFileKey[] = "tapelake.state_file";
inline constexpr char kStateChecksumKey[] = "tapelake.state_xxh64";

/// A key that left the table recently: a late older change must not bring it back.
struct Tombstone {
  std::string key;
  ChangeOrder order;
  int64_t arrival_micros = 0;  ///< The watermark when the removal came.
};

struct IngestState {
  std::map<std::string, uint64_t> positions;  ///< Source id -> committed offset.
  /// Source id -> how to find the place again, of sources that do not count their records. At or
  /// before the position: other readers of the source may be behind.
  std::map<std::string, record::LogMark> marks;
  int64_t watermark_micros = 0;
  int64_t change_seq = 0;                    ///< Last one used.
  std::optional<record::RecordShape> shape;  ///< Order domain; none before the first change.
  std::vector<Tombstone> tombstones;
};

/// Where a table's side files lie: `<table_path>/.hoodie/.aux/tapelake`.
std::string StateDirectory(const std::string& table_path);

/// Turn a state into extraMetadata, writing what is too big for a commit (tombstones, many
/// positions and marks) to a side file in `<table_path>/.hoodie/.aux/tapelake/` first. The file is
/// named after the state's change_seq and record count, so a retry of the same commit writes the
/// same name.
Result<std::map<std::string, std::string>> StoreState(io::FileSystem& files,
                                                      const std::string& table_path,
                                                      const std::string& writer,
                                                      const IngestState& state);

/// Read a state back. Errors: kCorrupt (names the key or file), kNotFound (side file gone).
Result<IngestState> LoadState(io::FileSystem& files, const std::string& table_path,
                              const std::map<std::string, std::string>& extra_metadata);

/// Delete side files that `keep` (the newest committed extraMetadata) does not name. Best effort.
void DropOldStateFiles(io::FileSystem& files, const std::string& table_path,
                       const std::map<std::string, std::string>& keep);

}  // namespace tapelake::ingest
