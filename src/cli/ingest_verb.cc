#include <cstdio>
#include <limits>
#include <optional>

#include "app/ingest_job.h"
#include "app/interrupt.h"
#include "app/pipeline.h"
#include "cli/file_flags.h"
#include "cli/ingest_report.h"
#include "cli/progress_line.h"
#include "cli/report.h"
#include "cli/verb.h"

namespace tapelake::cli {
namespace {

class IngestCommand : public Command {
 public:
  void Declare(Options& options) override {
    options.Flag({.name = "--once",
                  .placeholder = "",
                  .sentence = "Take what is new, commit, end. Without it the files are followed "
                              "until Ctrl-C."},
                 &once_);
    table_.Declare(options);
    options.Flag({.name = "--hand-over",
                  .placeholder = "",
                  .sentence = "Accept records of the other shape than the table's last ones: from "
                              "now on changes are ordered by the new source."},
                 &hand_over_);
    format_.Declare(options);
    options.Flag({.name = "--json",
                  .placeholder = "",
                  .sentence = "Print the counts as one JSON "
                              "line."},
                 &json_);
    options.Positional({.name = "",
                        .placeholder = "FILE",
                        .sentence = "Files or directories: NDJSON of either record shape or trade "
                                    "dumps, plain, .gz, .zst or .zip. Default: the configured "
                                    "paths of the table.",
                        .repeated = true},
                       &files_);
  }

  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(const app::TablePlan plan, table_.FindPlan(context));
    const std::vector<std::string>& paths = files_.empty() ? plan.source.paths : files_;
    if (paths.empty()) {
      return MakeError(ErrorKind::kInvalid,
                       "no file given and table " + table_.name() +
                           " has no paths in the configuration\nhint: add a file or directory, or "
                           "'source: {kind: files, paths: [...]}' to the table");
    }
    app::CatchInterrupts();
    const int64_t begin = context.world.clock.SteadyMicros();
    app::CommitLimits limits = app::CommitLimitsOf(context.config.commit);
    // Bounded work commits by size alone: fewer commits, each file group rewritten less often.
    if (once_) limits.interval_micros = std::numeric_limits<int64_t>::max();
    TAPELAKE_ASSIGN_OR_RAISE(
        const app::TableRun run,
        app::OpenFilesRun(
            context.world, plan,
            {.lake_path = table_.LakePath(context),
             .config = context.config,
             .limits = limits,
             .hand_over = hand_over_,
             .count_rows = false},
            paths, {.format = format_.OptionsFor(plan.source), .speed = 0, .follow = !once_}));
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
    if (app::Interrupted()) {
      if (once_)
        PrintProblem({"interrupted; what was read is committed", "",
                      "run it again: it goes on where this run ended"});
      return once_ ? app::kExitInterrupted : kExitOk;
    }
    return failures.empty() ? kExitOk : kExitFailure;
  }

 private:
  bool once_ = false;
  TableFlags table_;
  bool hand_over_ = false;
  FormatFlags format_;
  bool json_ = false;
  std::vector<std::string> files_;
};

}  // namespace

std::unique_ptr<Command> MakeIngestCommand() {
  return std::make_unique<IngestCommand>();
}

}  // namespace tapelake::cli
