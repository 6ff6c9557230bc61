#pragma once

/// The clients of the live stream: who is told what, and when.

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/clock.h"
#include "serve/dashboard/live_state.h"
#include "serve/http/event_sink.h"

namespace tapelake::serve {

/// What a client asked for.
struct LiveSubscription {
  LiveQuery query;
  int64_t every_ms = 0;       ///< Least time between two updates.
  std::string last_event_id;  ///< `EPOCH-VERSION` of what it has; empty: nothing.
};

struct LiveCounters {
  int64_t clients = 0;
  int64_t clients_total = 0;
  int64_t events_total = 0;
  int64_t bytes_total = 0;
  int64_t skipped_ticks_total = 0;  ///< A client's event was still under way when one was due.
  int64_t resumed_total = 0;        ///< Clients that came back and got what they had missed.
  int64_t resets_total = 0;         ///< Clients told to throw away what they had.
};

/// Serves docs/internals/live-api.md, "Live". Add(), End() and counters() from any thread, Tick()
/// from one, which does all the work; clients of the same query that know the same version share
/// one text. A client whose last event is not written yet is skipped: it gets one newer event
/// later.
class LiveHub {
 public:
  /// `data` and `clock` must outlive it. `epoch` is another at each start of the process.
  LiveHub(DashboardData& data, io::Clock& clock, std::string epoch,
          const LiveStateOptions& options);

  /// Let a client in; its first events come with the next Tick().
  void Add(LiveSubscription subscription, std::shared_ptr<EventSink> sink);

  /// Publish: to be called about ten times a second. Costs nothing without clients.
  void Tick();

  /// Say `bye` to all and let nobody in any more. Ticks do nothing after it.
  void End(std::string_view reason);

  LiveCounters counters() const;

 private:
  struct Client {
    LiveSubscription subscription;
    std::shared_ptr<EventSink> sink;
    bool greeted = false;
    uint64_t version = 0;
    int64_t updated_micros = 0;  // steady; of the last update
    int64_t sent_micros = 0;     // steady; of the last event of any kind
  };
  using Text = std::shared_ptr<const std::string>;

  void Serve(Client* client, int64_t now_micros);
  void Greet(Client* client, int64_t now_micros);
  void SendUpdate(Client* client, int64_t now_micros, std::string prefix);
  void Send(Client* client, int64_t now_micros, Text text);
  /// The event that brings `query` from `version` to now; nullptr in `first`: not remembered, an
  /// empty text: nothing to say.
  const Text& UpdateText(const LiveQuery& query, uint64_t version);
  std::optional<uint64_t> ResumedVersion(const std::string& last_event_id) const;
  std::string IdOf(uint64_t version) const;

  io::Clock& clock_;
  const std::string epoch_;

  std::mutex tick_mutex_;  // Tick() and End(): all below
  LiveState state_;
  std::list<Client> clients_;
  std::map<std::pair<LiveQuery, uint64_t>, Text> texts_;  // of this tick

  std::mutex added_mutex_;
  std::vector<Client> added_;
  bool ended_ = false;

  std::atomic<int64_t> clients_count_ = 0;
  std::atomic<int64_t> clients_total_ = 0;
  std::atomic<int64_t> events_total_ = 0;
  std::atomic<int64_t> bytes_total_ = 0;
  std::atomic<int64_t> skipped_ticks_total_ = 0;
  std::atomic<int64_t> resumed_total_ = 0;
  std::atomic<int64_t> resets_total_ = 0;
};

}  // namespace tapelake::serve
