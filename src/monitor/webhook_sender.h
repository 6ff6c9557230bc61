#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "base/status.h"
#include "io/clock.h"
#include "metrics/registry.h"

namespace tapelake::monitor {

/// Sends one HTTP POST with a JSON body. One thread.
class HttpPoster {
 public:
  virtual ~HttpPoster() = default;

  /// Return the status of the answer. Errors: kUnavailable (no answer: names the reason, not the
  /// URL).
  virtual Result<int> Post(const std::string& json) = 0;
};

struct WebhookOptions {
  size_t queue_max = 256;            ///< Messages; full, the oldest goes.
  int tries_max = 6;                 ///< Of one message.
  int64_t pause_micros = 1'000'000;  ///< After the first failure; doubles with each further one.
  int64_t pause_micros_max = 60'000'000;
};

/// A bounded queue of messages for a webhook, in order. What fails is tried again: no answer, 408,
/// 429 and 5xx; any other status but 2xx is the receiver's last word. Everything is counted.
///
/// Enqueue() may be called from any thread and never waits; Step() and Drain() belong to one.
class WebhookSender {
 public:
  /// All must outlive it.
  WebhookSender(io::Clock& clock, HttpPoster& poster, metrics::Registry& registry,
                WebhookOptions options);

  void Enqueue(std::string json);

  /// Send the oldest message if it is its time. Blocks as long as the poster does. Returns whether
  /// a try was made.
  bool Step();

  /// Try to send what waits, once each, until one fails; the rest is lost and counted.
  void Drain();

  /// Of the newest failed try; empty if there was none.
  std::string last_failure() const;

 private:
  enum class Outcome : uint8_t { kSent, kTryAgain, kGiveUp };
  Outcome Try(const std::string& json);
  void Finish(bool sent);

  io::Clock& clock_;
  HttpPoster& poster_;
  const WebhookOptions options_;
  metrics::Counter& posts_;
  metrics::Counter& failures_;
  metrics::Counter& lost_;
  int64_t next_micros_ = 0;  // steady time of the next try

  mutable std::mutex mutex_;  // guards the rest
  std::deque<std::string> queue_;
  uint64_t oldest_id_ = 0;  // grows when the oldest message leaves the queue
  std::string last_failure_;

  // Of the message being tried, for the thread of Step():
  uint64_t tried_id_ = 0;
  int tries_ = 0;
};

}  // namespace tapelake::monitor
