// A producer for ports that speak Kinesis: PutRecords of the lines of a file, signed as AWS's
// clients do, as fast as they are acknowledged. Its own work is little: what is measured is the
// other side.
//
//   door_client URL REGION STREAM ACCESS_KEY_ID SECRET CONNECTIONS BATCH RECORDS_MAX FILE [CA_FILE]
//
// A record's partition key is a hash of the key of its item. A batch that is refused as a whole for
// want of room is sent again. Prints one JSON line: records, seconds from the first to the last
// answer, CPU of this process, latencies of calls.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/base64.h"
#include "base/json.h"
#include "bench/cpu_times.h"
#include "io/aws/sigv4.h"
#include "io/clock.h"
#include "io/curl_http_client.h"

namespace tapelake {
namespace {

constexpr int64_t kPauseMicros = 2'000;  // before a refused batch is sent again
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

/// The lines of the file, each given once.
class Lines {
 public:
  Lines(const std::string& path, int64_t records_max) : in_(path), left_(records_max) {
    if (!in_) Die("cannot read " + path);
  }

  /// At most `count`; none: they are at an end.
  void Next(size_t count, std::vector<std::string>* lines) {
    const std::lock_guard lock(mutex_);
    lines->resize(count);
    size_t taken = 0;
    while (taken < count && left_ > 0 && std::getline(in_, (*lines)[taken])) {
      ++taken;
      --left_;
    }
    lines->resize(taken);
  }

 private:
  std::mutex mutex_;
  std::ifstream in_;
  int64_t left_;
};

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

/// Sends batches on one connection until there are no more.
class Sender {
 public:
  Sender(const Arguments& arguments, Lines* lines)
      : arguments_(arguments), lines_(lines), client_(arguments.authorities_file) {
    authority_ = arguments.url.substr(arguments.url.find("://") + 3);
  }

  void Run() {
    std::vector<std::string> records;
    while (true) {
      lines_->Next(arguments_.batch, &records);
      if (records.empty()) return;
      const std::string body = BodyOf(arguments_.stream, records);
      while (!Put(body, records.size())) {
        ++refused_;
        clock_.Sleep(kPauseMicros);
      }
      records_ += static_cast<int64_t>(records.size());
    }
  }

  int64_t records() const { return records_; }
  int64_t refused() const { return refused_; }
  const std::vector<double>& millis() const { return millis_; }

 private:
  /// False: refused for want of room.
  bool Put(const std::string& body, size_t count) {
    io::HttpRequest request{
        .method = "POST", .url = arguments_.url + "/", .body = body, .without_proxy = true};
    request.headers = {{"host", authority_},
                       {"content-type", "application/x-amz-json-1.1"},
                       {"x-amz-target", "Kinesis_20131202.PutRecords"}};
    const io::aws::SigningInput input{.method = "POST",
                                      .canonical_path = "/",
                                      .headers = request.headers,
                                      .payload_hash = io::aws::Sha256Hex(body)};
    const io::aws::SigningScope scope{
        .region = arguments_.region, .service = "kinesis", .time_micros = clock_.WallMicros()};
    for (auto& header : io::aws::SignatureHeaders(input, scope, arguments_.credentials))
      request.headers.push_back(std::move(header));
    std::erase_if(request.headers, [](const io::HttpHeader& header) {
      return header.name == "host";  // comes by itself
    });
    const int64_t begin = clock_.SteadyMicros();
    const auto answer = client_.Send(request);
    if (!answer.ok()) Die(answer.status().message());
    millis_.push_back(static_cast<double>(clock_.SteadyMicros() - begin) / 1e3);
    const size_t at = answer->body.find(kFailed);
    if (answer->status != 200 || at == std::string::npos) {
      Die("status " + std::to_string(answer->status) + ": " + answer->body.substr(0, 500));
    }
    const auto failed = std::strtoull(answer->body.c_str() + at + kFailed.size(), nullptr, 10);
    if (failed != 0 && failed != count) Die(std::to_string(failed) + " records of a batch failed");
    return failed == 0;
  }

  const Arguments& arguments_;
  Lines* lines_;
  io::SystemClock clock_;
  io::CurlHttpClient client_;
  std::string authority_;
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
  Lines lines(arguments.file, arguments.records_max);
  std::vector<std::unique_ptr<Sender>> senders;
  for (int i = 0; i < arguments.connections; ++i)
    senders.push_back(std::make_unique<Sender>(arguments, &lines));
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
  writer.Key("seconds")
      .Double(seconds)
      .Key("cpu_seconds")
      .Double(bench::CpuNow().all_micros() / 1e6);
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
