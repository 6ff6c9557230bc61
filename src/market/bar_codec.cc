#include "market/bar_codec.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tapelake::market {
namespace {

constexpr uint8_t kVersion = 1;

uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

class Writer {
 public:
  void Byte(uint8_t byte) { out_.push_back(static_cast<char>(byte)); }
  void Unsigned(uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      Byte(static_cast<uint8_t>(value | 0x80));
    Byte(static_cast<uint8_t>(value));
  }
  void Signed(int64_t value) { Unsigned(ZigZag(value)); }
  void Double(double value) {
    const auto bits = std::bit_cast<uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8)
      Byte(static_cast<uint8_t>(bits >> shift));
  }
  /// A length, then so many bytes of two's complement, least significant first; the rest is the
  /// sign.
  template <size_t kWords>
  void Wide(const FixedInt<kWords>& value) {
    std::string bytes;
    value.AppendBytes(&bytes);
    const char sign = value.negative() ? '\xff' : '\0';
    size_t size = bytes.size();
    while (size > 0 && bytes[size - 1] == sign &&
           (size == 1 ? sign == '\0' : (bytes[size - 2] & 0x80) == (sign & 0x80))) {
      --size;
    }
    Byte(static_cast<uint8_t>(size));
    out_.append(bytes, 0, size);
  }
  void Amount(base::Int128 value) { Wide(FixedInt<2>(value)); }
  void Place(const TradePlace& place) {
    Signed(place.time_micros);
    Unsigned(place.key_length);
    out_.append(place.key_bytes.data(), std::min<size_t>(place.key_length, place.key_bytes.size()));
    Amount(place.price);
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Reads until something does not fit; then ok() is false and everything read is zero.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

  uint8_t Byte() {
    const std::string_view byte = Bytes(1);
    return byte.empty() ? 0 : static_cast<uint8_t>(byte[0]);
  }
  uint64_t Unsigned() {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      const uint8_t byte = Byte();
      if (shift == 63 && byte > 1) ok_ = false;
      value |= shift < 64 ? static_cast<uint64_t>(byte & 0x7f) << shift : 0;
      if (byte < 0x80) return ok_ ? value : 0;
    }
    ok_ = false;
    return 0;
  }
  int64_t Signed() { return UnZigZag(Unsigned()); }
  double Double() {
    const std::string_view bytes = Bytes(8);
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes.size(); ++i)
      bits |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
    return std::bit_cast<double>(bits);
  }
  template <size_t kWords>
  FixedInt<kWords> Wide() {
    const size_t size = Byte();
    if (size > FixedInt<kWords>::kBytes) ok_ = false;
    const std::string_view bytes = Bytes(ok_ ? size : 0);
    const bool negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
    std::string whole(bytes);
    whole.resize(FixedInt<kWords>::kBytes, negative ? '\xff' : '\0');
    return FixedInt<kWords>::FromBytes(whole).value_or(FixedInt<kWords>());
  }
  base::Int128 Amount() { return Wide<2>().ToInt128().value_or(0); }
  TradePlace Place() {
    TradePlace place;
    place.time_micros = Signed();
    const uint64_t length = Unsigned();
    if (length > UINT32_MAX) ok_ = false;
    place.key_length = static_cast<uint32_t>(length);
    const std::string_view key = Bytes(std::min<uint64_t>(length, place.key_bytes.size()));
    std::copy(key.begin(), key.end(), place.key_bytes.begin());
    place.price = Amount();
    return place;
  }

 private:
  std::string_view Bytes(size_t size) {
    if (size > rest_.size()) ok_ = false;
    if (!ok_) return {};
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  std::string_view rest_;
  bool ok_ = true;
};

void WritePrices(const Bar& bar, Writer* out) {
  out->Place(bar.first);
  out->Place(bar.last);
  out->Amount(bar.high);
  out->Amount(bar.low);
  out->Wide(bar.quantity);
  out->Wide(bar.buy_quantity);
  out->Wide(bar.sell_quantity);
  out->Wide(bar.money);
  out->Wide(bar.buy_money);
  out->Wide(bar.sell_money);
  out->Wide(bar.price_money);
  out->Wide(bar.fees);
  for (const uint32_t count : bar.sizes)
    out->Unsigned(count);
  out->Unsigned(static_cast<uint64_t>(bar.tick_returns));
  if (bar.tick_returns == 0) return;
  out->Double(bar.squared_tick_returns);
  out->Double(bar.adjacent_tick_products);
  out->Double(bar.first_tick_return);
  out->Double(bar.last_tick_return);
}

void ReadPrices(Reader* in, Bar* bar) {
  bar->first = in->Place();
  bar->last = in->Place();
  bar->high = in->Amount();
  bar->low = in->Amount();
  bar->quantity = in->Wide<3>();
  bar->buy_quantity = in->Wide<3>();
  bar->sell_quantity = in->Wide<3>();
  bar->money = in->Wide<5>();
  bar->buy_money = in->Wide<5>();
  bar->sell_money = in->Wide<5>();
  bar->price_money = in->Wide<8>();
  bar->fees = in->Wide<3>();
  for (uint32_t& count : bar->sizes)
    count = static_cast<uint32_t>(in->Unsigned());
  bar->tick_returns = static_cast<int64_t>(in->Unsigned());
  if (bar->tick_returns == 0) return;
  bar->squared_tick_returns = in->Double();
  bar->adjacent_tick_products = in->Double();
  bar->first_tick_return = in->Double();
  bar->last_tick_return = in->Double();
}

}  // namespace

std::string EncodeBar(const Bar& bar) {
  Writer out;
  out.Byte(kVersion);
  out.Signed(bar.start_micros);
  out.Unsigned(static_cast<uint64_t>(bar.pending));
  out.Unsigned(static_cast<uint64_t>(bar.failed));
  out.Unsigned(static_cast<uint64_t>(bar.other_status));
  out.Unsigned(static_cast<uint64_t>(bar.unpriced));
  out.Unsigned(static_cast<uint64_t>(bar.trades));
  if (bar.trades > 0) WritePrices(bar, &out);
  return out.Take();
}

Result<Bar> DecodeBar(std::string_view bytes) {
  Reader in(bytes);
  const uint8_t version = in.Byte();
  if (version != kVersion) {
    return MakeError(ErrorKind::kCorrupt, "a stored bar has version " + std::to_string(version) +
                                              "; this program reads version 1");
  }
  Bar bar;
  bar.start_micros = in.Signed();
  bar.pending = static_cast<int64_t>(in.Unsigned());
  bar.failed = static_cast<int64_t>(in.Unsigned());
  bar.other_status = static_cast<int64_t>(in.Unsigned());
  bar.unpriced = static_cast<int64_t>(in.Unsigned());
  bar.trades = static_cast<int64_t>(in.Unsigned());
  if (bar.trades > 0) ReadPrices(&in, &bar);
  if (!in.ok() || !in.at_end()) {
    return MakeError(ErrorKind::kCorrupt, "a stored bar of " + std::to_string(bytes.size()) +
                                              " bytes is cut or too long");
  }
  return bar;
}

}  // namespace tapelake::market
