#include "app/market/trade_layout.h"

#include <algorithm>

#include "transform/column_builder.h"

namespace tapelake::app {
namespace {

using record::Attribute;
using record::AttributeType;
using record::ColumnDefinition;
using record::ColumnKind;

constexpr char kPair[] = "trading_pair";
constexpr char kExchange[] = "exchange";
constexpr char kPrice[] = "price";
constexpr char kQuantity[] = "quantity";
constexpr char kFee[] = "trade_fee";
constexpr char kSide[] = "order_type";
constexpr char kStatus[] = "trade_status";

const ColumnDefinition* FindColumn(const record::TableDefinition& table, std::string_view name) {
  const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                  [name](const auto& column) { return column.name == name; });
  return found == table.columns.end() ? nullptr : &*found;
}

Status NotOfTrades(const record::TableDefinition& table, const std::string& what) {
  return MakeError(ErrorKind::kInvalid,
                   "table " + table.QualifiedName() + " holds no trades: " + what);
}

Status CheckKind(const record::TableDefinition& table, const ColumnDefinition* column,
                 const char* name, ColumnKind kind) {
  if (column == nullptr) return NotOfTrades(table, std::string("it has no column '") + name + "'");
  if (column->kind != kind || (kind == ColumnKind::kDecimal && column->scale > 18)) {
    return NotOfTrades(table, std::string("column '") + name + "' is " +
                                  record::ColumnTypeText(*column) + ", needed is " +
                                  (kind == ColumnKind::kString
                                       ? "string"
                                       : "decimal with at most 18 digits after the point"));
  }
  return Status::OK();
}

base::Int128 TimesPowerOfTen(base::Int128 value, int digits) {
  for (; digits > 0; --digits)
    value *= 10;
  return value;
}

/// The greatest magnitude that a decimal(38,18) can have.
base::Int128 AmountMax() {
  return TimesPowerOfTen(1, base::kDecimalPrecisionMax) - 1;
}

}  // namespace

Result<TradeLayout> TradeLayout::Of(const record::TableDefinition& table) {
  TradeLayout layout;
  layout.paths_ = std::make_unique<transform::MapPathReader>();
  const auto fill = [](const ColumnDefinition& column, Field* field) {
    field->steps = transform::SplitPath(column.attribute);
    field->kind = column.kind;
    field->precision = column.precision;
    field->scale = column.scale;
  };
  const struct {
    const char* name;
    Field* field;
    ColumnKind kind;
  } needed[] = {{kPair, &layout.pair_, ColumnKind::kString},
                {kExchange, &layout.exchange_, ColumnKind::kString},
                {kSide, &layout.side_, ColumnKind::kString},
                {kStatus, &layout.status_, ColumnKind::kString},
                {kPrice, &layout.price_, ColumnKind::kDecimal},
                {kQuantity, &layout.quantity_, ColumnKind::kDecimal}};
  for (const auto& [name, field, kind] : needed) {
    const ColumnDefinition* column = FindColumn(table, name);
    TAPELAKE_RETURN_NOT_OK(CheckKind(table, column, name, kind));
    fill(*column, field);
  }
  if (const ColumnDefinition* fee = FindColumn(table, kFee)) {
    TAPELAKE_RETURN_NOT_OK(CheckKind(table, fee, kFee, ColumnKind::kDecimal));
    fill(*fee, &layout.fee_);
  }
  const ColumnDefinition* time = FindColumn(table, table.time_column);
  const ColumnDefinition* key = FindColumn(table, table.key_column);
  if (time == nullptr || key == nullptr) return NotOfTrades(table, "it has no time or no key");
  fill(*time, &layout.time_);
  layout.key_attribute_ = key->attribute;
  return layout;
}

const Attribute* TradeLayout::Find(std::span<const Attribute> image, Field* field) {
  if (field->steps.empty()) return nullptr;
  const std::string& name = field->steps.front();
  const Attribute* found = nullptr;
  if (field->place < image.size() && image[field->place].name == name) {
    found = &image[field->place];
  } else {
    for (size_t i = 0; i < image.size(); ++i) {
      if (image[i].name != name) continue;
      field->place = i;
      found = &image[i];
      break;
    }
  }
  if (found == nullptr || field->steps.size() == 1) return found;
  return paths_->Find(*found, field->steps);
}

std::string_view TradeLayout::Text(std::span<const Attribute> image, Field* field) {
  const Attribute* attribute = Find(image, field);
  if (attribute == nullptr || attribute->type != AttributeType::kString) return {};
  return attribute->text;
}

std::optional<base::Int128> TradeLayout::Amount(std::span<const Attribute> image, Field* field) {
  const Attribute* attribute = Find(image, field);
  if (attribute == nullptr || attribute->type != AttributeType::kNumber) return std::nullopt;
  base::Int128 value = 0;
  if (base::ParseDecimal(attribute->text, field->precision, field->scale, &value) !=
      base::DecimalOutcome::kOk) {
    return std::nullopt;
  }
  const int missing = market::kAmountScale - field->scale;
  if (missing == 0) return value;
  static const base::Int128 kMax = AmountMax();
  const base::Int128 limit = kMax / TimesPowerOfTen(1, missing);
  if (value > limit || value < -limit) return std::nullopt;
  return TimesPowerOfTen(value, missing);
}

void TradeLayout::ReadPlace(std::span<const Attribute> image, TradeView* view) {
  view->pair = Text(image, &pair_);
  view->exchange = Text(image, &exchange_);
  const Attribute* time = Find(image, &time_);
  if (time == nullptr) return;
  const auto moment = transform::ReadTime(time_.kind, *time);
  if (!moment) return;
  view->has_time = moment->exact;  // otherwise the column is null
  view->time_micros = moment->micros;
}

TradeView TradeLayout::ReadPlace(std::span<const Attribute> image) {
  TradeView view;
  ReadPlace(image, &view);
  return view;
}

TradeView TradeLayout::Read(std::span<const Attribute> image) {
  TradeView view;
  ReadPlace(image, &view);
  view.status = market::TradeStatusOf(Text(image, &status_));
  view.side = market::TradeSideOf(Text(image, &side_));
  const auto price = Amount(image, &price_);
  const auto quantity = Amount(image, &quantity_);
  view.has_amounts = price && quantity;
  if (view.has_amounts) {
    view.price = *price;
    view.quantity = *quantity;
  }
  view.fee = Amount(image, &fee_).value_or(0);
  return view;
}

std::string_view TradeLayout::KeyOf(const record::Change& change) const {
  for (const auto* attributes : {&change.image(), &change.keys}) {
    for (const Attribute& attribute : *attributes) {
      if (attribute.name != key_attribute_) continue;
      return attribute.type == AttributeType::kString ? attribute.text : std::string_view();
    }
  }
  return {};
}

}  // namespace tapelake::app
