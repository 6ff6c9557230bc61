#include "source/files/trade_dump.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <xxhash.h>

#include "base/decimal.h"
#include "base/time.h"
#include "source/wire/event_json.h"

namespace tapelake::source {
namespace {

using record::AttributeType;

constexpr int kFieldsMax = 16;
constexpr size_t kRowBytesMax = 4096;
constexpr size_t kMillisDigitsMax = 14;
constexpr size_t kMicrosDigitsMax = 17;

/// The fields of one row; views into the line.
struct Fields {
  std::array<std::string_view, kFieldsMax> texts;
  int count = 0;  // kFieldsMax + 1: more than there is room for
};

Fields Split(std::string_view line) {
  Fields fields;
  for (;;) {
    const size_t comma = line.find(',');
    if (fields.count < kFieldsMax) fields.texts[fields.count] = line.substr(0, comma);
    ++fields.count;
    if (comma == line.npos || fields.count > kFieldsMax) return fields;
    line.remove_prefix(comma + 1);
  }
}

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<uint64_t> ParseUnsigned(std::string_view text) {
  uint64_t value = 0;
  if (!IsDigits(text)) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::optional<int64_t> ParseTime(std::string_view text) {
  if (text.size() > kMicrosDigitsMax) return std::nullopt;
  const std::optional<uint64_t> value = ParseUnsigned(text);
  if (!value) return std::nullopt;
  return static_cast<int64_t>(text.size() <= kMillisDigitsMax ? *value * 1000 : *value);
}

std::optional<bool> ParseBool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE" || text == "1") return true;
  if (text == "false" || text == "False" || text == "FALSE" || text == "0") return false;
  return std::nullopt;
}

struct TradeRow {
  std::string_view trade_id_text;
  uint64_t trade_id = 0;
  std::string_view price;
  std::string_view quantity;
  int64_t micros = 0;
  bool is_buyer_maker = false;
  std::string_view pair;  // empty: the form has none
};

std::optional<TradeRow> ParseRow(const TradeDumpForm& form, std::string_view line) {
  if (line.size() > kRowBytesMax) return std::nullopt;
  const Fields fields = Split(line);
  if (fields.count < form.fields || fields.count > form.fields_max) return std::nullopt;
  TradeRow row;
  row.trade_id_text = fields.texts[form.trade_id];
  const auto trade_id = ParseUnsigned(row.trade_id_text);
  const auto micros = ParseTime(fields.texts[form.time]);
  const auto is_buyer_maker = ParseBool(fields.texts[form.is_buyer_maker]);
  row.price = fields.texts[form.price];
  row.quantity = fields.texts[form.quantity];
  if (!trade_id || !micros || !is_buyer_maker || !base::IsDecimalNumber(row.price) ||
      !base::IsDecimalNumber(row.quantity)) {
    return std::nullopt;
  }
  if (form.trading_pair >= 0) {
    row.pair = fields.texts[form.trading_pair];
    if (row.pair.empty()) return std::nullopt;
  }
  row.trade_id = *trade_id;
  row.micros = *micros;
  row.is_buyer_maker = *is_buyer_maker;
  return row;
}

std::string WithoutSeparators(std::string_view pair) {
  std::string text;
  std::copy_if(pair.begin(), pair.end(), std::back_inserter(text),
               [](char c) { return c != '/' && c != '-' && c != '_' && c != ' '; });
  return text;
}

class TradeDumpSource : public record::RecordSource {
 public:
  TradeDumpSource(std::unique_ptr<record::RecordSource> lines, const TradeDumpOptions& options)
      : lines_(std::move(lines)), options_(options) {}

  Result<bool> ReadBlock(record::RecordBlock* block) override;

 private:
  void AppendRecord(const TradeRow& row, std::string* out) const;

  std::unique_ptr<record::RecordSource> lines_;
  TradeDumpOptions options_;
  record::RecordBlock line_block_;
};

Result<bool> TradeDumpSource::ReadBlock(record::RecordBlock* block) {
  block->Clear();
  TAPELAKE_ASSIGN_OR_RAISE(const bool more, lines_->ReadBlock(&line_block_));
  for (const record::RecordBlock::Entry& entry : line_block_.entries) {
    if (entry.offset == 0 && options_.form.has_header) continue;
    const std::string_view line = line_block_.bytes(entry);
    const size_t begin = block->buffer.size();
    if (const std::optional<TradeRow> row = ParseRow(options_.form, line)) {
      AppendRecord(*row, &block->buffer);
    } else {
      block->buffer.append(line);
    }
    block->entries.push_back(
        {.begin = begin, .size = block->buffer.size() - begin, .offset = entry.offset});
    block->buffer.push_back('\n');
  }
  block->end_offset = line_block_.end_offset;
  if (!block->entries.empty()) block->buffer.append(record::kRecordPaddingBytes, '\0');
  return more;
}

void TradeDumpSource::AppendRecord(const TradeRow& row, std::string* out) const {
  const std::string_view pair = options_.pair.empty() ? row.pair : options_.pair;
  const std::string id =
      options_.exchange + "-" + WithoutSeparators(pair) + "-" + std::string(row.trade_id_text);
  Item item;
  const auto set = [&item](AttributeName name, std::string_view text) {
    item.Set(name, AttributeType::kString, text);
  };
  set(AttributeName::kTransactionId, id);
  set(AttributeName::kTimestamp, base::FormatIso8601Micros(row.micros) + "Z");
  set(AttributeName::kExchange, options_.exchange);
  set(AttributeName::kTradingPair, pair);
  set(AttributeName::kOrderType, row.is_buyer_maker ? "SELL" : "BUY");
  item.Set(AttributeName::kPrice, AttributeType::kNumber, row.price);
  item.Set(AttributeName::kQuantity, AttributeType::kNumber, row.quantity);
  set(AttributeName::kTradeStatus, "SUCCESS");
  const XXH128_hash_t hash = XXH3_128bits(id.data(), id.size());
  AppendEventJson(options_.shape,
                  {.event = record::EventName::kInsert,
                   .change_micros = row.micros,
                   .sequence = row.trade_id,
                   .event_id_high = hash.high64,
                   .event_id_low = hash.low64,
                   .new_image = &item},
                  out);
}

void AssignHeaderField(std::string_view name, int index, TradeDumpForm* form) {
  if (name == "id" || name == "trade_id") form->trade_id = index;
  if (name == "price") form->price = index;
  if (name == "qty" || name == "quantity") form->quantity = index;
  if (name == "time" || name == "timestamp_ms") form->time = index;
  if (name == "is_buyer_maker") form->is_buyer_maker = index;
  if (name == "trading_pair") form->trading_pair = index;
}

}  // namespace

std::optional<TradeDumpForm> RecogniseTradeDump(std::string_view first_line) {
  const Fields fields = Split(first_line);
  if (fields.count > kFieldsMax) return std::nullopt;
  TradeDumpForm header{.fields = fields.count, .fields_max = fields.count, .has_header = true};
  for (int i = 0; i < fields.count; ++i)
    AssignHeaderField(fields.texts[i], i, &header);
  if (header.trade_id >= 0 && header.price >= 0 && header.quantity >= 0 && header.time >= 0 &&
      header.is_buyer_maker >= 0) {
    return header;
  }
  const TradeDumpForm binance{.trade_id = 0,
                              .price = 1,
                              .quantity = 2,
                              .time = 4,
                              .is_buyer_maker = 5,
                              .fields = 6,
                              .fields_max = 7};
  if (ParseRow(binance, first_line)) return binance;
  return std::nullopt;
}

std::unique_ptr<record::RecordSource> MakeTradeDumpSource(
    std::unique_ptr<record::RecordSource> lines, const TradeDumpOptions& options) {
  return std::make_unique<TradeDumpSource>(std::move(lines), options);
}

}  // namespace tapelake::source
