#include "source/kafka/rd_kafka_consumer.h"

#include <gmock/gmock.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <memory>
#include <set>

#include "io/clock.h"
#include "source/kafka/kafka_log.h"

namespace tapelake::source {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kPatienceMicros = 60'000'000;
constexpr char kTopic[] = "orders";

/// Brokers within this process, as librdkafka brings them, and a producer.
class MockBrokers : public ::testing::Test {
 protected:
  void SetUp() override {
    char words[256] = "";
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
    producer_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, words, sizeof(words));
    ASSERT_NE(producer_, nullptr) << words;
    cluster_ = rd_kafka_mock_cluster_new(producer_, /*broker_cnt=*/1);
    ASSERT_NE(cluster_, nullptr);
    ASSERT_EQ(rd_kafka_mock_topic_create(cluster_, kTopic, /*partition_cnt=*/3, 1),
              RD_KAFKA_RESP_ERR_NO_ERROR);
    ASSERT_GT(rd_kafka_brokers_add(producer_, rd_kafka_mock_cluster_bootstraps(cluster_)), 0);
  }
  void TearDown() override {
    log_.reset();
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(producer_);
  }

  void Put(int32_t partition, const std::string& value) {
    rd_kafka_topic_t* topic = rd_kafka_topic_new(producer_, kTopic, nullptr);
    ASSERT_NE(topic, nullptr);
    const int refused =
        rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, const_cast<char*>(value.data()),
                         value.size(), "key", 3, nullptr);
    rd_kafka_topic_destroy(topic);
    ASSERT_EQ(refused, 0) << rd_kafka_err2str(rd_kafka_last_error());
    ASSERT_EQ(rd_kafka_flush(producer_, 30'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  RdKafkaOptions Options() {
    // A group of its own for every member: what a group remembers must not matter.
    return {.brokers = rd_kafka_mock_cluster_bootstraps(cluster_),
            .topic = kTopic,
            .group = "group-" + std::to_string(++groups_)};
  }
  void Open() {
    log_ =
        std::make_unique<KafkaLog>([options = Options()] { return RdKafkaConsumer::Make(options); },
                                   clock_, KafkaLogOptions{.topic = kTopic}, marks_);
  }
  /// Read until `count` records have come: `partition:position=text`.
  std::set<std::string> Read(size_t count) {
    std::set<std::string> records;
    const int64_t end = clock_.SteadyMicros() + kPatienceMicros;
    while (records.size() < count && clock_.SteadyMicros() < end) {
      PullBatch batch;
      const auto brought = log_->Read(&batch);
      if (!brought.ok()) {
        ADD_FAILURE() << brought.status();
        break;
      }
      for (const PullMark& mark : batch.marks)
        marks_.insert_or_assign(mark.source_id, mark.mark);
      for (const auto& entry : batch.block.entries) {
        const std::string partition = batch.source_id.substr(batch.source_id.rfind('/') + 1);
        const std::string record = partition + ":" + std::to_string(entry.offset) + "=" +
                                   std::string(batch.block.bytes(entry));
        EXPECT_TRUE(records.insert(record).second) << record << " came twice";
      }
    }
    EXPECT_EQ(records.size(), count) << log_->figures().last_failure;
    return records;
  }

  io::SystemClock clock_;
  rd_kafka_t* producer_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  int groups_ = 0;
  std::map<std::string, record::LogMark> marks_;
  std::unique_ptr<KafkaLog> log_;
};

TEST_F(MockBrokers, GiveEveryRecordOnceThroughTwoLives) {
  for (int i = 0; i < 30; ++i)
    Put(i % 3, std::to_string(i));
  Open();
  const std::set<std::string> first = Read(30);
  EXPECT_TRUE(first.contains("0:0=0"));
  EXPECT_TRUE(first.contains("2:9=29"));
  log_->Committed(marks_);
  for (int i = 0; i < 6; ++i)
    Put(i % 3, "later" + std::to_string(i));
  log_.reset();
  Open();
  EXPECT_EQ(Read(6), (std::set<std::string>{"0:10=later0", "0:11=later3", "1:10=later1",
                                            "1:11=later4", "2:10=later2", "2:11=later5"}));
  EXPECT_EQ(log_->figures().gaps, 0);
}

TEST_F(MockBrokers, AreMissedWhileTheyAreDownAndReadOnAfterwards) {
  Put(0, "a");
  Open();
  Read(1);
  ASSERT_EQ(rd_kafka_mock_broker_set_down(cluster_, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
  const int64_t end = clock_.SteadyMicros() + kPatienceMicros;
  PullBatch batch;
  while (log_->figures().failures == 0 && clock_.SteadyMicros() < end)
    ASSERT_TRUE(log_->Read(&batch).ok());
  EXPECT_GT(log_->figures().failures, 0);
  ASSERT_EQ(rd_kafka_mock_broker_set_up(cluster_, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
  Put(0, "b");
  EXPECT_EQ(Read(1), std::set<std::string>{"0:1=b"});
}

TEST_F(MockBrokers, SayThatAPlaceIsNotInTheLog) {
  Put(0, "a");
  marks_["kafka:orders/0"] = {.offset = 900, .text = "900 900 00000000000000ab"};
  Open();
  EXPECT_EQ(Read(1), std::set<std::string>{"0:0=a"});
  EXPECT_EQ(log_->figures().gaps, 1);
  EXPECT_THAT(log_->figures().last_gap, HasSubstr("ends at offset 1 and was read up to 900"));
}

TEST_F(MockBrokers, GoOnAfterAPause) {
  Put(0, "a");
  auto consumer = RdKafkaConsumer::Make(Options()).MoveValueUnsafe();
  EXPECT_EQ(*consumer->CountPartitions(), 3);
  EXPECT_EQ(consumer->RangeOf(0)->high, 1);
  ASSERT_TRUE(
      consumer->Subscribe({.on_assigned = [](int32_t) { return 0; }, .on_revoked = [](int32_t) {}})
          .ok());
  int messages = 0;
  const auto poll_until = [&](int wanted, int64_t micros) {
    const int64_t end = clock_.SteadyMicros() + micros;
    while (messages < wanted && clock_.SteadyMicros() < end)
      messages += consumer->Poll(50).kind == KafkaEvent::Kind::kMessage ? 1 : 0;
  };
  poll_until(1, kPatienceMicros);
  ASSERT_EQ(messages, 1);
  ASSERT_TRUE(consumer->Pause(true).ok());
  Put(0, "b");
  poll_until(2, 1'000'000);
  EXPECT_EQ(messages, 1);
  ASSERT_TRUE(consumer->Pause(false).ok());
  poll_until(2, kPatienceMicros);
  EXPECT_EQ(messages, 2);
}

TEST_F(MockBrokers, AFencedMemberIsOfNoUseAnyMore) {
  constexpr int16_t kHeartbeat = 12;
  RdKafkaOptions options = Options();
  options.instance = "worker";
  options.properties["heartbeat.interval.ms"] = "100";
  const auto consumer = RdKafkaConsumer::Make(options).ValueOrDie();
  bool assigned = false;
  ASSERT_TRUE(consumer
                  ->Subscribe({.on_assigned =
                                   [&assigned](int32_t) {
                                     assigned = true;
                                     return int64_t{0};
                                   },
                               .on_revoked = {}})
                  .ok());
  io::SystemClock clock;
  const int64_t deadline = clock.SteadyMicros() + kPatienceMicros;
  while (!assigned && clock.SteadyMicros() < deadline)
    consumer->Poll(50);
  ASSERT_TRUE(assigned);
  rd_kafka_mock_push_request_errors(cluster_, kHeartbeat, 1, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
  KafkaEvent event;
  while (event.kind != KafkaEvent::Kind::kBroken && clock.SteadyMicros() < deadline)
    event = consumer->Poll(50);
  ASSERT_EQ(event.kind, KafkaEvent::Kind::kBroken);
  EXPECT_THAT(event.failure.message(), HasSubstr("source.group of its own"));
}

TEST_F(MockBrokers, AMemberEndsThoughNobodyAnswersAnyMore) {
  auto consumer = RdKafkaConsumer::Make(Options()).ValueOrDie();
  bool assigned = false;
  bool revoked = false;
  ASSERT_TRUE(consumer
                  ->Subscribe({.on_assigned =
                                   [&assigned](int32_t) {
                                     assigned = true;
                                     return int64_t{0};
                                   },
                               .on_revoked = [&revoked](int32_t) { revoked = true; }})
                  .ok());
  io::SystemClock clock;
  const int64_t deadline = clock.SteadyMicros() + kPatienceMicros;
  while (!assigned && clock.SteadyMicros() < deadline)
    consumer->Poll(50);
  ASSERT_TRUE(assigned);
  rd_kafka_mock_broker_set_down(cluster_, 1);
  consumer.reset();
  EXPECT_TRUE(revoked);
}

TEST_F(MockBrokers, AWrongPropertyIsNamed) {
  RdKafkaOptions options = Options();
  options.properties = {{"security.protokoll", "ssl"}};
  const Status failure = RdKafkaConsumer::Make(options).status();
  EXPECT_EQ(KindOf(failure), ErrorKind::kInvalid);
  EXPECT_THAT(failure.message(), HasSubstr("security.protokoll"));
  options.properties = {{"security.protocol", "none"}};
  EXPECT_THAT(RdKafkaConsumer::Make(options).status().message(), HasSubstr("security.protocol"));
}

}  // namespace
}  // namespace tapelake::source
