// What one record of a PutRecords of 500 costs the AWS-compatible door in each step, CPU of the
// thread that takes it: microseconds a record, as one JSON object.
//
//   door_stages RECORDS_FILE DIRECTORY [ROUNDS]
//
// The stream lies in DIRECTORY; its writer works on a thread of its own, as in `up`, and is not
// counted.

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/json.h"
#include "io/aws/sigv4.h"
#include "io/clock.h"
#include "io/local_file_system.h"
#include "security/sigv4_verifier.h"
#include "serve/aws/kinesis/kinesis_service.h"
#include "stream/stream.h"
#include "stream/stream_writer.h"

namespace tapelake {
namespace {

constexpr size_t kBatch = 500;

double ThreadMicros() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  const auto micros = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

/// Microseconds a record of `work`, which does a batch.
double Cost(int rounds, const std::function<void()>& work) {
  for (int i = 0; i < rounds / 10; ++i)
    work();
  const double begin = ThreadMicros();
  for (int i = 0; i < rounds; ++i)
    work();
  return (ThreadMicros() - begin) / static_cast<double>(rounds) / static_cast<double>(kBatch);
}

std::string BodyOf(std::string_view lines) {
  std::string body = R"({"StreamName":"bench","Records":[)";
  for (size_t i = 0; i < kBatch; ++i) {
    const std::string_view record = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), record.size() + 1));
    body += i == 0 ? R"({"Data":")" : R"(,{"Data":")";
    base::AppendBase64(record, &body);
    body += R"(","PartitionKey":"3f8e2a10)" + std::to_string(100'000'000 + i * 7'919) + "\"}";
  }
  return body + "]}";
}

/// A signed request and what its verification needs.
struct Signed {
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields;
  security::KeySet keys;
  security::VerifyRules rules;
};

Signed Sign(std::string body) {
  Signed out{.body = std::move(body), .rules = {.regions = {"us-east-1"}, .service = "kinesis"}};
  out.rules.now_micros = io::SystemClock().WallMicros();
  const security::AccessKey key{.access_key_id = "AKIA" + std::string(16, 'A'),
                                .secret_access_key = std::string(40, 's'),
                                .name = "bench"};
  io::aws::SigningInput input{.method = "POST",
                              .canonical_path = "/",
                              .headers = {{"host", "localhost"},
                                          {"content-type", "application/x-amz-json-1.1"},
                                          {"x-amz-target", "Kinesis_20131202.PutRecords"}},
                              .payload_hash = io::aws::Sha256Hex(out.body)};
  for (const io::HttpHeader& header : input.headers)
    out.fields.emplace_back(header.name, header.value);
  for (const io::HttpHeader& header : io::aws::SignatureHeaders(
           input,
           {.region = "us-east-1", .service = "kinesis", .time_micros = out.rules.now_micros},
           {.access_key_id = key.access_key_id, .secret_access_key = key.secret_access_key})) {
    out.fields.emplace_back(header.name, header.value);
  }
  (void)out.keys.Add(key);
  out.body.reserve(out.body.size() + base::kJsonRoomBytes);  // as the door reads it
  return out;
}

/// A stream in a directory, its writer at work, and the service over it.
class Service {
 public:
  explicit Service(const std::string& directory)
      : log_(stream::Stream::Open(files_, clock_, directory, "bench", {}, nullptr).ValueOrDie()),
        writer_(*log_),
        kinesis_(serve::KinesisService::Open(files_, clock_, security::TokenSigner("key"),
                                             {.region = "us-east-1", .account = "000000000000"},
                                             {{directory, log_.get(), &writer_}})
                     .ValueOrDie()) {
    thread_ = std::thread([this] {
      while (!stopping_)
        (void)writer_.Step(1'000);
    });
  }
  ~Service() {
    stopping_ = true;
    thread_.join();
  }

  void Put(serve::WireValue request) {
    std::string answer;
    serve::JsonAnswerWriter writer(&answer);
    if (const auto error = kinesis_->Serve("PutRecords", request, &writer)) {
      std::fprintf(stderr, "door_stages: %s\n", error->message.c_str());
      std::exit(1);
    }
  }

 private:
  io::LocalFileSystem files_;
  io::SystemClock clock_;
  std::unique_ptr<stream::Stream> log_;
  stream::StreamWriter writer_;
  std::unique_ptr<serve::KinesisService> kinesis_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

int Run(const std::string& path, const std::string& directory, int rounds) {
  io::LocalFileSystem files;
  const auto lines = files.ReadFile(path);
  if (!lines.ok()) return 1;
  const Signed request = Sign(BodyOf(*lines));
  const std::string hash = io::aws::Sha256Hex(request.body);
  const auto document =
      serve::WireDocument::Parse(serve::WireFormat::kJson, request.body, base::kJsonRoomBytes)
          .ValueOrDie();
  Service service(directory);
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("body_bytes").Double(static_cast<double>(request.body.size()) / kBatch);
  writer.Key("sha256_us").Double(Cost(rounds, [&] { (void)io::aws::Sha256Hex(request.body); }));
  writer.Key("verify_us").Double(Cost(rounds, [&] {
    const auto verdict = security::VerifyRequest(
        {.method = "POST", .path = "/", .fields = request.fields, .payload_hash = hash},
        request.keys, request.rules);
    if (!verdict.ok()) std::exit(1);
  }));
  writer.Key("parse_us").Double(Cost(rounds, [&] {
    (void)serve::WireDocument::Parse(serve::WireFormat::kJson, request.body, base::kJsonRoomBytes)
        .ok();
  }));
  writer.Key("put_us").Double(Cost(rounds, [&] { service.Put(document.root()); })).EndObject();
  std::printf("%s\n", json.c_str());
  return 0;
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  return tapelake::Run(argv[1], argv[2], argc > 3 ? std::atoi(argv[3]) : 1000);
}
