#include <gtest/gtest.h>

#include <deque>

#include "monitor/curl_poster.h"
#include "monitor/metrics.h"
#include "monitor/webhook_sender.h"
#include "testing/fake_clock.h"

namespace tapelake::monitor {
namespace {

/// Answers what it is told to, then 200.
class FakePoster : public HttpPoster {
 public:
  Result<int> Post(const std::string& json) override {
    posted.push_back(json);
    if (answers.empty()) return 200;
    const int status = answers.front();
    answers.pop_front();
    if (status == 0) return MakeError(ErrorKind::kUnavailable, "no answer");
    return status;
  }
  std::deque<int> answers;  ///< 0: no answer.
  std::vector<std::string> posted;
};

class Webhook : public ::testing::Test {
 protected:
  void Open(const WebhookOptions& options) {
    sender_ = std::make_unique<WebhookSender>(clock_, poster_, registry_, options);
  }
  void SetUp() override { Open({}); }
  int64_t Count(const metrics::MetricDef& def) { return registry_.GetCounter(def).value(); }
  /// Step through `seconds`, ten times a second.
  void Run(int seconds) {
    for (int i = 0; i < seconds * 10; ++i) {
      sender_->Step();
      clock_.Advance(100'000);
    }
  }

  testing::FakeClock clock_{0};
  metrics::Registry registry_;
  FakePoster poster_;
  std::unique_ptr<WebhookSender> sender_;
};

TEST_F(Webhook, SendsInOrderEachOnce) {
  EXPECT_FALSE(sender_->Step());
  sender_->Enqueue("a");
  sender_->Enqueue("b");
  EXPECT_TRUE(sender_->Step());
  EXPECT_TRUE(sender_->Step());
  EXPECT_FALSE(sender_->Step());
  EXPECT_EQ(poster_.posted, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Count(kWebhookPosts), 2);
  EXPECT_EQ(Count(kWebhookFailures), 0);
}

TEST_F(Webhook, TriesAgainWithGrowingPausesAndKeepsTheOrder) {
  poster_.answers = {0, 503, 429};
  sender_->Enqueue("a");
  sender_->Enqueue("b");
  EXPECT_TRUE(sender_->Step());
  EXPECT_FALSE(sender_->Step()) << "not before the pause is over";
  clock_.Advance(1'000'000);
  EXPECT_TRUE(sender_->Step());
  EXPECT_EQ(sender_->last_failure(), "the webhook answered 503");
  clock_.Advance(1'000'000);
  EXPECT_FALSE(sender_->Step()) << "the second pause is twice as long";
  Run(10);
  EXPECT_EQ(poster_.posted, (std::vector<std::string>{"a", "a", "a", "a", "b"}));
  EXPECT_EQ(Count(kWebhookFailures), 3);
  EXPECT_EQ(Count(kWebhookPosts), 2);
  EXPECT_EQ(Count(kWebhookLost), 0);
}

TEST_F(Webhook, ARefusalIsNotTriedAgain) {
  poster_.answers = {404};
  sender_->Enqueue("a");
  sender_->Enqueue("b");
  Run(5);
  EXPECT_EQ(poster_.posted, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Count(kWebhookLost), 1);
}

TEST_F(Webhook, GivesUpAfterTheLastTry) {
  poster_.answers = {0, 0, 0, 0, 0, 0};
  sender_->Enqueue("a");
  sender_->Enqueue("b");
  Run(100);
  EXPECT_EQ(poster_.posted.size(), 7u);
  EXPECT_EQ(Count(kWebhookLost), 1);
  EXPECT_EQ(Count(kWebhookPosts), 1);
}

TEST_F(Webhook, AFullQueueLosesTheOldest) {
  Open({.queue_max = 2});
  for (const char* message : {"a", "b", "c"})
    sender_->Enqueue(message);
  Run(1);
  EXPECT_EQ(poster_.posted, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(Count(kWebhookLost), 1);
}

TEST_F(Webhook, AMessagePushedOutDoesNotLendItsTriesToTheNext) {
  Open({.queue_max = 1, .tries_max = 2});
  poster_.answers = {0, 0};
  sender_->Enqueue("a");
  Run(1);
  sender_->Enqueue("b");
  Run(10);
  EXPECT_EQ(poster_.posted, (std::vector<std::string>{"a", "b", "b"}));
  EXPECT_EQ(Count(kWebhookPosts), 1);
}

TEST_F(Webhook, DrainSendsWhatItCanAndEnds) {
  poster_.answers = {200, 0};
  for (const char* message : {"a", "b", "c"})
    sender_->Enqueue(message);
  sender_->Drain();
  EXPECT_EQ(poster_.posted, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Count(kWebhookPosts), 1);
  EXPECT_EQ(Count(kWebhookLost), 2);
}

TEST(CurlPoster, NamesHostAndReasonButNotThePath) {
  // Port 1 of this machine: nobody listens there.
  auto poster = CurlPoster::Make("http://127.0.0.1:1/secret", 2'000'000);
  ASSERT_TRUE(poster.ok()) << poster.status();
  const Result<int> status = (*poster)->Post("{}");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(KindOf(status.status()), ErrorKind::kUnavailable);
  EXPECT_TRUE(
      status.status().message().starts_with("no answer from the webhook at "
                                            "http://127.0.0.1:1: "));
  EXPECT_EQ(status.status().message().find("secret"), std::string::npos);
  EXPECT_EQ(KindOf(CurlPoster::Make("file:///etc/passwd", 1'000'000).status()),
            ErrorKind::kInvalid);
}

}  // namespace
}  // namespace tapelake::monitor
