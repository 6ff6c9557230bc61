#include "serve/dashboard/dashboard.h"

#include <chrono>
#include <cstdio>
#include <utility>

#include "base/json.h"
#include "serve/dashboard/api_routes.h"
#include "serve/http/target.h"

namespace tapelake::serve {
namespace {

/// A text that no other start of the process has, also not within the same millisecond.
std::string MakeEpoch(io::Random& random) {
  char text[24];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(random.Next()));
  return text;
}

/// The error kind of a status that ErrorResponse() gave.
ErrorKind KindOfHttp(int status) {
  switch (status) {
    case 400:
      return ErrorKind::kInvalid;
    case 404:
      return ErrorKind::kNotFound;
    case 429:
      return ErrorKind::kThrottled;
    case 503:
      return ErrorKind::kUnavailable;
    default:
      return ErrorKind::kInternal;
  }
}

}  // namespace

Dashboard::Dashboard(const Parts& parts, DashboardOptions options)
    : data_(parts.data),
      clock_(parts.clock),
      options_(std::move(options)),
      hub_(data_, clock_, MakeEpoch(parts.random), options_.live) {
  const ApiEnvironment environment = {
      .data = data_,
      .hub = hub_,
      .clock = clock_,
      .sql = {.timeout_micros = options_.sql_timeout_micros, .rows_max = options_.sql_rows_max},
      .metrics_text = options_.metrics_text};
  api_ = std::make_unique<Router>(ApiRoutes(environment));
  server_ =
      std::make_unique<HttpServer>(clock_, options_.http, ApiRoutes(environment), parts.assets);
}

Dashboard::~Dashboard() {
  Stop();
}

Status Dashboard::Start() {
  TAPELAKE_RETURN_NOT_OK(server_->Start());
  ticker_ = std::thread([this] { TickLoop(); });
  return Status::OK();
}

void Dashboard::Stop() {
  if (!ticker_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  ticker_.join();
  hub_.End("the program ends");
  data_.InterruptSql();
  server_->Stop();
}

void Dashboard::TickLoop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const int64_t began_micros = clock_.SteadyMicros();
    lock.unlock();
    hub_.Tick();
    lock.lock();
    const int64_t took_micros = clock_.SteadyMicros() - began_micros;
    const int64_t rest_micros = std::max<int64_t>(0, options_.tick_micros - took_micros);
    changed_.wait_for(lock, std::chrono::microseconds(rest_micros), [this] { return stopping_; });
  }
}

Result<std::string> Dashboard::Answer(std::string_view target) const {
  HttpRequest request;
  TAPELAKE_RETURN_NOT_OK(ParseTarget(target, &request));
  request.method = "GET";
  Router::Match match = api_->Find(request);
  if (match.route == nullptr) {
    return MakeError(ErrorKind::kNotFound, "the API has no '" + std::string(target) + "'");
  }
  request.captures = std::move(match.captures);
  const HttpResponse response = match.route->handler(request);
  if (response.status == 200 && !response.on_events && !response.write_body) return response.body;
  TAPELAKE_ASSIGN_OR_RAISE(const base::JsonValue answer, base::ParseJson(response.body));
  const base::JsonValue* error = answer.Find("error");
  const base::JsonValue* message = error == nullptr ? nullptr : error->Find("message");
  return MakeError(KindOfHttp(response.status),
                   message == nullptr ? "no plain answer" : message->text());
}

std::string Dashboard::url() const {
  const std::string& listen = options_.http.listen;
  return "http://" + listen.substr(0, listen.rfind(':') + 1) + std::to_string(server_->port()) +
         "/";
}

}  // namespace tapelake::serve
