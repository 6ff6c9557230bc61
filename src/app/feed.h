#pragma once

/// Where one table's records come from: one source, or several one after the other.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/world.h"
#include "base/status.h"
#include "io/clock.h"
#include "record/record_block.h"
#include "source/file_source.h"
#include "source/simulator.h"

namespace tapelake::app {

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

  /// Sources of the feed and how many are read to their end; both 0 for a live feed.
  virtual int64_t sources() const { return 0; }
  virtual int64_t sources_done() const { return 0; }

  /// Sources that could not be read to their end, and why; the others go on.
  virtual std::vector<Status> failures() const { return {}; }
};

/// The live simulator. Each run is a source of its own: its events never come again.
class SimulatorFeed : public Feed {
 public:
  /// `options` as for source::Simulator::MakeLive; the seed is mixed with the start time, so that
  /// two runs do not invent the same transaction ids. `clock` must outlive the feed.
  static Result<std::unique_ptr<SimulatorFeed>> Make(source::SimulatorOptions options,
                                                     io::Clock& clock);

  Result<bool> Next(record::RecordBlock* block) override { return simulator_->ReadBlock(block); }
  const std::string& source_id() const override { return source_id_; }
  const std::string& place() const override { return source_id_; }

 private:
  SimulatorFeed(std::unique_ptr<source::Simulator> simulator, std::string source_id)
      : simulator_(std::move(simulator)), source_id_(std::move(source_id)) {}

  std::unique_ptr<source::Simulator> simulator_;
  std::string source_id_;
};

/// How files are read.
struct FilesFeedOptions {
  source::FileSourceOptions format;
  double speed = 0;     ///< As ParseSpeed: 0 is unpaced.
  bool follow = false;  ///< At the end, look every second for new files and grown ones.
};

/// Files and directories, each file from where its last commit ended.
class FilesFeed : public Feed {
 public:
  /// The offset up to which a source is committed (ingest::TableIngest::CommittedOffset).
  using CommittedOffset = std::function<uint64_t(const std::string& source_id)>;

  /// `world` must outlive the feed. Errors: those of source::ListInputFiles.
  static Result<std::unique_ptr<FilesFeed>> Make(World& world, std::vector<std::string> paths,
                                                 const FilesFeedOptions& options,
                                                 CommittedOffset committed);

  Result<bool> Next(record::RecordBlock* block) override;
  const std::string& source_id() const override { return source_id_; }
  const std::string& place() const override { return place_; }
  int64_t sources() const override { return static_cast<int64_t>(files_.size()); }
  int64_t sources_done() const override { return static_cast<int64_t>(next_file_); }
  std::vector<Status> failures() const override { return failures_; }

 private:
  FilesFeed(World& world, std::vector<std::string> paths, const FilesFeedOptions& options,
            CommittedOffset committed)
      : world_(world),
        paths_(std::move(paths)),
        options_(options),
        committed_(std::move(committed)) {}

  Status ListFiles();
  Status OpenFile(const std::string& path);
  Result<bool> NextRound();

  World& world_;
  std::vector<std::string> paths_;
  FilesFeedOptions options_;
  CommittedOffset committed_;
  std::vector<std::string> files_;
  size_t next_file_ = 0;  // files_ before it are done
  std::unique_ptr<record::RecordSource> current_;
  std::string source_id_;
  std::string place_;
  std::map<std::string, uint64_t> offsets_;  // source id -> read in this run
  std::map<std::string, int64_t> sizes_;     // path -> size when it was last read
  int64_t round_micros_ = 0;                 // steady time of the last look for new files
  std::vector<Status> failures_;
};

}  // namespace tapelake::app
