#pragma once

/// What a client that knows everything up to some version has to be told.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "serve/dashboard/dashboard_data.h"
#include "serve/dashboard/versioned_rows.h"

namespace tapelake::serve {

/// The bars, measures and exchanges that a client watches.
struct LiveQuery {
  SeriesName series;
  market::Interval interval = market::Interval::kMinute;
  auto operator<=>(const LiveQuery&) const = default;
};

struct LiveStateOptions {
  /// How often overview, measures and exchanges are looked at; bars and tape are at each Publish().
  int64_t numbers_micros = 500'000;
  int64_t pipeline_micros = 1'000'000;  ///< The same of pipeline and alarms.
  int64_t tape_trades_max = 200;
  size_t publications_max = 36'000;  ///< Versions a client may come back with: an hour of them.
};

/// Keeps, for every part of the page, the version at which it last changed. One thread.
///
/// Invariant: applying Update(query, v) to what was known at v gives what is known now; so a client
/// may be told rarely, late or twice and is right in the end.
class LiveState {
 public:
  /// `data` must outlive it.
  LiveState(DashboardData& data, const LiveStateOptions& options);

  struct Moment {
    int64_t wall_ms = 0;
    int64_t steady_micros = 0;
    int64_t clients = 0;
  };
  /// Look at everything that is due; `wanted` are the queries Update() will be asked for. Returns
  /// the version, which grows if something changed; at least 1.
  uint64_t Publish(const std::set<LiveQuery>& wanted, const Moment& now);
  uint64_t version() const { return version_; }

  struct Answer {
    /// False: what was removed since is not known; throw all away and ask from 0.
    bool remembered = true;
    /// The data of the `update` event; empty: nothing of this query changed.
    std::string json;
  };
  /// What changed after `version`, a version Publish() returned, or 0: everything there is.
  Answer Update(const LiveQuery& query, uint64_t version);

 private:
  /// A text and the version at which it last changed.
  struct Part {
    std::string compared;  // without what changes by itself (the time)
    uint64_t version = 0;
    bool Set(std::string text, uint64_t at);
  };
  struct Publication {
    uint64_t version = 0;
    MarketState market;
  };
  /// What is kept per series that somebody watches.
  struct SeriesParts {
    Part measures;
    Part exchanges;
    MeasureList measure_list;
    std::vector<ExchangeRow> exchange_rows;
    int64_t looked_micros = 0;
  };

  bool LookAtSeries(const std::set<LiveQuery>& wanted, uint64_t next);
  bool LookAtOverview(uint64_t next);
  bool LookAtTape(uint64_t next);
  bool LookAtPipeline(uint64_t next);
  bool Due(int64_t interval_micros, int64_t* looked_micros) const;
  const Publication* Find(uint64_t version) const;
  bool WriteBarsPart(const LiveQuery& query, const Publication& known, base::JsonWriter* json,
                     bool* remembered);
  bool WriteRest(const LiveQuery& query, uint64_t version, base::JsonWriter* json);

  DashboardData& data_;
  const LiveStateOptions options_;
  Moment now_;
  uint64_t version_ = 0;
  std::deque<Publication> publications_;  // versions without gaps
  VersionedRows overview_;
  VersionedRows tape_;
  Part alarms_;
  Part pipeline_;
  PipelineStatus pipeline_status_;
  std::map<SeriesName, SeriesParts> series_;
  int64_t overview_looked_micros_ = 0;
  int64_t pipeline_looked_micros_ = 0;
};

}  // namespace tapelake::serve
