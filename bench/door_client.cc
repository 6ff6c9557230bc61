// A producer for ports that speak Kinesis: PutRecords of the lines of a file, signed as AWS's
// clients do, as fast as they are acknowledged. What is measured is the other side, so its own work
// is as little as can be, and the same against all: every request is made and signed before the
// clock starts and kept in memory (1.4 KB a record), and then only sent on kept-alive
// connections. A signature of more than two minutes is renewed; it would hold for five. Over TLS
// libcurl sends.
//
//   door_client URL REGION STREAM ACCESS_KEY_ID SECRET CONNECTIONS BATCH RECORDS_MAX FILE [CA_FILE]
//
// A record's partition key is a hash of the key of its item. A batch that is refused as a whole for
// want of room is sent again. Prints one JSON line: records, when the first was sent (seconds since
// 1970), seconds from then to the last answer, CPU of this process in them, latencies of calls.

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/base64.h"
#include "base/json.h"
#include "bench/cpu_times.h"
#include "bench/plain_http_client.h"
#include "io/aws/sigv4.h"
#include "io/clock.h"
#include "io/curl_http_client.h"

namespace tapelake {
namespace {

constexpr int64_t kPauseMicros = 2'000;               // before a refused batch is sent again
constexpr int64_t kSignatureMicrosMax = 120'000'000;  // of its age
constexpr std::string_view kFailed = "\"FailedRecordCount\":";

struct Arguments {
  std::string url;
  std::string region;
  std::string stream;
  io::aws::Credentials credentials;
  int connections = 1;
  size_t batch = 500;
  int64_t records_max = 0;
  std::string file;
  std::string authorities_file;
};

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "door_client: %s\n", why.c_str());
  std::exit(1);
}

/// A hash of what stands behind `"Keys":`, in hexadecimal digits (FNV-1a).
std::string PartitionKeyOf(std::string_view record) {
  const size_t at = record.find("\"Keys\":");
  const std::string_view keys = record.substr(std::min(at, record.size()), 200);
  uint64_t hash = 14'695'981'039'346'656'037U;
  for (const char c : keys.substr(0, keys.find("}}")))
    hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
  char text[20];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

std::string BodyOf(const std::string& stream, const std::vector<std::string>& records) {
  std::string body = R"({"StreamName":")" + stream + R"(","Records":[)";
  for (const std::string& record : records) {
    body += body.back() == '[' ? R"({"Data":")" : R"(,{"Data":")";
    base::AppendBase64(record, &body);
    body += R"(","PartitionKey":")" + PartitionKeyOf(record) + "\"}";
  }
  return body + "]}";
}

/// One PutRecords. Its body is made and hashed once; a signature is cheap besides.
struct Batch {
  std::string body;
  std::string payload_hash;
  size_t records = 0;
  int64_t signed_micros = 0;  // wall time; 0: not yet
  std::vector<io::HttpHeader> headers = {};

  void Sign(const Arguments& arguments, int64_t now_micros);
};

void Batch::Sign(const Arguments& arguments, int64_t now_micros) {
  headers = {{"host", arguments.url.substr(arguments.url.find("://") + 3)},
             {"content-type", "application/x-amz-json-1.1"},
             {"x-amz-target", "Kinesis_20131202.PutRecords"}};
  const io::aws::SigningInput input{
      .method = "POST", .canonical_path = "/", .headers = headers, .payload_hash = payload_hash};
  const io::aws::SigningScope scope{
      .region = arguments.region, .service = "kinesis", .time_micros = now_micros};
  for (auto& header : io::aws::SignatureHeaders(input, scope, arguments.credentials))
    headers.push_back(std::move(header));
  headers.erase(headers.begin());  // the host comes by itself
  signed_micros = now_micros;
}

/// All that is to be sent, signed.
std::vector<Batch> PrepareBatches(const Arguments& arguments) {
  std::ifstream in(arguments.file);
  if (!in) Die("cannot read " + arguments.file);
  std::vector<Batch> batches;
  std::vector<std::string> records;
  int64_t left = arguments.records_max;
  io::SystemClock clock;
  while (left > 0) {
    records.resize(static_cast<size_t>(std::min(left, static_cast<int64_t>(arguments.batch))));
    size_t taken = 0;
    while (taken < records.size() && std::getline(in, records[taken]))
      ++taken;
    records.resize(taken);
    if (records.empty()) break;
    left -= static_cast<int64_t>(taken);
    Batch& batch = batches.emplace_back();
    batch.body = BodyOf(arguments.stream, records);
    batch.payload_hash = io::aws::Sha256Hex(batch.body);
    batch.records = taken;
  }
  for (Batch& batch : batches)
    batch.Sign(arguments, clock.WallMicros());
  return batches;
}

std::unique_ptr<io::HttpClient> MakeClient(const Arguments& arguments) {
  if (arguments.url.starts_with("http://")) return std::make_unique<bench::PlainHttpClient>();
  return std::make_unique<io::CurlHttpClient>(arguments.authorities_file);
}

/// Sends batches on one connection until there are no more.
class Sender {
 public:
  Sender(const Arguments& arguments, std::vector<Batch>& batches, std::atomic<size_t>* next)
      : arguments_(arguments), batches_(batches), next_(*next), client_(MakeClient(arguments)) {}

  void Run() {
    for (size_t at = next_++; at < batches_.size(); at = next_++) {
      Batch& batch = batches_[at];
      while (!Put(&batch)) {
        ++refused_;
        clock_.Sleep(kPauseMicros);
      }
      records_ += static_cast<int64_t>(batch.records);
    }
  }

  int64_t records() const { return records_; }
  int64_t refused() const { return refused_; }
  const std::vector<double>& millis() const { return millis_; }

 private:
  /// False: refused for want of room.
  bool Put(Batch* batch) {
    if (clock_.WallMicros() - batch->signed_micros > kSignatureMicrosMax) {
      batch->Sign(arguments_, clock_.WallMicros());
    }
    const io::HttpRequest request{.method = "POST",
                                  .url = arguments_.url + "/",
                                  .headers = batch->headers,
                                  .body = batch->body,
                                  .without_proxy = true};
    const int64_t begin = clock_.SteadyMicros();
    const auto answer = client_->Send(request);
    if (!answer.ok()) Die(answer.status().message());
    millis_.push_back(static_cast<double>(clock_.SteadyMicros() - begin) / 1e3);
    const size_t at = answer->body.find(kFailed);
    if (answer->status != 200 || at == std::string::npos) {
      Die("status " + std::to_string(answer->status) + ": " + answer->body.substr(0, 500));
    }
    const auto failed = std::strtoull(answer->body.c_str() + at + kFailed.size(), nullptr, 10);
    if (failed != 0 && failed != batch->records) {
      Die(std::to_string(failed) + " records of a batch failed");
    }
    return failed == 0;
  }

  const Arguments& arguments_;
  std::vector<Batch>& batches_;
  std::atomic<size_t>& next_;
  io::SystemClock clock_;
  std::unique_ptr<io::HttpClient> client_;
  int64_t records_ = 0;
  int64_t refused_ = 0;
  std::vector<double> millis_;
};

double Percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

int Run(const Arguments& arguments) {
  io::SystemClock clock;
  std::vector<Batch> batches = PrepareBatches(arguments);
  std::atomic<size_t> next = 0;
  std::vector<std::unique_ptr<Sender>> senders;
  for (int i = 0; i < arguments.connections; ++i)
    senders.push_back(std::make_unique<Sender>(arguments, batches, &next));
  const bench::CpuTimes prepared = bench::CpuNow();
  const int64_t begin_wall = clock.WallMicros();
  const int64_t begin = clock.SteadyMicros();
  std::vector<std::thread> threads;
  for (const auto& sender : senders)
    threads.emplace_back([raw = sender.get()] { raw->Run(); });
  for (std::thread& thread : threads)
    thread.join();
  const double seconds = static_cast<double>(clock.SteadyMicros() - begin) / 1e6;
  std::vector<double> millis;
  int64_t records = 0;
  int64_t refused = 0;
  for (const auto& sender : senders) {
    records += sender->records();
    refused += sender->refused();
    millis.insert(millis.end(), sender->millis().begin(), sender->millis().end());
  }
  std::sort(millis.begin(), millis.end());
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("records").Int(records).Key("refused_batches").Int(refused);
  writer.Key("begin").Double(static_cast<double>(begin_wall) / 1e6);
  writer.Key("seconds").Double(seconds);
  writer.Key("cpu_seconds").Double((bench::CpuNow() - prepared).all_micros() / 1e6);
  writer.Key("p50_ms").Double(Percentile(millis, 0.5));
  writer.Key("p99_ms").Double(Percentile(millis, 0.99)).EndObject();
  std::printf("%s\n", json.c_str());
  return 0;
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  using namespace tapelake;
  if (argc != 10 && argc != 11) {
    Die("URL REGION STREAM ACCESS_KEY_ID SECRET CONNECTIONS BATCH RECORDS_MAX FILE [CA_FILE]");
  }
  return Run({.url = argv[1],
              .region = argv[2],
              .stream = argv[3],
              .credentials = {.access_key_id = argv[4], .secret_access_key = argv[5]},
              .connections = std::atoi(argv[6]),
              .batch = static_cast<size_t>(std::atoi(argv[7])),
              .records_max = std::atoll(argv[8]),
              .file = argv[9],
              .authorities_file = argc == 11 ? argv[10] : ""});
}
