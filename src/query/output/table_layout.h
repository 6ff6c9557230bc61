#pragma once

/// Widths and lines of the aligned table form. Pure; any thread. Internal to query.

#include <string>
#include <string_view>
#include <vector>

namespace tapelake::query {

/// Terminal columns that `text` takes: wide East Asian signs and emoji two, combining marks none.
int DisplayWidth(std::string_view text);

/// Make control characters visible (`\n`, `\t`, `\x1b`), so that a value stays in its cell and
/// cannot steer the terminal.
std::string PrintableText(std::string_view text);

/// `text` cut to `width` terminal columns; a cut one ends in `…`.
std::string CutToWidth(std::string_view text, int width);

/// Shrink the widest of `widths` until a row with its borders fits into `width_max` terminal
/// columns, none below a small minimum: a row of very many columns stays too wide.
void FitWidths(int width_max, std::vector<int>* widths);

/// One cell of a line.
struct TableCell {
  std::string text;
  bool right = false;  ///< Aligned to the right edge.
};

/// Append one line of cells: `│ a │ b │` or ` a | b `. A cell wider than its column is cut if
/// `cut`.
void AppendTableLine(const std::vector<TableCell>& cells, const std::vector<int>& widths,
                     bool unicode, bool cut, std::string* out);

enum class RuleKind { kTop, kMiddle, kBottom };

/// Append a horizontal rule. The plain form has only the middle one: `---+---`.
void AppendTableRule(const std::vector<int>& widths, bool unicode, RuleKind kind, std::string* out);

}  // namespace tapelake::query
