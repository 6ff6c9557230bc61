// The AWS-compatible door over a durable stream, and nothing behind it: what it does that
// kinesalite and moto do, too.
//
//   door_server STREAM REGION DIRECTORY
//
// Keeps the stream and its keys in DIRECTORY, prints one JSON line (url, access_key_id,
// secret_access_key), and serves until its standard input ends; then prints its CPU and memory.

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "base/json.h"
#include "bench/cpu_times.h"
#include "io/clock.h"
#include "io/local_file_system.h"
#include "io/random.h"
#include "security/access_key.h"
#include "security/key_file.h"
#include "security/key_ring.h"
#include "serve/aws/aws_door.h"
#include "stream/stream.h"
#include "stream/stream_writer.h"

namespace tapelake {
namespace {

constexpr char kAccount[] = "000000000000";

void Require(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "door_server: %s\n", status.message().c_str());
  std::exit(1);
}

class Server {
 public:
  Server(const std::string& stream, const std::string& region, const std::string& directory)
      : key_(security::MakeAccessKey(random_, "bench", clock_.WallMicros())),
        keys_(files_, clock_, io::JoinPath(directory, "keys.json")) {
    Require(files_.CreateDirectories(directory));
    Require(security::ChangeKeyFile(files_, io::JoinPath(directory, "keys.json"),
                                    [this](security::KeySet* keys) { return keys->Add(key_); }));
    const std::string path = io::JoinPath(directory, "stream");
    Require(stream::Stream::Open(files_, clock_, path, stream, {}, nullptr).Value(&log_));
    writer_ = std::make_unique<stream::StreamWriter>(*log_);
    Require(serve::KinesisService::Open(files_, clock_, security::TokenSigner("bench"),
                                        {.region = region, .account = kAccount},
                                        {{path, log_.get(), writer_.get()}})
                .Value(&kinesis_));
    firehose_ = std::make_unique<serve::FirehoseService>(
        serve::FirehoseOptions{.region = region, .account = kAccount, .bucket = "bench"},
        std::vector<serve::DeliveryStream>());
    door_ = std::make_unique<serve::AwsDoor>(
        serve::AwsDoor::Parts{.clock = clock_,
                              .random = random_,
                              .keys = keys_,
                              .kinesis = *kinesis_,
                              .firehose = *firehose_},
        serve::AwsDoorOptions{.listen = "127.0.0.1:0", .region = region, .account = kAccount});
    thread_ = std::thread([this] {
      while (!stopping_)
        (void)writer_->Step(1'000);
    });
    Require(door_->Start());
  }
  ~Server() {
    door_->Stop();
    stopping_ = true;
    thread_.join();
  }

  std::string Place() const {
    std::string json;
    base::JsonWriter(&json)
        .BeginObject()
        .Key("url")
        .String(door_->url())
        .Key("access_key_id")
        .String(key_.access_key_id)
        .Key("secret_access_key")
        .String(key_.secret_access_key)
        .EndObject();
    return json;
  }

 private:
  io::LocalFileSystem files_;
  io::SystemClock clock_;
  io::SystemRandom random_;
  const security::AccessKey key_;
  security::KeyRing keys_;
  std::unique_ptr<stream::Stream> log_;
  std::unique_ptr<stream::StreamWriter> writer_;
  std::unique_ptr<serve::KinesisService> kinesis_;
  std::unique_ptr<serve::FirehoseService> firehose_;
  std::unique_ptr<serve::AwsDoor> door_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  using namespace tapelake;
  if (argc != 4) return 2;
  {
    const Server server(argv[1], argv[2], argv[3]);
    std::printf("%s\n", server.Place().c_str());
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
  }
  std::printf("{\"cpu_seconds\":%f,\"rss_mb\":%f}\n", bench::CpuNow().all_micros() / 1e6,
              static_cast<double>(bench::PeakBytes()) / (1 << 20));
  return 0;
}
