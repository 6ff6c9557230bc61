#include "app/market/market_rows.h"

#include <algorithm>
#include <cmath>

#include <arrow/builder.h>

#include "base/time.h"
#include "market/bar_codec.h"
#include "record/table_definition.h"

namespace tapelake::app {
namespace {

using market::Bar;
using market::FixedInt;

constexpr int kSumScale = 2 * market::kAmountScale;

std::shared_ptr<arrow::DataType> Amount() {
  return arrow::decimal128(base::kDecimalPrecisionMax, market::kAmountScale);
}
std::shared_ptr<arrow::DataType> Moment() {
  return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}

void AppendEncoded(std::string_view name, std::string* out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : name) {
    if (c == '%' || c == ':' || c == '|') {
      out->push_back('%');
      out->push_back(kHex[static_cast<uint8_t>(c) >> 4]);
      out->push_back(kHex[static_cast<uint8_t>(c) & 15]);
    } else {
      out->push_back(c);
    }
  }
}

std::string Key(const market::Series& series, std::string_view what, int64_t micros) {
  std::string key;
  AppendEncoded(series.pair, &key);
  key += '|';
  AppendEncoded(series.exchange, &key);
  key += '|';
  key += what;
  key += '|';
  key += std::to_string(micros);
  return key;
}

/// Cells in the order of a schema, one call a cell. The first failure stays.
class RowWriter {
 public:
  explicit RowWriter(std::shared_ptr<arrow::Schema> schema) : schema_(std::move(schema)) {
    for (const auto& field : schema_->fields()) {
      std::unique_ptr<arrow::ArrayBuilder> builder;
      Keep(arrow::MakeBuilder(arrow::default_memory_pool(), field->type(), &builder));
      builders_.push_back(std::move(builder));
    }
  }

  void Text(std::string_view text) { Keep(Next<arrow::StringBuilder>().Append(text)); }
  void Bytes(std::string_view bytes) { Keep(Next<arrow::BinaryBuilder>().Append(bytes)); }
  void Integer(int64_t value) { Keep(Next<arrow::Int64Builder>().Append(value)); }
  void Time(int64_t micros) { Keep(Next<arrow::TimestampBuilder>().Append(micros)); }
  void Double(std::optional<double> value) {
    auto& builder = Next<arrow::DoubleBuilder>();
    Keep(value ? builder.Append(*value) : builder.AppendNull());
  }
  void Decimal(std::optional<base::Int128> value) {
    auto& builder = Next<arrow::Decimal128Builder>();
    Keep(value ? builder.Append(arrow::Decimal128(static_cast<int64_t>(*value >> 64),
                                                  static_cast<uint64_t>(*value)))
               : builder.AppendNull());
  }
  /// Empty: null.
  void TextOrNull(std::string_view text) {
    auto& builder = Next<arrow::StringBuilder>();
    Keep(text.empty() ? builder.AppendNull() : builder.Append(text));
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Finish() {
    TAPELAKE_RETURN_NOT_OK(status_);
    arrow::ArrayVector columns;
    for (const auto& builder : builders_) {
      TAPELAKE_ASSIGN_OR_RAISE(auto column, builder->Finish());
      columns.push_back(std::move(column));
    }
    const int64_t rows = columns.front()->length();
    return arrow::RecordBatch::Make(schema_, rows, std::move(columns));
  }

 private:
  template <typename Builder>
  Builder& Next() {
    arrow::ArrayBuilder& builder = *builders_[next_];
    next_ = (next_ + 1) % builders_.size();
    return static_cast<Builder&>(builder);
  }
  void Keep(const Status& status) {
    if (status_.ok()) status_ = status;
  }

  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
  size_t next_ = 0;
  Status status_;
};

/// The value if a decimal(38,18) holds it.
template <size_t kWords>
std::optional<base::Int128> Fitting(const FixedInt<kWords>& value) {
  static const base::Int128 kMax = [] {
    base::Int128 max = 1;
    for (int i = 0; i < base::kDecimalPrecisionMax; ++i)
      max *= 10;
    return max - 1;
  }();
  const auto narrow = value.ToInt128();
  if (!narrow || *narrow > kMax || *narrow < -kMax) return std::nullopt;
  return narrow;
}

std::string SizesText(const Bar& bar) {
  std::string text = "[";
  for (const uint32_t count : bar.sizes)
    text += (text.size() > 1 ? "," : "") + std::to_string(count);
  return text + "]";
}

void WriteBar(const BarPlace& place, const Bar& bar, std::string_view sums, int64_t change_seq,
              RowWriter* row) {
  const auto& [series, interval, start_micros] = place;
  const bool priced = bar.has_prices();
  const auto price = [priced](base::Int128 value) {
    return priced ? std::optional(value) : std::nullopt;
  };
  const auto money = Fitting(bar.money.DividedByPowerOfTen(market::kAmountScale));
  row->Text(BarKey(series, interval, start_micros));
  row->Text(series.pair);
  row->Text(series.exchange);
  row->Text(market::IntervalText(interval));
  row->Time(start_micros);
  row->Decimal(price(bar.open_price()));
  row->Decimal(price(bar.high));
  row->Decimal(price(bar.low));
  row->Decimal(price(bar.close_price()));
  row->Decimal(Fitting(bar.quantity));
  row->Decimal(Fitting(bar.buy_quantity));
  row->Decimal(Fitting(bar.sell_quantity));
  row->Decimal(money);
  row->TextOrNull(money ? "" : bar.money.ToDecimal(kSumScale));
  row->Decimal(Fitting(bar.fees));
  row->Double(Vwap(bar));
  row->Double(PriceDeviation(bar));
  row->Integer(bar.trades);
  row->Integer(bar.pending);
  row->Integer(bar.failed);
  row->Integer(bar.other_status + bar.unpriced);
  row->Text(SizesText(bar));
  row->Bytes(sums);
  row->Integer(change_seq);
  row->Text(base::FormatDate(start_micros));
}

}  // namespace

std::shared_ptr<arrow::Schema> BarSchema() {
  using arrow::field;
  return arrow::schema({field(kBarIdColumn, arrow::utf8()),
                        field("pair", arrow::utf8()),
                        field("exchange", arrow::utf8()),
                        field("interval", arrow::utf8()),
                        field("start", Moment()),
                        field("open", Amount()),
                        field("high", Amount()),
                        field("low", Amount()),
                        field("close", Amount()),
                        field("quantity", Amount()),
                        field("buy_quantity", Amount()),
                        field("sell_quantity", Amount()),
                        field("money", Amount()),
                        field("money_text", arrow::utf8()),
                        field("fees", Amount()),
                        field("vwap", arrow::float64()),
                        field("deviation", arrow::float64()),
                        field("trades", arrow::int64()),
                        field("pending", arrow::int64()),
                        field("failed", arrow::int64()),
                        field("other", arrow::int64()),
                        field("sizes", arrow::utf8()),
                        field("_sums", arrow::binary()),
                        field(record::kChangeSeqColumn, arrow::int64()),
                        field(record::kPartitionColumn, arrow::utf8())});
}

std::shared_ptr<arrow::Schema> MeasureSchema() {
  using arrow::field;
  return arrow::schema({field(kMeasureIdColumn, arrow::utf8()), field("pair", arrow::utf8()),
                        field("exchange", arrow::utf8()), field("measure", arrow::utf8()),
                        field("measured_over", arrow::utf8()), field("unit", arrow::utf8()),
                        field("slot", Moment()), field("value", arrow::float64()),
                        field("n", arrow::int64()), field("reason", arrow::utf8()),
                        field("note", arrow::utf8()), field("detail", arrow::float64()),
                        field(record::kChangeSeqColumn, arrow::int64()),
                        field(record::kPartitionColumn, arrow::utf8())});
}

std::string BarKey(const market::Series& series, market::Interval interval, int64_t start_micros) {
  return Key(series, market::IntervalText(interval), start_micros);
}

std::string MeasureKey(const market::Series& series, std::string_view measure, int64_t at_micros) {
  return Key(series, measure, at_micros);
}

Result<std::shared_ptr<arrow::RecordBatch>> BarRows(const BarsByPlace& bars,
                                                    int64_t first_change_seq) {
  RowWriter rows(BarSchema());
  for (const auto& [place, sums] : bars) {
    if (sums.empty()) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const Bar bar, market::DecodeBar(sums));
    WriteBar(place, bar, sums, first_change_seq++, &rows);
  }
  return rows.Finish();
}

Result<std::shared_ptr<arrow::RecordBatch>> MeasureRows(const std::vector<MeasureSlot>& slots,
                                                        int64_t first_change_seq) {
  RowWriter rows(MeasureSchema());
  const auto catalog = market::MeasureCatalog();
  for (const MeasureSlot& slot : slots) {
    const std::string day = base::FormatDate(slot.at_micros);
    for (size_t i = 0; i < std::min(catalog.size(), slot.values.size()); ++i) {
      const market::Measure& measure = slot.values[i];
      rows.Text(MeasureKey(slot.series, catalog[i].name, slot.at_micros));
      rows.Text(slot.series.pair);
      rows.Text(slot.series.exchange);
      rows.Text(catalog[i].name);
      rows.Text(catalog[i].window);
      rows.Text(catalog[i].unit);
      rows.Time(slot.at_micros);
      rows.Double(measure.value);
      rows.Integer(measure.n);
      rows.TextOrNull(measure.value ? "" : market::NoValueText(measure.reason));
      rows.TextOrNull(market::MeasureNoteText(measure.note));
      rows.Double(measure.detail);
      rows.Integer(first_change_seq++);
      rows.Text(day);
    }
  }
  return rows.Finish();
}

std::optional<double> Vwap(const Bar& bar) {
  const double quantity = bar.quantity.ToDouble(market::kAmountScale);
  if (!bar.has_prices() || quantity <= 0) return std::nullopt;
  return bar.money.ToDouble(kSumScale) / quantity;
}

std::optional<double> PriceDeviation(const Bar& bar) {
  const double quantity = bar.quantity.ToDouble(market::kAmountScale);
  if (!bar.has_prices() || quantity <= 0) return std::nullopt;
  // Exactly around the open first: sum (p-o)q and sum (p-o)^2 q. What is left to the doubles is
  // small, so nothing cancels at large prices.
  const base::Int128 open = bar.open_price();
  const FixedInt<6> open_money = market::Multiply(bar.quantity, open);
  const FixedInt<6> shifted = FixedInt<6>(bar.money) - open_money;
  const auto narrow = [](const FixedInt<6>& value) {
    std::string bytes;
    value.AppendBytes(&bytes);  // its sixth word is only sign: |p q| sums fit five
    return FixedInt<5>::FromBytes(std::string_view(bytes).substr(0, FixedInt<5>::kBytes)).value();
  };
  // sum (p-o)^2 q = sum p^2 q - o (2 sum p q - o sum q) = sum p^2 q - o (sum p q + shifted)
  const FixedInt<8> squares =
      bar.price_money - market::Multiply(narrow(FixedInt<6>(bar.money) + shifted), open);
  const double mean = narrow(shifted).ToDouble(kSumScale) / quantity;
  const double variance = squares.ToDouble(3 * market::kAmountScale) / quantity - mean * mean;
  return std::sqrt(std::max(0.0, variance));
}

}  // namespace tapelake::app
