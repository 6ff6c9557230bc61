#include "serve/dashboard/live_hub.h"

#include <gtest/gtest.h>

#include "serve/dashboard/testing_dashboard_data.h"
#include "testing/fake_clock.h"

namespace tapelake::serve {
namespace {

const SeriesName kSeries = {"BTC/USD", "*"};

/// A client as fast as the test wants.
class FakeSink : public EventSink {
 public:
  bool Ready() const override { return ready && !closed && !ending; }
  bool Closed() const override { return closed; }
  void Send(std::shared_ptr<const std::string> text) override {
    texts.push_back(std::move(text));
    if (slow) ready = false;
  }
  void Close() override { ending = true; }

  /// Names of the events sent since it was asked last.
  std::string Events() {
    std::string names;
    for (const auto& text : texts) {
      for (size_t at = text->find("event: "); at != text->npos; at = text->find("event: ", at + 1))
        names += text->substr(at + 7, text->find('\n', at) - at - 7) + " ";
    }
    texts.clear();
    return names;
  }

  bool ready = true;
  bool slow = false;
  bool closed = false;
  bool ending = false;
  std::vector<std::shared_ptr<const std::string>> texts;
};

class LiveHubTest : public ::testing::Test {
 protected:
  std::shared_ptr<FakeSink> Join(std::string last_event_id = "", int64_t every_ms = 0) {
    auto sink = std::make_shared<FakeSink>();
    hub_.Add({.query = {.series = kSeries},
              .every_ms = every_ms,
              .last_event_id = std::move(last_event_id)},
             sink);
    return sink;
  }
  void Tick(int64_t micros = 100'000) {
    clock_.Advance(micros);
    hub_.Tick();
  }
  void Change() { data_.PutBar(kSeries, 60'000, ++price_); }
  static std::string IdOf(const std::string& text) {
    const size_t at = text.rfind("id: ");
    return at == text.npos ? "" : text.substr(at + 4, text.find('\n', at) - at - 4);
  }

  testing::FakeDashboardData data_;
  tapelake::testing::FakeClock clock_{1'000'000'000};
  LiveHub hub_{data_, clock_, "epoch", {.publications_max = 3}};
  int64_t price_ = 0;
};

TEST_F(LiveHubTest, GreetsWithTheEpochAndAllThereIs) {
  Change();
  const auto client = Join();
  Tick();
  ASSERT_EQ(client->texts.size(), 1U);
  const std::string& text = *client->texts[0];
  EXPECT_TRUE(text.starts_with(
      "retry: 500\nevent: hello\ndata: {\"epoch\":\"epoch\",\"every_ms\":0,\"now_ms\":1000100}\n\n"
      "id: epoch-1\nevent: update\ndata: {\"version\":1,"))
      << text;
  EXPECT_EQ(client->Events(), "hello update ");
}

TEST_F(LiveHubTest, SaysIdleWhenNothingChangesForASecond) {
  const auto client = Join();
  Tick();
  client->Events();
  Tick(900'000);
  EXPECT_EQ(client->Events(), "");
  Tick(100'000);
  EXPECT_EQ(client->Events(), "idle ");
  Tick(100'000);
  EXPECT_EQ(client->Events(), "");
}

TEST_F(LiveHubTest, GivesTheMissingPartToWhoComesBack) {
  Change();
  auto client = Join();
  Tick();
  const std::string id = IdOf(*client->texts[0]);
  client->closed = true;
  Change();
  client = Join(id);
  Tick();
  EXPECT_EQ(client->Events(), "hello update ");
  EXPECT_EQ(hub_.counters().resumed_total, 1);
  EXPECT_EQ(hub_.counters().clients, 1);
  client->closed = true;
  client = Join("epoch-2");
  Tick();
  EXPECT_EQ(client->Events(), "hello ");
}

TEST_F(LiveHubTest, ResetsWhoComesFromElsewhere) {
  Change();
  for (const char* id : {"other-1", "epoch-99", "epoch-0", "epoch-", "epoch", "epoch-1x", "x",
                         "epoch--1", "epoch-18446744073709551616"}) {
    const auto client = Join(id);
    Tick();
    EXPECT_EQ(client->Events(), "hello reset update ") << id;
    client->closed = true;
  }
}

TEST_F(LiveHubTest, ResetsWhoWasAwayForTooLong) {
  Change();
  const auto steady = Join();
  Tick();
  for (int i = 0; i < 3; ++i) {
    Change();
    Tick();
  }
  const auto client = Join("epoch-1");
  Tick();
  EXPECT_EQ(client->Events(), "hello reset update ");
  EXPECT_EQ(steady->Events(), "hello update update update update ");
}

TEST_F(LiveHubTest, GivesASlowClientFewerAndNewerEvents) {
  const auto slow = Join();
  slow->slow = true;
  const auto quick = Join();
  Change();
  Tick();
  EXPECT_EQ(slow->Events(), "hello update ");
  for (int i = 0; i < 2; ++i) {
    Change();
    Tick();
  }
  EXPECT_EQ(slow->Events(), "");
  EXPECT_EQ(hub_.counters().skipped_ticks_total, 2);
  slow->ready = true;
  Tick();
  ASSERT_EQ(slow->texts.size(), 1U);
  EXPECT_NE(slow->texts[0]->find("[60000,\"3\""), std::string::npos) << *slow->texts[0];
  EXPECT_EQ(slow->texts[0]->find("[60000,\"2\""), std::string::npos);
  EXPECT_EQ(quick->Events(), "hello update update update ");
}

TEST_F(LiveHubTest, ResetsASlowClientThatCannotCatchUp) {
  const auto slow = Join();
  slow->slow = true;
  Change();
  Tick();
  slow->Events();
  for (int i = 0; i < 4; ++i) {
    Change();
    Tick();
  }
  slow->ready = true;
  Tick();
  EXPECT_EQ(slow->Events(), "reset update ");
  EXPECT_EQ(hub_.counters().resets_total, 1);
}

TEST_F(LiveHubTest, EncodesOnceForAllThatKnowTheSame) {
  std::vector<std::shared_ptr<FakeSink>> clients;
  for (int i = 0; i < 10; ++i)
    clients.push_back(Join());
  Tick();
  for (const auto& client : clients)
    client->Events();
  Change();
  const int calls_before = data_.bars_since_calls;
  Tick();
  EXPECT_EQ(data_.bars_since_calls, calls_before + 1);
  for (const auto& client : clients)
    EXPECT_EQ(client->texts.at(0).get(), clients[0]->texts.at(0).get());
}

TEST_F(LiveHubTest, WaitsBetweenUpdatesAsAsked) {
  Change();
  const auto client = Join("", 60'000);
  Tick();
  EXPECT_EQ(client->Events(), "hello update ");
  for (int i = 0; i < 2; ++i) {
    Change();
    Tick(500'000);
  }
  EXPECT_EQ(client->Events(), "idle ");
  Tick(59'000'000);
  EXPECT_EQ(client->Events(), "update ");
}

TEST_F(LiveHubTest, LooksAtNothingWithoutClients) {
  Change();
  Tick();
  EXPECT_EQ(data_.bars_since_calls, 0);
  const auto client = Join();
  Tick();
  client->closed = true;
  const int calls = data_.bars_since_calls;
  Change();
  Tick();
  EXPECT_EQ(data_.bars_since_calls, calls);
  EXPECT_EQ(hub_.counters().clients, 0);
}

TEST_F(LiveHubTest, SaysByeAndLetsNobodyInAfter) {
  const auto greeted = Join();
  Tick();
  const auto fresh = Join();
  hub_.End("the \"end\"");
  EXPECT_EQ(*greeted->texts.back(), "event: bye\ndata: {\"reason\":\"the \\\"end\\\"\"}\n\n");
  EXPECT_EQ(fresh->Events(), "bye ");
  EXPECT_TRUE(greeted->ending);
  const auto late = Join();
  EXPECT_TRUE(late->ending);
  Tick();
  EXPECT_EQ(late->Events(), "");
}

}  // namespace
}  // namespace tapelake::serve
