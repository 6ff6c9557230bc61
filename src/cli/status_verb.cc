#include <optional>

#include "app/lake.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/file_flags.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "cli/words.h"

namespace tapelake::cli {
namespace {

constexpr size_t kPositionsShown = 5;

std::string Field(const char* name, const std::string& value) {
  return "  " + Padded(name, 16) + value + "\n";
}

std::string PositionsText(const ingest::IngestState& state) {
  std::string out;
  size_t shown = 0;
  for (const auto& [source, offset] : state.positions) {
    if (shown++ == kPositionsShown) {
      return out +
             Field("", "and " +
                           Grouped(static_cast<int64_t>(state.positions.size() - kPositionsShown)) +
                           " more (--json shows all)");
    }
    out += Field(shown == 1 ? "positions" : "",
                 source + " up to " + Grouped(static_cast<int64_t>(offset)));
  }
  return out;
}

std::string StatusText(const app::TableFacts& facts, int64_t wall_micros) {
  std::string out = facts.name.QualifiedName() + "\n";
  const std::string& instant = facts.snapshot.instant;
  if (instant.empty()) return out + Field("last commit", "none yet");
  const std::optional<int64_t> committed = app::InstantMicros(instant);
  out += Field("last commit",
               instant + (committed ? ", " + SpanWords(wall_micros - *committed) + " ago" : ""));
  out += Field(
      "rows", Grouped(facts.rows) + " in " +
                  Counted(static_cast<int64_t>(facts.snapshot.slices.size()), "file group") + " (" +
                  SizeWords(facts.bytes) + ", " + Counted(facts.log_files, "log file") +
                  " to compact) of " + Counted(facts.partitions, "partition"));
  if (!facts.state) {
    out += Field("positions", "none: no commit of Tapelake on the timeline");
  } else {
    if (facts.state->watermark_micros != 0) {
      out += Field("newest change",
                   base::FormatIso8601Micros(facts.state->watermark_micros) + ", " +
                       SpanWords(wall_micros - facts.state->watermark_micros) + " ago");
    }
    out += PositionsText(*facts.state);
    if (facts.state_instant < instant) {
      out += Field(
          "", "(carried by commit " + facts.state_instant + "; a later one is not from Tapelake)");
    }
  }
  return out + Field("error objects", Grouped(facts.error_objects));
}

void AppendStatusJson(const app::TableFacts& facts, int64_t wall_micros, base::JsonWriter* writer) {
  const std::optional<int64_t> committed = app::InstantMicros(facts.snapshot.instant);
  const auto seconds_since = [wall_micros](int64_t micros) {
    return static_cast<double>(wall_micros - micros) / 1e6;
  };
  writer->BeginObject();
  writer->Key("table").String(facts.name.QualifiedName()).Key("path").String(facts.name.path);
  writer->Key("instant");
  facts.snapshot.instant.empty() ? writer->Null() : writer->String(facts.snapshot.instant);
  writer->Key("commit_age_seconds");
  committed ? writer->Double(seconds_since(*committed)) : writer->Null();
  writer->Key("rows").Int(facts.rows);
  writer->Key("files").Int(static_cast<int64_t>(facts.snapshot.slices.size()));
  writer->Key("log_files").Int(facts.log_files);
  writer->Key("bytes").Int(facts.bytes).Key("partitions").Int(facts.partitions);
  writer->Key("active_commits").Int(facts.commits);
  const bool has_watermark = facts.state && facts.state->watermark_micros != 0;
  writer->Key("watermark");
  has_watermark ? writer->String(base::FormatIso8601Micros(facts.state->watermark_micros))
                : writer->Null();
  writer->Key("freshness_seconds");
  has_watermark ? writer->Double(seconds_since(facts.state->watermark_micros)) : writer->Null();
  writer->Key("shape");
  facts.state&& facts.state->shape ? writer->String(record::RecordShapeText(*facts.state->shape))
                                   : writer->Null();
  writer->Key("positions").BeginObject();
  if (facts.state) {
    for (const auto& [source, offset] : facts.state->positions) {
      writer->Key(source).Int(static_cast<int64_t>(offset));
    }
  }
  writer->EndObject();
  writer->Key("error_objects").Int(facts.error_objects).EndObject();
}

class StatusCommand : public Command {
 public:
  void Declare(Options& options) override {
    DeclareLake(options, &lake_);
    options.Flag({.name = "--json", .placeholder = "", .sentence = "One JSON array."}, &json_);
  }

  Result<int> Run(Context& context) override {
    const std::string lake = lake_.value_or(context.config.lake.path);
    TAPELAKE_ASSIGN_OR_RAISE(const auto tables, app::ListTables(context.world.files, lake));
    std::string json;
    base::JsonWriter writer(&json);
    writer.BeginArray();
    std::string text;
    int code = kExitOk;
    for (const app::TableName& name : tables) {
      const Result<app::TableFacts> facts = app::ReadTableFacts(context.world, lake, name);
      if (!facts.ok()) {
        PrintError(WithContext(facts.status(), "table " + name.QualifiedName()));
        code = kExitFailure;
        continue;
      }
      const int64_t wall = context.world.clock.WallMicros();
      text += (text.empty() ? "" : "\n") + StatusText(*facts, wall);
      AppendStatusJson(*facts, wall, &writer);
    }
    writer.EndArray();
    if (tables.empty() && !json_) {
      text = "no table in the lake " + lake + " yet; 'tapelake up' makes the first one\n";
    }
    Print(json_ ? json + "\n" : text);
    return code;
  }

 private:
  std::optional<std::string> lake_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeStatusCommand() {
  return std::make_unique<StatusCommand>();
}

}  // namespace tapelake::cli
