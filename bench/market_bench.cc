// What the market's book costs: CPU per change, with and without readers, and memory.
//
// usage: market_bench [CHANGES]

#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "bench/cpu_times.h"
#include "market/market_book.h"

namespace {

using tapelake::market::MarketBook;
using tapelake::market::Trade;
using tapelake::market::TradeStatus;

constexpr int64_t kStart = 1'700'000'000'000'000;
constexpr int kPairs = 20;
constexpr int kExchanges = 5;
constexpr int64_t kMicrosPerChange = 200;  // 5,000 a second

struct Change {
  std::string key;
  Trade old;
  bool has_old = false;
  Trade after;
};

std::string Uuid(std::mt19937_64& random) {
  char text[37];
  std::snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(random()),
                static_cast<unsigned>(random() & 0xffff), static_cast<unsigned>(random() & 0xffff),
                static_cast<unsigned>(random() & 0xffff),
                static_cast<unsigned long long>(random() & 0xffffffffffff));
  return text;
}

/// Half inserts of pending trades, half their settling one to five seconds later.
std::vector<Change> MakeChanges(size_t count) {
  std::mt19937_64 random(1);
  std::vector<Change> changes;
  std::deque<Change> open;
  for (size_t i = 0; i < count; ++i) {
    const int64_t now = kStart + static_cast<int64_t>(i) * kMicrosPerChange;
    if (i % 2 == 1 && !open.empty() && open.front().after.time_micros < now - 1'000'000) {
      Change settle = std::move(open.front());
      open.pop_front();
      settle.has_old = true;
      settle.old = settle.after;
      settle.after.status = TradeStatus::kSuccess;
      changes.push_back(std::move(settle));
      continue;
    }
    Change insert;
    insert.key = Uuid(random);
    Trade& trade = insert.after;
    trade.pair = "COIN" + std::to_string(random() % kPairs) + "/USD";
    trade.exchange = "exchange" + std::to_string(random() % kExchanges);
    trade.time_micros = now;
    trade.status = TradeStatus::kPending;
    trade.has_amounts = true;
    trade.price =
        static_cast<tapelake::base::Int128>(30'000'000 + random() % 10'000) * 1'000'000'000'000;
    trade.quantity =
        static_cast<tapelake::base::Int128>(1 + random() % 1'000'000) * 1'000'000'000'000;
    open.push_back(insert);
    changes.push_back(std::move(insert));
  }
  return changes;
}

void Run(const std::vector<Change>& changes, int64_t read_every_micros, const char* what) {
  const size_t memory_before = mallinfo2().uordblks;
  MarketBook book({});
  int64_t next_read = kStart;
  int64_t next_store = kStart;
  uint64_t seen = 0;
  size_t bars_read = 0;
  size_t bars_stored = 0;
  const tapelake::bench::CpuTimes begin = tapelake::bench::CpuNow();
  for (size_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    const int64_t now = kStart + static_cast<int64_t>(i) * kMicrosPerChange;
    if (change.has_old) book.Touch(change.old.pair, change.old.exchange, change.old.time_micros);
    book.Apply(change.key, change.after, now);
    if (read_every_micros == 0 || now < next_read) continue;
    next_read = now + read_every_micros;
    book.Advance(now);
    bars_read +=
        book.BarsSince({"COIN0/USD", "*"}, tapelake::market::Interval::kMinute, seen).size();
    seen = book.version();
    if (now < next_store) continue;
    next_store = now + 5'000'000;
    bars_stored += book.TakeChangedBars(SIZE_MAX).size();
  }
  const double seconds = (tapelake::bench::CpuNow() - begin).all_micros() / 1e6;
  const auto counts = book.counts();
  const double bytes = static_cast<double>(mallinfo2().uordblks - memory_before);
  std::printf("%-22s %9.0f changes a CPU second  %6.3f us each  %zu bars read, %zu stored\n", what,
              static_cast<double>(changes.size()) / seconds,
              seconds * 1e6 / static_cast<double>(changes.size()), bars_read, bars_stored);
  std::printf("%-22s %9lld trades, %lld bars held, %.1f MiB\n", "",
              static_cast<long long>(counts.trades_held), static_cast<long long>(counts.bars_held),
              bytes / (1 << 20));
}

}  // namespace

int main(int argc, char** argv) {
  const size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  std::printf("%zu changes of %d pairs on %d exchanges, 5,000 a second of event time\n", count,
              kPairs, kExchanges);
  std::printf("a bar has %zu bytes\n", sizeof(tapelake::market::BookBar));
  const std::vector<Change> changes = MakeChanges(count);
  Run(changes, 0, "nobody reads");
  Run(changes, 1'000'000, "read every second");
  Run(changes, 100'000, "read every 0.1 s");
}
