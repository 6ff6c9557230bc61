#include "serve/dashboard/parameters.h"

#include <algorithm>
#include <charconv>

namespace tapelake::serve {
namespace {

constexpr size_t kNameBytesMax = 256;
constexpr int64_t kBarsMax = 5'000;
constexpr int64_t kBarsOtherwise = 1'500;
constexpr int64_t kEveryMsMax = 3'600'000;
// The year 9999; what is later is no time of a trade.
constexpr int64_t kTimeMsMax = 253'402'300'800'000;

Status Invalid(std::string message) {
  return MakeError(ErrorKind::kInvalid, std::move(message));
}

Status CheckName(std::string_view what, std::string_view name) {
  if (!name.empty() && name.size() <= kNameBytesMax) return Status::OK();
  return Invalid("the parameter '" + std::string(what) + "' must have 1 to " +
                 std::to_string(kNameBytesMax) + " bytes");
}

}  // namespace

Result<int64_t> IntegerOf(const HttpRequest& request, const IntegerParameter& parameter) {
  const auto text = request.Parameter(parameter.name);
  if (!text) return parameter.otherwise;
  int64_t value = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), value);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text->data() + text->size();
  if (whole && value >= parameter.min && value <= parameter.max) return value;
  return Invalid("the parameter '" + std::string(parameter.name) + "' is '" + std::string(*text) +
                 "'; it must be a whole number from " + std::to_string(parameter.min) + " to " +
                 std::to_string(parameter.max));
}

Result<std::string> PairOf(const HttpRequest& request) {
  const auto pair = request.Parameter("pair");
  if (!pair) return Invalid("the parameter 'pair' is missing, for example pair=BTC/USD");
  TAPELAKE_RETURN_NOT_OK(CheckName("pair", *pair));
  return std::string(*pair);
}

Result<SeriesName> SeriesOf(const HttpRequest& request) {
  SeriesName series;
  TAPELAKE_ASSIGN_OR_RAISE(series.pair, PairOf(request));
  series.exchange = request.Parameter("exchange").value_or("*");
  TAPELAKE_RETURN_NOT_OK(CheckName("exchange", series.exchange));
  return series;
}

Result<market::Interval> IntervalOf(const HttpRequest& request, market::Interval otherwise) {
  const auto text = request.Parameter("interval");
  if (!text) return otherwise;
  if (const auto interval = market::ParseInterval(*text)) return *interval;
  return Invalid("the parameter 'interval' is '" + std::string(*text) +
                 "'; it must be one of 1s, 1m, 5m, 15m, 1h, 1d");
}

Result<BarsRequest> BarsRequestOf(const HttpRequest& request) {
  BarsRequest bars;
  TAPELAKE_ASSIGN_OR_RAISE(bars.series, SeriesOf(request));
  TAPELAKE_ASSIGN_OR_RAISE(bars.interval, IntervalOf(request, market::Interval::kMinute));
  TAPELAKE_ASSIGN_OR_RAISE(
      bars.from_ms, IntegerOf(request, {.name = "from_ms", .min = -kTimeMsMax, .max = kTimeMsMax}));
  TAPELAKE_ASSIGN_OR_RAISE(
      bars.to_ms,
      IntegerOf(request,
                {.name = "to_ms", .otherwise = kTimeMsMax, .min = -kTimeMsMax, .max = kTimeMsMax}));
  TAPELAKE_ASSIGN_OR_RAISE(
      bars.bars_max,
      IntegerOf(request,
                {.name = "limit", .otherwise = kBarsOtherwise, .min = 1, .max = kBarsMax}));
  if (bars.from_ms > bars.to_ms) return Invalid("'from_ms' is later than 'to_ms'");
  return bars;
}

Result<LiveSubscription> SubscriptionOf(const HttpRequest& request) {
  LiveSubscription subscription;
  TAPELAKE_ASSIGN_OR_RAISE(subscription.query.series, SeriesOf(request));
  TAPELAKE_ASSIGN_OR_RAISE(subscription.query.interval,
                           IntervalOf(request, market::Interval::kMinute));
  TAPELAKE_ASSIGN_OR_RAISE(subscription.every_ms,
                           IntegerOf(request, {.name = "every_ms", .max = kEveryMsMax}));
  const std::string_view last_id = request.Field("last-event-id").value_or("");
  subscription.last_event_id = last_id.substr(0, kNameBytesMax);
  return subscription;
}

Result<SqlRequest> SqlRequestOf(const base::JsonValue& body, const SqlLimits& limits) {
  const base::JsonValue* sql = body.Find("sql");
  if (sql == nullptr || !sql->is_string() || sql->text().empty()) {
    return Invalid("the body needs the member \"sql\" with one statement");
  }
  SqlRequest request = {
      .sql = sql->text(), .rows_max = limits.rows_max, .timeout_micros = limits.timeout_micros};
  if (const base::JsonValue* limit = body.Find("limit"); limit != nullptr) {
    if (limit->AsInt(0) < 1) return Invalid("\"limit\" must be a whole number from 1");
    request.rows_max = std::min(request.rows_max, limit->AsInt(0));
  }
  return request;
}

Result<ExportFormat> ExportFormatOf(const base::JsonValue& body) {
  const base::JsonValue* format = body.Find("format");
  const std::string text = format == nullptr ? "" : format->text();
  if (text == "csv") return ExportFormat::kCsv;
  if (text == "parquet") return ExportFormat::kParquet;
  return Invalid("\"format\" must be \"csv\" or \"parquet\"");
}

}  // namespace tapelake::serve
