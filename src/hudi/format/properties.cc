#include "hudi/format/properties.h"

#include <optional>
#include <vector>

namespace tapelake::hudi {
namespace {

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\f';
}

Status CorruptLine(size_t line, const std::string& why) {
  return MakeError(ErrorKind::kCorrupt, "line " + std::to_string(line) + ": " + why);
}

/// Decode one UTF-8 character at `*position` and move past it; nullopt (unmoved) if there is none.
std::optional<char32_t> DecodeUtf8(std::string_view text, size_t* position) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[*position + i]); };
  const unsigned char lead = byte(0);
  const size_t length = lead < 0x80             ? 1
                        : (lead & 0xe0) == 0xc0 ? 2
                        : (lead & 0xf0) == 0xe0 ? 3
                        : (lead & 0xf8) == 0xf0 ? 4
                                                : 0;
  if (length == 0 || *position + length > text.size()) return std::nullopt;
  static constexpr unsigned char kLeadMask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  static constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  char32_t code = lead & kLeadMask[length];
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return std::nullopt;
    code = code << 6 | (byte(i) & 0x3f);
  }
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  if (code < kSmallest[length] || code > 0x10ffff || surrogate) return std::nullopt;
  *position += length;
  return code;
}

void AppendUtf8(char32_t code, std::string* out) {
  const auto tail = [&](int shift) {
    out->push_back(static_cast<char>(0x80 | (code >> shift & 0x3f)));
  };
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xc0 | code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | code >> 12));
    tail(6);
    tail(0);
  } else {
    out->push_back(static_cast<char>(0xf0 | code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

bool IsUtf8(std::string_view text) {
  for (size_t position = 0; position < text.size();) {
    if (!DecodeUtf8(text, &position)) return false;
  }
  return true;
}

std::string Latin1ToUtf8(std::string_view text) {
  std::string out;
  for (const char c : text)
    AppendUtf8(static_cast<unsigned char>(c), &out);
  return out;
}

struct LogicalLine {
  size_t number = 0;  // of its first natural line, from 1
  std::string text;   // without leading blanks and line ends; escapes untouched
};

bool EndsInOpenBackslash(std::string_view line) {
  size_t count = 0;
  while (count < line.size() && line[line.size() - 1 - count] == '\\')
    ++count;
  return count % 2 == 1;
}

/// Joins continuation lines and drops comments and empty lines.
std::vector<LogicalLine> SplitLogicalLines(std::string_view text) {
  std::vector<LogicalLine> lines;
  bool continued = false;
  size_t number = 0;
  while (!text.empty()) {
    ++number;
    const size_t end = text.find_first_of("\r\n");
    std::string_view line = text.substr(0, end);
    size_t next = end == std::string_view::npos ? text.size() : end + 1;
    if (next < text.size() && text[next - 1] == '\r' && text[next] == '\n') ++next;
    text.remove_prefix(next);
    while (!line.empty() && IsBlank(line.front()))
      line.remove_prefix(1);
    if (!continued) {
      if (line.empty() || line.front() == '#' || line.front() == '!') continue;
      lines.push_back({number, ""});
    }
    continued = EndsInOpenBackslash(line);
    if (continued) line.remove_suffix(1);
    lines.back().text.append(line);
  }
  return lines;
}

std::optional<char32_t> ParseUnicodeEscape(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  char32_t code = 0;
  for (const char c : text.substr(0, 4)) {
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit < 0) return std::nullopt;
    code = code << 4 | static_cast<char32_t>(digit);
  }
  return code;
}

/// Reads the `\uXXXX` (or the surrogate pair of two) whose digits start at `*position`.
Result<char32_t> ScanUnicodeEscape(const LogicalLine& line, std::string_view text,
                                   size_t* position) {
  const auto high = ParseUnicodeEscape(text.substr(*position));
  if (!high) {
    return CorruptLine(line.number, "'\\u" + std::string(text.substr(*position, 4)) +
                                        "' lacks four hexadecimal digits");
  }
  *position += 4;
  if (*high < 0xd800 || *high >= 0xe000) return *high;
  std::optional<char32_t> low;
  if (*high < 0xdc00 && text.substr(*position, 2) == "\\u") {
    low = ParseUnicodeEscape(text.substr(*position + 2));
  }
  if (!low || *low < 0xdc00 || *low >= 0xe000) {
    return CorruptLine(line.number, "a \\u escape is half of a surrogate pair");
  }
  *position += 6;
  return 0x10000 + ((*high - 0xd800) << 10) + (*low - 0xdc00);
}

Result<std::string> Unescape(const LogicalLine& line, std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i++];
    if (c != '\\') {
      out.push_back(c);
      continue;
    }
    if (i == text.size()) break;  // a lone backslash at the end of the text: Java drops it
    const char escaped = text[i++];
    switch (escaped) {
      case 't':
        out.push_back('\t');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'u': {
        TAPELAKE_ASSIGN_OR_RAISE(const char32_t code, ScanUnicodeEscape(line, text, &i));
        AppendUtf8(code, &out);
        break;
      }
      default:
        out.push_back(escaped);
    }
  }
  return out;
}

/// The end of the key: the first `=`, `:` or blank that no backslash escapes.
size_t KeyLength(std::string_view line) {
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '=' || line[i] == ':' || IsBlank(line[i])) {
      return i;
    }
  }
  return line.size();
}

std::string_view SkipSeparator(std::string_view rest) {
  const auto skip_blanks = [&rest] {
    while (!rest.empty() && IsBlank(rest.front()))
      rest.remove_prefix(1);
  };
  skip_blanks();
  if (!rest.empty() && (rest.front() == '=' || rest.front() == ':')) {
    rest.remove_prefix(1);
    skip_blanks();
  }
  return rest;
}

void AppendUnicodeEscape(char32_t unit, std::string* out) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  out->append("\\u");
  for (int shift = 12; shift >= 0; shift -= 4)
    out->push_back(kHex[unit >> shift & 15]);
}

void AppendEscaped(std::string_view text, bool is_key, std::string* out) {
  for (size_t i = 0; i < text.size();) {
    const bool first = i == 0;
    const auto decoded = DecodeUtf8(text, &i);
    const char32_t code = decoded ? *decoded : static_cast<unsigned char>(text[i++]);
    if (code == ' ') {
      out->append(is_key || first ? "\\ " : " ");
    } else if (code == '\t') {
      out->append("\\t");
    } else if (code == '\n') {
      out->append("\\n");
    } else if (code == '\r') {
      out->append("\\r");
    } else if (code == '\f') {
      out->append("\\f");
    } else if (code >= 0x10000) {
      AppendUnicodeEscape(0xd800 + ((code - 0x10000) >> 10), out);
      AppendUnicodeEscape(0xdc00 + ((code - 0x10000) & 0x3ff), out);
    } else if (code < 0x20 || code > 0x7e) {
      AppendUnicodeEscape(code, out);
    } else {
      if (code == '=' || code == ':' || code == '#' || code == '!' || code == '\\') {
        out->push_back('\\');
      }
      out->push_back(static_cast<char>(code));
    }
  }
}

}  // namespace

Result<Properties> ParseProperties(std::string_view text) {
  if (!IsUtf8(text)) return ParseProperties(Latin1ToUtf8(text));
  Properties properties;
  for (const LogicalLine& line : SplitLogicalLines(text)) {
    const std::string_view content = line.text;
    if (content.find('\0') != std::string_view::npos) {
      return CorruptLine(line.number, "holds a NUL byte");
    }
    const size_t key_length = KeyLength(content);
    TAPELAKE_ASSIGN_OR_RAISE(auto key, Unescape(line, content.substr(0, key_length)));
    TAPELAKE_ASSIGN_OR_RAISE(auto value, Unescape(line, SkipSeparator(content.substr(key_length))));
    properties[std::move(key)] = std::move(value);
  }
  return properties;
}

std::string FormatProperties(const Properties& properties, std::string_view comment) {
  std::string out;
  if (!comment.empty()) out.append("#").append(comment).append("\n");
  for (const auto& [key, value] : properties) {
    AppendEscaped(key, /*is_key=*/true, &out);
    out.push_back('=');
    AppendEscaped(value, /*is_key=*/false, &out);
    out.push_back('\n');
  }
  return out;
}

}  // namespace tapelake::hudi
