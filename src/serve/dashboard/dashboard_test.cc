#include "serve/dashboard/dashboard.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "io/clock.h"
#include "io/random.h"
#include "serve/dashboard/testing_dashboard_data.h"
#include "serve/http/testing_client.h"

namespace tapelake::serve {
namespace {

using base::JsonValue;
using testing::Answer;
using testing::Client;
using testing::Get;
using testing::Post;

const SeriesName kSeries = {"BTC/USD", "*"};

/// The whole port over a fake program, talked to through sockets.
class DashboardTest : public ::testing::Test {
 protected:
  void Start(HttpServerOptions http = {}) {
    if (http.token.empty()) http.listen = "127.0.0.1:0";
    dashboard_ = std::make_unique<Dashboard>(
        Dashboard::Parts{.data = data_, .clock = clock_, .random = random_},
        DashboardOptions{
            .http = http, .tick_micros = 5'000, .sql_rows_max = 100, .metrics_text = [] {
              return "up 1\n";
            }});
    const Status status = dashboard_->Start();
    ASSERT_TRUE(status.ok()) << status;
    port_ = dashboard_->port();
  }

  JsonValue Json(const Answer& answer, int status = 200) {
    EXPECT_EQ(answer.status, status) << answer.body;
    const auto json = base::ParseJson(answer.body);
    EXPECT_TRUE(json.ok()) << answer.body;
    return json.ok() ? *json : JsonValue();
  }
  JsonValue GetJson(std::string_view path, int status = 200) {
    return Json(Get(port_, path), status);
  }
  std::string KindOfError(std::string_view path, int status) {
    const JsonValue json = GetJson(path, status);
    return json.Find("error") == nullptr ? "" : json.Find("error")->Find("kind")->text();
  }

  testing::FakeDashboardData data_;
  io::SystemClock clock_;
  io::SystemRandom random_;
  std::unique_ptr<Dashboard> dashboard_;
  uint16_t port_ = 0;
};

TEST_F(DashboardTest, SaysWhatItIs) {
  Start();
  EXPECT_EQ(dashboard_->url(), "http://127.0.0.1:" + std::to_string(port_) + "/");
  const JsonValue status = GetJson("/api/v1/status");
  EXPECT_EQ(status.Find("version")->text(), "0.1.0");
  EXPECT_FALSE(status.Find("login_needed")->boolean());
  EXPECT_EQ(status.Find("intervals")->items().size(), 6U);
  EXPECT_EQ(status.Find("measures")->items()[0].Find("group")->text(), "volatility");
  EXPECT_NEAR(static_cast<double>(status.Find("now_ms")->AsInt(0)),
              static_cast<double>(clock_.WallMicros() / 1'000), 10'000);
  const Answer metrics = Get(port_, "/metrics");
  EXPECT_EQ(metrics.body, "up 1\n");
  EXPECT_TRUE(metrics.fields.at("content-type").starts_with("text/plain; version=0.0.4"));
}

TEST_F(DashboardTest, SendsHostileNamesAsData) {
  Start();
  const JsonValue markets = GetJson("/api/v1/markets");
  EXPECT_EQ(markets.Find("pairs")->items()[1].Find("pair")->text(), "\"</script>");
  const Answer answer = Get(port_, "/api/v1/bars?pair=%22%3C/script%3E%5C");
  EXPECT_EQ(answer.fields.at("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(Json(answer, 404).Find("error")->Find("message")->text(),
            "there is no pair '\"</script>\\'");
}

TEST_F(DashboardTest, SendsBarsAsArrays) {
  data_.PutBar(kSeries, 60'000, 7);
  BarRow& bar = data_.bars[kSeries][0].bar;
  bar.high = base::Int128{7'250'000'000'000'000'000};
  bar.vwap = 7.5;
  bar.pending = 2;
  bar.stale = true;
  data_.bars[kSeries].push_back({.bar = {.start_ms = 120'000,
                                         .quantity = "0",
                                         .money = "0",
                                         .buy_quantity = "0",
                                         .sell_quantity = "0",
                                         .failed = 1}});
  Start();
  const Answer answer = Get(port_, "/api/v1/bars?pair=BTC/USD&interval=1m&limit=10");
  EXPECT_EQ(answer.body, R"({"pair":"BTC/USD","exchange":"*","interval":"1m","version":1,"bars":[)"
                         R"([60000,"7","7.25","7","7","1","2",7.5,null,1,"1","0",2,0,0,1],)"
                         R"([120000,null,null,null,null,"0","0",null,null,0,"0","0",0,1,0,0]]})");
  EXPECT_EQ(data_.last_bars_request.bars_max, 10);
  EXPECT_EQ(answer.fields.at("cache-control"), "no-store");
}

TEST_F(DashboardTest, SendsMeasuresAndTheRestOfTheMarket) {
  data_.measures[kSeries] = {.as_of_ms = 9,
                             .values = {{.name = "a", .value = 0.31, .note = "thin", .n = 60},
                                        {.name = "b", .reason = "too_few", .n = 1, .detail = 2.5}}};
  data_.overview = {{.pair = "BTC/USD", .quote = "USD", .last = "7.0", .spark = {1.0, 1.5}}};
  data_.exchanges["BTC/USD"] = {{.exchange = "kraken"}};
  data_.PutTape({{.key = "k", .time_us = 4, .pair = "BTC/USD", .side = "buy", .price = "7"}});
  Start();
  EXPECT_EQ(Get(port_, "/api/v1/measures?pair=BTC/USD").body,
            R"({"pair":"BTC/USD","exchange":"*","as_of_ms":9,"values":[)"
            R"(["a",0.31,null,"thin",60,null],["b",null,"too_few",null,1,2.5]]})");
  const JsonValue overview = GetJson("/api/v1/overview");
  EXPECT_TRUE(overview.Find("rows")->items()[0].Find("change_24h")->is_null());
  EXPECT_EQ(overview.Find("rows")->items()[0].Find("last")->text(), "7.0");
  EXPECT_TRUE(
      GetJson("/api/v1/exchanges?pair=BTC/USD").Find("rows")->items()[0].Find("age_ms")->is_null());
  EXPECT_EQ(Get(port_, "/api/v1/tape?limit=5").body,
            R"({"version":1,"large_from":{"BTC/USD":"100000"},"trades":[)"
            R"([4,"BTC/USD","","buy","7","","","k"]]})");
  EXPECT_EQ(Get(port_, "/api/v1/correlation").body,
            R"({"pairs":["A/USD","B/USD"],"n":[[9,9],[9,9]],"values":[[1,null],[null,1]]})");
  EXPECT_EQ(GetJson("/api/v1/cone?pair=a").Find("points")->items()[0].Find("now")->text(), "0.25");
  EXPECT_EQ(GetJson("/api/v1/sizes?pair=a&hours=3").Find("counts")->items()[1].AsInt(0), 3);
  EXPECT_EQ(GetJson("/api/v1/pipeline").Find("clients")->AsInt(-1), 0);
  EXPECT_TRUE(GetJson("/api/v1/alarms").Find("alarms")->is_array());
}

TEST_F(DashboardTest, SendsTheLake) {
  Start();
  EXPECT_TRUE(GetJson("/api/v1/tables").Find("tables")->items()[0].Find("rows")->is_null());
  const std::string table = "/api/v1/tables/crypto.transactions/";
  EXPECT_EQ(GetJson(table + "commits").Find("commits")->items()[0].Find("at_ms")->AsInt(0), 5);
  EXPECT_EQ(GetJson(table + "files").Find("files")->items().size(), 1U);
  EXPECT_EQ(Get(port_, table + "columns").body,
            R"json({"schemas":[{"instant":"1","columns":)json"
            R"json([{"name":"price","type":"decimal(38,18)"}]}]})json");
  EXPECT_EQ(KindOfError("/api/v1/tables/..%2f..%2fetc/files", 404), "not_found");
}

TEST_F(DashboardTest, NamesWhatIsWrongWithARequest) {
  Start();
  EXPECT_EQ(KindOfError("/api/v1/bars", 400), "invalid");
  EXPECT_EQ(KindOfError("/api/v1/bars?pair=a&interval=7m", 400), "invalid");
  EXPECT_EQ(KindOfError("/api/v1/live?pair=a&every_ms=x", 400), "invalid");
  EXPECT_EQ(KindOfError("/api/v1/nothing", 404), "not_found");
  EXPECT_EQ(KindOfError("/api/v1/sql", 405), "invalid");
  EXPECT_EQ(KindOfError("/api/v1/status?token=x", 400), "invalid");
  EXPECT_EQ(Get(port_, "/api/v1/status", "Origin: http://evil.example\r\n").status, 403);
}

TEST_F(DashboardTest, RunsSql) {
  Start();
  EXPECT_EQ(Post(port_, "/api/v1/sql", R"({"sql":"SELECT 1","limit":1000})").body,
            R"({"columns":[{"name":"n","type":"BIGINT"}],"rows":[["12"],[null]],)"
            R"("truncated":false,"took_ms":3})");
  EXPECT_EQ(data_.last_sql.rows_max, 100);
  EXPECT_EQ(data_.last_sql.timeout_micros, 30'000'000);
  EXPECT_EQ(Json(Post(port_, "/api/v1/sql", R"({"sql":"bad"})"), 400)
                .Find("error")
                ->Find("message")
                ->text(),
            "syntax error at \"bad\"");
  EXPECT_EQ(Post(port_, "/api/v1/sql", "not json").status, 400);
}

TEST_F(DashboardTest, ExportsResults) {
  Start();
  const Answer csv = Post(port_, "/api/v1/sql/export", R"({"sql":"x","format":"csv"})");
  EXPECT_EQ(csv.body, "n\n12\n");
  EXPECT_EQ(csv.fields.at("content-disposition"), "attachment; filename=\"tapelake.csv\"");
  EXPECT_EQ(Post(port_, "/api/v1/sql/export", R"({"sql":"x","format":"parquet"})").body, "PAR1");
  EXPECT_EQ(Post(port_, "/api/v1/sql/export", R"({"sql":"bad","format":"csv"})").status, 400);
  EXPECT_EQ(Post(port_, "/api/v1/sql/export", R"({"sql":"x"})").status, 400);
}

TEST_F(DashboardTest, SendsWhatChangesAndResumesAfterACut) {
  data_.PutBar(kSeries, 60'000, 7);
  Start();
  const std::string live = "GET /api/v1/live?pair=BTC/USD HTTP/1.1\r\nHost: localhost\r\n";
  std::string id;
  {
    Client client({.port = port_});
    client.Send(live + "\r\n");
    EXPECT_NE(client.ReadUntil("\r\n\r\n").find("text/event-stream"), std::string::npos);
    EXPECT_TRUE(client.ReadUntil("\n\n").starts_with("retry: 500\nevent: hello\n"));
    EXPECT_NE(client.ReadUntil("\n\n").find("[60000,\"7\""), std::string::npos);
    data_.PutBar(kSeries, 60'000, 8);
    const std::string update = client.ReadUntil("\n\n");
    EXPECT_NE(update.find("[60000,\"8\""), std::string::npos);
    id = update.substr(4, update.find('\n') - 4);
  }
  data_.PutBar(kSeries, 120'000, 9);
  Client client({.port = port_});
  client.Send(live + "Last-Event-ID: " + id + "\r\n\r\n");
  client.ReadUntil("\r\n\r\n");
  EXPECT_TRUE(client.ReadUntil("\n\n").starts_with("retry: 500\nevent: hello\n"));
  const std::string update = client.ReadUntil("\n\n");
  EXPECT_EQ(update.find("[60000"), std::string::npos);
  EXPECT_NE(update.find("[120000,\"9\""), std::string::npos);
  EXPECT_EQ(dashboard_->live_counters().resumed_total, 1);
  dashboard_->Stop();
  EXPECT_EQ(client.ReadUntil("\n\n"), "event: bye\ndata: {\"reason\":\"the program ends\"}\n\n");
  EXPECT_TRUE(client.Ended());
}

TEST_F(DashboardTest, ServesManyListeners) {
  Start();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<Client>(Client::Options{.port = port_}));
    clients.back()->Send("GET /api/v1/live?pair=BTC/USD HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  for (auto& client : clients)
    EXPECT_NE(client->ReadUntil("event: update\n").find("event: hello\n"), std::string::npos);
  data_.PutBar(kSeries, 60'000, 8);
  for (auto& client : clients)
    EXPECT_NE(client->ReadUntil("[60000,\"8\"").find("[60000"), std::string::npos);
  EXPECT_EQ(dashboard_->live_counters().clients, 100);
}

TEST_F(DashboardTest, InterruptsStatementsWhenItEnds) {
  data_.sql_waits = true;
  Start();
  Client client({.port = port_});
  client.Send(
      "POST /api/v1/sql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 11\r\n\r\n{\"sql\":\"x\"}");
  {
    std::unique_lock lock(data_.mutex);
    data_.changed.wait(lock, [&] { return data_.last_sql.sql == "x"; });
  }
  dashboard_->Stop();
  EXPECT_EQ(client.ReadAnswer().status, 503);
}

TEST_F(DashboardTest, ElsewhereAsksForTheTokenOrALogin) {
  Start({.listen = "0.0.0.0:0", .token = "s3cret"});
  EXPECT_EQ(KindOfError("/api/v1/status", 401), "unauthorized");
  EXPECT_EQ(Get(port_, "/metrics").status, 401);
  const Answer status = Get(port_, "/api/v1/status", "Authorization: Bearer s3cret\r\n");
  EXPECT_FALSE(Json(status).Find("login_needed")->boolean());
  EXPECT_EQ(Post(port_, "/api/v1/login", R"({"token":"wrong"})").status, 401);
  const Answer login = Post(port_, "/api/v1/login", R"({"token":"s3cret"})");
  ASSERT_EQ(login.status, 200);
  const std::string cookie = login.fields.at("set-cookie");
  EXPECT_NE(cookie.find("HttpOnly"), std::string::npos);
  EXPECT_EQ(
      Get(port_, "/api/v1/status", "Cookie: " + cookie.substr(0, cookie.find(';')) + "\r\n").status,
      200);
}

}  // namespace
}  // namespace tapelake::serve
