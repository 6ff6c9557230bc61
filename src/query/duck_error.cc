#include "query/duck_error.h"

#include <charconv>

namespace tapelake::query {
namespace {

void CutAt(std::string_view mark, std::string* message) {
  const size_t found = message->find(mark);
  if (found != std::string::npos) message->resize(found);
}

void ShiftLineNumber(int first_line, std::string* message) {
  constexpr std::string_view kMark = "\nLINE ";
  const size_t found = message->rfind(kMark);
  if (found == std::string::npos || first_line <= 1) return;
  const size_t begin = found + kMark.size();
  int line = 0;
  const char* text = message->data();
  const auto [end, error] = std::from_chars(text + begin, text + message->size(), line);
  if (error != std::errc()) return;
  const auto old_length = static_cast<size_t>(end - (text + begin));
  const std::string shifted = std::to_string(line + first_line - 1);
  message->replace(begin, old_length, shifted);
  // The caret stands two lines below and moves with the longer number.
  const size_t caret_line = message->rfind('\n');
  if (caret_line > begin && shifted.size() > old_length) {
    message->insert(caret_line + 1, shifted.size() - old_length, ' ');
  }
}

/// Amounts have 18 digits after the point, so DuckDB's product of two fails from 100 on; what it
/// advises, a cast to fewer digits, loses some.
std::string_view RemedyOf(std::string_view message) {
  if (!message.starts_with("Out of Range Error: Overflow in multiplication of DECIMAL")) return "";
  return "\nhint: exact_product(a, b) multiplies amounts without overflow; <table>_enriched has "
         "price * quantity as notional";
}

ErrorKind KindOfMessage(std::string_view message) {
  if (message.starts_with("IO Error: No files found")) return ErrorKind::kNotFound;
  if (message.starts_with("IO Error") || message.starts_with("HTTP Error")) {
    return ErrorKind::kUnavailable;
  }
  if (message.starts_with("Out of Memory Error")) return ErrorKind::kThrottled;
  if (message.starts_with("INTERRUPT Error")) return ErrorKind::kShuttingDown;
  if (message.starts_with("INTERNAL Error") || message.starts_with("FATAL Error")) {
    return ErrorKind::kInternal;
  }
  return ErrorKind::kInvalid;
}

}  // namespace

Status DuckError(const char* message, int first_line) {
  std::string text = message == nullptr ? "DuckDB gave no reason" : message;
  const ErrorKind kind = KindOfMessage(text);
  if (kind == ErrorKind::kShuttingDown) return MakeError(kind, "the query was interrupted");
  CutAt("\n\nStack Trace", &text);
  CutAt("\nStack Trace", &text);
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  ShiftLineNumber(first_line, &text);
  text += RemedyOf(text);
  return MakeError(kind, std::move(text));
}

std::string WithoutSystemGuess(std::string_view message) {
  std::string text(message);
  for (const char* prefix : {"pg_", "sqlite_", "duckdb_", "pragma_", "system.", "information_"}) {
    const size_t begin = text.find(std::string("\nDid you mean \"") + prefix);
    if (begin == std::string::npos) continue;
    const size_t end = text.find('\n', begin + 1);
    text.erase(begin, end == std::string::npos ? std::string::npos : end - begin);
  }
  return text;
}

}  // namespace tapelake::query
