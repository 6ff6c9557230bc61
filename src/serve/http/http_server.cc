#include "serve/http/http_server.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "serve/http/connection.h"
#include "serve/http/listen_address.h"
#include "serve/http/tls_context.h"

namespace tapelake::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr int64_t kAcceptPauseMicros = 100'000;
constexpr int64_t kCloseMicrosMax = 2'000'000;
constexpr int64_t kClosePollMicros = 5'000;
// Connections beyond connections_max that are being told so; more are just closed.
constexpr size_t kRefusingMax = 64;
constexpr int64_t kRenewMicros = 1'000'000;

DispatcherOptions DispatcherOptionsOf(const HttpServerOptions& options, bool loopback,
                                      uint16_t port) {
  const auto rate = static_cast<double>(options.requests_per_second);
  return {.guard = {.loopback = loopback,
                    .token = options.token,
                    .cookie_name = "tapelake_" + std::to_string(port)},
          .rate = {.per_second = rate, .burst = rate}};
}

/// The routes, each telling how its handler answered.
std::vector<HttpRoute> Observed(std::vector<HttpRoute> routes, io::Clock& clock,
                                const decltype(HttpServerOptions::on_answered)& on_answered) {
  if (!on_answered) return routes;
  for (HttpRoute& route : routes) {
    route.handler = [&clock, on_answered, pattern = route.pattern,
                     handler = std::move(route.handler)](const HttpRequest& request) {
      const int64_t begin = clock.SteadyMicros();
      HttpResponse response = handler(request);
      on_answered(pattern, response.status, clock.SteadyMicros() - begin);
      return response;
    };
  }
  return routes;
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(io::Clock& clock, HttpServerOptions options, std::vector<HttpRoute> routes,
       const AssetStore* assets)
      : clock_(clock),
        options_(std::move(options)),
        routes_(Observed(std::move(routes), clock, options_.on_answered)),
        assets_(assets) {}
  ~Impl() { Stop(); }

  Status Start();
  void Stop();
  uint16_t port() const { return port_; }
  HttpCounters counters() const;

 private:
  /// What lives from Start() to Stop(). The order of the members is that of their making: the
  /// threads of the handlers end before the context they post to.
  struct Running {
    Running(const HttpServerOptions& options, std::unique_ptr<Dispatcher> made,
            asio::ssl::context* tls)
        : dispatcher(std::move(made)),
          quick({.threads = options.quick_threads,
                 .waiting_max = options.waiting_max,
                 .name = options.section + "-call"}),
          slow({.threads = options.slow_threads,
                .waiting_max = options.waiting_max,
                .name = options.section + "-slow"}),
          environment{.options = options,
                      .dispatcher = *dispatcher,
                      .quick = quick,
                      .slow = slow,
                      .tls = tls} {}
    std::unique_ptr<Dispatcher> dispatcher;
    TaskPool quick;
    TaskPool slow;
    ConnectionEnvironment environment;
  };

  std::string ListenKey() const { return options_.section + ".listen"; }
  Status CheckReach(const ListenAddress& address) const;
  std::unique_ptr<Dispatcher> MakeDispatcher(const ListenAddress& address) const;
  Status Listen(const ListenAddress& address);
  static HttpCounters CountersOf(const ConnectionEnvironment& environment);
  asio::awaitable<void> AcceptLoop();
  void RenewTls();
  void Admit(tcp::socket socket);
  void BeginClose();
  void WaitForConnections();

  io::Clock& clock_;
  const HttpServerOptions options_;
  const std::vector<HttpRoute> routes_;
  const AssetStore* const assets_;
  uint16_t port_ = 0;
  // Held where the next two change and where counters() looks at them, from whatever thread.
  mutable std::mutex running_mutex_;
  HttpCounters last_;  // of the run before
  std::unique_ptr<Running> running_;
  std::unique_ptr<asio::ssl::context> tls_;  // of new connections; nullptr: plain
  int64_t renewal_looked_micros_ = 0;        // steady
  std::unique_ptr<asio::io_context> context_;
  std::unique_ptr<tcp::acceptor> acceptor_;
  std::thread thread_;
};

Status HttpServer::Impl::CheckReach(const ListenAddress& address) const {
  if (address.loopback || (options_.door ? options_.tls.has_value() : !options_.token.empty())) {
    return Status::OK();
  }
  return MakeError(ErrorKind::kInvalid,
                   ListenKey() + " '" + options_.listen + "' can be reached from other machines: " +
                       (options_.door ? "that needs TLS" : "set " + options_.section + ".token"));
}

std::unique_ptr<Dispatcher> HttpServer::Impl::MakeDispatcher(const ListenAddress& address) const {
  if (options_.door) return std::make_unique<DoorDispatcher>(options_.door->answer);
  return std::make_unique<PageDispatcher>(
      clock_, DispatcherOptionsOf(options_, address.loopback, port_), routes_, assets_);
}

Status HttpServer::Impl::Start() {
  TAPELAKE_ASSIGN_OR_RAISE(const ListenAddress address,
                           ParseListenAddress(options_.listen, ListenKey()));
  TAPELAKE_RETURN_NOT_OK(CheckReach(address));
  if (options_.tls) TAPELAKE_RETURN_NOT_OK(MakeTlsContext(*options_.tls).Value(&tls_));
  context_ = std::make_unique<asio::io_context>(1);
  TAPELAKE_RETURN_NOT_OK(Listen(address));
  renewal_looked_micros_ = clock_.SteadyMicros();
  auto running = std::make_unique<Running>(options_, MakeDispatcher(address), tls_.get());
  {
    const std::lock_guard lock(running_mutex_);
    running_ = std::move(running);
  }
  asio::co_spawn(*context_, AcceptLoop(), asio::detached);
  thread_ = std::thread([this] { context_->run(); });
  NameThread(&thread_, options_.section + "-io");
  return Status::OK();
}

Status HttpServer::Impl::Listen(const ListenAddress& address) {
  error_code ec;
  const asio::ip::address host = asio::ip::make_address(address.host, ec);
  if (ec) {
    return MakeError(ErrorKind::kInvalid, ListenKey() + " '" + options_.listen +
                                              "' has no numeric address; write for example "
                                              "127.0.0.1:8990");
  }
  const tcp::endpoint endpoint(host, address.port);
  acceptor_ = std::make_unique<tcp::acceptor>(*context_);
  acceptor_->open(endpoint.protocol(), ec);
  if (!ec) acceptor_->set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor_->bind(endpoint, ec);
  if (!ec) acceptor_->listen(tcp::acceptor::max_listen_connections, ec);
  if (!ec) {
    port_ = acceptor_->local_endpoint().port();
    return Status::OK();
  }
  acceptor_.reset();
  if (ec == boost::system::errc::address_in_use) {
    return MakeError(ErrorKind::kAlreadyExists, "another program listens at " + options_.listen +
                                                    "; end it, or set " + ListenKey() +
                                                    " to another port");
  }
  return MakeError(ErrorKind::kUnavailable,
                   "cannot listen at " + options_.listen + ": " + ec.message());
}

asio::awaitable<void> HttpServer::Impl::AcceptLoop() {
  asio::steady_timer pause(*context_);
  while (!running_->environment.closing) {
    error_code ec;
    tcp::socket socket =
        co_await acceptor_->async_accept(asio::redirect_error(asio::use_awaitable, ec));
    if (!ec) {
      Admit(std::move(socket));
    } else if (!running_->environment.closing) {
      // For want of descriptors, say; the next may succeed.
      pause.expires_after(std::chrono::microseconds(kAcceptPauseMicros));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }
  }
}

/// Connections that are open keep what they began with.
void HttpServer::Impl::RenewTls() {
  const int64_t now = clock_.SteadyMicros();
  if (!options_.renewed_tls || now - renewal_looked_micros_ < kRenewMicros) return;
  renewal_looked_micros_ = now;
  const std::optional<TlsIdentity> identity = options_.renewed_tls();
  if (!identity) return;
  auto context = MakeTlsContext(*identity);
  if (!context.ok()) return;
  tls_ = *std::move(context);
  running_->environment.tls = tls_.get();
}

void HttpServer::Impl::Admit(tcp::socket socket) {
  if (tls_ != nullptr) RenewTls();
  ConnectionEnvironment& environment = running_->environment;
  const auto open = static_cast<size_t>(environment.connections_open.load());
  const bool full = open >= static_cast<size_t>(options_.connections_max);
  if (!full || !environment.greeting.empty()) {
    if (full) environment.greeting.front()->Drop();
    if (full) environment.greeting.pop_front();
    std::make_shared<Connection>(std::move(socket), environment)->Start();
  } else if (tls_ == nullptr && environment.connections.size() - open < kRefusingMax) {
    std::make_shared<Connection>(std::move(socket), environment)->StartRefusing();
  } else {
    ++environment.connections_refused_total;
  }
}

void HttpServer::Impl::BeginClose() {
  ConnectionEnvironment& environment = running_->environment;
  environment.closing = true;
  error_code ignored;
  acceptor_->close(ignored);
  for (Connection* connection : environment.connections)
    connection->BeginClose();
}

void HttpServer::Impl::WaitForConnections() {
  const int64_t until = clock_.SteadyMicros() + kCloseMicrosMax;
  while (running_->environment.connections_open.load() > 0 && clock_.SteadyMicros() < until)
    clock_.Sleep(kClosePollMicros);
}

void HttpServer::Impl::Stop() {
  if (running_ == nullptr) return;
  asio::post(*context_, [this] { BeginClose(); });
  // Handlers end first, so that what they answered can still be written.
  running_->quick.Stop();
  running_->slow.Stop();
  WaitForConnections();
  context_->stop();
  thread_.join();
  for (Connection* connection : running_->environment.connections)
    connection->DetachSink();
  acceptor_.reset();
  std::unique_ptr<Running> ended;
  {
    const std::lock_guard lock(running_mutex_);
    last_ = CountersOf(running_->environment);
    ended = std::move(running_);
  }
  // The connections that are left go with the context, and use the environment while they do.
  context_.reset();
}

HttpCounters HttpServer::Impl::counters() const {
  const std::lock_guard lock(running_mutex_);
  return running_ == nullptr ? last_ : CountersOf(running_->environment);
}

HttpCounters HttpServer::Impl::CountersOf(const ConnectionEnvironment& environment) {
  return {.connections = environment.connections_open.load(),
          .connections_total = environment.connections_total.load(),
          .connections_refused_total = environment.connections_refused_total.load(),
          .requests_total = environment.requests_total.load(),
          .errors_total = environment.errors_total.load(),
          .bytes_sent_total = environment.bytes_sent_total.load()};
}

HttpServer::HttpServer(io::Clock& clock, HttpServerOptions options, std::vector<HttpRoute> routes,
                       const AssetStore* assets)
    : impl_(std::make_unique<Impl>(clock, std::move(options), std::move(routes), assets)) {}

HttpServer::~HttpServer() = default;

Status HttpServer::Start() {
  return impl_->Start();
}

void HttpServer::Stop() {
  impl_->Stop();
}

uint16_t HttpServer::port() const {
  return impl_->port();
}

HttpCounters HttpServer::counters() const {
  return impl_->counters();
}

}  // namespace tapelake::serve
