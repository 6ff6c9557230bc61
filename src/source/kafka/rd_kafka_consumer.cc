#include "source/kafka/rd_kafka_consumer.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

namespace tapelake::source {
namespace {

constexpr int kCallMillis = 5'000;
constexpr int kCloseMillisMax = 10'000;
constexpr int kCloseWaitMillis = 100;
constexpr size_t kErrorTextBytes = 512;
/// Told failures are kept until Poll() hands them out; brokers that are down repeat themselves.
constexpr size_t kFailuresMax = 16;

struct TopicListDeleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using TopicList = std::unique_ptr<rd_kafka_topic_partition_list_t, TopicListDeleter>;

struct MessageDeleter {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Message = std::unique_ptr<rd_kafka_message_t, MessageDeleter>;

struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;

TopicList NewList(size_t capacity) {
  return TopicList(rd_kafka_topic_partition_list_new(static_cast<int>(capacity)));
}

ErrorKind KindOfCode(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return ErrorKind::kUnauthorized;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return ErrorKind::kNotFound;
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
      return ErrorKind::kInvalid;
    default:
      return ErrorKind::kUnavailable;
  }
}

Status ErrorOf(rd_kafka_resp_err_t code, const std::string& what, const char* words = nullptr) {
  std::string message = what + ": " + (words != nullptr ? words : rd_kafka_err2str(code));
  return MakeError(KindOfCode(code), std::move(message));
}

/// Takes the error object.
Status TakeError(rd_kafka_error_t* error, const std::string& what) {
  if (error == nullptr) return Status::OK();
  const Status status = ErrorOf(rd_kafka_error_code(error), what, rd_kafka_error_string(error));
  rd_kafka_error_destroy(error);
  return status;
}

Status Set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char words[kErrorTextBytes] = "";
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), words, sizeof(words)) ==
      RD_KAFKA_CONF_OK) {
    return Status::OK();
  }
  return MakeError(ErrorKind::kInvalid, "source.properties: '" + name + "': " + words);
}

/// What the source is built on.
const std::map<std::string, std::string>& OwnProperties() {
  static const std::map<std::string, std::string> own = {
      {"auto.offset.reset", "error"},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"enable.partition.eof", "true"},
      {"partition.assignment.strategy", "cooperative-sticky"},
  };
  return own;
}

/// What others may set, too.
const std::map<std::string, std::string>& DefaultProperties() {
  static const std::map<std::string, std::string> defaults = {
      {"client.id", "tapelake"},
      // What is fetched ahead, of all partitions: what the table has not taken waits at the broker.
      {"queued.min.messages", "20000"},
      {"queued.max.messages.kbytes", "16384"},
      // So that a partition that is added is found soon.
      {"topic.metadata.refresh.interval.ms", "10000"},
      {"reconnect.backoff.max.ms", "2000"},
      {"session.timeout.ms", "10000"},
  };
  return defaults;
}

class Consumer : public KafkaConsumer {
 public:
  explicit Consumer(std::string topic) : topic_(std::move(topic)) {}

  ~Consumer() override {
    message_.reset();
    if (client_ != nullptr) Close();
  }

  Status Open(const RdKafkaOptions& options);

  Result<int32_t> CountPartitions() override;
  Result<KafkaRange> RangeOf(int32_t partition) override;
  Result<std::vector<int64_t>> OffsetsAt(int64_t time_millis, int32_t partitions) override;
  Status Subscribe(KafkaGroupCalls calls) override;
  KafkaEvent Poll(int wait_millis) override;
  Status MoveTo(int32_t partition, int64_t offset) override;
  Status Pause(bool paused) override;
  void Commit(const std::map<int32_t, int64_t>& offsets) override;

 private:
  static void OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t code,
                          rd_kafka_topic_partition_list_t* partitions, void* self);
  static void OnError(rd_kafka_t* client, int code, const char* words, void* self);
  static void OnCommit(rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*, void*) {}
  static void OnLog(const rd_kafka_t*, int, const char*, const char*) {}

  void Close();
  void Assign(rd_kafka_topic_partition_list_t* partitions);
  void Revoke(rd_kafka_topic_partition_list_t* partitions);
  void Tell(Status failure);
  void TellFatal();
  Status WorstOf(const Status& failure);
  KafkaEvent EventOf(const rd_kafka_message_t& message) const;
  TopicList Assigned() const;

  std::string topic_;
  rd_kafka_t* client_ = nullptr;
  KafkaGroupCalls calls_;
  std::set<int32_t> assigned_;
  bool subscribed_ = false;
  bool paused_ = false;
  bool broken_ = false;
  Message message_;  // the last event's
  std::deque<Status> failures_;
};

Status Consumer::Open(const RdKafkaOptions& options) {
  Conf conf(rd_kafka_conf_new());
  std::map<std::string, std::string> properties = options.properties;
  for (const auto& [name, value] : DefaultProperties())
    properties.emplace(name, value);
  for (const auto& [name, value] : OwnProperties())
    properties.insert_or_assign(name, value);
  properties.insert_or_assign("bootstrap.servers", options.brokers);
  properties.insert_or_assign("group.id", options.group);
  if (!options.instance.empty()) properties.emplace("group.instance.id", options.instance);
  for (const auto& [name, value] : properties)
    TAPELAKE_RETURN_NOT_OK(Set(conf.get(), name, value));
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_rebalance_cb(conf.get(), &Consumer::OnRebalance);
  rd_kafka_conf_set_error_cb(conf.get(), &Consumer::OnError);
  rd_kafka_conf_set_offset_commit_cb(conf.get(), &Consumer::OnCommit);
  rd_kafka_conf_set_log_cb(conf.get(), &Consumer::OnLog);
  char words[kErrorTextBytes] = "";
  client_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), words, sizeof(words));
  if (client_ == nullptr) {
    return MakeError(ErrorKind::kInvalid, std::string("source.properties: ") + words);
  }
  static_cast<void>(conf.release());  // the client's from now on
  rd_kafka_poll_set_consumer(client_);
  return Status::OK();
}

/// Leave the group, but not for ever: where no broker answers, a plain close may not return.
void Consumer::Close() {
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client_);
  rd_kafka_error_t* refused = rd_kafka_consumer_close_queue(client_, queue);
  const bool begun = refused == nullptr;
  if (!begun) rd_kafka_error_destroy(refused);
  for (int waited = 0; begun && !rd_kafka_consumer_closed(client_) && waited < kCloseMillisMax;
       waited += kCloseWaitMillis) {
    rd_kafka_queue_poll_callback(queue, kCloseWaitMillis);
  }
  rd_kafka_queue_destroy(queue);
  const bool closed = begun && rd_kafka_consumer_closed(client_) != 0;
  rd_kafka_destroy_flags(client_, closed ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void Consumer::OnRebalance(rd_kafka_t* /*client*/, rd_kafka_resp_err_t code,
                           rd_kafka_topic_partition_list_t* partitions, void* self) {
  auto* consumer = static_cast<Consumer*>(self);
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    consumer->Assign(partitions);
  } else {
    consumer->Revoke(partitions);
  }
}

void Consumer::OnError(rd_kafka_t* /*client*/, int code, const char* words, void* self) {
  auto* consumer = static_cast<Consumer*>(self);
  const auto error = static_cast<rd_kafka_resp_err_t>(code);
  if (error == RD_KAFKA_RESP_ERR__FATAL) {
    consumer->TellFatal();
  } else {
    consumer->Tell(ErrorOf(error, "Kafka topic '" + consumer->topic_ + "'", words));
  }
}

/// librdkafka says so to its callback or instead of a message.
void Consumer::TellFatal() {
  char cause[kErrorTextBytes] = "";
  const rd_kafka_resp_err_t real = rd_kafka_fatal_error(client_, cause, sizeof(cause));
  failures_.clear();
  broken_ = true;
  const bool is_fenced = real == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
  const std::string advice =
      is_fenced ? " (another process is the same member of the group: give each lake a "
                  "source.group of its own)"
                : "";
  Tell(ErrorOf(real, "Kafka topic '" + topic_ + "'", (cause + advice).c_str()));
}

void Consumer::Tell(Status failure) {
  if (failures_.size() < kFailuresMax) failures_.push_back(std::move(failure));
}

/// Only what is of our topic: a group that read another one hands out its partitions, too, when a
/// member of a name that it knows comes back.
void Consumer::Assign(rd_kafka_topic_partition_list_t* partitions) {
  const TopicList ours = NewList(static_cast<size_t>(partitions->cnt));
  for (int i = 0; i < partitions->cnt; ++i) {
    const rd_kafka_topic_partition_t& element = partitions->elems[i];
    if (element.topic != topic_) {
      Tell(MakeError(ErrorKind::kConflict,
                     "Kafka topic '" + topic_ + "': its consumer group also reads '" +
                         element.topic + "' (give the table a source.group of its own)"));
      continue;
    }
    rd_kafka_topic_partition_list_add(ours.get(), element.topic, element.partition)->offset =
        calls_.on_assigned ? calls_.on_assigned(element.partition) : 0;
    assigned_.insert(element.partition);
  }
  const Status status =
      TakeError(rd_kafka_incremental_assign(client_, ours.get()), "cannot take partitions");
  if (!status.ok()) Tell(status);
  if (paused_) rd_kafka_pause_partitions(client_, ours.get());
}

void Consumer::Revoke(rd_kafka_topic_partition_list_t* partitions) {
  const TopicList ours = NewList(static_cast<size_t>(partitions->cnt));
  for (int i = 0; i < partitions->cnt; ++i) {
    const rd_kafka_topic_partition_t& element = partitions->elems[i];
    if (element.topic != topic_ || assigned_.erase(element.partition) == 0) continue;
    rd_kafka_topic_partition_list_add(ours.get(), element.topic, element.partition);
    if (calls_.on_revoked) calls_.on_revoked(element.partition);
  }
  const Status status =
      TakeError(rd_kafka_incremental_unassign(client_, ours.get()), "cannot give partitions back");
  if (!status.ok()) Tell(status);
}

/// What was told meanwhile, if it says more than that nobody answered: a wrong password shows as a
/// time-out of the call.
Status Consumer::WorstOf(const Status& failure) {
  // Lets errors be told. In the group a message could come with it.
  if (!subscribed_) message_.reset(rd_kafka_consumer_poll(client_, 0));
  const auto worst = std::ranges::find_if(failures_, [](const Status& told) {
    return KindOf(told) == ErrorKind::kUnauthorized || KindOf(told) == ErrorKind::kInvalid;
  });
  if (worst != failures_.end()) return *worst;
  return failures_.empty() || KindOf(failure) != ErrorKind::kUnavailable ? failure
                                                                         : failures_.back();
}

Result<int32_t> Consumer::CountPartitions() {
  const std::string what = "Kafka topic '" + topic_ + "'";
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client_, topic_.c_str(), nullptr);
  if (topic == nullptr) return ErrorOf(rd_kafka_last_error(), what);
  const struct rd_kafka_metadata* metadata = nullptr;  // a function has that name, too
  rd_kafka_resp_err_t code = rd_kafka_metadata(client_, 0, topic, &metadata, kCallMillis);
  rd_kafka_topic_destroy(topic);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return WorstOf(ErrorOf(code, what));
  int32_t count = 0;
  code = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  if (metadata->topic_cnt == 1) {
    code = metadata->topics[0].err;
    count = metadata->topics[0].partition_cnt;
  }
  rd_kafka_metadata_destroy(metadata);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return ErrorOf(code, what);
  if (count <= 0) return MakeError(ErrorKind::kUnavailable, what + " shows no partitions");
  return count;
}

Result<KafkaRange> Consumer::RangeOf(int32_t partition) {
  KafkaRange range;
  const rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
      client_, topic_.c_str(), partition, &range.low, &range.high, kCallMillis);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return range;
  return WorstOf(
      ErrorOf(code, "Kafka topic '" + topic_ + "', partition " + std::to_string(partition)));
}

Result<std::vector<int64_t>> Consumer::OffsetsAt(int64_t time_millis, int32_t partitions) {
  const std::string what = "Kafka topic '" + topic_ + "'";
  const TopicList list = NewList(static_cast<size_t>(partitions));
  for (int32_t i = 0; i < partitions; ++i)
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), i)->offset = time_millis;
  const rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(client_, list.get(), kCallMillis);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return WorstOf(ErrorOf(code, what));
  std::vector<int64_t> offsets(static_cast<size_t>(partitions), 0);
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& element = list->elems[i];
    if (element.err != RD_KAFKA_RESP_ERR_NO_ERROR) return ErrorOf(element.err, what);
    int64_t offset = element.offset;
    if (offset < 0) {  // nothing that young
      TAPELAKE_ASSIGN_OR_RAISE(const KafkaRange range, RangeOf(element.partition));
      offset = range.high;
    }
    offsets.at(static_cast<size_t>(element.partition)) = offset;
  }
  return offsets;
}

Status Consumer::Subscribe(KafkaGroupCalls calls) {
  calls_ = std::move(calls);
  subscribed_ = true;
  const TopicList list = NewList(1);
  rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), RD_KAFKA_PARTITION_UA);
  const rd_kafka_resp_err_t code = rd_kafka_subscribe(client_, list.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return Status::OK();
  return ErrorOf(code, "cannot subscribe to the Kafka topic '" + topic_ + "'");
}

KafkaEvent Consumer::EventOf(const rd_kafka_message_t& message) const {
  KafkaEvent event{.partition = message.partition, .offset = message.offset};
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR: {
      const auto text = [](const void* bytes, size_t size) -> std::optional<std::string_view> {
        if (bytes == nullptr) return std::nullopt;
        return std::string_view(static_cast<const char*>(bytes), size);
      };
      event.kind = KafkaEvent::Kind::kMessage;
      event.key = text(message.key, message.key_len);
      event.value = text(message.payload, message.len);
      rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
      event.timestamp_millis = rd_kafka_message_timestamp(&message, &type);
      if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) event.timestamp_millis = -1;
      return event;
    }
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      event.kind = KafkaEvent::Kind::kEnd;
      return event;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      event.kind = KafkaEvent::Kind::kOutOfRange;
      return event;
    default:
      event.kind = KafkaEvent::Kind::kFailure;
      event.failure =
          ErrorOf(message.err, "Kafka topic '" + topic_ + "'", rd_kafka_message_errstr(&message));
      return event;
  }
}

KafkaEvent Consumer::Poll(int wait_millis) {
  message_.reset();
  if (failures_.empty()) message_.reset(rd_kafka_consumer_poll(client_, wait_millis));
  if (message_ != nullptr && message_->err == RD_KAFKA_RESP_ERR__FATAL) {
    TellFatal();
  } else if (message_ != nullptr) {
    return EventOf(*message_);
  }
  if (failures_.empty()) return {};
  KafkaEvent event{.kind = broken_ ? KafkaEvent::Kind::kBroken : KafkaEvent::Kind::kFailure,
                   .failure = std::move(failures_.front())};
  failures_.pop_front();
  return event;
}

/// Not by a seek: a partition whose offset was refused has stopped, and then there is none.
Status Consumer::MoveTo(int32_t partition, int64_t offset) {
  if (!assigned_.contains(partition)) return Status::OK();
  const std::string what = "cannot move in partition " + std::to_string(partition);
  const TopicList list = NewList(1);
  rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset = offset;
  TAPELAKE_RETURN_NOT_OK(TakeError(rd_kafka_incremental_unassign(client_, list.get()), what));
  TAPELAKE_RETURN_NOT_OK(TakeError(rd_kafka_incremental_assign(client_, list.get()), what));
  if (paused_) rd_kafka_pause_partitions(client_, list.get());
  return Status::OK();
}

TopicList Consumer::Assigned() const {
  TopicList list = NewList(assigned_.size());
  for (const int32_t partition : assigned_)
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition);
  return list;
}

Status Consumer::Pause(bool paused) {
  if (paused == paused_) return Status::OK();
  const TopicList list = Assigned();
  const rd_kafka_resp_err_t code = paused ? rd_kafka_pause_partitions(client_, list.get())
                                          : rd_kafka_resume_partitions(client_, list.get());
  paused_ = paused;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return Status::OK();
  return ErrorOf(code, paused ? "cannot pause" : "cannot resume");
}

void Consumer::Commit(const std::map<int32_t, int64_t>& offsets) {
  const TopicList list = NewList(offsets.size());
  for (const auto& [partition, offset] : offsets) {
    if (!assigned_.contains(partition)) continue;
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset = offset;
  }
  // A hint that does not arrive is no loss.
  if (list->cnt > 0) rd_kafka_commit(client_, list.get(), /*async=*/1);
}

}  // namespace

Result<std::unique_ptr<KafkaConsumer>> RdKafkaConsumer::Make(const RdKafkaOptions& options) {
  auto consumer = std::make_unique<Consumer>(options.topic);
  TAPELAKE_RETURN_NOT_OK(consumer->Open(options));
  return std::unique_ptr<KafkaConsumer>(std::move(consumer));
}

}  // namespace tapelake::source
