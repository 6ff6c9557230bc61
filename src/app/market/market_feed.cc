#include "app/market/market_feed.h"

#include <algorithm>
#include <utility>

namespace tapelake::app {
namespace {

/// Cut the next `size` bytes off `*rest`.
std::string_view Next(std::string_view* rest, uint32_t size) {
  const std::string_view text = rest->substr(0, size);
  rest->remove_prefix(size);
  return text;
}

uint32_t Size(std::string_view text) {
  return static_cast<uint32_t>(text.size());
}

}  // namespace

void MarketBatch::Add(const MarketChange& change) {
  Event& event = events_.emplace_back();
  event.change = change;
  event.change.key = {};
  event.change.after.pair = event.change.after.exchange = {};
  event.change.before.pair = event.change.before.exchange = {};
  event.old_is_same =
      change.before.pair == change.after.pair && change.before.exchange == change.after.exchange;
  event.key_bytes = Size(change.key);
  event.pair_bytes = Size(change.after.pair);
  event.exchange_bytes = Size(change.after.exchange);
  text_.append(change.key).append(change.after.pair).append(change.after.exchange);
  if (event.old_is_same) return;
  event.old_pair_bytes = Size(change.before.pair);
  event.old_exchange_bytes = Size(change.before.exchange);
  text_.append(change.before.pair).append(change.before.exchange);
}

void MarketBatch::AddPosition(const std::string& source, uint64_t end_offset) {
  if (!notes_.empty() && notes_.back().source == source) {
    notes_.back() = {events_.size(), source, end_offset};
    return;
  }
  notes_.push_back({events_.size(), source, end_offset});
}

void MarketBatch::AddCommitted() {
  const bool known =
      !notes_.empty() && notes_.back().source.empty() && notes_.back().event == events_.size();
  if (!known) notes_.push_back({events_.size(), "", 0});
}

bool MarketBatch::Replay(Reader* reader, size_t changes_max, Place* place) const {
  std::string_view rest = std::string_view(text_).substr(place->text);
  const auto tell_notes = [&] {
    for (; place->note < notes_.size() && notes_[place->note].event == place->event;
         ++place->note) {
      const Note& note = notes_[place->note];
      if (note.source.empty()) {
        reader->OnCommitted();
      } else {
        reader->OnPosition(note.source, note.end_offset);
      }
    }
  };
  const size_t end = std::min(events_.size(), place->event + changes_max);
  for (; place->event < end; ++place->event) {
    tell_notes();
    const Event& event = events_[place->event];
    MarketChange change = event.change;
    change.key = Next(&rest, event.key_bytes);
    change.after.pair = Next(&rest, event.pair_bytes);
    change.after.exchange = Next(&rest, event.exchange_bytes);
    change.before.pair = event.old_is_same ? change.after.pair : Next(&rest, event.old_pair_bytes);
    change.before.exchange =
        event.old_is_same ? change.after.exchange : Next(&rest, event.old_exchange_bytes);
    reader->OnChange(change);
  }
  place->text = text_.size() - rest.size();
  if (place->event < events_.size()) return true;
  tell_notes();
  return false;
}

uint64_t MarketFeed::StoredOffset(const std::string& source) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = stored_.find(source);
  return found == stored_.end() ? 0 : found->second;
}

uint64_t MarketFeed::TakenOffset(const std::string& source) const {
  const auto found = handed_.find(source);
  return found == handed_.end() ? StoredOffset(source) : found->second;
}

void MarketFeed::Add(const record::Change& change, std::optional<ingest::Verdict> verdict) {
  MarketChange news;
  news.change_time_micros = change.change_time_micros;
  if (change.has_old_image) {
    news.before = layout_.ReadPlace(change.old_image);
    news.has_before = news.before.has_time;
  }
  const bool applied = verdict == ingest::Verdict::kApplied;
  const bool late = verdict == ingest::Verdict::kLate;
  news.news = applied ? MarketNews::kRow : late ? MarketNews::kLate : MarketNews::kPlace;
  if (change.event != record::EventName::kRemove) {
    news.after = applied ? layout_.Read(change.new_image) : layout_.ReadPlace(change.new_image);
    news.has_after = news.after.has_time;
  }
  if (applied || late) news.key = layout_.KeyOf(change);
  batch_.Add(news);
}

void MarketFeed::Advance(const std::string& source, uint64_t end_offset) {
  handed_[source] = end_offset;
  batch_.AddPosition(source, end_offset);
}

void MarketFeed::HandOver(bool committed) {
  if (committed) batch_.AddCommitted();
  if (batch_.empty()) return;
  if (queue_.TryPush(&batch_, batch_.bytes())) batch_ = {};
}

void MarketFeed::HandOverLast(bool committed) {
  if (committed) batch_.AddCommitted();
  if (batch_.empty()) return;
  queue_.PushLast(&batch_, batch_.bytes());
  batch_ = {};
}

void MarketFeed::SetStored(const std::map<std::string, uint64_t>& positions) {
  const std::lock_guard<std::mutex> lock(mutex_);
  stored_ = positions;
}

}  // namespace tapelake::app
