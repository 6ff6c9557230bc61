#pragma once

/// Where one table's records come from: one source, or several one after the other.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/world.h"
#include "base/status.h"
#include "config/config.h"
#include "io/clock.h"
#include "record/log_mark.h"
#include "record/record_block.h"
#include "source/file_source.h"
#include "source/pull/pull_log.h"

namespace tapelake::app {

/// Where to begin in a source: records before this offset are not wanted.
using StartOffset = std::function<uint64_t(const std::string& source_id)>;

/// What a feed is made with.
struct FeedStart {
  StartOffset offset;  ///< What somebody still needs: the least of what was taken.
  StartOffset newest;  ///< What nobody has yet: the most of what was taken.
  const std::map<std::string, record::LogMark>& marks;  ///< Of the newest commit, by source id.
};

/// A place in a source that counts on marks, or where it begins (see ingest::TableIngest::SetMark).
struct FeedMark {
  std::string source_id;
  record::LogMark mark;
};

/// Records with the name of their source. One thread.
class Feed {
 public:
  virtual ~Feed() = default;

  /// Replace `*block` by the next records. Return false (and an empty block) when there are none
  /// now and will be none; true with an empty block means: ask again a little later. Errors: those
  /// of record::RecordSource::ReadBlock.
  virtual Result<bool> Next(record::RecordBlock* block) = 0;

  /// The source of the last block, as ingest::TableIngest::Append wants it, and its name for
  /// people.
  virtual const std::string& source_id() const = 0;
  virtual const std::string& place() const = 0;

  /// Tell the source that `consumer` needs nothing before `offset` of the feed's source any more.
  virtual void Taken(const std::string& /*consumer*/, uint64_t /*offset*/) {}

  /// Places passed since the last call, each after the block that ends there was handed out. Only
  /// of sources that do not count their records themselves.
  virtual std::vector<FeedMark> TakeMarks() { return {}; }
  /// Sources that will never be read again, since the last call.
  virtual std::vector<std::string> TakeForgotten() { return {}; }

  /// The marks that the newest commit carries, after it.
  virtual void Committed(const std::map<std::string, record::LogMark>& /*marks*/) {}

  /// How a feed gets on that asks a service for its records; nullopt: it does not.
  virtual std::optional<source::PullFigures> pull_figures() const { return std::nullopt; }

  /// Sources of the feed and how many are read to their end; both 0 for a live feed.
  virtual int64_t sources() const { return 0; }
  virtual int64_t sources_done() const { return 0; }

  /// Records that the source let go before they were read, since the feed was made.
  virtual int64_t lost_records() const { return 0; }

  /// Sources that could not be read to their end, and why; the others go on.
  virtual std::vector<Status> failures() const { return {}; }
};

/// What files hold, as `source.content` says it.
std::optional<source::FileFormat> ParseContent(const std::string& text);

/// How the files of a configured source are read.
source::FileSourceOptions FileOptionsOf(const config::SourceConfig& source);

/// How files are read.
struct FilesFeedOptions {
  source::FileSourceOptions format;
  double speed = 0;  ///< As ParseSpeed: 0 is unpaced.
  /// At the end, look for new files and grown ones: every second, on S3 every ten.
  bool follow = false;
};

/// Files and directories, each file from where its last commit ended.
class FilesFeed : public Feed {
 public:
  /// `world` must outlive the feed. Errors: those of source::ListInputFiles.
  static Result<std::unique_ptr<FilesFeed>> Make(World& world, std::vector<std::string> paths,
                                                 const FilesFeedOptions& options,
                                                 StartOffset start);

  Result<bool> Next(record::RecordBlock* block) override;
  const std::string& source_id() const override { return source_id_; }
  const std::string& place() const override { return place_; }
  int64_t sources() const override { return static_cast<int64_t>(files_.size()); }
  int64_t sources_done() const override { return static_cast<int64_t>(next_file_); }
  std::vector<Status> failures() const override { return failures_; }

 private:
  FilesFeed(World& world, std::vector<std::string> paths, const FilesFeedOptions& options,
            StartOffset start)
      : world_(world), paths_(std::move(paths)), options_(options), start_(std::move(start)) {}

  Status ListFiles();
  Status OpenFile(const source::InputFile& file);
  Result<bool> NextRound();
  void NoteFailure(const Status& failure);

  World& world_;
  std::vector<std::string> paths_;
  FilesFeedOptions options_;
  StartOffset start_;
  std::vector<source::InputFile> files_;
  size_t next_file_ = 0;  // files_ before it are done
  std::unique_ptr<record::RecordSource> current_;
  std::string source_id_;
  std::string place_;
  std::map<std::string, uint64_t> offsets_;  // source id -> read in this run
  std::map<std::string, int64_t> sizes_;     // path -> size when it was last read
  std::set<std::string> unsettled_;          // paths of files that may be being written
  int64_t round_micros_ = 0;                 // steady time of the last look for new files
  std::vector<Status> failures_;
};

}  // namespace tapelake::app
