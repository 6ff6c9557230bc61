#pragma once

/// Parameters of the page's API. What is wrong is kInvalid and named.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"
#include "serve/dashboard/dashboard_data.h"
#include "serve/dashboard/live_hub.h"
#include "serve/http/message.h"

namespace tapelake::serve {

/// An integer parameter: what it is called, what it is when absent, and where it may lie.
struct IntegerParameter {
  std::string_view name;
  int64_t otherwise = 0;
  int64_t min = 0;
  int64_t max = 0;
};
Result<int64_t> IntegerOf(const HttpRequest& request, const IntegerParameter& parameter);

/// `pair`, which must be there.
Result<std::string> PairOf(const HttpRequest& request);
/// `pair` and `exchange` (default `*`).
Result<SeriesName> SeriesOf(const HttpRequest& request);
Result<market::Interval> IntervalOf(const HttpRequest& request, market::Interval otherwise);
Result<BarsRequest> BarsRequestOf(const HttpRequest& request);
/// With the `Last-Event-ID` of a client that comes back.
Result<LiveSubscription> SubscriptionOf(const HttpRequest& request);

struct SqlLimits {
  int64_t timeout_micros = 0;
  int64_t rows_max = 0;
};
/// The body of `POST /api/v1/sql`: a `limit` above the server's is the server's.
Result<SqlRequest> SqlRequestOf(const base::JsonValue& body, const SqlLimits& limits);
/// The body of `POST /api/v1/sql/export`.
Result<ExportFormat> ExportFormatOf(const base::JsonValue& body);

}  // namespace tapelake::serve
