#include "bench/made_rows.h"

#include <cstdio>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>

namespace tapelake::bench {
namespace {

constexpr int64_t kFirstMicros = 1'714'521'600'000'000;
constexpr int64_t kDistinctRows = 65'536;

std::string Hex(uint64_t number, int digits) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(number));
  return {text + 16 - digits, static_cast<size_t>(digits)};
}

std::string RandomText(const std::string& column, io::Random& random) {
  const auto pick = [&](const std::vector<std::string>& values) {
    return values[random.Below(values.size())];
  };
  if (column == "transaction_id") {
    return Hex(random.Next(), 8) + "-" + Hex(random.Next(), 4) + "-" + Hex(random.Next(), 4) + "-" +
           Hex(random.Next(), 4) + "-" + Hex(random.Next(), 12);
  }
  if (column == "exchange") return pick({"binance", "coinbase", "kraken", "bitfinex"});
  if (column == "trading_pair") return pick({"BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD"});
  if (column == "order_type") return pick({"limit", "market", "stop"});
  if (column == "trade_status") return pick({"filled", "open", "cancelled"});
  if (column == "order_source") return pick({"api", "web", "mobile"});
  if (column == "user_id") return "user-" + Hex(random.Next(), 8);
  if (column == "event_date") return pick({"2026-11-21", "2026-11-22"});
  if (column == "_change_sequence") return "4955" + std::to_string(random.Next());
  return "0x" + Hex(random.Next(), 16) + Hex(random.Next(), 16);
}

Result<std::shared_ptr<arrow::Array>> RandomColumn(const arrow::Field& field, int64_t first,
                                                   int64_t rows, io::Random& random) {
  TAPELAKE_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(field.type()));
  for (int64_t row = first; row < first + rows; ++row) {
    if (field.name() == "note" || field.name() == "_rescued") {
      TAPELAKE_RETURN_NOT_OK(builder->AppendNull());
    } else if (field.type()->id() == arrow::Type::STRING) {
      TAPELAKE_RETURN_NOT_OK(
          static_cast<arrow::StringBuilder&>(*builder).Append(RandomText(field.name(), random)));
    } else if (field.type()->id() == arrow::Type::DECIMAL128) {
      const arrow::Decimal128 whole(static_cast<int64_t>(random.Below(100'000'000'000)));
      TAPELAKE_RETURN_NOT_OK(static_cast<arrow::Decimal128Builder&>(*builder).Append(
          whole * arrow::Decimal128(10'000'000'000)));
    } else if (field.type()->id() == arrow::Type::TIMESTAMP) {
      TAPELAKE_RETURN_NOT_OK(
          static_cast<arrow::TimestampBuilder&>(*builder).Append(kFirstMicros + row * 1000));
    } else {
      TAPELAKE_RETURN_NOT_OK(static_cast<arrow::Int64Builder&>(*builder).Append(row));
    }
  }
  return builder->Finish();
}

/// Every bit of the result depends on every bit of `number`.
uint64_t Mixed(uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

/// The column of rows `first`, `first + step`, ... if it follows from the number; else nullptr.
Result<std::shared_ptr<arrow::Array>> NumberedColumn(const arrow::Field& field, int64_t first,
                                                     int64_t step, int64_t count, int64_t version) {
  arrow::StringBuilder texts;
  arrow::Int64Builder numbers;
  arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                                arrow::default_memory_pool());
  const int64_t end = first + step * count;
  for (int64_t number = first; number < end; number += step) {
    if (field.name() == "transaction_id") {
      TAPELAKE_RETURN_NOT_OK(texts.Append(NumberedRows::KeyOf(number)));
    } else if (field.name() == "event_date") {
      const bool later = Mixed(static_cast<uint64_t>(number)) % 2 == 1;
      TAPELAKE_RETURN_NOT_OK(texts.Append(later ? "2026-11-22" : "2026-11-21"));
    } else if (field.name() == "timestamp") {
      TAPELAKE_RETURN_NOT_OK(times.Append(kFirstMicros + number * 1000));
    } else if (field.name() == "_change_seq") {
      TAPELAKE_RETURN_NOT_OK(numbers.Append(version * 100'000'000 + number));
    } else {
      return nullptr;
    }
  }
  if (texts.length() > 0) return texts.Finish();
  if (times.length() > 0) return times.Finish();
  return numbers.Finish();
}

}  // namespace

std::shared_ptr<arrow::Schema> LiveSchema() {
  const auto text = arrow::utf8();
  const auto time = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const auto amount = arrow::decimal128(38, 18);
  return arrow::schema({arrow::field("transaction_id", text), arrow::field("timestamp", time),
                        arrow::field("exchange", text), arrow::field("trading_pair", text),
                        arrow::field("order_type", text), arrow::field("price", amount),
                        arrow::field("quantity", amount), arrow::field("trade_fee", amount),
                        arrow::field("trade_status", text), arrow::field("user_id", text),
                        arrow::field("wallet_address", text), arrow::field("order_source", text),
                        arrow::field("note", text), arrow::field("event_date", text),
                        arrow::field("_rescued", text), arrow::field("_change_time", time),
                        arrow::field("_change_sequence", text),
                        arrow::field("_change_seq", arrow::int64())});
}

Result<std::shared_ptr<arrow::RecordBatch>> RandomRows(int64_t first, int64_t rows,
                                                       io::Random& random) {
  const auto schema = LiveSchema();
  arrow::ArrayVector columns;
  for (const auto& field : schema->fields()) {
    TAPELAKE_ASSIGN_OR_RAISE(auto column, RandomColumn(*field, first, rows, random));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema, rows, std::move(columns));
}

Result<NumberedRows> NumberedRows::Make() {
  io::SeededRandom random(1);
  TAPELAKE_ASSIGN_OR_RAISE(auto values, RandomRows(0, kDistinctRows, random));
  return NumberedRows(std::move(values));
}

std::string NumberedRows::KeyOf(int64_t number) {
  const uint64_t mixed = Mixed(static_cast<uint64_t>(number));
  const uint64_t more = Mixed(mixed + 1);
  return Hex(mixed >> 32, 8) + "-" + Hex(mixed, 4) + "-" + Hex(mixed >> 16, 4) + "-" +
         Hex(more, 4) + "-" + Hex(more >> 16, 12);
}

Result<std::shared_ptr<arrow::RecordBatch>> NumberedRows::Rows(int64_t first, int64_t step,
                                                               int64_t count,
                                                               int64_t version) const {
  arrow::Int64Builder places;
  for (int64_t row = 0; row < count; ++row) {
    const auto mixed = Mixed(static_cast<uint64_t>(first + row * step + version * 7'919));
    TAPELAKE_RETURN_NOT_OK(places.Append(static_cast<int64_t>(mixed % kDistinctRows)));
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto indices, places.Finish());
  TAPELAKE_ASSIGN_OR_RAISE(const auto taken,
                           arrow::compute::Take(arrow::Datum(values_), arrow::Datum(indices)));
  const auto schema = LiveSchema();
  arrow::ArrayVector columns = taken.record_batch()->columns();
  for (int i = 0; i < schema->num_fields(); ++i) {
    TAPELAKE_ASSIGN_OR_RAISE(auto column,
                             NumberedColumn(*schema->field(i), first, step, count, version));
    if (column != nullptr) columns[static_cast<size_t>(i)] = std::move(column);
  }
  return arrow::RecordBatch::Make(schema, count, std::move(columns));
}

}  // namespace tapelake::bench
