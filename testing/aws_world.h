#pragma once

/// Streams, keys and services in a fake world, for tests.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/json.h"
#include "serve/aws/firehose/firehose_service.h"
#include "serve/aws/kinesis/kinesis_service.h"
#include "stream/stream.h"
#include "stream/stream_writer.h"
#include "testing/fake_clock.h"
#include "testing/fake_file_system.h"
#include "testing/fake_key_management.h"

namespace tapelake::testing {

inline constexpr char kAccount[] = "123456789012";
inline constexpr char kRegion[] = "eu-west-1";

/// What an operation answered: an error or a document.
struct Outcome {
  std::string error;  ///< Its type; empty: none.
  std::string message;
  base::JsonValue answer;

  /// The text of a member of the answer; empty if it is none.
  std::string Text(std::string_view key) const {
    const base::JsonValue* value = answer.Find(key);
    return value == nullptr ? "" : value->text();
  }
};

class AwsWorld {
 public:
  static constexpr int64_t kStartMicros = 1'795'374'124'000'000;  // 2026-11-22T19:02:04Z

  ~AwsWorld() { StopWriting(); }

  /// Make a stream, before Open().
  void AddStream(const std::string& name, int shards, stream::StreamOptions options = {}) {
    options.shard_count = shards;
    options.keys = keys_;
    Log log;
    log.directory = "/lake/.tapelake/streams/" + name;
    auto opened = stream::Stream::Open(files_, clock_, log.directory, name, options, nullptr);
    ASSERT_TRUE(opened.ok()) << opened.status();
    log.stream = std::move(*opened);
    log.writer = std::make_unique<stream::StreamWriter>(*log.stream);
    logs_.push_back(std::move(log));
  }

  /// Make the services over all streams and begin to write what is put.
  void Open(bool shard_limits = false) {
    MakeService(shard_limits);
    MakeFirehose();
    writing_ = true;
    for (const Log& log : logs_) {
      threads_.emplace_back([this, writer = log.writer.get()] {
        while (writing_)
          (void)writer->Step(500);
      });
    }
  }

  /// Make the Kinesis service anew, as after a restart of the program.
  void MakeService(bool shard_limits = false) {
    std::vector<serve::KinesisStream> streams;
    for (const Log& log : logs_)
      streams.push_back({log.directory, log.stream.get(), log.writer.get(), maker_});
    auto service = serve::KinesisService::Open(
        files_, clock_, security::TokenSigner("token key"),
        {.region = kRegion, .account = kAccount, .shard_limits = shard_limits}, streams);
    ASSERT_TRUE(service.ok()) << service.status();
    kinesis_ = std::move(*service);
  }

  /// Let all streams be such that a client made, for services that are made later.
  void PretendClientsMadeThem() { maker_ = std::make_shared<int>(); }

  /// What MakeFirehose() says of objects; without a prefix: the default layout.
  void SetFirehoseObjects(serve::DeliveredObjects objects) {
    firehose_objects_ = std::move(objects);
  }

  /// Who makes delivery streams, for a service that is made later.
  void SetDeliveryKeeper(serve::DeliveryKeeper* keeper) { delivery_keeper_ = keeper; }

  void MakeFirehose(bool raw = true) {
    std::vector<serve::DeliveryStream> streams;
    for (const Log& log : logs_) {
      serve::DeliveredObjects objects = firehose_objects_;
      if (objects.prefix.empty()) {
        objects.prefix = "raw/" + log.stream->name() + "/!{timestamp:yyyy/MM/dd/HH}/";
        objects.error_prefix = "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/";
        objects.compression = "GZIP";
        objects.extension = ".ndjson.gz";
      }
      streams.push_back({.name = log.stream->name(),
                         .writer = log.writer.get(),
                         .log = log.stream.get(),
                         .created_micros = kStartMicros,
                         .raw = raw,
                         .buffer_bytes = 32 << 20,
                         .buffer_micros = 60'000'000,
                         .objects = objects});
    }
    firehose_ = std::make_unique<serve::FirehoseService>(
        serve::FirehoseOptions{
            .region = kRegion, .account = kAccount, .bucket = "lake", .keeper = delivery_keeper_},
        std::move(streams));
  }

  void StopWriting() {
    writing_ = false;
    for (std::thread& thread : threads_)
      thread.join();
    threads_.clear();
  }

  /// Call an operation of Kinesis with a JSON request.
  Outcome Call(const std::string& operation, const std::string& json) {
    return CallOf(*kinesis_, operation, json);
  }
  /// The same of Firehose.
  Outcome CallFirehose(const std::string& operation, const std::string& json) {
    return CallOf(*firehose_, operation, json);
  }

  template <typename Service>
  static Outcome CallOf(Service& service, const std::string& operation, const std::string& json) {
    const auto request = serve::WireDocument::Parse(serve::WireFormat::kJson, json);
    EXPECT_TRUE(request.ok()) << request.status();
    std::string body;
    serve::JsonAnswerWriter writer(&body);
    const auto error = service.Serve(operation, request->root(), &writer);
    if (error) {
      EXPECT_EQ(body, "") << "something was written before the error";
      return {.error = error->type, .message = error->message};
    }
    if (body.empty()) return {};
    auto answer = base::ParseJson(body);
    EXPECT_TRUE(answer.ok()) << body;
    return {.answer = std::move(answer).ValueOr(base::JsonValue())};
  }

  /// An iterator of a shard; `more` further members (`,"StartingSequenceNumber":"..."`).
  std::string Iterator(const std::string& stream, const std::string& shard_id,
                       const std::string& type, const std::string& more = "") {
    const Outcome outcome =
        Call("GetShardIterator", R"({"StreamName":")" + stream + R"(","ShardId":")" + shard_id +
                                     R"(","ShardIteratorType":")" + type + "\"" + more + "}");
    EXPECT_EQ(outcome.error, "") << outcome.message;
    return outcome.Text("ShardIterator");
  }

  stream::Stream& log(size_t index) { return *logs_[index].stream; }
  stream::StreamWriter& writer(size_t index) { return *logs_[index].writer; }
  const std::string& directory(size_t index) { return logs_[index].directory; }
  serve::KinesisService& kinesis() { return *kinesis_; }
  serve::FirehoseService& firehose() { return *firehose_; }

  FakeFileSystem files_;
  FakeClock clock_{kStartMicros};
  std::shared_ptr<FakeKeyManagement> keys_ = std::make_shared<FakeKeyManagement>();

 private:
  struct Log {
    std::string directory;
    std::unique_ptr<stream::Stream> stream;
    std::unique_ptr<stream::StreamWriter> writer;
  };

  std::vector<Log> logs_;
  std::shared_ptr<void> maker_;
  std::unique_ptr<serve::KinesisService> kinesis_;
  std::unique_ptr<serve::FirehoseService> firehose_;
  serve::DeliveredObjects firehose_objects_;
  serve::DeliveryKeeper* delivery_keeper_ = nullptr;
  std::atomic<bool> writing_{false};
  std::vector<std::thread> threads_;
};

/// A PutRecords request: records with these keys and data.
inline std::string PutRecordsJson(const std::string& stream,
                                  const std::vector<std::pair<std::string, std::string>>& records) {
  std::string json = R"({"StreamName":")" + stream + R"(","Records":[)";
  for (const auto& [key, data] : records) {
    if (json.back() != '[') json += ",";
    json += R"({"PartitionKey":")" + key + R"(","Data":")";
    base::AppendBase64(data, &json);
    json += "\"}";
  }
  return json + "]}";
}

}  // namespace tapelake::testing
