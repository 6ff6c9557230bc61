#pragma once

/// A DynamoDB table with a stream, behind its HTTP API, that somebody writes to while it is read;
/// for tests. Any thread.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/json.h"
#include "io/clock.h"
#include "io/http_client.h"

namespace tapelake::source::testing {

class FakeDynamodb : public io::HttpClient {
 public:
  struct Shard {
    std::string parent;
    std::vector<std::pair<std::string, std::string>> records;  // sequence, JSON
    size_t trimmed = 0;                                        // of them, from the front
    bool closed = false;
  };

  explicit FakeDynamodb(io::Clock& clock) : clock_(clock) { shards["shard-0"]; }

  /// Put `version` of item `key`; 0 removes it. What changes nothing makes no record.
  void Write(const std::string& key, int version) {
    const std::scoped_lock lock(mutex_);
    WriteLocked(key, version);
  }

  /// A table without items, whose stream is another one.
  void Reset(const std::string& label) {
    items.clear();
    shards.clear();
    open_ = "shard-0";
    shards[open_];
    stream_label = label;
  }

  /// The open shard ends; another one follows it.
  void RollOver() {
    const std::scoped_lock lock(mutex_);
    const std::string last = open_;
    shards.at(last).closed = true;
    open_ = "shard-" + std::to_string(shards.size());
    shards[open_].parent = last;
  }

  Result<io::HttpResponse> Send(const io::HttpRequest& request) override {
    std::string operation;
    for (const io::HttpHeader& header : request.headers) {
      if (header.name == "x-amz-target") {
        operation = header.value.substr(header.value.find('.') + 1);
      }
    }
    const std::scoped_lock lock(mutex_);
    if (on_call) on_call(operation);
    calls.push_back(operation);
    if (!errors.empty()) {
      const std::string error = errors.front();
      errors.pop_front();
      if (!error.empty()) return Refusal(error);
    }
    const auto body = base::ParseJson(request.body);
    if (!body.ok()) return Refusal("SerializationException");
    if (operation == "DescribeTable") return Answer(TableText());
    if (operation == "DescribeStream") return Answer(StreamText(*body));
    if (operation == "GetShardIterator") return Iterator(*body);
    if (operation == "GetRecords") return Records(*body);
    if (operation == "Scan") return Scan(*body);
    return Refusal("UnknownOperationException");
  }

  /// Within on_call: as Write().
  void WriteLocked(const std::string& key, int version) {
    const auto found = items.find(key);
    const int before = found == items.end() ? 0 : found->second;
    if (before == version) return;
    const char* event = before == 0 ? "INSERT" : version == 0 ? "REMOVE" : "MODIFY";
    std::string sequence = std::to_string(++sequence_);
    sequence.insert(0, 21 - sequence.size(), '0');
    std::string text = R"({"eventName":")" + std::string(event) +
                       R"(","dynamodb":{"ApproximateCreationDateTime":)" +
                       std::to_string(clock_.WallMicros() / 1'000'000) + R"(,"Keys":{"id":{"S":")" +
                       key + R"("}})";
    if (version != 0) text += R"(,"NewImage":)" + ItemText(key, version);
    if (before != 0) text += R"(,"OldImage":)" + ItemText(key, before);
    text += R"(,"SequenceNumber":")" + sequence + R"(","StreamViewType":"NEW_AND_OLD_IMAGES"}})";
    shards.at(open_).records.emplace_back(sequence, std::move(text));
    version == 0 ? (void)items.erase(key) : (void)(items[key] = version);
  }

  std::map<std::string, int> items;
  std::map<std::string, Shard> shards;
  std::string stream_view = "NEW_AND_OLD_IMAGES";
  std::string stream_label = "2026-11-22T18:00:00.000";
  std::function<void(const std::string& operation)> on_call;
  std::deque<std::string> errors;  ///< Of the next calls; empty: none.
  std::vector<std::string> calls;

 private:
  static constexpr size_t kPageItems = 3;

  static std::string ItemText(const std::string& key, int version) {
    return R"({"v":{"N":")" + std::to_string(version) + R"("},"id":{"S":")" + key + R"("}})";
  }
  static io::HttpResponse Answer(std::string body) {
    return {.status = 200, .body = std::move(body)};
  }
  static io::HttpResponse Refusal(const std::string& error) {
    return {.status = 400, .body = R"({"__type":"com.amazonaws#)" + error + "\"}"};
  }
  static std::string TextOf(const base::JsonValue& body, const char* key) {
    const base::JsonValue* value = body.Find(key);
    return value == nullptr ? std::string() : value->text();
  }

  std::string TableText() const {
    std::string text = R"({"Table":{"CreationDateTime":1.7953E9,"KeySchema":[)"
                       R"({"AttributeName":"id","KeyType":"HASH"}])";
    if (!stream_label.empty()) {
      text += R"(,"LatestStreamArn":"arn:aws:dynamodb:r:0:table/T/stream/)" + stream_label + "\"";
    }
    if (!stream_view.empty()) {
      text += R"(,"StreamSpecification":{"StreamViewType":")" + stream_view + "\"}";
    }
    return text + "}}";
  }

  /// Two shards a page.
  std::string StreamText(const base::JsonValue& body) const {
    std::string text =
        R"({"StreamDescription":{"StreamLabel":")" + stream_label + R"(","Shards":[)";
    const std::string after = TextOf(body, "ExclusiveStartShardId");
    size_t count = 0;
    std::string last;
    for (auto at = after.empty() ? shards.begin() : shards.upper_bound(after); at != shards.end();
         ++at) {
      if (count == 2) {
        text += R"(],"LastEvaluatedShardId":")" + last + "\"}}";
        return text;
      }
      text += count++ == 0 ? "" : ",";
      last = at->first;
      text += R"({"ShardId":")" + last + "\"";
      if (!at->second.parent.empty()) text += R"(,"ParentShardId":")" + at->second.parent + "\"";
      text += "}";
    }
    return text + "]}}";
  }

  io::HttpResponse Iterator(const base::JsonValue& body) const {
    const std::string id = TextOf(body, "ShardId");
    const auto found = shards.find(id);
    if (found == shards.end()) return Refusal("ResourceNotFoundException");
    const Shard& shard = found->second;
    size_t from = shard.trimmed;
    const std::string type = TextOf(body, "ShardIteratorType");
    if (type != "TRIM_HORIZON") {
      const std::string sequence = TextOf(body, "SequenceNumber");
      from = 0;
      while (from < shard.records.size() && shard.records[from].first < sequence)
        ++from;
      const bool is_trimmed = from < shard.trimmed;
      if (type == "AFTER_SEQUENCE_NUMBER") ++from;
      if (is_trimmed) return Refusal("TrimmedDataAccessException");
    }
    return Answer(R"({"ShardIterator":")" + id + "|" + std::to_string(from) + "\"}");
  }

  io::HttpResponse Records(const base::JsonValue& body) const {
    const std::string iterator = TextOf(body, "ShardIterator");
    const std::string id = iterator.substr(0, iterator.find('|'));
    const auto found = shards.find(id);
    if (found == shards.end()) return Refusal("ResourceNotFoundException");
    size_t at = std::stoull(iterator.substr(iterator.find('|') + 1));
    if (at < found->second.trimmed) return Refusal("TrimmedDataAccessException");
    std::string text = R"({"Records":[)";
    const size_t end = std::min(at + kPageItems, found->second.records.size());
    for (size_t i = at; i < end; ++i)
      text += (i == at ? "" : ",") + found->second.records[i].second;
    text += "]";
    if (!found->second.closed || end < found->second.records.size()) {
      text += R"(,"NextShardIterator":")" + id + "|" + std::to_string(end) + "\"";
    }
    return Answer(text + "}");
  }

  io::HttpResponse Scan(const base::JsonValue& body) const {
    const auto segment = static_cast<size_t>(body.Find("Segment")->AsInt(0));
    const auto segments = static_cast<size_t>(body.Find("TotalSegments")->AsInt(1));
    std::string after;
    if (const base::JsonValue* start = body.Find("ExclusiveStartKey")) {
      after = start->Find("id")->Find("S")->text();
    }
    std::string text = R"({"Items":[)";
    size_t count = 0;
    std::string last;
    for (const auto& [key, version] : items) {
      if (key <= after || std::hash<std::string>()(key) % segments != segment) continue;
      if (count == kPageItems) {
        text += R"(],"LastEvaluatedKey":{"id":{"S":")" + last + "\"}}}";
        return Answer(text);
      }
      text += (count++ == 0 ? "" : ",") + ItemText(key, version);
      last = key;
    }
    return Answer(text + "]}");
  }

  io::Clock& clock_;
  std::mutex mutex_;  // guards everything
  std::string open_ = "shard-0";
  uint64_t sequence_ = 100;
};

}  // namespace tapelake::source::testing
