#pragma once

/// A stream of shards in memory that splits, merges, trims, throttles and lets iterators expire;
/// for tests.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "io/clock.h"
#include "record/record_block.h"
#include "source/pull/shard_api.h"

namespace tapelake::source::testing {

class FakeStream {
 public:
  struct Record {
    uint64_t sequence = 0;
    int64_t time_micros = 0;
    std::string data;
  };
  struct Shard {
    std::vector<std::string> parents;
    std::deque<Record> records;
    bool closed = false;
    bool listed = true;
  };

  explicit FakeStream(io::Clock& clock) : clock_(clock) {}

  void Open(const std::string& shard, std::vector<std::string> parents = {}) {
    shards[shard].parents = std::move(parents);
  }
  void Put(const std::string& shard, const std::string& data) {
    shards.at(shard).records.push_back({++sequence_, clock_.WallMicros(), data});
  }
  void Split(const std::string& parent, const std::string& left, const std::string& right) {
    shards.at(parent).closed = true;
    Open(left, {parent});
    Open(right, {parent});
  }
  void Merge(const std::string& left, const std::string& right, const std::string& child) {
    shards.at(left).closed = shards.at(right).closed = true;
    Open(child, {left, right});
  }
  /// Drop all but the newest `count` records.
  void Trim(const std::string& shard, size_t count) {
    auto& records = shards.at(shard).records;
    while (records.size() > count)
      records.pop_front();
  }

  std::map<std::string, Shard> shards;
  std::string incarnation = "1";
  int64_t retention_micros = int64_t{24} * 3'600 * 1'000'000;
  size_t page_records = 10;
  bool never_ends = false;        ///< Gives iterators of closed shards for ever, as moto does.
  bool tells_trimming = false;    ///< As DynamoDB Streams; else as Kinesis.
  std::deque<Status> list_fails;  ///< Of the next listings.
  std::deque<ShardFault> faults;  ///< Of the next calls for records.
  std::deque<Status> fails;       ///< Of the next calls for records.
  std::vector<std::string> calls;

 private:
  friend class FakeShardApi;
  io::Clock& clock_;
  uint64_t sequence_ = 1'000;
};

class FakeShardApi : public ShardApi {
 public:
  explicit FakeShardApi(FakeStream& stream) : stream_(stream) {}

  Result<ShardListing> List() override {
    if (!stream_.list_fails.empty()) return Pop(&stream_.list_fails);
    ShardListing listing{.incarnation = stream_.incarnation,
                         .retention_micros = stream_.retention_micros,
                         .shards = {}};
    for (const auto& [id, shard] : stream_.shards) {
      if (shard.listed) {
        listing.shards.push_back({.id = id, .parents = shard.parents, .closed = shard.closed});
      }
    }
    return listing;
  }

  Result<ShardAnswer> GetIterator(const std::string& shard_id, const ShardPlace& place,
                                  bool with_last) override {
    stream_.calls.push_back(shard_id + " " + FormatPlace(place) + (with_last ? " with" : ""));
    const auto found = stream_.shards.find(shard_id);
    if (found == stream_.shards.end()) return ShardAnswer{.fault = ShardFault::kGone};
    uint64_t from = 0;  // the first sequence wanted
    const bool at = place.kind == ShardPlace::Kind::kAt;
    if (at || place.kind == ShardPlace::Kind::kAfter) {
      from = std::stoull(place.sequence) + (at || with_last ? 0 : 1);
      const auto& records = found->second.records;
      const bool trimmed =
          records.empty() || records.front().sequence > std::stoull(place.sequence);
      if (stream_.tells_trimming && trimmed) {
        return ShardAnswer{.fault = ShardFault::kTrimmed, .words = "trimmed"};
      }
    }
    if (place.kind == ShardPlace::Kind::kTime && !stream_.tells_trimming) {
      from = ~0ULL >> 1;
      for (const FakeStream::Record& record : found->second.records) {
        if (record.time_micros >= place.time_millis * 1'000) from = std::min(from, record.sequence);
      }
      if (from == ~0ULL >> 1) from = stream_.sequence_ + 1;
    }
    return ShardAnswer{.iterator = shard_id + "|" + std::to_string(from)};
  }

  Result<ShardAnswer> GetRecords(const std::string& iterator) override {
    stream_.calls.push_back("read " + iterator);
    if (!stream_.fails.empty()) return Pop(&stream_.fails);
    if (!stream_.faults.empty()) {
      const ShardFault fault = stream_.faults.front();
      stream_.faults.pop_front();
      if (fault != ShardFault::kNone) return ShardAnswer{.fault = fault, .words = "said so"};
    }
    const size_t bar = iterator.find('|');
    const std::string id = iterator.substr(0, bar);
    const auto found = stream_.shards.find(id);
    if (found == stream_.shards.end()) return ShardAnswer{.fault = ShardFault::kGone};
    return ShardAnswer{.page = Page(id, found->second, std::stoull(iterator.substr(bar + 1)))};
  }

 private:
  static Status Pop(std::deque<Status>* statuses) {
    Status status = statuses->front();
    statuses->pop_front();
    return status;
  }

  ShardPage Page(const std::string& id, const FakeStream::Shard& shard, uint64_t from) const {
    ShardPage page;
    size_t left = 0;
    for (const FakeStream::Record& record : shard.records) {
      if (record.sequence < from) continue;
      if (page.records.size() == stream_.page_records) {
        ++left;
        continue;
      }
      page.pieces.push_back({page.buffer.size(), record.data.size()});
      page.records.push_back({.sequence = std::to_string(record.sequence),
                              .time_micros = record.time_micros,
                              .pieces = 1});
      page.buffer += record.data;
      from = record.sequence + 1;
    }
    page.wire_bytes = static_cast<int64_t>(page.buffer.size());
    page.buffer.append(record::kRecordPaddingBytes, ' ');
    if (!stream_.tells_trimming) page.behind_micros = left == 0 ? 0 : 1'000'000;
    if (!shard.closed || left > 0 || stream_.never_ends)
      page.next_iterator = id + "|" + std::to_string(from);
    return page;
  }

  FakeStream& stream_;
};

}  // namespace tapelake::source::testing
