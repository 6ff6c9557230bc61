#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

#include "app/delivery_plan.h"
#include "app/file_output.h"
#include "app/ingest_job.h"
#include "app/interrupt.h"
#include "app/replay_job.h"
#include "cli/file_flags.h"
#include "cli/ingest_report.h"
#include "cli/progress_line.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "cli/words.h"

namespace tapelake::cli {
namespace {

constexpr int64_t kEndOfTimeMicros = 253'402'300'799'000'000;  // the end of the year 9999

/// `--raw`, `--errors` and what goes with them: which objects of which lake.
class ObjectFlags {
 public:
  void Declare(Options& options) {
    options.Flag({.name = "--raw",
                  .placeholder = "",
                  .sentence = "Play the raw objects of a lake that were cut between FROM and TO."},
                 &raw_);
    options.Flag({.name = "--errors",
                  .placeholder = "",
                  .sentence = "Play the records in error objects cut between FROM and TO."},
                 &errors_);
    options.Text({.name = "--from-lake",
                  .placeholder = "DIR",
                  .sentence = "The lake that holds the objects. Default is that of --lake."},
                 &from_lake_);
    options.Text({.name = "--stream",
                  .placeholder = "NAME",
                  .sentence = "Whose objects; default is the name of the table."},
                 &stream_);
    options.Text({.name = "--error-type",
                  .placeholder = "TYPE",
                  .sentence = "Error objects of this type only, for example no-partition."},
                 &error_type_);
  }

  bool given() const { return raw_ || errors_; }
  source::FileFormat format() const {
    return raw_ ? source::FileFormat::kRawObject : source::FileFormat::kErrorObject;
  }

  /// The objects that the positional `arguments` mean.
  Result<std::vector<std::string>> Find(Context& context, const TableFlags& table,
                                        const std::vector<std::string>& arguments) const {
    if (raw_ && errors_) {
      return MakeError(ErrorKind::kInvalid,
                       "--raw and --errors are two replays\nhint: run them one after the other");
    }
    app::ReplayObjects objects{.errors = errors_, .error_type = error_type_.value_or("")};
    objects.range.lake_path = from_lake_.value_or(table.LakePath(context));
    TAPELAKE_ASSIGN_OR_RAISE(const app::TablePlan plan, table.FindPlan(context));
    objects.range.stream = stream_.value_or(plan.definition.QualifiedName());
    TAPELAKE_RETURN_NOT_OK(ReadRange(arguments, &objects.range));
    TAPELAKE_ASSIGN_OR_RAISE(const delivery::DeliveryOptions delivery,
                             app::DeliveryOptionsOf(context.config, objects.range.stream));
    objects.range.layout = delivery.layout;
    return app::FindReplayObjects(context.world, objects);
  }

 private:
  static Status ReadRange(const std::vector<std::string>& arguments, delivery::ObjectRange* range) {
    if (arguments == std::vector<std::string>{"all"}) {
      range->to_micros = kEndOfTimeMicros;
      return Status::OK();
    }
    std::vector<int64_t> moments;
    for (const std::string& argument : arguments) {
      const auto moment = app::ParseReplayTime(argument);
      if (!moment) return BadRange("'" + argument + "' is no time");
      moments.push_back(*moment);
    }
    if (moments.size() != 2) return BadRange("a range has two ends");
    if (moments[0] >= moments[1]) return BadRange("the range from FROM to TO is empty");
    range->from_micros = moments[0];
    range->to_micros = moments[1];
    return Status::OK();
  }

  static Status BadRange(const std::string& what) {
    return MakeError(ErrorKind::kInvalid,
                     what +
                         "\nhint: give FROM and TO in UTC like 2026-11-22, 2026-11-22T09 or "
                         "2026-11-22T09:30:00, or 'all'");
  }

  bool raw_ = false;
  bool errors_ = false;
  std::optional<std::string> from_lake_;
  std::optional<std::string> stream_;
  std::optional<std::string> error_type_;
};

class ReplayCommand : public Command {
 public:
  void Declare(Options& options) override {
    options.Text({.name = "--speed",
                  .placeholder = "SPEED",
                  .sentence = "`recorded` (as the timestamps say), `10x` (that many times faster) "
                              "or `max` (unpaced). Default is recorded, of objects max."},
                 &speed_);
    objects_.Declare(options);
    table_.Declare(options);
    format_.Declare(options);
    options.Text({.name = "--events",
                  .placeholder = "FILE",
                  .sentence = "Write the change records to this file instead of stdout."},
                 &events_);
    options.Flag({.name = "--json",
                  .placeholder = "",
                  .sentence = "Print the counts as one JSON line (with a table)."},
                 &json_);
    options.Positional({.name = "",
                        .placeholder = "FILE",
                        .sentence = "Files or directories: NDJSON of either record shape or trade "
                                    "dumps, plain, .gz, .zst or .zip. With --raw or --errors: "
                                    "FROM and TO (UTC, TO excluded), or `all`.",
                        .required = true,
                        .repeated = true},
                       &arguments_);
  }

  Result<int> Run(Context& context) override {
    const std::string speed_text = speed_.value_or(objects_.given() ? "max" : "recorded");
    const std::optional<double> speed = app::ParseSpeed(speed_text);
    if (!speed) {
      return MakeError(ErrorKind::kInvalid,
                       "--speed = '" + speed_text +
                           "' is no speed\nhint: write 'recorded', 'max' or a factor like '10x'");
    }
    const bool into_table = table_.lake_given() || table_.table_given();
    if (json_ && !into_table) {
      return MakeError(ErrorKind::kInvalid,
                       "--json prints counts to stdout, where the change records go\nhint: leave "
                       "--json out, or add --table DATABASE.TABLE");
    }
    files_ = arguments_;
    if (objects_.given()) {
      TAPELAKE_ASSIGN_OR_RAISE(files_, objects_.Find(context, table_, arguments_));
    }
    app::CatchInterrupts();
    if (into_table) return IntoTable(context, *speed);
    if (events_.empty()) {
      io::DescriptorOutput output(STDOUT_FILENO);
      return ToOutput(context, *speed, output);
    }
    TAPELAKE_ASSIGN_OR_RAISE(const auto file, app::FileOutput::Open(context.world.files, events_));
    TAPELAKE_ASSIGN_OR_RAISE(const int code, ToOutput(context, *speed, *file));
    TAPELAKE_RETURN_NOT_OK(file->Close());
    return code;
  }

 private:
  Result<int> ToOutput(Context& context, double speed, io::ByteOutput& output) {
    ProgressLine line(stderr, ProgressLine::Elsewhere::kNothing);
    const Result<app::ReplayCounts> counts = app::RunReplay(
        context.world, {.paths = files_, .format = FormatFor({}), .speed = speed}, output,
        [&](const app::ReplayCounts& now) {
          if (!line.Due(context.world.clock)) return;
          line.Show("replayed " + Grouped(now.records) + " records, " + SizeWords(now.bytes));
        });
    line.Clear();
    TAPELAKE_RETURN_NOT_OK(counts.status());
    return ExitCode(counts->failures);
  }

  source::FileSourceOptions FormatFor(const config::SourceConfig& source) const {
    source::FileSourceOptions options = format_.OptionsFor(source);
    if (objects_.given()) options.format = objects_.format();
    return options;
  }

  static int ExitCode(const std::vector<Status>& failures) {
    for (const Status& failure : failures)
      PrintError(failure);
    if (app::Interrupted()) return app::kExitInterrupted;
    return failures.empty() ? kExitOk : kExitFailure;
  }

  Result<int> IntoTable(Context& context, double speed) {
    TAPELAKE_ASSIGN_OR_RAISE(const app::TablePlan plan, table_.FindPlan(context));
    const int64_t begin = context.world.clock.SteadyMicros();
    TAPELAKE_ASSIGN_OR_RAISE(
        const app::TableRun run,
        app::OpenFilesRun(context.world, plan,
                          {.lake_path = table_.LakePath(context),
                           .config = context.config,
                           .limits = app::CommitLimitsOf(context.config.commit),
                           .hand_over = false,
                           .count_rows = false},
                          files_,
                          {.format = FormatFor(plan.source), .speed = speed, .follow = false}));
    const auto elapsed = [&] { return context.world.clock.SteadyMicros() - begin; };
    ProgressLine line(stderr, ProgressLine::Elsewhere::kNothing);
    const Status status =
        app::RunToEnd(context.world, run.worker.get(), [&](const app::TableProgress& progress) {
          if (line.Due(context.world.clock)) line.Show(IngestProgressText(progress, elapsed()));
          return true;
        });
    line.Clear();
    TAPELAKE_RETURN_NOT_OK(status);
    const app::TableProgress progress = run.worker->progress();
    Print(json_ ? IngestSummaryJson(progress, elapsed()) : IngestSummary(progress, elapsed()));
    return ExitCode(run.worker->failures());
  }

  std::optional<std::string> speed_;
  ObjectFlags objects_;
  TableFlags table_;
  FormatFlags format_;
  std::string events_;
  bool json_ = false;
  std::vector<std::string> arguments_;
  std::vector<std::string> files_;  // what they name
};

}  // namespace

std::unique_ptr<Command> MakeReplayCommand() {
  return std::make_unique<ReplayCommand>();
}

}  // namespace tapelake::cli
