#include "source/simulation/expected_table.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "source/wire/event_json.h"
#include "source/wire/nested_value.h"

namespace tapelake::source {
namespace {

using record::AttributeType;

constexpr size_t kDecimalIntegerDigits = 20;  // decimal(38,18)
constexpr size_t kDecimalFractionDigits = 18;
constexpr size_t kWriteBytes = 1 << 20;

enum class ColumnForm : uint8_t {
  kAttribute,
  kEventDate,
  kRescued,
  kChangeTime,
  kChangeSequence,
};

struct Column {
  std::string_view name;
  ColumnForm form = ColumnForm::kAttribute;
  AttributeName attribute = AttributeName::kTransactionId;
};

/// What a declared column accepts.
enum class Declared : uint8_t { kText, kDecimal, kTimestamp, kNotDeclared };

Declared DeclaredFormOf(AttributeName name) {
  switch (name) {
    case AttributeName::kTimestamp:
      return Declared::kTimestamp;
    case AttributeName::kPrice:
    case AttributeName::kQuantity:
    case AttributeName::kTradeFee:
      return Declared::kDecimal;
    default:
      return static_cast<size_t>(name) < kDeclaredAttributes ? Declared::kText
                                                             : Declared::kNotDeclared;
  }
}

/// Decimal text -> exactly 18 decimals, by moving digits only. Nothing if it would not fit.
std::optional<std::string> ShiftToDecimal(std::string_view text) {
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  int exponent = 0;
  if (const size_t mark = text.find_first_of("eE"); mark != text.npos) {
    exponent = std::stoi(std::string(text.substr(text[mark + 1] == '+' ? mark + 2 : mark + 1)));
    text = text.substr(0, mark);
  }
  std::string digits;
  size_t point = text.find('.');
  if (point == text.npos) point = text.size();
  for (char c : text) {
    if (c != '.') digits.push_back(c);
  }
  int64_t integer_digits = static_cast<int64_t>(point) + exponent;
  while (integer_digits < 1) {
    digits.insert(0, "0");
    ++integer_digits;
  }
  while (static_cast<int64_t>(digits.size()) < integer_digits)
    digits.push_back('0');
  std::string integer = digits.substr(0, static_cast<size_t>(integer_digits));
  std::string fraction = digits.substr(static_cast<size_t>(integer_digits));
  fraction.erase(fraction.find_last_not_of('0') + 1);
  integer.erase(0, std::min(integer.find_first_not_of('0'), integer.size() - 1));
  if (integer.size() > kDecimalIntegerDigits || fraction.size() > kDecimalFractionDigits) {
    return std::nullopt;
  }
  fraction.resize(kDecimalFractionDigits, '0');
  const bool zero = integer == "0" && fraction.find_first_not_of('0') == fraction.npos;
  return (negative && !zero ? "-" : "") + integer + "." + fraction;
}

/// `2024-05-01T22:00:00.123456Z` -> without the Z. Nothing if finer than a microsecond.
std::optional<std::string> PlainTimestamp(std::string_view text) {
  constexpr size_t kBytes = sizeof("2024-05-01T22:00:00.123456Z") - 1;
  if (text.size() != kBytes) return std::nullopt;
  return std::string(text.substr(0, kBytes - 1));
}

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char byte : bytes) {
    text.push_back("0123456789abcdef"[byte >> 4]);
    text.push_back("0123456789abcdef"[byte & 15]);
  }
  return text;
}

/// The cell of a declared column; nothing: the value does not fit and goes to `_rescued`.
std::optional<std::string> DeclaredCell(AttributeName name, const ItemValue& value) {
  switch (DeclaredFormOf(name)) {
    case Declared::kDecimal:
      if (value.type != AttributeType::kNumber) return std::nullopt;
      return ShiftToDecimal(value.text);
    case Declared::kTimestamp:
      if (value.type != AttributeType::kString) return std::nullopt;
      return PlainTimestamp(value.text);
    case Declared::kText:
      if (value.type != AttributeType::kString) return std::nullopt;
      return std::string(value.text);
    case Declared::kNotDeclared:
      break;
  }
  return std::nullopt;
}

/// The cell of a column that the table gained by itself, from the attribute's type.
std::optional<std::string> AddedCell(const ItemValue& value) {
  switch (value.type) {
    case AttributeType::kString:
      return std::string(value.text);
    case AttributeType::kNumber:
      return ShiftToDecimal(value.text);
    case AttributeType::kBool:
      return value.text == "true" ? "True" : "False";
    case AttributeType::kBinary:
      return Hex(value.text);
    default:
      return std::string(PlainJsonOf(value.text));
  }
}

bool HasNoColumn(AttributeName name) {
  return name == AttributeName::kRiskScore || name == AttributeName::kCapitalPrice;
}

/// The cell of an attribute; nothing if it is to be rescued. Null attributes never come here.
std::optional<std::string> AttributeCell(AttributeName name, const ItemValue& value) {
  if (HasNoColumn(name)) return std::nullopt;
  if (DeclaredFormOf(name) != Declared::kNotDeclared) return DeclaredCell(name, value);
  return AddedCell(value);
}

/// The `_rescued` cell; nothing if everything fits.
std::optional<std::string> RescuedCell(const Item& item) {
  std::vector<std::pair<std::string_view, std::string>> members;
  item.ForEach([&members](AttributeName name, ItemValue value) {
    if (value.type == AttributeType::kNull || AttributeCell(name, value)) return;
    std::string json;
    AppendWireValue(value, &json);
    members.emplace_back(AttributeNameText(name), std::move(json));
  });
  if (members.empty()) return std::nullopt;
  std::sort(members.begin(), members.end());
  std::string cell = "{";
  for (const auto& [name, json] : members) {
    if (cell.size() > 1) cell.push_back(',');
    base::AppendJsonString(name, &cell);
    cell.append(":").append(json);
  }
  return cell + "}";
}

std::optional<std::string> Cell(const Column& column, const SimulatedTable::Row& row,
                                record::RecordShape shape) {
  const bool streams = shape == record::RecordShape::kStreams;
  switch (column.form) {
    case ColumnForm::kEventDate:
      return std::string(row.item.Text(AttributeName::kTimestamp).substr(0, 10));
    case ColumnForm::kRescued:
      return RescuedCell(row.item);
    case ColumnForm::kChangeTime:
      // A Streams record tells the second only.
      return base::FormatIso8601Micros(streams ? row.change_micros -
                                                     row.change_micros % base::kMicrosPerSecond
                                               : row.change_micros);
    case ColumnForm::kChangeSequence:
      if (!streams) return std::nullopt;
      return SequenceNumberText(row.sequence);
    case ColumnForm::kAttribute:
      break;
  }
  const std::optional<ItemValue> value = row.item.Find(column.attribute);
  if (!value || value->type == AttributeType::kNull) return std::nullopt;
  return AttributeCell(column.attribute, *value);
}

void AppendCsvCell(const std::optional<std::string>& cell, std::string* out) {
  if (!cell) {
    out->append("\\N");
    return;
  }
  if (cell->find_first_of(",\"\r\n") == std::string::npos) {
    out->append(*cell);
    return;
  }
  out->push_back('"');
  for (char c : *cell) {
    if (c == '"') out->push_back('"');
    out->push_back(c);
  }
  out->push_back('"');
}

std::vector<Column> SortedColumns(const ExpectedTableOptions& options) {
  std::vector<Column> columns;
  for (size_t i = 0; i < kDeclaredAttributes + kAddedAttributesMax; ++i) {
    if (i >= kDeclaredAttributes && !options.added[i - kDeclaredAttributes]) continue;
    const AttributeName name = static_cast<AttributeName>(i);
    columns.push_back({.name = AttributeNameText(name), .attribute = name});
  }
  columns.push_back({.name = "event_date", .form = ColumnForm::kEventDate});
  columns.push_back({.name = "_rescued", .form = ColumnForm::kRescued});
  columns.push_back({.name = "_change_time", .form = ColumnForm::kChangeTime});
  columns.push_back({.name = "_change_sequence", .form = ColumnForm::kChangeSequence});
  std::sort(columns.begin() + 1, columns.end(),
            [](const Column& a, const Column& b) { return a.name < b.name; });
  return columns;
}

std::vector<const SimulatedTable::Row*> SortedRows(const SimulatedTable& table) {
  std::vector<const SimulatedTable::Row*> rows;
  for (const SimulatedTable::Row& row : table.rows()) {
    if (!row.item.empty()) rows.push_back(&row);
  }
  std::sort(rows.begin(), rows.end(), [](const auto* a, const auto* b) {
    return a->item.Text(AttributeName::kTransactionId) <
           b->item.Text(AttributeName::kTransactionId);
  });
  return rows;
}

}  // namespace

Status WriteExpectedTable(const SimulatedTable& table, const ExpectedTableOptions& options,
                          io::FileSystem& files, const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(auto out, files.OpenForWrite(path));
  const std::vector<Column> columns = SortedColumns(options);
  std::string text;
  for (size_t i = 0; i < columns.size(); ++i) {
    text.append(i == 0 ? "" : ",").append(columns[i].name);
  }
  text.push_back('\n');
  for (const SimulatedTable::Row* row : SortedRows(table)) {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) text.push_back(',');
      AppendCsvCell(Cell(columns[i], *row, options.shape), &text);
    }
    text.push_back('\n');
    if (text.size() >= kWriteBytes) {
      TAPELAKE_RETURN_NOT_OK(out->Write(text.data(), static_cast<int64_t>(text.size())));
      text.clear();
    }
  }
  TAPELAKE_RETURN_NOT_OK(out->Write(text.data(), static_cast<int64_t>(text.size())));
  return out->Close();
}

}  // namespace tapelake::source
