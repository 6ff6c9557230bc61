/// simdjson alone over the benchmark's records: the mark to hold `tapelake transform` against.
/// `simdjson_walk FILE` prints the seconds of three full On-Demand walks (every name and string
/// unescaped, every number parsed, one document per record), best case for memory: the file is read
/// beforehand.

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include <simdjson.h>

#include "io/clock.h"

namespace {

namespace ondemand = simdjson::ondemand;

uint64_t Walk(ondemand::value value) {
  uint64_t seen = 0;
  switch (value.type()) {
    case ondemand::json_type::object:
      for (auto field : value.get_object()) {
        seen += std::string_view(field.unescaped_key()).size();
        seen += Walk(field.value());
      }
      return seen;
    case ondemand::json_type::array:
      for (auto item : value.get_array())
        seen += Walk(item.value());
      return seen;
    case ondemand::json_type::string:
      return std::string_view(value.get_string()).size();
    case ondemand::json_type::number:
      return static_cast<uint64_t>(value.get_double());
    case ondemand::json_type::boolean:
      return bool(value.get_bool()) ? 1 : 0;
    case ondemand::json_type::null:
      return value.is_null() ? 1 : 0;
  }
  return seen;
}

uint64_t WalkAll(const simdjson::padded_string& text, ondemand::parser* parser) {
  uint64_t seen = 0;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    const auto* stop =
        static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
    if (stop == nullptr) stop = end;
    const auto size = static_cast<size_t>(stop - at);
    const size_t readable = static_cast<size_t>(end - at) + simdjson::SIMDJSON_PADDING;
    auto document = parser->iterate(at, size, readable);
    seen += Walk(ondemand::value(document.get_value()));
    at = stop + 1;
  }
  return seen;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ifstream file(argv[1], std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const simdjson::padded_string text(bytes);
  ondemand::parser parser;
  tapelake::io::SystemClock clock;
  uint64_t seen = WalkAll(text, &parser);
  for (int run = 0; run < 3; ++run) {
    const int64_t start = clock.SteadyMicros();
    seen += WalkAll(text, &parser);
    std::printf("%.6f\n", static_cast<double>(clock.SteadyMicros() - start) / 1e6);
  }
  return seen == 0 ? 1 : 0;
}
