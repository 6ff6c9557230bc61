#pragma once

/// Snapshots pinned for one statement and kept while their timelines stand still.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "hot/hot_table.h"
#include "query/hot_provider.h"
#include "query/overlay.h"
#include "query/snapshot_provider.h"

namespace tapelake::query {

/// All that a statement reads of one table.
struct SnapshotSource {
  std::shared_ptr<const TableSnapshot> snapshot;
  std::shared_ptr<const Overlay> overlay;  ///< nullptr: nothing lies over the files.
  int64_t overlay_id = 0;                  ///< By which FindOverlay() knows it.
};

/// Answers every question of one statement about a path alike, and resolves a table anew only when
/// its timeline has changed since. Any thread; one lock, held while a table is resolved.
///
/// An overlay is let go once a statement did without it.
///
/// With hot rows a statement sees one moment of a table: hot rows and the commit they lie over. The
/// view is taken first and the snapshot is then chosen to fit under it.
class SnapshotCache {
 public:
  /// `provider` and `hot` (nullptr: committed rows only) must outlive the cache.
  SnapshotCache(SnapshotProvider& provider, HotProvider* hot) : provider_(provider), hot_(hot) {}

  /// A new statement starts: look at each timeline again when it is next asked for.
  void BeginStatement();

  /// The snapshot that this statement sees, columns of hot rows included; no log is read.
  /// Errors: the provider's; also kept by LastError().
  Result<std::shared_ptr<const TableSnapshot>> Get(const std::string& path);

  /// The same with everything that lies over the files, which are checked. Errors: as Get().
  Result<SnapshotSource> Source(const std::string& path);

  /// What a query of the past reads, without hot rows. Errors: those of
  /// SnapshotProvider::ResolvePast; also kept by LastError().
  Result<SnapshotSource> PastSource(const std::string& path, const PastQuery& query);

  /// The table as it is now. Errors: those of SnapshotProvider::View; also kept by LastError().
  Result<std::unique_ptr<hudi::TableView>> View(const std::string& path);

  /// Keep an error of a function of ours for LastError().
  void NoteError(const Status& error);

  /// The overlay of a source of this statement; nullptr if there is none of this id.
  std::shared_ptr<const Overlay> FindOverlay(int64_t overlay_id);

  /// The newest error since BeginStatement(), or OK: DuckDB passes on only its text.
  Status LastError();

 private:
  struct Entry {
    std::string version;               // of the timeline that `stored` was made of
    std::optional<std::string> under;  // the hot commit it was chosen to lie under
    std::shared_ptr<const TableSnapshot> stored;
    hot::HotView hot;
    std::shared_ptr<const TableSnapshot> snapshot;  // `stored` with the columns of hot rows
    bool files_checked = false;                     // those of `stored`
    bool overlay_known = false;
    std::shared_ptr<const Overlay> overlay;
    int64_t overlay_id = 0;
    uint64_t overlay_statement = 0;  // that read it last
    uint64_t checked_statement = 0;
  };

  /// `query` nullptr: the newest snapshot.
  Result<Entry*> Check(const std::string& path, const PastQuery* query);
  Result<SnapshotSource> SourceOf(const std::string& path, const PastQuery* query);
  Status Refresh(const std::string& path, const PastQuery* query, Entry* entry);
  Status CheckFiles(const std::string& path, Entry* entry);
  Status LoadOverlay(const std::string& path, Entry* entry);
  template <typename T>
  Result<T> Noted(Result<T> result);

  SnapshotProvider& provider_;
  HotProvider* hot_;
  std::mutex mutex_;
  uint64_t statement_ = 1;
  int64_t newest_overlay_id_ = 0;
  Status last_error_;
  using EntryKey = std::pair<std::string, std::optional<PastQuery>>;
  std::map<EntryKey, Entry> entries_;
};

}  // namespace tapelake::query
