#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include <unistd.h>

#include "app/interrupt.h"
#include "app/lake_folder.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/file_flags.h"
#include "cli/progress_line.h"
#include "cli/report.h"
#include "cli/stream_put.h"
#include "cli/verb.h"
#include "cli/words.h"
#include "serve/local/local_client.h"
#include "source/file_source.h"
#include "stream/stream.h"

namespace tapelake::cli {
namespace {

constexpr const char* kStandardInput = "-";

std::string Field(const char* name, const std::string& value) {
  return "  " + Padded(name, 16) + value + "\n";
}

/// Who runs the pipeline of a lake, if somebody does.
std::optional<serve::PingReply> FindPipeline(const std::string& lake) {
  auto client = serve::LocalClient::Connect(app::SocketPath(lake));
  if (!client.ok()) return std::nullopt;
  const auto reply = (*client)->Ping();
  return reply.ok() ? std::optional(*reply) : std::nullopt;
}

// ---- stream put

std::string MillisText(int64_t micros) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", static_cast<double>(micros) / 1000);
  return text;
}

std::string PutSummary(const PutCounts& counts, int64_t elapsed_micros) {
  const LatencyHistogram& latencies = counts.latencies;
  std::string text = "put " + Grouped(counts.records) + " records (" + SizeWords(counts.bytes) +
                     ") in " + Grouped(counts.batches) +
                     (counts.batches == 1 ? " batch, " : " batches, ") + SpanWords(elapsed_micros) +
                     "\n";
  if (counts.batches > 0) {
    text += "acknowledged after " + MillisText(latencies.MicrosAt(0.5)) +
            " ms (half of the "
            "batches), " +
            MillisText(latencies.MicrosAt(0.99)) + " ms (99 %), " +
            MillisText(latencies.max_micros()) + " ms (all); sequence numbers " +
            Grouped(static_cast<int64_t>(counts.first_sequence)) + " to " +
            Grouped(static_cast<int64_t>(counts.last_sequence)) + "\n";
  }
  if (counts.without_key > 0) {
    text += Grouped(counts.without_key) + " records have no partition key of their own\n";
  }
  return text;
}

std::string PutSummaryJson(const PutCounts& counts, int64_t elapsed_micros) {
  std::string json;
  base::JsonWriter writer(&json);
  const auto millis = [](int64_t micros) { return static_cast<double>(micros) / 1000; };
  writer.BeginObject();
  writer.Key("records").Int(counts.records).Key("bytes").Int(counts.bytes);
  writer.Key("batches").Int(counts.batches).Key("without_key").Int(counts.without_key);
  writer.Key("throttled").Int(counts.throttled);
  writer.Key("first_sequence").Int(static_cast<int64_t>(counts.first_sequence));
  writer.Key("last_sequence").Int(static_cast<int64_t>(counts.last_sequence));
  writer.Key("seconds").Double(static_cast<double>(elapsed_micros) / 1e6);
  writer.Key("latency_ms").BeginObject();
  writer.Key("p50").Double(millis(counts.latencies.MicrosAt(0.5)));
  writer.Key("p90").Double(millis(counts.latencies.MicrosAt(0.9)));
  writer.Key("p99").Double(millis(counts.latencies.MicrosAt(0.99)));
  writer.Key("max").Double(millis(counts.latencies.max_micros()));
  writer.EndObject().EndObject();
  return json + "\n";
}

class StreamPutCommand : public Command {
 public:
  void Declare(Options& options) override {
    DeclareLake(options, &lake_);
    options.Text({.name = "--partition-key-field",
                  .placeholder = "FIELD",
                  .sentence = "Member of each JSON record that decides its shard; without it the "
                              "item's key attribute of a change record does."},
                 &field_);
    options.Integer({.name = "--batch",
                     .placeholder = "N",
                     .sentence = "Records put at once, of at most about 1 MiB; default is 2,000."},
                    1, 10'000, &batch_);
    options.Integer({.name = "--rate",
                     .placeholder = "N",
                     .sentence = "Records a second; without it as fast as they are acknowledged."},
                    1, 10'000'000, &rate_);
    options.Flag({.name = "--json",
                  .placeholder = "",
                  .sentence = "Print counts and latencies as one JSON line."},
                 &json_);
    options.Positional({.name = "",
                        .placeholder = "NAME [FILE]",
                        .sentence = "Stream, and file of records, one a line: plain, .gz, .zst or "
                                    ".zip; '-' or none is stdin.",
                        .required = true,
                        .repeated = true},
                       &arguments_);
  }

  Result<int> Run(Context& context) override {
    if (arguments_.size() > 2) {
      return MakeError(ErrorKind::kInvalid, "'" + arguments_[2] +
                                                "' is one argument too many\nhint: one stream and "
                                                "one file; use 'cat' for more");
    }
    const std::string lake = lake_.value_or(context.config.lake.path);
    TAPELAKE_ASSIGN_OR_RAISE(const auto client, Connect(lake));
    io::DescriptorInput input(STDIN_FILENO);
    std::atomic<bool> over = false;
    TAPELAKE_ASSIGN_OR_RAISE(const auto records, OpenRecords(context, input, over));
    app::CatchInterrupts();
    const PutOptions options{.stream = arguments_[0],
                             .partition_key_field = field_,
                             .batch_records_max = batch_.value_or(2'000),
                             .records_per_second = rate_.value_or(0),
                             .over = &over};
    io::Clock& clock = context.world.clock;
    const int64_t begin = clock.SteadyMicros();
    PutCounts counts;
    ProgressLine line(stderr, ProgressLine::Elsewhere::kNothing);
    const Status put = PutAll(options, *records, *client, clock, &counts, [&] {
      if (line.Due(clock)) line.Show("put " + Grouped(counts.records) + " records");
    });
    line.Clear();
    const int64_t elapsed = clock.SteadyMicros() - begin;
    Print(json_ ? PutSummaryJson(counts, elapsed) : PutSummary(counts, elapsed));
    if (!put.ok() && KindOf(put) == ErrorKind::kUnknownOutcome) {
      return WithHint(put,
                      "the last batch may be in the stream; put it again: changes that come "
                      "twice are dropped");
    }
    if (!put.ok() && KindOf(put) == ErrorKind::kNotFound) {
      return WithHint(put, "'tapelake stream list' shows the streams of the lake");
    }
    TAPELAKE_RETURN_NOT_OK(put);
    return app::Interrupted() ? app::kExitInterrupted : kExitOk;
  }

 private:
  static Result<std::unique_ptr<serve::LocalClient>> Connect(const std::string& lake) {
    auto client = serve::LocalClient::Connect(app::SocketPath(lake));
    const ErrorKind kind = client.ok() ? ErrorKind::kInternal : KindOf(client.status());
    if (kind == ErrorKind::kNotFound || kind == ErrorKind::kUnavailable) {
      return MakeError(kind, "no pipeline runs on the lake " + lake +
                                 "\nhint: start 'tapelake up' there, or name another lake with "
                                 "--lake");
    }
    return client;
  }

  Result<std::unique_ptr<record::RecordSource>> OpenRecords(Context& context, io::ByteInput& input,
                                                            const std::atomic<bool>& over) const {
    if (arguments_.size() < 2 || arguments_[1] == kStandardInput) {
      return MakeLineSource(input, [&over] { return over || app::Interrupted(); });
    }
    return source::OpenFileSource(context.world.files, arguments_[1],
                                  {.format = source::FileFormat::kNdjson}, 0);
  }

  std::optional<std::string> lake_;
  std::string field_;
  std::optional<int64_t> batch_;
  std::optional<int64_t> rate_;
  bool json_ = false;
  std::vector<std::string> arguments_;
};

// ---- stream list, stream describe

int64_t OpenShards(const stream::StreamDescription& stream) {
  return std::ranges::count_if(stream.shards,
                               [](const stream::ShardRange& it) { return it.is_open(); });
}

/// `4  0 to 85070591730234615865843651857942052863, from 0, closed at record 1,204`
std::string ShardWords(const stream::ShardRange& shard) {
  std::string words =
      std::to_string(shard.shard) + "  " + shard.starting_hash_key + " to " + shard.ending_hash_key;
  for (size_t i = 0; i < shard.parents.size(); ++i)
    words += (i == 0 ? ", from " : " and ") + std::to_string(shard.parents[i]);
  if (shard.is_open()) return words;
  return words + ", closed at record " + Grouped(static_cast<int64_t>(shard.closed_at));
}

void AddFacts(const stream::StreamDescription& stream, base::JsonWriter* writer) {
  const stream::StreamFacts& facts = stream.facts;
  writer->Key("name").String(stream.name);
  writer->Key("shard_count").Int(OpenShards(stream));
  writer->Key("first_sequence").Int(static_cast<int64_t>(facts.first_sequence));
  writer->Key("next_sequence").Int(static_cast<int64_t>(facts.next_sequence));
  writer->Key("stored_bytes").Int(facts.stored_bytes);
  writer->Key("segments").Int(facts.segments);
  if (facts.newest_arrival_micros == 0) {
    writer->Key("newest_arrival").Null();
  } else {
    writer->Key("newest_arrival").String(base::FormatIso8601Micros(facts.newest_arrival_micros));
  }
}

int64_t RecordsOf(const stream::StreamFacts& facts) {
  return static_cast<int64_t>(facts.next_sequence - facts.first_sequence);
}

/// The streams of a lake by name; a lake that has none gives none.
Result<std::vector<std::string>> ListStreams(io::FileSystem& files, const std::string& lake) {
  const std::string folder = io::ParentPath(app::StreamPath(lake, "any"));
  auto names = files.ListNames(folder);
  if (names.ok() || KindOf(names.status()) != ErrorKind::kNotFound) return names;
  return std::vector<std::string>();
}

class StreamListCommand : public Command {
 public:
  void Declare(Options& options) override {
    DeclareLake(options, &lake_);
    options.Flag({.name = "--json", .placeholder = "", .sentence = "One JSON array."}, &json_);
  }

  Result<int> Run(Context& context) override {
    const std::string lake = lake_.value_or(context.config.lake.path);
    TAPELAKE_ASSIGN_OR_RAISE(const auto names, ListStreams(context.world.files, lake));
    std::string text;
    std::string json;
    base::JsonWriter writer(&json);
    writer.BeginArray();
    for (const std::string& name : names) {
      TAPELAKE_ASSIGN_OR_RAISE(
          const auto stream,
          stream::DescribeStream(context.world.files, app::StreamPath(lake, name)));
      text += Padded(stream.name, 30) + " " + Grouped(RecordsOf(stream.facts)) + " records, " +
              SizeWords(stream.facts.stored_bytes) + "\n";
      writer.BeginObject();
      AddFacts(stream, &writer);
      writer.EndObject();
    }
    writer.EndArray();
    if (names.empty()) {
      text = "no stream in the lake " + lake + " yet; 'tapelake up' makes one for each table\n";
    }
    Print(json_ ? json + "\n" : text);
    return kExitOk;
  }

 private:
  std::optional<std::string> lake_;
  bool json_ = false;
};

class StreamDescribeCommand : public Command {
 public:
  void Declare(Options& options) override {
    DeclareLake(options, &lake_);
    options.Flag({.name = "--json", .placeholder = "", .sentence = "One JSON object."}, &json_);
    options.Positional({.name = "",
                        .placeholder = "NAME",
                        .sentence = "The stream, as 'stream list' names it.",
                        .required = true},
                       &name_);
  }

  Result<int> Run(Context& context) override {
    const std::string lake = lake_.value_or(context.config.lake.path);
    const auto stream =
        stream::DescribeStream(context.world.files, app::StreamPath(lake, name_.front()));
    if (!stream.ok() && KindOf(stream.status()) == ErrorKind::kNotFound) {
      return MakeError(ErrorKind::kNotFound, "no stream '" + name_.front() + "' in the lake " +
                                                 lake +
                                                 "\nhint: 'tapelake stream list' shows them");
    }
    TAPELAKE_RETURN_NOT_OK(stream.status());
    const auto pipeline = FindPipeline(lake);
    Print(json_ ? Json(*stream, pipeline) : Text(*stream, pipeline, context.world.clock));
    return kExitOk;
  }

 private:
  static std::string Text(const stream::StreamDescription& stream,
                          const std::optional<serve::PingReply>& pipeline, io::Clock& clock) {
    const stream::StreamFacts& facts = stream.facts;
    std::string out = stream.name + "\n";
    out += Field("records", Grouped(RecordsOf(facts)) + ", sequence numbers from " +
                                Grouped(static_cast<int64_t>(facts.first_sequence)) + ", next " +
                                Grouped(static_cast<int64_t>(facts.next_sequence)));
    out += Field("stored",
                 SizeWords(facts.stored_bytes) + " in " + Counted(facts.segments, "segment"));
    out +=
        Field("encrypted",
              stream.encryption_key.empty() ? "no" : "new records, under " + stream.encryption_key);
    if (facts.newest_arrival_micros != 0) {
      out += Field("newest record",
                   base::FormatIso8601Micros(facts.newest_arrival_micros) + ", " +
                       SpanWords(clock.WallMicros() - facts.newest_arrival_micros) + " ago");
    }
    out += Field("pipeline", pipeline ? "runs, process " + std::to_string(pipeline->process_id)
                                      : "does not run");
    if (stream.torn_bytes > 0 && !pipeline) {
      out += Field("unfinished", SizeWords(stream.torn_bytes) +
                                     " of a write that never ended; cut at the next start");
    }
    for (const stream::ShardRange& shard : stream.shards) {
      out += Field(shard.shard == 0 ? "shards" : "", ShardWords(shard));
    }
    return out;
  }

  static std::string Json(const stream::StreamDescription& stream,
                          const std::optional<serve::PingReply>& pipeline) {
    std::string json;
    base::JsonWriter writer(&json);
    writer.BeginObject();
    AddFacts(stream, &writer);
    writer.Key("torn_bytes").Int(stream.torn_bytes);
    if (stream.encryption_key.empty()) {
      writer.Key("encryption_key").Null();
    } else {
      writer.Key("encryption_key").String(stream.encryption_key);
    }
    if (pipeline) {
      writer.Key("pipeline_process_id").Int(pipeline->process_id);
    } else {
      writer.Key("pipeline_process_id").Null();
    }
    writer.Key("shards").BeginArray();
    for (const stream::ShardRange& shard : stream.shards) {
      writer.BeginObject().Key("shard").Int(shard.shard);
      writer.Key("starting_hash_key").String(shard.starting_hash_key);
      writer.Key("ending_hash_key").String(shard.ending_hash_key);
      writer.Key("parents").BeginArray();
      for (const uint32_t parent : shard.parents)
        writer.Int(parent);
      writer.EndArray().Key("open").Bool(shard.is_open()).EndObject();
    }
    writer.EndArray().EndObject();
    return json + "\n";
  }

  std::optional<std::string> lake_;
  bool json_ = false;
  std::vector<std::string> name_;
};

}  // namespace

std::unique_ptr<Command> MakeStreamPutCommand() {
  return std::make_unique<StreamPutCommand>();
}
std::unique_ptr<Command> MakeStreamListCommand() {
  return std::make_unique<StreamListCommand>();
}
std::unique_ptr<Command> MakeStreamDescribeCommand() {
  return std::make_unique<StreamDescribeCommand>();
}

}  // namespace tapelake::cli
