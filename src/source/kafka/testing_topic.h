#pragma once

/// A topic in memory that is trimmed, cut, made anew and shared out by a group; for tests.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/clock.h"
#include "source/kafka/kafka_consumer.h"

namespace tapelake::source::testing {

class FakeTopic {
 public:
  struct Record {
    int64_t offset = 0;
    int64_t millis = 0;
    std::optional<std::string> key;
    std::optional<std::string> value;
  };
  struct Partition {
    std::deque<Record> records;
    int64_t low = 0;
    int64_t high = 0;
  };

  FakeTopic(io::Clock& clock, size_t count) : partitions(count), clock_(clock) {}

  void Put(size_t partition, std::optional<std::string> value,
           std::optional<std::string> key = "key") {
    Partition& log = partitions.at(partition);
    log.records.push_back(
        {log.high++, clock_.WallMicros() / 1'000, std::move(key), std::move(value)});
  }
  /// Drop what is older, as retention does.
  void Trim(size_t partition, int64_t low) {
    Partition& log = partitions.at(partition);
    log.low = low;
    while (!log.records.empty() && log.records.front().offset < low)
      log.records.pop_front();
  }
  /// Drop one record, as compaction does.
  void Compact(size_t partition, int64_t offset) {
    std::erase_if(partitions.at(partition).records,
                  [offset](const Record& record) { return record.offset == offset; });
  }

  std::vector<Partition> partitions;
  std::deque<std::vector<int32_t>> revocations;  ///< At the next polls.
  std::deque<std::vector<int32_t>> assignments;  ///< At the next polls, after those.
  std::deque<KafkaEvent> events;                 ///< Of the next polls.
  std::deque<Status> make_fails;                 ///< Of the next consumers.
  std::deque<Status> range_fails;
  std::map<int32_t, int64_t> hints;  ///< Committed to the group.
  std::vector<std::string> calls;
  int consumers = 0;

 private:
  io::Clock& clock_;
};

class FakeConsumer : public KafkaConsumer {
 public:
  explicit FakeConsumer(FakeTopic& topic) : topic_(topic) { ++topic_.consumers; }

  Result<int32_t> CountPartitions() override {
    return static_cast<int32_t>(topic_.partitions.size());
  }
  Result<KafkaRange> RangeOf(int32_t partition) override {
    if (!topic_.range_fails.empty()) {
      const Status failure = topic_.range_fails.front();
      topic_.range_fails.pop_front();
      return failure;
    }
    const FakeTopic::Partition& log = LogOf(partition);
    return KafkaRange{.low = log.low, .high = log.high};
  }
  Result<std::vector<int64_t>> OffsetsAt(int64_t time_millis, int32_t partitions) override {
    std::vector<int64_t> offsets;
    for (int32_t i = 0; i < partitions; ++i) {
      int64_t offset = LogOf(i).high;
      for (const FakeTopic::Record& record : LogOf(i).records) {
        if (record.millis >= time_millis) offset = std::min(offset, record.offset);
      }
      offsets.push_back(offset);
    }
    return offsets;
  }
  Status Subscribe(KafkaGroupCalls calls) override {
    calls_ = std::move(calls);
    std::vector<int32_t> all;
    for (size_t i = 0; i < topic_.partitions.size(); ++i)
      all.push_back(static_cast<int32_t>(i));
    topic_.assignments.push_front(all);
    return Status::OK();
  }
  KafkaEvent Poll(int /*wait_millis*/) override {
    Rebalance();
    if (!topic_.events.empty()) {
      KafkaEvent event = topic_.events.front();
      topic_.events.pop_front();
      return event;
    }
    for (auto& [partition, reading] : readings_) {
      if (paused_ || reading.stopped) continue;
      KafkaEvent event = Next(partition, &reading);
      if (event.kind != KafkaEvent::Kind::kNothing) return event;
    }
    return {};
  }
  Status MoveTo(int32_t partition, int64_t offset) override {
    topic_.calls.push_back("move " + std::to_string(partition) + " to " + std::to_string(offset));
    readings_[partition] = {.place = offset};
    return Status::OK();
  }
  Status Pause(bool paused) override {
    if (paused != paused_) topic_.calls.emplace_back(paused ? "pause" : "resume");
    paused_ = paused;
    return Status::OK();
  }
  void Commit(const std::map<int32_t, int64_t>& offsets) override {
    for (const auto& [partition, offset] : offsets)
      topic_.hints[partition] = offset;
  }

 private:
  struct Reading {
    int64_t place = 0;
    bool stopped = false;
    bool told_end = false;
  };

  FakeTopic::Partition& LogOf(int32_t partition) const {
    return topic_.partitions.at(static_cast<size_t>(partition));
  }
  void Rebalance() {
    while (!topic_.revocations.empty()) {
      for (const int32_t partition : topic_.revocations.front()) {
        readings_.erase(partition);
        calls_.on_revoked(partition);
      }
      topic_.revocations.pop_front();
    }
    while (!topic_.assignments.empty()) {
      for (const int32_t partition : topic_.assignments.front())
        readings_[partition] = {.place = calls_.on_assigned(partition)};
      topic_.assignments.pop_front();
    }
  }
  KafkaEvent Next(int32_t partition, Reading* reading) {
    const FakeTopic::Partition& log = LogOf(partition);
    if (reading->place < log.low || reading->place > log.high) {
      reading->stopped = true;
      return {.kind = KafkaEvent::Kind::kOutOfRange, .partition = partition};
    }
    for (const FakeTopic::Record& record : log.records) {
      if (record.offset < reading->place) continue;
      reading->place = record.offset + 1;
      reading->told_end = false;
      message_ = record;
      KafkaEvent event{.kind = KafkaEvent::Kind::kMessage,
                       .partition = partition,
                       .offset = record.offset,
                       .timestamp_millis = record.millis};
      if (message_.key) event.key = *message_.key;
      if (message_.value) event.value = *message_.value;
      return event;
    }
    if (std::exchange(reading->told_end, true)) return {};
    return {.kind = KafkaEvent::Kind::kEnd, .partition = partition, .offset = log.high};
  }

  FakeTopic& topic_;
  KafkaGroupCalls calls_;
  std::map<int32_t, Reading> readings_;
  FakeTopic::Record message_;
  bool paused_ = false;
};

}  // namespace tapelake::source::testing
