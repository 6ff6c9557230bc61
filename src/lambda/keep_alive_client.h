#pragma once

/// HTTP/1.1 as a client without TLS and without names: what the runtime API and a row target need.

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "io/clock.h"
#include "io/http_client.h"
#include "io/tcp_stream.h"

namespace tapelake::lambda {

/// A URL taken apart.
struct HttpUrl {
  io::TcpAddress address;
  std::string authority;  ///< As written: the field `Host`.
  std::string target;     ///< Path and query, at least `/`.
};

/// Take `http://ADDRESS[:PORT][/PATH]` apart; ADDRESS is numeric (IPv6 in brackets) or `localhost`.
/// Errors: kInvalid, naming the URL and the rule; https is refused as well.
Result<HttpUrl> ParseHttpUrl(const std::string& url);

/// Sends requests over one connection, which it keeps for the next one to the same address. One
/// thread.
///
/// A kept connection that turns out to be closed before a byte of the answer came is replaced and
/// the request sent once more. An answer may have a length, come in chunks, or end with the
/// connection. `silence_timeout_micros` may be io::kNever.
class KeepAliveClient : public io::HttpClient {
 public:
  /// Bytes that can be appended to the body of an answer with a length without moving it.
  static constexpr size_t kBodySlackBytes = 64;

  /// `clock` must outlive the client.
  explicit KeepAliveClient(io::Clock& clock);
  ~KeepAliveClient() override;

  Result<io::HttpResponse> Send(const io::HttpRequest& request) override;

 private:
  struct Parser;

  int64_t Until() const;
  Result<io::HttpResponse> Exchange(std::string_view head, const io::HttpRequest& request);
  Result<io::HttpResponse> Ask(std::string_view head, const io::HttpRequest& request, bool* keep);
  Result<size_t> Fill();
  Status ReadHead(Parser* parser);
  Status ReadBody(Parser* parser, int64_t bytes_max, std::string* body);
  Status ReadInPieces(Parser* parser);

  io::Clock& clock_;
  std::unique_ptr<io::TcpStream> stream_;
  io::TcpAddress address_;  // of stream_
  std::string unread_;      // came from stream_, not yet taken

  // Of the present request.
  int64_t silence_micros_ = 0;
  int64_t end_micros_ = io::kNever;
  bool answer_began_ = false;
};

}  // namespace tapelake::lambda
