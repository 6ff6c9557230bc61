#include "app/kafka_plan.h"

#include <utility>

#include "app/aws_plan.h"
#include "source/kafka/kafka_log.h"
#include "source/kafka/rd_kafka_consumer.h"

namespace tapelake::app {
namespace {

source::KafkaFormat FormatOf(const std::string& text) {
  if (text == "json") return source::KafkaFormat::kJson;
  return text == "debezium" ? source::KafkaFormat::kDebezium : source::KafkaFormat::kDynamodbJson;
}

bool HoldsNumbers(record::ColumnKind kind) {
  return kind == record::ColumnKind::kDecimal || kind == record::ColumnKind::kBigint ||
         kind == record::ColumnKind::kDouble;
}

source::ChangeAdapterOptions AdapterOptionsOf(const TablePlan& plan) {
  source::ChangeAdapterOptions options{.format = FormatOf(plan.source.format),
                                       .operation_field = plan.source.operation_field,
                                       .order_field = plan.source.order_field};
  for (const record::ColumnDefinition& column : plan.definition.columns) {
    if (column.name == plan.definition.key_column) options.key_attribute = column.attribute;
    if (HoldsNumbers(column.kind)) options.number_attributes.insert(column.attribute);
  }
  return options;
}

/// `member`: with a name of its own, by which the brokers know it again after a death.
source::RdKafkaOptions ConsumerOptionsOf(const TablePlan& plan, bool member) {
  // With the topic: a group remembers what its members subscribed to.
  const std::string own = "tapelake-" + plan.definition.QualifiedName() + "-" + plan.source.topic;
  return {.brokers = plan.source.brokers,
          .topic = plan.source.topic,
          .group = plan.source.group.empty() ? own : plan.source.group,
          .instance = member ? own : "",
          .properties = plan.source.properties};
}

}  // namespace

Result<std::unique_ptr<source::PullLog>> MakeKafkaLog(
    const TablePlan& plan, io::Clock& clock, bool patient,
    const std::map<std::string, record::LogMark>& marks) {
  const bool at_end = plan.source.start == "newest" || plan.source.start == "latest";
  const auto start = ParseStart(plan.source.start, clock.WallMicros());
  if (!start) return MakeError(ErrorKind::kInvalid, "source.start = '" + plan.source.start + "'");
  source::KafkaLogOptions options{.topic = plan.source.topic,
                                  .start = *start,
                                  .at_end = at_end,
                                  .format = AdapterOptionsOf(plan),
                                  .patient = patient};
  return std::make_unique<source::KafkaLog>(
      [consumer = ConsumerOptionsOf(plan, /*member=*/true)] {
        return source::RdKafkaConsumer::Make(consumer);
      },
      clock, std::move(options), marks);
}

Result<std::string> DescribeKafka(const TablePlan& plan) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto consumer, source::RdKafkaConsumer::Make(
                                                    ConsumerOptionsOf(plan, /*member=*/false)));
  TAPELAKE_ASSIGN_OR_RAISE(const int32_t count, consumer->CountPartitions());
  return std::to_string(count) + (count == 1 ? " partition" : " partitions");
}

}  // namespace tapelake::app
