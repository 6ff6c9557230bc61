#include "app/pull_feed.h"

#include <utility>

namespace tapelake::app {

uint64_t PullFeed::BaseOf(const std::string& source) const {
  const auto found = bases_.find(source);
  return found == bases_.end() ? 0 : found->second;
}

Result<bool> PullFeed::Next(record::RecordBlock* block) {
  block->Clear();
  auto batch = worker_.Take();
  if (!batch) return true;
  for (source::PullMark& news : batch->marks) {
    const uint64_t counted = news.mark.offset + BaseOf(news.source_id);
    const uint64_t newest = news.fresh ? newest_(news.source_id) : 0;
    if (newest > counted) bases_[news.source_id] = newest - news.mark.offset;
    news.mark.offset += BaseOf(news.source_id);
    marks_.push_back({.source_id = std::move(news.source_id), .mark = std::move(news.mark)});
  }
  for (std::string& source : batch->forgotten) {
    bases_.erase(source);
    forgotten_.push_back(std::move(source));
  }
  if (batch->block.entries.empty()) return true;
  source_id_ = std::move(batch->source_id);
  place_ = std::move(batch->place);
  *block = std::move(batch->block);
  const uint64_t base = BaseOf(source_id_);
  for (record::RecordBlock::Entry& entry : block->entries)
    entry.offset += base;
  block->end_offset += base;
  return true;
}

}  // namespace tapelake::app
