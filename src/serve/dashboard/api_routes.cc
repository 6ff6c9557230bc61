#include "serve/dashboard/api_routes.h"

#include <memory>
#include <utility>

#include "base/json.h"
#include "serve/dashboard/json_rows.h"

namespace tapelake::serve {
namespace {

using base::JsonWriter;

constexpr int64_t kTapeMax = 1'000;
constexpr int64_t kTapeOtherwise = 200;
constexpr int64_t kHoursMax = 24;

int64_t NowMs(io::Clock& clock) {
  return clock.WallMicros() / 1'000;
}

/// The answer whose JSON `write` writes.
template <typename Write>
HttpResponse Json(Write write) {
  std::string text;
  JsonWriter json(&text);
  write(&json);
  return JsonResponse(std::move(text));
}

/// A handler that may fail.
template <typename Answer>
HttpHandler Fallible(Answer answer) {
  return [answer](const HttpRequest& request) -> HttpResponse {
    Result<HttpResponse> response = answer(request);
    return response.ok() ? *std::move(response) : ErrorResponse(response.status());
  };
}

Result<HttpResponse> AnswerBars(DashboardData& data, const HttpRequest& request) {
  TAPELAKE_ASSIGN_OR_RAISE(const BarsRequest wanted, BarsRequestOf(request));
  TAPELAKE_ASSIGN_OR_RAISE(const BarList list, data.Bars(wanted));
  return Json([&](JsonWriter* json) {
    json->BeginObject().Key("pair").String(wanted.series.pair);
    json->Key("exchange").String(wanted.series.exchange);
    json->Key("interval").String(market::IntervalText(wanted.interval));
    json->Key("version").Int(static_cast<int64_t>(list.version));
    WriteBars(list.bars, &json->Key("bars"));
    json->EndObject();
  });
}

Result<HttpResponse> AnswerMeasures(DashboardData& data, const HttpRequest& request) {
  TAPELAKE_ASSIGN_OR_RAISE(const SeriesName series, SeriesOf(request));
  TAPELAKE_ASSIGN_OR_RAISE(const MeasureList measures, data.Measures(series));
  return Json([&](JsonWriter* json) { WriteMeasures(series, measures, json); });
}

HttpResponse AnswerOverview(DashboardData& data, int64_t now_ms) {
  const uint64_t version = data.Market().version;
  const std::vector<OverviewRow> rows = data.Overview();
  return Json([&](JsonWriter* json) {
    json->BeginObject().Key("as_of_ms").Int(now_ms);
    json->Key("version").Int(static_cast<int64_t>(version)).Key("rows").BeginArray();
    for (const OverviewRow& row : rows)
      WriteOverviewRow(row, json);
    json->EndArray().EndObject();
  });
}

Result<HttpResponse> AnswerExchanges(DashboardData& data, const HttpRequest& request,
                                     int64_t now_ms) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string pair, PairOf(request));
  TAPELAKE_ASSIGN_OR_RAISE(const std::vector<ExchangeRow> rows, data.Exchanges(pair));
  return Json([&](JsonWriter* json) {
    WriteExchanges(rows, now_ms, &json->BeginObject().Key("rows"));
    json->EndObject();
  });
}

Result<HttpResponse> AnswerTape(DashboardData& data, const HttpRequest& request) {
  const std::string pair(request.Parameter("pair").value_or("*"));
  TAPELAKE_ASSIGN_OR_RAISE(
      const int64_t limit,
      IntegerOf(request,
                {.name = "limit", .otherwise = kTapeOtherwise, .min = 1, .max = kTapeMax}));
  const uint64_t version = data.Market().version;
  const Tape tape = data.LargeTrades(pair, limit);
  return Json([&](JsonWriter* json) {
    json->BeginObject().Key("version").Int(static_cast<int64_t>(version));
    WriteLargeFrom(tape, &json->Key("large_from"));
    json->Key("trades").BeginArray();
    for (const TapeRow& trade : tape.trades)
      WriteTapeRow(trade, json);
    json->EndArray().EndObject();
  });
}

Result<HttpResponse> AnswerCorrelation(DashboardData& data, const HttpRequest& request) {
  CorrelationRequest wanted;
  TAPELAKE_ASSIGN_OR_RAISE(wanted.interval, IntervalOf(request, market::Interval::kFiveMinutes));
  TAPELAKE_ASSIGN_OR_RAISE(
      wanted.bars, IntegerOf(request, {.name = "bars", .otherwise = 288, .min = 2, .max = 1'500}));
  wanted.quote = request.Parameter("quote").value_or("USD");
  TAPELAKE_ASSIGN_OR_RAISE(const Correlation correlation, data.Correlate(wanted));
  return Json([&](JsonWriter* json) { WriteCorrelation(correlation, json); });
}

Result<HttpResponse> AnswerCone(DashboardData& data, const HttpRequest& request) {
  TAPELAKE_ASSIGN_OR_RAISE(const SeriesName series, SeriesOf(request));
  TAPELAKE_ASSIGN_OR_RAISE(const std::vector<ConeRow> points, data.Cone(series));
  return Json([&](JsonWriter* json) { WriteCone(points, json); });
}

Result<HttpResponse> AnswerSizes(DashboardData& data, const HttpRequest& request) {
  TAPELAKE_ASSIGN_OR_RAISE(const SeriesName series, SeriesOf(request));
  TAPELAKE_ASSIGN_OR_RAISE(
      const int64_t hours,
      IntegerOf(request, {.name = "hours", .otherwise = 24, .min = 1, .max = kHoursMax}));
  TAPELAKE_ASSIGN_OR_RAISE(const SizeCounts sizes, data.Sizes(series, hours));
  return Json([&](JsonWriter* json) { WriteSizes(sizes, json); });
}

HttpResponse AnswerPipeline(const ApiEnvironment& environment) {
  const PipelineStatus status = environment.data.Pipeline();
  const PipelineFrame frame = {.now_ms = NowMs(environment.clock),
                               .market_version = environment.data.Market().version,
                               .clients = environment.hub.counters().clients};
  return Json([&](JsonWriter* json) { WritePipeline(status, frame, json); });
}

Result<HttpResponse> AnswerLive(LiveHub& hub, const HttpRequest& request) {
  TAPELAKE_ASSIGN_OR_RAISE(LiveSubscription subscription, SubscriptionOf(request));
  HttpResponse response;
  response.content_type = "text/event-stream; charset=utf-8";
  response.fields.emplace_back("Cache-Control", "no-store");
  response.fields.emplace_back("X-Accel-Buffering", "no");
  response.on_events = [&hub, subscription](std::shared_ptr<EventSink> sink) {
    hub.Add(subscription, std::move(sink));
  };
  return response;
}

Result<HttpResponse> AnswerSql(const ApiEnvironment& environment, const HttpRequest& request) {
  TAPELAKE_ASSIGN_OR_RAISE(const base::JsonValue body, base::ParseJson(request.body));
  TAPELAKE_ASSIGN_OR_RAISE(SqlRequest sql, SqlRequestOf(body, environment.sql));
  sql.abandoned = request.abandoned;
  TAPELAKE_ASSIGN_OR_RAISE(const SqlAnswer answer, environment.data.RunSql(sql));
  return Json([&](JsonWriter* json) { WriteSqlAnswer(answer, json); });
}

Result<HttpResponse> AnswerExport(const ApiEnvironment& environment, const HttpRequest& request) {
  TAPELAKE_ASSIGN_OR_RAISE(const base::JsonValue body, base::ParseJson(request.body));
  TAPELAKE_ASSIGN_OR_RAISE(SqlRequest sql, SqlRequestOf(body, environment.sql));
  sql.abandoned = request.abandoned;
  TAPELAKE_ASSIGN_OR_RAISE(const ExportFormat format, ExportFormatOf(body));
  const bool csv = format == ExportFormat::kCsv;
  HttpResponse response;
  response.content_type = csv ? "text/csv; charset=utf-8" : "application/vnd.apache.parquet";
  response.fields.emplace_back("Cache-Control", "no-store");
  response.fields.emplace_back(
      "Content-Disposition",
      std::string("attachment; filename=\"tapelake.") + (csv ? "csv\"" : "parquet\""));
  response.write_body = [&data = environment.data, sql, format](io::ByteOutput& out) {
    return data.ExportSql(sql, format, out);
  };
  return response;
}

HttpResponse MetricsResponse(std::string text) {
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.fields.emplace_back("Cache-Control", "no-store");
  response.body = std::move(text);
  return response;
}

/// `GET` on the lane of what takes milliseconds.
template <typename Answer>
HttpRoute Quick(std::string pattern, Answer answer) {
  return {.method = "GET", .pattern = std::move(pattern), .handler = Fallible(answer)};
}

template <typename Answer>
HttpRoute Slow(std::string method, std::string pattern, Answer answer) {
  return {.method = std::move(method),
          .pattern = std::move(pattern),
          .handler = Fallible(answer),
          .lane = HttpLane::kSlow};
}

std::vector<HttpRoute> MarketRoutes(const ApiEnvironment& environment) {
  DashboardData* data = &environment.data;
  io::Clock* clock = &environment.clock;
  return {
      // Bars that memory has no more come from the table, which may take a while.
      Slow("GET", "/api/v1/bars", [data](const HttpRequest& r) { return AnswerBars(*data, r); }),
      Quick("/api/v1/measures", [data](const HttpRequest& r) { return AnswerMeasures(*data, r); }),
      Quick("/api/v1/overview",
            [data, clock](const HttpRequest&) { return AnswerOverview(*data, NowMs(*clock)); }),
      Quick(
          "/api/v1/exchanges",
          [data, clock](const HttpRequest& r) { return AnswerExchanges(*data, r, NowMs(*clock)); }),
      Quick("/api/v1/tape", [data](const HttpRequest& r) { return AnswerTape(*data, r); }),
      Quick("/api/v1/correlation",
            [data](const HttpRequest& r) { return AnswerCorrelation(*data, r); }),
      Quick("/api/v1/cone", [data](const HttpRequest& r) { return AnswerCone(*data, r); }),
      Quick("/api/v1/sizes", [data](const HttpRequest& r) { return AnswerSizes(*data, r); }),
  };
}

std::vector<HttpRoute> LakeRoutes(const ApiEnvironment& environment) {
  DashboardData* data = &environment.data;
  // One answer for each of the lists of a table.
  const auto list = [data](auto read, auto write) {
    return [data, read, write](const HttpRequest& request) -> Result<HttpResponse> {
      TAPELAKE_ASSIGN_OR_RAISE(const auto rows, (data->*read)(request.captures[0]));
      return Json([&](JsonWriter* json) { write(rows, json); });
    };
  };
  return {
      Slow("GET", "/api/v1/tables",
           [data](const HttpRequest&) -> Result<HttpResponse> {
             TAPELAKE_ASSIGN_OR_RAISE(const auto tables, data->Tables());
             return Json([&](JsonWriter* json) { WriteTables(tables, json); });
           }),
      Slow("GET", "/api/v1/tables/*/commits", list(&DashboardData::Commits, WriteCommits)),
      Slow("GET", "/api/v1/tables/*/files", list(&DashboardData::Files, WriteFiles)),
      Slow("GET", "/api/v1/tables/*/columns", list(&DashboardData::Schemas, WriteSchemas)),
      Slow("POST", "/api/v1/sql",
           [environment](const HttpRequest& r) { return AnswerSql(environment, r); }),
      Slow("POST", "/api/v1/sql/export",
           [environment](const HttpRequest& r) { return AnswerExport(environment, r); }),
  };
}

std::vector<HttpRoute> ProgramRoutes(const ApiEnvironment& environment) {
  DashboardData* data = &environment.data;
  LiveHub* hub = &environment.hub;
  return {
      Quick("/api/v1/status",
            [environment](const HttpRequest&) -> Result<HttpResponse> {
              const ProgramInfo program = environment.data.Program();
              return Json(
                  [&](JsonWriter* json) { WriteProgram(program, NowMs(environment.clock), json); });
            }),
      Quick("/api/v1/markets",
            [data](const HttpRequest&) -> Result<HttpResponse> {
              const std::vector<PairInfo> pairs = data->Markets();
              return Json([&](JsonWriter* json) { WriteMarkets(pairs, json); });
            }),
      Quick("/api/v1/pipeline",
            [environment](const HttpRequest&) { return AnswerPipeline(environment); }),
      Quick("/api/v1/alarms",
            [data](const HttpRequest&) {
              const AlarmStatus alarms = data->Alarms();
              return Json([&](JsonWriter* json) { WriteAlarms(alarms, json); });
            }),
      Quick("/api/v1/live", [hub](const HttpRequest& r) { return AnswerLive(*hub, r); }),
  };
}

}  // namespace

std::vector<HttpRoute> ApiRoutes(const ApiEnvironment& environment) {
  std::vector<HttpRoute> routes;
  for (auto* make : {MarketRoutes, LakeRoutes, ProgramRoutes}) {
    for (HttpRoute& route : make(environment))
      routes.push_back(std::move(route));
  }
  if (environment.metrics_text) {
    routes.push_back(Quick("/metrics", [text = environment.metrics_text](const HttpRequest&) {
      return MetricsResponse(text());
    }));
  }
  return routes;
}

}  // namespace tapelake::serve
