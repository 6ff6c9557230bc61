#pragma once

/// From the configuration to topics of Kafka.

#include <map>
#include <memory>
#include <string>

#include "app/table_plan.h"
#include "base/status.h"
#include "io/clock.h"
#include "record/log_mark.h"
#include "source/pull/pull_log.h"

namespace tapelake::app {

/// The log of a table whose source is of kind `kafka`, read on from `marks`. `patient`: whatever
/// fails may pass. Does not wait for the brokers. `clock` must outlive the log. Errors: kInvalid (a
/// setting; names it).
Result<std::unique_ptr<source::PullLog>> MakeKafkaLog(
    const TablePlan& plan, io::Clock& clock, bool patient,
    const std::map<std::string, record::LogMark>& marks);

/// What the brokers say of it, in words: `6 partitions`. Errors: those of source::KafkaConsumer.
Result<std::string> DescribeKafka(const TablePlan& plan);

}  // namespace tapelake::app
