#include <cstdio>
#include <optional>

#include <unistd.h>

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

class ReplayCommand : public Command {
 public:
  void Declare(Options& options) override {
    options.Text({.name = "--speed",
                  .placeholder = "SPEED",
                  .sentence = "`recorded` (as the timestamps say), `10x` (that many times faster) "
                              "or `max` (unpaced)."},
                 &speed_);
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
                                    "dumps, plain, .gz, .zst or .zip.",
                        .required = true,
                        .repeated = true},
                       &files_);
  }

  Result<int> Run(Context& context) override {
    const std::optional<double> speed = app::ParseSpeed(speed_);
    if (!speed) {
      return MakeError(ErrorKind::kInvalid,
                       "--speed = '" + speed_ +
                           "' is no speed\nhint: write 'recorded', 'max' or a factor like '10x'");
    }
    const bool into_table = table_.lake_given() || table_.table_given();
    if (json_ && !into_table) {
      return MakeError(ErrorKind::kInvalid,
                       "--json prints counts to stdout, where the change records go\nhint: leave "
                       "--json out, or add --table DATABASE.TABLE");
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
        context.world, {.paths = files_, .format = format_.OptionsFor({}), .speed = speed}, output,
        [&](const app::ReplayCounts& now) {
          if (!line.Due(context.world.clock)) return;
          line.Show("replayed " + Grouped(now.records) + " records, " + SizeWords(now.bytes));
        });
    line.Clear();
    TAPELAKE_RETURN_NOT_OK(counts.status());
    return app::Interrupted() ? app::kExitInterrupted : kExitOk;
  }

  Result<int> IntoTable(Context& context, double speed) {
    TAPELAKE_ASSIGN_OR_RAISE(const app::TablePlan plan, table_.FindPlan(context));
    const int64_t begin = context.world.clock.SteadyMicros();
    TAPELAKE_ASSIGN_OR_RAISE(
        const app::TableRun run,
        app::OpenFilesRun(
            context.world, plan,
            {.lake_path = table_.LakePath(context),
             .config = context.config,
             .limits = app::CommitLimitsOf(context.config.commit),
             .hand_over = false,
             .count_rows = false},
            files_, {.format = format_.OptionsFor(plan.source), .speed = speed, .follow = false}));
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
    const std::vector<Status> failures = run.worker->failures();
    for (const Status& failure : failures)
      PrintError(failure);
    if (app::Interrupted()) return app::kExitInterrupted;
    return failures.empty() ? kExitOk : kExitFailure;
  }

  std::string speed_ = "recorded";
  TableFlags table_;
  FormatFlags format_;
  std::string events_;
  bool json_ = false;
  std::vector<std::string> files_;
};

}  // namespace

std::unique_ptr<Command> MakeReplayCommand() {
  return std::make_unique<ReplayCommand>();
}

}  // namespace tapelake::cli
