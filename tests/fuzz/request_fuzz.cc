/// Mutation fuzzing of what the HTTP port takes apart itself: targets, hosts and listen addresses;
/// see README.md. (Heads and bodies are Beast's; http_server_test sends it hostile ones.)

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>

#include "base/base64.h"
#include "serve/dashboard/parameters.h"
#include "serve/http/listen_address.h"
#include "serve/http/target.h"
#include "tests/fuzz/fuzz_arguments.h"

namespace tapelake {
namespace {

constexpr std::string_view kSeeds[] = {
    "/api/v1/bars?pair=BTC%2FUSD&exchange=*&interval=1m&from_ms=1&to_ms=2&limit=1500",
    "/api/v1/tables/crypto.transactions/files",
    "/api/v1/live?pair=%E2%82%BF/USD&every_ms=60000",
    "/",
    "localhost:8990",
    "[::1]:8990",
    "127.0.0.1:8990",
};
constexpr std::string_view kPieces[] = {"%", "%2", "%00", "%c0%af", "%ed%a0%80",   "&",
                                        "=", "?",  "/",   "..",     "+",           "#",
                                        ":", "[",  "]",   "\xff",   "%f4%90%80%80"};

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  std::string Next() {
    std::string text(kSeeds[Below(std::size(kSeeds))]);
    for (size_t changes = Below(4); changes > 0; --changes) {
      const size_t at = Below(text.size() + 1);
      if (Below(2) == 0) {
        text.insert(at, kPieces[Below(std::size(kPieces))]);
      } else if (at < text.size()) {
        text[at] = static_cast<char>(Below(256));
      }
    }
    return text;
  }

 private:
  size_t Below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }
  std::mt19937_64 random_;
};

/// Text that may reach a handler.
bool IsClean(std::string_view text) {
  return serve::IsUtf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

/// The promise that `text` breaks; nullptr: none.
const char* Check(const std::string& text, int64_t* accepted) {
  serve::HttpRequest request;
  const Status status = serve::ParseTarget(text, &request);
  if (status.ok()) {
    ++*accepted;
    if (request.segments.empty()) return "a target without segments";
    for (const std::string& segment : request.segments) {
      if (!IsClean(segment)) return "a segment that is not clean text";
    }
    for (const auto& [name, value] : request.query) {
      if (!IsClean(name) || !IsClean(value)) return "a parameter that is not clean text";
      if (request.Parameter(name) != value) return "a parameter that stands twice";
    }
    const auto bars = serve::BarsRequestOf(request);
    if (bars.ok() && (bars->bars_max < 1 || bars->bars_max > 5'000)) return "an unbound limit";
    if (!bars.ok() && bars.status().message().empty()) return "a refusal without a reason";
  } else if (status.message().empty() || !serve::IsUtf8(status.message())) {
    return "a refusal without a readable reason";
  }
  const auto address = serve::ParseListenAddress(text, "listen");
  if (address.ok() && address->host.find_first_of("[]") != std::string::npos && address->loopback) {
    return "a loopback address with brackets";
  }
  if (serve::IsLoopbackHost(text) && text.find_first_of("/?#@ ") != std::string::npos) {
    return "a loopback host that holds more than a host";
  }
  return nullptr;
}

int Run(const FuzzArguments& arguments) {
  Mutator mutator(arguments.seed);
  int64_t accepted = 0;
  for (int64_t round = 0; round < arguments.rounds; ++round) {
    const std::string text = mutator.Next();
    const char* broken = Check(text, &accepted);
    if (broken == nullptr) continue;
    std::string encoded;
    base::AppendBase64(text, &encoded);
    std::fprintf(stderr, "seed %llu round %lld: %s\n%s\n",
                 static_cast<unsigned long long>(arguments.seed), static_cast<long long>(round),
                 broken, encoded.c_str());
    return 1;
  }
  std::printf("seed %llu: %lld targets accepted of %lld\n",
              static_cast<unsigned long long>(arguments.seed), static_cast<long long>(accepted),
              static_cast<long long>(arguments.rounds));
  return accepted > 0 && accepted < arguments.rounds ? 0 : 1;
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  return tapelake::Run(tapelake::ParseFuzzArguments(argc, argv));
}
