#include "serve/dashboard/live_state.h"

#include <utility>
#include <vector>

#include "base/json.h"
#include "serve/dashboard/json_rows.h"

namespace tapelake::serve {
namespace {

using base::JsonWriter;

template <typename Write>
std::string Encode(Write write) {
  std::string text;
  JsonWriter json(&text);
  write(&json);
  return text;
}

void WriteRaw(std::string_view key, const std::vector<const std::string*>& texts,
              JsonWriter* json) {
  json->Key(key).BeginArray();
  for (const std::string* text : texts)
    json->Raw(*text);
  json->EndArray();
}

}  // namespace

bool LiveState::Part::Set(std::string text, uint64_t at) {
  if (version != 0 && text == compared) return false;
  compared = std::move(text);
  version = at;
  return true;
}

LiveState::LiveState(DashboardData& data, const LiveStateOptions& options)
    : data_(data), options_(options) {}

bool LiveState::Due(int64_t interval_micros, int64_t* looked_micros) const {
  if (version_ != 0 && now_.steady_micros - *looked_micros < interval_micros) return false;
  *looked_micros = now_.steady_micros;
  return true;
}

uint64_t LiveState::Publish(const std::set<LiveQuery>& wanted, const Moment& now) {
  now_ = now;
  const uint64_t next = version_ + 1;
  // The market's place is read first: what is read after it may be newer, never older.
  const MarketState market = data_.Market();
  const bool bars_differ = version_ == 0 || market.version != publications_.back().market.version;
  bool differs = bars_differ;
  if (bars_differ) differs |= LookAtTape(next);
  differs |= LookAtSeries(wanted, next);
  if (Due(options_.numbers_micros, &overview_looked_micros_)) differs |= LookAtOverview(next);
  if (Due(options_.pipeline_micros, &pipeline_looked_micros_)) differs |= LookAtPipeline(next);
  if (differs) {
    version_ = next;
    publications_.push_back({.version = version_, .market = market});
    if (publications_.size() > options_.publications_max) publications_.pop_front();
  }
  return version_;
}

bool LiveState::LookAtTape(uint64_t next) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const TapeRow& trade : data_.LargeTrades("*", options_.tape_trades_max).trades) {
    rows.emplace_back(trade.key, Encode([&](JsonWriter* json) { WriteTapeRow(trade, json); }));
  }
  return tape_.Update(std::move(rows), next);
}

bool LiveState::LookAtOverview(uint64_t next) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const OverviewRow& row : data_.Overview())
    rows.emplace_back(row.pair, Encode([&](JsonWriter* json) { WriteOverviewRow(row, json); }));
  return overview_.Update(std::move(rows), next);
}

bool LiveState::LookAtSeries(const std::set<LiveQuery>& wanted, uint64_t next) {
  std::set<SeriesName> watched;
  for (const LiveQuery& query : wanted)
    watched.insert(query.series);
  std::erase_if(series_, [&](const auto& entry) { return !watched.contains(entry.first); });
  bool differs = false;
  for (const SeriesName& name : watched) {
    const auto [entry, is_new] = series_.try_emplace(name);
    SeriesParts& parts = entry->second;
    if (is_new) parts.looked_micros = now_.steady_micros - options_.numbers_micros;
    if (!Due(options_.numbers_micros, &parts.looked_micros)) continue;
    if (const auto measures = data_.Measures(name); measures.ok()) {
      // The moment they were made for is no change.
      MeasureList timeless = *measures;
      timeless.as_of_ms = 0;
      const bool changed = parts.measures.Set(
          Encode([&](JsonWriter* json) { WriteMeasures(name, timeless, json); }), next);
      if (changed) parts.measure_list = *measures;
      differs |= changed;
    }
    if (auto rows = data_.Exchanges(name.pair); rows.ok()) {
      differs |= parts.exchanges.Set(
          Encode([&](JsonWriter* json) { WriteExchanges(*rows, 0, json); }), next);
      parts.exchange_rows = *std::move(rows);
    }
  }
  return differs;
}

bool LiveState::LookAtPipeline(uint64_t next) {
  pipeline_status_ = data_.Pipeline();
  const PipelineFrame timeless = {.clients = now_.clients};
  bool differs = pipeline_.Set(
      Encode([&](JsonWriter* json) { WritePipeline(pipeline_status_, timeless, json); }), next);
  const AlarmStatus alarms = data_.Alarms();
  differs |= alarms_.Set(Encode([&](JsonWriter* json) { WriteAlarms(alarms, json); }), next);
  return differs;
}

const LiveState::Publication* LiveState::Find(uint64_t version) const {
  if (publications_.empty()) return nullptr;
  const uint64_t first = publications_.front().version;
  if (version < first || version - first >= publications_.size()) return nullptr;
  return &publications_[version - first];
}

LiveState::Answer LiveState::Update(const LiveQuery& query, uint64_t version) {
  constexpr Publication kNothing;
  const Publication* known = version == 0 ? &kNothing : Find(version);
  Answer answer;
  if (known == nullptr || !overview_.Remembers(version) || !tape_.Remembers(version) ||
      !overview_.RemovedAfter(version).empty()) {
    answer.remembered = false;
    return answer;
  }
  JsonWriter json(&answer.json);
  json.BeginObject();
  json.Key("version").Int(static_cast<int64_t>(version_));
  json.Key("now_ms").Int(now_.wall_ms);
  const int64_t newest_us = publications_.back().market.newest_change_us;
  if (newest_us > known->market.newest_change_us) json.Key("newest_change_us").Int(newest_us);
  bool changed = WriteBarsPart(query, *known, &json, &answer.remembered);
  changed |= WriteRest(query, version, &json);
  json.EndObject();
  if (!changed || !answer.remembered) answer.json.clear();
  return answer;
}

bool LiveState::WriteBarsPart(const LiveQuery& query, const Publication& known, JsonWriter* json,
                              bool* remembered) {
  const uint64_t market_version = publications_.back().market.version;
  if (known.version != 0 && known.market.version == market_version) return false;
  const BarsChange change = data_.BarsSince(query.series, query.interval, known.market.version);
  // Who knows an empty book has nothing to throw away.
  *remembered = change.complete || known.market.version == 0;
  if (!change.bars.empty()) {
    json->Key("bars");
    WriteBars(change.bars, json);
  }
  if (!change.removed_start_ms.empty()) {
    json->Key("removed_bars").BeginArray();
    for (const int64_t start_ms : change.removed_start_ms)
      json->Int(start_ms);
    json->EndArray();
  }
  return !change.bars.empty() || !change.removed_start_ms.empty();
}

bool LiveState::WriteRest(const LiveQuery& query, uint64_t version, JsonWriter* json) {
  bool changed = false;
  const auto part = [&](bool is_newer, auto write) {
    if (!is_newer) return;
    write();
    changed = true;
  };
  if (const auto found = series_.find(query.series); found != series_.end()) {
    const SeriesParts& parts = found->second;
    part(parts.measures.version > version,
         [&] { WriteMeasures(query.series, parts.measure_list, &json->Key("measures")); });
    part(parts.exchanges.version > version,
         [&] { WriteExchanges(parts.exchange_rows, now_.wall_ms, &json->Key("exchanges")); });
  }
  const auto rows = overview_.ChangedAfter(version);
  part(!rows.empty(), [&] { WriteRaw("overview", rows, json); });
  const auto trades = tape_.ChangedAfter(version);
  part(!trades.empty(), [&] { WriteRaw("tape", trades, json); });
  const auto removed = tape_.RemovedAfter(version);
  part(!removed.empty(), [&] {
    json->Key("tape_removed").BeginArray();
    for (const std::string* key : removed)
      json->String(*key);
    json->EndArray();
  });
  part(pipeline_.version > version, [&] {
    const PipelineFrame frame = {.now_ms = now_.wall_ms,
                                 .market_version = publications_.back().market.version,
                                 .clients = now_.clients};
    WritePipeline(pipeline_status_, frame, &json->Key("pipeline"));
  });
  part(alarms_.version > version, [&] { json->Key("alarms").Raw(alarms_.compared); });
  return changed;
}

}  // namespace tapelake::serve
