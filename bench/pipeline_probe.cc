// How long until a record put into the running pipeline is seen: in SQL, and in a completed commit.
//
//   pipeline_probe LAKE SECONDS PERIOD_MS
//
// Puts one INSERT every period through the local door and asks SQL for it until it is there, once
// with hot rows and once, beside it, with committed rows only. Prints one JSON line with the
// latencies in milliseconds, counted from before the put.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/attached_lake.h"
#include "app/lake_folder.h"
#include "app/world.h"
#include "base/time.h"
#include "query/hudi_snapshot_provider.h"
#include "query/session.h"
#include "serve/local/local_client.h"

namespace tapelake {
namespace {

constexpr char kTable[] = "crypto.transactions";
constexpr int64_t kPauseMicros = 5'000;
// Commits take seconds: asking for them all the time would only slow down what is measured.
constexpr int64_t kCommittedPauseMicros = 50'000;
constexpr int64_t kGiveUpMicros = 30'000'000;

struct Probe {
  std::string key;
  int64_t put_micros = 0;  // steady time
};

[[noreturn]] void Die(const Status& status) {
  std::fprintf(stderr, "pipeline_probe: %s\n", status.message().c_str());
  std::exit(1);
}

std::string RecordOf(const std::string& key, int64_t number, int64_t wall_micros) {
  const std::string time = base::FormatIso8601Micros(wall_micros);
  return R"({"eventID":")" + key +
         R"(","eventName":"INSERT","eventVersion":"1.1",)"
         R"("eventSource":"aws:dynamodb","awsRegion":"r","dynamodb":{)"
         R"("ApproximateCreationDateTime":)" +
         std::to_string(wall_micros / 1'000'000) + R"(,"Keys":{"transaction_id":{"S":")" + key +
         R"("}},"NewImage":{"transaction_id":{"S":")" + key + R"("},"timestamp":{"S":")" + time +
         R"("},"price":{"N":"1.5"}},"SequenceNumber":"9)" + std::to_string(number) +
         R"(","SizeBytes":9,"StreamViewType":"NEW_AND_OLD_IMAGES"}})";
}

/// One SQL session of its own, with or without hot rows.
class Looker {
 public:
  Looker(const std::string& lake, bool hot)
      : attached_(lake),
        provider_(world_.table_environment()),
        pause_micros_(hot ? kPauseMicros : kCommittedPauseMicros) {
    auto session = query::Session::Open(
        provider_, world_.files,
        {.lake_path = lake, .thread_count = 1, .hot = hot ? &attached_ : nullptr});
    if (!session.ok()) Die(session.status());
    session_ = std::move(*session);
  }

  /// Milliseconds until the key is seen.
  double WaitFor(const Probe& probe) {
    const std::string sql = std::string("SELECT count(*) FROM ") + kTable +
                            " WHERE transaction_id = '" + probe.key + "'";
    while (true) {
      const auto cells = session_->FetchText(sql);
      if (!cells.ok()) Die(cells.status());
      const int64_t now = world_.clock.SteadyMicros();
      if (cells->front().front() == "1") return static_cast<double>(now - probe.put_micros) / 1e3;
      if (now - probe.put_micros > kGiveUpMicros) {
        Die(MakeError(ErrorKind::kUnavailable, "record " + probe.key + " is not seen"));
      }
      world_.clock.Sleep(pause_micros_);
    }
  }

 private:
  app::World world_;
  app::AttachedLake attached_;
  query::HudiSnapshotProvider provider_;
  int64_t pause_micros_;
  std::unique_ptr<query::Session> session_;
};

std::string Percentiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&values](double share) {
    return values.empty() ? 0.0 : values[static_cast<size_t>(share * (values.size() - 1) + 0.5)];
  };
  char text[160];
  std::snprintf(text, sizeof(text), "{\"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f, \"n\": %zu}",
                at(0.5), at(0.99), at(1), values.size());
  return text;
}

int Run(const std::string& lake, int64_t seconds, int64_t period_ms) {
  app::World world;
  auto client = serve::LocalClient::Connect(app::SocketPath(lake));
  if (!client.ok()) Die(client.status());
  std::mutex mutex;
  std::deque<Probe> to_commit;
  bool ended = false;
  std::vector<double> visible;
  std::vector<double> committed;

  std::thread committed_thread([&] {
    Looker looker(lake, /*hot=*/false);
    while (true) {
      Probe probe;
      {
        const std::scoped_lock lock(mutex);
        if (to_commit.empty() && ended) return;
        if (!to_commit.empty()) {
          probe = to_commit.front();
          to_commit.pop_front();
        }
      }
      if (probe.key.empty()) {
        world.clock.Sleep(kPauseMicros);
      } else {
        committed.push_back(looker.WaitFor(probe));
      }
    }
  });

  Looker looker(lake, /*hot=*/true);
  const int64_t begin = world.clock.SteadyMicros();
  const int64_t base = world.clock.WallMicros();
  for (int64_t i = 0; i * period_ms < seconds * 1000; ++i) {
    const int64_t due = begin + i * period_ms * 1000;
    world.clock.Sleep(due - world.clock.SteadyMicros());
    Probe probe{.key = "probe-" + std::to_string(base) + "-" + std::to_string(i),
                .put_micros = world.clock.SteadyMicros()};
    const std::string record = RecordOf(probe.key, base + i, world.clock.WallMicros());
    const stream::PutEntry entry{.partition_key = probe.key, .data = record};
    const auto places = (*client)->Put(kTable, std::span(&entry, 1));
    if (!places.ok()) Die(places.status());
    visible.push_back(looker.WaitFor(probe));
    const std::scoped_lock lock(mutex);
    to_commit.push_back(probe);
  }
  {
    const std::scoped_lock lock(mutex);
    ended = true;
  }
  committed_thread.join();
  std::printf("{\"visible_ms\": %s, \"committed_ms\": %s}\n", Percentiles(visible).c_str(),
              Percentiles(committed).c_str());
  return 0;
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: pipeline_probe LAKE SECONDS PERIOD_MS\n");
    return 2;
  }
  return tapelake::Run(argv[1], std::atoll(argv[2]), std::atoll(argv[3]));
}
