#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/feed.h"
#include "app/pull_worker.h"

namespace tapelake::app {

/// What a PullWorker reads, as a feed whose source changes with every block. One thread.
class PullFeed : public Feed {
 public:
  /// Lets `worker`, which must outlive the feed, begin at the marks of `start`.
  PullFeed(PullWorker& worker, const FeedStart& start)
      : worker_(worker), newest_(start.newest), place_("the source") {
    worker_.Begin(start.marks);
  }

  Result<bool> Next(record::RecordBlock* block) override;
  const std::string& source_id() const override { return source_id_; }
  const std::string& place() const override { return place_; }
  std::vector<FeedMark> TakeMarks() override { return std::exchange(marks_, {}); }
  std::vector<std::string> TakeForgotten() override { return std::exchange(forgotten_, {}); }
  void Committed(const std::map<std::string, record::LogMark>& marks) override {
    worker_.Committed(marks);
  }
  std::optional<source::PullFigures> pull_figures() const override { return worker_.figures(); }

 private:
  uint64_t BaseOf(const std::string& source) const;

  PullWorker& worker_;
  StartOffset newest_;
  std::string source_id_;
  std::string place_;
  /// Where numbers begin that were counted anew: above all that anybody took under this name.
  std::map<std::string, uint64_t> bases_;
  std::vector<FeedMark> marks_;
  std::vector<std::string> forgotten_;
};

}  // namespace tapelake::app
