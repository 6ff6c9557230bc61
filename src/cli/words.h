#pragma once

/// Numbers as people read them. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>

namespace tapelake::cli {

/// 1234567 -> `1,234,567`.
std::string Grouped(int64_t number);

/// `1 file`, `2,000 files`.
std::string Counted(int64_t number, const std::string& noun);

/// `812 B`, `3.4 MiB`.
std::string SizeWords(int64_t bytes);

/// A span of time: `0.4 s`, `12 s`, `3 min`, `2.5 h`, `9 d`. Negative spans count as none.
std::string SpanWords(int64_t micros);

/// A rate: `49.8`, `1,234`.
std::string RateWords(double per_second);

/// Text from outside, with `?` for what would steer a terminal.
std::string Printable(std::string_view text);

/// `text` with spaces up to `width`, or as it is if longer.
std::string Padded(std::string text, size_t width);

}  // namespace tapelake::cli
