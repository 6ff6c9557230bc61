#include "query/output/table_layout.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <numeric>

namespace tapelake::query {
namespace {

constexpr int kWidthMin = 6;
constexpr std::string_view kEllipsis = "…";

struct CodePoint {
  uint32_t value = 0;
  size_t length = 1;
};

CodePoint DecodeUtf8(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (length == 1 || length > text.size()) return {lead, 1};
  uint32_t value = lead & (0x7FU >> length);
  for (size_t i = 1; i < length; ++i) {
    value = value << 6 | (static_cast<uint8_t>(text[i]) & 0x3FU);
  }
  return {value, length};
}

struct Range {
  uint32_t first;
  uint32_t last;
};

template <size_t N>
bool InRanges(uint32_t value, const Range (&ranges)[N]) {
  return std::any_of(std::begin(ranges), std::end(ranges), [value](const Range& range) {
    return value >= range.first && value <= range.last;
  });
}

int WidthOf(uint32_t value) {
  static constexpr Range kNone[] = {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},
                                    {0x0610, 0x061A}, {0x064B, 0x065F}, {0x200B, 0x200F},
                                    {0x202A, 0x202E}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F},
                                    {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}};
  static constexpr Range kWide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},
                                    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE4F},
                                    {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
                                    {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
  if (value < 0x300) return 1;
  if (InRanges(value, kNone)) return 0;
  return InRanges(value, kWide) ? 2 : 1;
}

void AppendRepeated(std::string_view text, int count, std::string* out) {
  for (int i = 0; i < count; ++i)
    out->append(text);
}

int RowWidth(const std::vector<int>& widths) {
  return std::accumulate(widths.begin(), widths.end(), 0) + 3 * static_cast<int>(widths.size()) + 1;
}

}  // namespace

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const CodePoint point = DecodeUtf8(text);
    width += WidthOf(point.value);
    text.remove_prefix(point.length);
  }
  return width;
}

std::string PrintableText(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = DecodeUtf8(text);
    const uint32_t value = point.value;
    if (value == '\n') {
      out += "\\n";
    } else if (value == '\t') {
      out += "\\t";
    } else if (value == '\r') {
      out += "\\r";
    } else if (value < 0x20 || (value >= 0x7F && value < 0xA0)) {
      char buffer[8];
      std::snprintf(buffer, sizeof(buffer), "\\x%02x", value);
      out += buffer;
    } else {
      out.append(text.substr(0, point.length));
    }
    text.remove_prefix(point.length);
  }
  return out;
}

std::string CutToWidth(std::string_view text, int width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  std::string out;
  int used = 0;
  while (!text.empty()) {
    const CodePoint point = DecodeUtf8(text);
    used += WidthOf(point.value);
    if (used > width - 1) break;
    out.append(text.substr(0, point.length));
    text.remove_prefix(point.length);
  }
  return out.append(kEllipsis);
}

void FitWidths(int width_max, std::vector<int>* widths) {
  while (RowWidth(*widths) > width_max) {
    const auto widest = std::max_element(widths->begin(), widths->end());
    if (*widest <= kWidthMin) return;
    --*widest;
  }
}

void AppendTableLine(const std::vector<TableCell>& cells, const std::vector<int>& widths,
                     bool unicode, bool cut, std::string* out) {
  const size_t line_begin = out->size();
  if (unicode) out->append("│");
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i != 0) out->append(unicode ? "│" : "|");
    const std::string text = cut ? CutToWidth(cells[i].text, widths[i]) : cells[i].text;
    const int padding = std::max(0, widths[i] - DisplayWidth(text));
    out->push_back(' ');
    if (cells[i].right) out->append(static_cast<size_t>(padding), ' ');
    out->append(text);
    if (!cells[i].right) out->append(static_cast<size_t>(padding), ' ');
    out->push_back(' ');
  }
  if (unicode) {
    out->append("│");
  } else {
    // No trailing blanks in text that is likely to be compared or mailed.
    while (out->size() > line_begin && out->back() == ' ')
      out->pop_back();
  }
  out->push_back('\n');
}

void AppendTableRule(const std::vector<int>& widths, bool unicode, RuleKind kind,
                     std::string* out) {
  if (!unicode && kind != RuleKind::kMiddle) return;
  static constexpr std::string_view kCorners[3][3] = {
      {"┌", "┬", "┐"}, {"├", "┼", "┤"}, {"└", "┴", "┘"}};
  const auto& corners = kCorners[static_cast<int>(kind)];
  if (unicode) out->append(corners[0]);
  for (size_t i = 0; i < widths.size(); ++i) {
    if (i != 0) out->append(unicode ? corners[1] : "+");
    AppendRepeated(unicode ? "─" : "-", widths[i] + 2, out);
  }
  if (unicode) out->append(corners[2]);
  out->push_back('\n');
}

}  // namespace tapelake::query
