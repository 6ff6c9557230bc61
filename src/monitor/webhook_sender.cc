#include "monitor/webhook_sender.h"

#include <algorithm>
#include <utility>

#include "monitor/metrics.h"

namespace tapelake::monitor {
namespace {

constexpr int kRequestTimeout = 408;
constexpr int kTooManyRequests = 429;

bool MayPass(int status) {
  return status == kRequestTimeout || status == kTooManyRequests || status >= 500;
}

}  // namespace

WebhookSender::WebhookSender(io::Clock& clock, HttpPoster& poster, metrics::Registry& registry,
                             WebhookOptions options)
    : clock_(clock),
      poster_(poster),
      options_(options),
      posts_(registry.GetCounter(kWebhookPosts)),
      failures_(registry.GetCounter(kWebhookFailures)),
      lost_(registry.GetCounter(kWebhookLost)) {}

void WebhookSender::Enqueue(std::string json) {
  const std::scoped_lock lock(mutex_);
  if (queue_.size() == options_.queue_max) {
    queue_.pop_front();
    ++oldest_id_;
    lost_.Add();
  }
  queue_.push_back(std::move(json));
}

WebhookSender::Outcome WebhookSender::Try(const std::string& json) {
  const Result<int> status = poster_.Post(json);
  if (status.ok() && *status >= 200 && *status < 300) return Outcome::kSent;
  failures_.Add();
  const std::scoped_lock lock(mutex_);
  last_failure_ =
      status.ok() ? "the webhook answered " + std::to_string(*status) : status.status().message();
  return status.ok() && !MayPass(*status) ? Outcome::kGiveUp : Outcome::kTryAgain;
}

bool WebhookSender::Step() {
  if (clock_.SteadyMicros() < next_micros_) return false;
  std::string json;
  {
    const std::scoped_lock lock(mutex_);
    if (queue_.empty()) return false;
    json = queue_.front();
    if (tried_id_ != oldest_id_) tries_ = 0;
    tried_id_ = oldest_id_;
  }
  Outcome outcome = Try(json);
  ++tries_;
  if (outcome == Outcome::kTryAgain && tries_ < options_.tries_max) {
    const int64_t pause = options_.pause_micros << std::min(tries_ - 1, 20);
    next_micros_ = clock_.SteadyMicros() + std::min(pause, options_.pause_micros_max);
    return true;
  }
  Finish(outcome == Outcome::kSent);
  return true;
}

void WebhookSender::Finish(bool sent) {
  (sent ? posts_ : lost_).Add();
  tries_ = 0;
  next_micros_ = 0;
  const std::scoped_lock lock(mutex_);
  // While it was sent a full queue may have pushed it out.
  if (queue_.empty() || tried_id_ != oldest_id_) return;
  queue_.pop_front();
  ++oldest_id_;
}

void WebhookSender::Drain() {
  bool reachable = true;
  while (true) {
    std::string json;
    {
      const std::scoped_lock lock(mutex_);
      if (queue_.empty()) return;
      json = std::move(queue_.front());
      queue_.pop_front();
      ++oldest_id_;
    }
    reachable = reachable && Try(json) == Outcome::kSent;
    (reachable ? posts_ : lost_).Add();
  }
}

std::string WebhookSender::last_failure() const {
  const std::scoped_lock lock(mutex_);
  return last_failure_;
}

}  // namespace tapelake::monitor
