#pragma once

/// The AWS-compatible door on a port of this machine, and signed requests to it.

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "io/random.h"
#include "security/key_ring.h"
#include "serve/aws/aws_door.h"
#include "serve/http/testing_client.h"
#include "testing/aws_world.h"
#include "testing/signed_request.h"

namespace tapelake::testing {

/// A door over the streams of an AwsWorld.
class DoorTest : public ::testing::Test {
 protected:
  /// Open the door over the world's streams. Key A is known.
  void OpenDoor(serve::AwsDoorOptions options = {}) {
    WriteKeys("A");
    world_.Open();
    options.listen = "127.0.0.1:0";
    options.region = kRegion;
    options.account = kAccount;
    options.version = "1.2.3";
    options.on_answered = [this](const serve::AwsAnswered& answered) {
      const std::lock_guard lock(mutex_);
      answered_.push_back(answered.service + " " + answered.operation + " " + answered.outcome);
    };
    door_ = std::make_unique<serve::AwsDoor>(Parts(), std::move(options));
    const Status started = door_->Start();
    ASSERT_TRUE(started.ok()) << started;
    const std::string url = door_->url();
    port_ = static_cast<uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  }

  serve::AwsDoor::Parts Parts() {
    return {.clock = world_.clock_,
            .random = random_,
            .keys = keys_,
            .kinesis = world_.kinesis(),
            .firehose = world_.firehose()};
  }

  void WriteKeys(const std::string& letters) {
    security::KeySet keys;
    for (const char letter : letters)
      ASSERT_TRUE(keys.Add(Key(letter)).ok());
    ASSERT_TRUE(world_.files_.ReplaceFile(kKeyPath, keys.ToJson()).ok());
  }

  static Request JsonCall(const std::string& operation, const std::string& body) {
    return {.fields = {{"host", "localhost"},
                       {"content-type", "application/x-amz-json-1.1"},
                       {"x-amz-target", "Kinesis_20131202." + operation}},
            .body = body};
  }
  static Request Form(const std::string& body) {
    return {.fields = {{"host", "localhost"},
                       {"content-type", "application/x-www-form-urlencoded; charset=utf-8"}},
            .body = body};
  }
  Request Signed(Request request, Signer signer = {}) {
    signer.time_micros = world_.clock_.WallMicros();
    signer.Sign(&request);
    return request;
  }

  /// The request as bytes, its length added.
  static std::string BytesOf(const Request& request) {
    std::string bytes = request.method + " " + request.path;
    for (size_t i = 0; i < request.query.size(); ++i) {
      bytes += (i == 0 ? "?" : "&") + io::aws::UriEncode(request.query[i].first, false) + "=" +
               io::aws::UriEncode(request.query[i].second, false);
    }
    bytes += " HTTP/1.1\r\n";
    bool has_length = false;
    for (const auto& [name, value] : request.fields) {
      bytes += name + ": " + value + "\r\n";
      has_length = has_length || name == "content-length" || name == "Content-Length";
    }
    if (!has_length) bytes += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    return bytes + "\r\n" + request.body;
  }

  serve::testing::Answer Send(const Request& request) { return SendBytes(BytesOf(request)); }
  serve::testing::Answer SendBytes(const std::string& bytes) {
    serve::testing::Client client({.port = port_});
    client.Send(bytes);
    return client.ReadAnswer();
  }
  /// Send a signed call.
  serve::testing::Answer Call(const std::string& operation, const std::string& body) {
    return Send(Signed(JsonCall(operation, body)));
  }
  static std::string Member(const serve::testing::Answer& answer, const std::string& name) {
    const auto document = base::ParseJson(answer.body);
    const base::JsonValue* value = document.ok() ? document->Find(name) : nullptr;
    return value == nullptr ? "" : value->text();
  }
  std::vector<std::string> answered() {
    const std::lock_guard lock(mutex_);
    return answered_;
  }

  static constexpr char kKeyPath[] = "/lake/.tapelake/keys.json";

  AwsWorld world_;
  io::SeededRandom random_{1};
  security::KeyRing keys_{world_.files_, world_.clock_, kKeyPath};
  uint16_t port_ = 0;
  std::mutex mutex_;  // guards the next
  std::vector<std::string> answered_;
  std::unique_ptr<serve::AwsDoor> door_;
};

}  // namespace tapelake::testing
