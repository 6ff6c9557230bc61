#include "serve/dashboard/live_hub.h"

#include <charconv>
#include <iterator>
#include <set>

#include "base/json.h"

namespace tapelake::serve {
namespace {

constexpr int64_t kIdleMicros = 1'000'000;
// Browsers wait three seconds before they come back, when the page already says that it is behind.
constexpr std::string_view kComeBackSoon = "retry: 500\n";

std::string NowJson(int64_t now_ms) {
  std::string text;
  base::JsonWriter json(&text);
  json.BeginObject().Key("now_ms").Int(now_ms).EndObject();
  return text;
}

}  // namespace

LiveHub::LiveHub(DashboardData& data, io::Clock& clock, std::string epoch,
                 const LiveStateOptions& options)
    : clock_(clock), epoch_(std::move(epoch)), state_(data, options) {}

void LiveHub::Add(LiveSubscription subscription, std::shared_ptr<EventSink> sink) {
  const std::lock_guard lock(added_mutex_);
  if (ended_) {
    sink->Close();
    return;
  }
  ++clients_total_;
  added_.push_back({.subscription = std::move(subscription), .sink = std::move(sink)});
}

void LiveHub::Tick() {
  const std::lock_guard tick_lock(tick_mutex_);
  {
    const std::lock_guard lock(added_mutex_);
    if (ended_) return;
    std::move(added_.begin(), added_.end(), std::back_inserter(clients_));
    added_.clear();
  }
  clients_.remove_if([](const Client& client) { return client.sink->Closed(); });
  clients_count_ = static_cast<int64_t>(clients_.size());
  if (clients_.empty()) return;

  std::set<LiveQuery> wanted;
  for (const Client& client : clients_)
    wanted.insert(client.subscription.query);
  const int64_t now_micros = clock_.SteadyMicros();
  state_.Publish(wanted, {.wall_ms = clock_.WallMicros() / 1'000,
                          .steady_micros = now_micros,
                          .clients = clients_count_.load()});
  texts_.clear();
  for (Client& client : clients_)
    Serve(&client, now_micros);
  texts_.clear();
}

void LiveHub::Serve(Client* client, int64_t now_micros) {
  const int64_t every_micros = client->subscription.every_ms * 1'000;
  const bool due = !client->greeted || now_micros - client->updated_micros >= every_micros;
  if (!client->sink->Ready()) {
    if (due) ++skipped_ticks_total_;
    return;
  }
  if (!client->greeted) return Greet(client, now_micros);
  if (due) SendUpdate(client, now_micros, "");
  if (now_micros - client->sent_micros < kIdleMicros) return;
  auto idle = std::make_shared<std::string>();
  AppendEvent({.name = "idle", .data = NowJson(clock_.WallMicros() / 1'000)}, idle.get());
  Send(client, now_micros, std::move(idle));
}

void LiveHub::Greet(Client* client, int64_t now_micros) {
  std::string data;
  base::JsonWriter json(&data);
  json.BeginObject().Key("epoch").String(epoch_);
  json.Key("every_ms").Int(client->subscription.every_ms);
  json.Key("now_ms").Int(clock_.WallMicros() / 1'000).EndObject();
  std::string text(kComeBackSoon);
  AppendEvent({.name = "hello", .data = data}, &text);
  const std::string& last_id = client->subscription.last_event_id;
  const std::optional<uint64_t> resumed = ResumedVersion(last_id);
  if (resumed && UpdateText(client->subscription.query, *resumed) != nullptr) {
    ++resumed_total_;
    client->version = *resumed;
  } else if (!last_id.empty()) {
    ++resets_total_;
    AppendEvent({.name = "reset", .data = "{}"}, &text);
  }
  client->greeted = true;
  SendUpdate(client, now_micros, std::move(text));
}

void LiveHub::SendUpdate(Client* client, int64_t now_micros, std::string prefix) {
  const LiveQuery& query = client->subscription.query;
  Text text = UpdateText(query, client->version);
  if (text == nullptr) {
    ++resets_total_;
    AppendEvent({.name = "reset", .data = "{}"}, &prefix);
    text = UpdateText(query, 0);
  }
  client->version = state_.version();
  if (prefix.empty() && text->empty()) return;
  client->updated_micros = now_micros;
  if (!prefix.empty()) text = std::make_shared<std::string>(prefix + *text);
  Send(client, now_micros, std::move(text));
}

void LiveHub::Send(Client* client, int64_t now_micros, Text text) {
  ++events_total_;
  bytes_total_ += static_cast<int64_t>(text->size());
  client->sent_micros = now_micros;
  client->sink->Send(std::move(text));
}

const LiveHub::Text& LiveHub::UpdateText(const LiveQuery& query, uint64_t version) {
  const auto [entry, is_new] = texts_.try_emplace({query, version});
  if (!is_new) return entry->second;
  const LiveState::Answer answer = state_.Update(query, version);
  if (!answer.remembered) return entry->second;
  auto text = std::make_shared<std::string>();
  if (!answer.json.empty()) {
    AppendEvent({.name = "update", .id = IdOf(state_.version()), .data = answer.json}, text.get());
  }
  entry->second = std::move(text);
  return entry->second;
}

std::string LiveHub::IdOf(uint64_t version) const {
  return epoch_ + "-" + std::to_string(version);
}

std::optional<uint64_t> LiveHub::ResumedVersion(const std::string& last_event_id) const {
  const std::string_view id = last_event_id;
  if (!id.starts_with(epoch_) || !id.substr(epoch_.size()).starts_with('-')) return std::nullopt;
  const std::string_view number = id.substr(epoch_.size() + 1);
  uint64_t version = 0;
  const char* end = number.data() + number.size();
  const auto parsed = std::from_chars(number.data(), end, version);
  if (parsed.ec != std::errc() || parsed.ptr != end || version == 0) return std::nullopt;
  return version;
}

void LiveHub::End(std::string_view reason) {
  const std::lock_guard tick_lock(tick_mutex_);
  const std::lock_guard lock(added_mutex_);
  ended_ = true;
  std::move(added_.begin(), added_.end(), std::back_inserter(clients_));
  added_.clear();
  std::string data;
  base::JsonWriter json(&data);
  json.BeginObject().Key("reason").String(reason).EndObject();
  auto text = std::make_shared<std::string>();
  AppendEvent({.name = "bye", .data = data}, text.get());
  for (Client& client : clients_) {
    if (client.sink->Ready()) client.sink->Send(text);
    client.sink->Close();
  }
  clients_.clear();
  clients_count_ = 0;
}

LiveCounters LiveHub::counters() const {
  return {.clients = clients_count_.load(),
          .clients_total = clients_total_.load(),
          .events_total = events_total_.load(),
          .bytes_total = bytes_total_.load(),
          .skipped_ticks_total = skipped_ticks_total_.load(),
          .resumed_total = resumed_total_.load(),
          .resets_total = resets_total_.load()};
}

}  // namespace tapelake::serve
