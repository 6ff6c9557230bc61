#include <cstdio>
#include <optional>

#include <unistd.h>

#include "app/interrupt.h"
#include "app/simulation_job.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/progress_line.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "cli/words.h"

namespace tapelake::cli {
namespace {

constexpr int64_t kChangesMax = 1'000'000'000;

std::string Summary(const source::SimulatorCounts& counts) {
  return Grouped(counts.events) + " events: " + Grouped(counts.inserts) + " inserts, " +
         Grouped(counts.modifies) + " modifies, " + Grouped(counts.removes) + " removes, " +
         Grouped(counts.duplicates) + " duplicates, " + Grouped(counts.late) + " late, " +
         Grouped(counts.moves) + " moves, " + Grouped(counts.odd) + " odd values; " +
         Grouped(counts.rows) + " rows at the end";
}

std::string SummaryJson(const source::SimulatorCounts& counts) {
  std::string out;
  base::JsonWriter writer(&out);
  writer.BeginObject();
  writer.Key("events").Int(counts.events).Key("changes").Int(counts.changes);
  writer.Key("inserts").Int(counts.inserts).Key("modifies").Int(counts.modifies);
  writer.Key("removes").Int(counts.removes).Key("duplicates").Int(counts.duplicates);
  writer.Key("late").Int(counts.late).Key("moves").Int(counts.moves);
  writer.Key("odd").Int(counts.odd).Key("rows").Int(counts.rows);
  writer.EndObject();
  return out;
}

class SimulateCommand : public Command {
 public:
  void Declare(Options& options) override {
    options.Integer(
        {.name = "--seed",
         .placeholder = "N",
         .sentence = "The same seed gives the same bytes; default is `simulator.seed`."},
        0, INT64_MAX, &seed_);
    options.Integer({.name = "--changes",
                     .placeholder = "N",
                     .sentence = "Changes of the table; duplicates come on top."},
                    1, kChangesMax, &changes_);
    options.Choice({.name = "--shape", .placeholder = "", .sentence = "Record shape."},
                   {"streams", "kinesis"}, &shape_);
    options.Fraction({.name = "--duplicates",
                      .placeholder = "FRACTION",
                      .sentence = "Share of events that come twice, 0 to 1."},
                     &duplicates_);
    options.Time({.name = "--disorder",
                  .placeholder = "TIME",
                  .sentence = "Events come late by at most this much event time."},
                 &disorder_);
    options.Fraction({.name = "--disorder-fraction",
                      .placeholder = "FRACTION",
                      .sentence = "Share of events that come late, with --disorder.",
                      .default_text = "0.05"},
                     &disorder_fraction_);
    options.Fraction({.name = "--odd-types",
                      .placeholder = "FRACTION",
                      .sentence = "Share of edits that leave a value of an unexpected type.",
                      .default_text = "0.01"},
                     &odd_types_);
    options.Integer({.name = "--added-attributes",
                     .placeholder = "N",
                     .sentence = "New attributes that appear midway."},
                    0, 9, &added_attributes_);
    options.Text({.name = "--start",
                  .placeholder = "TIMESTAMP",
                  .sentence = "Event time of the first change, ISO-8601 in UTC."},
                 &start_);
    options.Integer({.name = "--rate",
                     .placeholder = "N",
                     .sentence = "Changes a second of event time; without it all changes fill 30 "
                                 "hours, so that days end."},
                    1, 10'000'000, &rate_);
    options.Text({.name = "--events",
                  .placeholder = "FILE",
                  .sentence = "Where the change records go, one a line; default is stdout."},
                 &events_);
    options.Text({.name = "--expected",
                  .placeholder = "FILE",
                  .sentence = "Write the simulated table's own final state as CSV: what a correct "
                              "lake must equal."},
                 &expected_);
    options.Flag({.name = "--json",
                  .placeholder = "",
                  .sentence = "Print the counts as one JSON line (needs --events)."},
                 &json_);
  }

  Result<int> Run(Context& context) override {
    if (json_ && events_.empty()) {
      return MakeError(ErrorKind::kInvalid,
                       "--json prints the counts to stdout, where the events go already"
                       "\nhint: add --events FILE");
    }
    TAPELAKE_ASSIGN_OR_RAISE(const source::SimulatorOptions options, MakeOptions(context));
    app::CatchInterrupts();
    ProgressLine line(stderr, ProgressLine::Elsewhere::kNothing);
    const auto progress = [&](const source::SimulatorCounts& counts) {
      if (!line.Due(context.world.clock)) return;
      line.Show("simulated " + Grouped(counts.changes) + " of " + Grouped(options.changes) +
                " changes (" + std::to_string(counts.changes * 100 / options.changes) + "%)");
    };
    io::DescriptorOutput output(STDOUT_FILENO);
    const Result<source::SimulatorCounts> counts =
        app::RunSimulation(context.world, options,
                           {.events_path = events_, .expected_path = expected_}, output, progress);
    line.Clear();
    if (app::Interrupted()) {
      if (!counts.ok()) PrintError(counts.status());
      return app::kExitInterrupted;
    }
    TAPELAKE_RETURN_NOT_OK(counts.status());
    if (json_) {
      Print(SummaryJson(*counts) + "\n");
    } else if (!events_.empty()) {
      Print(Summary(*counts) + "\n");
    }
    return kExitOk;
  }

 private:
  Result<source::SimulatorOptions> MakeOptions(const Context& context) const {
    source::SimulatorOptions options;
    options.seed = static_cast<uint64_t>(seed_.value_or(context.config.simulator.seed));
    options.changes = *changes_;
    options.shape = app::ShapeOf(shape_);
    options.duplicates = duplicates_;
    options.disorder_micros = disorder_.micros;
    options.disorder_fraction = disorder_fraction_;
    options.odd_types = odd_types_;
    options.added_attributes = static_cast<int>(*added_attributes_);
    const std::optional<base::ParsedTime> start = base::ParseIso8601(start_);
    if (!start) {
      return MakeError(ErrorKind::kInvalid, "--start = '" + start_ +
                                                "' is no timestamp\nhint: write for example "
                                                "2024-05-01T22:00:00Z");
    }
    options.start_micros = start->micros;
    options.changes_per_second = static_cast<double>(rate_.value_or(0));
    return options;
  }

  std::optional<int64_t> seed_;
  std::optional<int64_t> changes_ = 20'000;
  std::string shape_ = "streams";
  double duplicates_ = 0;
  config::Duration disorder_;
  double disorder_fraction_ = source::SimulatorOptions().disorder_fraction;
  double odd_types_ = source::SimulatorOptions().odd_types;
  std::optional<int64_t> added_attributes_ = source::SimulatorOptions().added_attributes;
  std::string start_ = "2024-05-01T22:00:00Z";
  std::optional<int64_t> rate_;
  std::string events_;
  std::string expected_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeSimulateCommand() {
  return std::make_unique<SimulateCommand>();
}

}  // namespace tapelake::cli
