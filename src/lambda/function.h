#pragma once

#include <string>

#include "base/status.h"
#include "io/clock.h"
#include "lambda/batch_handler.h"
#include "lambda/event.h"
#include "lambda/firehose_handler.h"
#include "lambda/log.h"
#include "lambda/refusals.h"
#include "lambda/runtime_api.h"

namespace tapelake::lambda {

/// `Category.Reason` of a failed invocation, as Lambda shows it: `Function.InvalidEvent`,
/// `Function.TargetUnavailable`, `Function.DeadlineNear`, `Function.Bug`.
std::string ErrorTypeOf(const Status& status);

/// The function: takes one event after the other and has it answered. One thread.
class Function {
 public:
  struct Parts {
    RuntimeApi& api;
    FirehoseHandler& firehose;
    BatchHandler& batches;
    io::Clock& clock;
    Log& log;
  };

  /// All parts must outlive this.
  explicit Function(const Parts& parts) : parts_(parts) {}

  /// Wait for an invocation and answer it, with its result or an error. Errors: those after which
  /// the process should end (see RuntimeApi).
  Status Step();

 private:
  Status Answer(Refusals* refusals);
  Status Report(const Status& outcome);

  const Parts parts_;
  Invocation invocation_;
  EventReader reader_;
  Event event_;
  std::string answer_;
};

}  // namespace tapelake::lambda
