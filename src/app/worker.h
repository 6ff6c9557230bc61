#pragma once

#include <string>

#include "base/status.h"

namespace tapelake::app {

/// One long-lived activity without a loop or thread of its own: `app` steps it on a named thread,
/// the simulation tests step all of them in seeded order on one thread.
class Worker {
 public:
  virtual ~Worker() = default;

  /// For thread names and messages.
  virtual std::string name() const = 0;

  /// Do a small piece of work. Return true if there was something to do, false if the caller should
  /// wait a little. After an error the worker must not be stepped again.
  virtual Result<bool> Step() = 0;

  /// Whether steps without new input would still take something in: records that wait in the stream
  /// before the worker. Asked at the end, before Drain().
  virtual bool has_backlog() const { return false; }

  /// Whether the last step did nothing only because another worker must first take what this one
  /// handed over.
  virtual bool is_held_up() const { return false; }

  /// Bring what was taken to its end (a commit). Called once, after the last Step that succeeded.
  virtual Status Drain() = 0;

  /// Write down what holds only now that every worker has drained well. May be called again.
  virtual Status Settle() { return Status::OK(); }
};

}  // namespace tapelake::app
