#pragma once

/// The AWS-compatible door: one port that the SDKs and tools of AWS take for their services.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/status.h"
#include "io/clock.h"
#include "io/random.h"
#include "security/key_ring.h"
#include "security/sigv4_verifier.h"
#include "serve/aws/aws_call.h"
#include "serve/aws/firehose/firehose_service.h"
#include "serve/aws/kinesis/kinesis_service.h"
#include "serve/aws/sts_service.h"
#include "serve/http/http_server.h"
#include "serve/http/listen_address.h"

namespace tapelake::serve {

/// What became of one request; from a small set of texts, whatever clients send.
struct AwsAnswered {
  std::string service;    ///< `kinesis`; `door` for /health; `other`: none that is served.
  std::string operation;  ///< `PutRecords`; `other`: none that is served.
  std::string outcome;    ///< `OK`, or the type of the error.
  int64_t micros = 0;     ///< How long the answer took.
};

struct AwsDoorOptions {
  std::string listen = "127.0.0.1:4566";  ///< Others than this machine's need `tls`.
  std::string region = "us-east-1";       ///< Signatures must be for it.
  std::string account = "000000000000";
  /// Verify no signature. For this machine only, and for programs that cannot sign: whoever reaches
  /// the port may put and read.
  bool insecure_local = false;
  int64_t connections_max = 256;
  std::optional<TlsIdentity> tls;                           ///< nullopt: plain HTTP.
  std::function<std::optional<TlsIdentity>()> renewed_tls;  ///< As in HttpServerOptions.
  std::string version;                                      ///< Of the program, for /health.
  /// Called for each answer, on any thread. May be empty.
  std::function<void(const AwsAnswered& answered)> on_answered;
};

/// Answers HTTP requests as AWS does: reads which call it is, verifies who calls, lets the service
/// answer, and writes that in the protocol of the client. `GET /health` needs no signature. Who
/// cannot be a client of ours is refused by the head of the request, before its body takes memory.
///
/// One call of a connection at a time, in order; pipelined ones wait. Start() and Stop() belong to
/// one thread.
class AwsDoor {
 public:
  struct Parts {
    io::Clock& clock;
    io::Random& random;  ///< Of this door alone, for the ids of requests.
    security::KeyRing& keys;
    KinesisService& kinesis;
    FirehoseService& firehose;
  };
  /// Everything in `parts` must outlive it.
  AwsDoor(const Parts& parts, AwsDoorOptions options);
  /// Stops.
  ~AwsDoor();

  /// Begin to listen. Errors: those of HttpServer::Start; kInvalid, too, where nothing is verified
  /// and the address is not this machine's.
  Status Start();

  /// Stop listening, answer what is under way, close. Puts under way end first: the streams'
  /// writers must still be stepped, or closed.
  void Stop();

  /// `http://127.0.0.1:4566`, or `https://...`, after Start().
  std::string url() const;
  HttpCounters counters() const { return server_.counters(); }

  /// Answer one request. Any thread.
  HttpResponse Answer(const HttpRequest& request);

 private:
  struct Caller;
  using Judge = security::Verdict (*)(const security::ReceivedRequest&, const security::KeySet&,
                                      const security::VerifyRules&);
  HttpResponse Health() const;
  HttpResponse Refuse(const HttpRequest& head, const HttpRefusal& refusal);
  std::optional<HttpResponse> RefuseHead(const HttpRequest& head);
  HttpResponse Fail(const AwsCall& call, const AwsError& error);
  HttpResponse Complete(HttpResponse response, const std::string& request_id,
                        const AwsAnswered& answered);
  HttpResponse AnswerCall(const HttpRequest& request, const ReadCall& read,
                          const std::string& request_id, std::string* outcome);
  std::optional<AwsError> Admit(const HttpRequest& request, const AwsCall& call, Judge judge,
                                Caller* caller);
  std::optional<AwsError> Verify(const HttpRequest& request, const AwsCall& call, Judge judge,
                                 Caller* caller);
  std::optional<AwsError> ServeDocument(const HttpRequest& request, const AwsCall& call,
                                        std::string* body);
  HttpServerOptions ServerOptions(const AwsDoorOptions& options);
  std::string MakeRequestId();
  std::string MakeSecondId();
  uint64_t Draw();

  io::Clock& clock_;
  security::KeyRing& keys_;
  KinesisService& kinesis_;
  FirehoseService& firehose_;
  const AwsDoorOptions options_;
  const StsService sts_;
  std::mutex random_mutex_;
  io::Random& random_;
  HttpServer server_;
};

/// Whether a door may listen at an address and verify nothing (`insecure_local`): at this machine's
/// alone. Errors: kInvalid.
Status CheckInsecureLocal(bool insecure_local, const ListenAddress& address);

}  // namespace tapelake::serve
