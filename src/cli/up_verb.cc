#include <cstdio>
#include <optional>

#include "app/aws_plan.h"
#include "app/interrupt.h"
#include "app/pipeline.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/file_flags.h"
#include "cli/progress_line.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "cli/words.h"
#include "serve/http/embedded_page.h"

namespace tapelake::cli {
namespace {

constexpr int64_t kSecondMicros = 1'000'000;
constexpr int64_t kLookMicros = 50'000;  // how soon Ctrl-C is noticed
// Beyond it the changes are history, and their age says nothing about this pipeline.
constexpr int64_t kFreshMicros = 86'400 * kSecondMicros;

/// Less is how a service is asked, not a delay.
constexpr int64_t kLagMicrosMin = 3 * kSecondMicros;

/// One number of each table at the last status line.
using Marks = std::vector<int64_t>;

std::string TableStatus(const app::TableProgress& now, int64_t read_before, double seconds,
                        int64_t wall_micros) {
  const double rate = static_cast<double>(now.read_records - read_before) / seconds;
  std::string out = RateWords(rate) + " changes/s, " + (now.rows_exact ? "" : "about ") +
                    Grouped(now.rows) + " rows, ";
  if (now.last_instant.empty()) return out + "no commit yet";
  out += "last commit " + now.last_instant + " " +
         SpanWords(wall_micros - now.last_commit_wall_micros) + " ago (took " +
         SpanWords(now.last_commit_took_micros) + "), ";
  const int64_t age = wall_micros - now.watermark_micros;
  out += age < kFreshMicros ? "freshness " + SpanWords(age)
                            : "newest change " + base::FormatDate(now.watermark_micros);
  if (now.counts.errors > 0) out += ", " + Grouped(now.counts.errors) + " errors";
  if (now.retries > 0) out += ", " + Grouped(now.retries) + " retries";
  if (now.lost_records > 0) out += ", " + Grouped(now.lost_records) + " lost";
  if (now.pull && now.pull->lag_micros >= kLagMicrosMin) {
    out += ", " + SpanWords(now.pull->lag_micros) + " behind its source";
  }
  if (now.pull && now.pull->gaps > 0) out += ", " + Counted(now.pull->gaps, "gap");
  return out;
}

void AppendTableJson(const app::TableProgress& now, int64_t read_before, double seconds,
                     int64_t wall_micros, base::JsonWriter* writer) {
  writer->BeginObject();
  writer->Key("table").String(now.table);
  writer->Key("changes_per_second")
      .Double(static_cast<double>(now.read_records - read_before) / seconds);
  writer->Key("received").Int(now.counts.received).Key("applied").Int(now.counts.applied);
  writer->Key("errors").Int(now.counts.errors).Key("rows").Int(now.rows);
  writer->Key("commits").Int(now.counts.commits).Key("instant");
  now.last_instant.empty() ? writer->Null() : writer->String(now.last_instant);
  writer->Key("commit_seconds").Double(static_cast<double>(now.last_commit_took_micros) / 1e6);
  writer->Key("freshness_seconds");
  if (now.watermark_micros == 0) {
    writer->Null();
  } else {
    writer->Double(static_cast<double>(wall_micros - now.watermark_micros) / 1e6);
  }
  if (now.pull) {
    writer->Key("source_lag_seconds").Double(static_cast<double>(now.pull->lag_micros) / 1e6);
    writer->Key("source_gaps").Int(now.pull->gaps);
  }
  writer->EndObject();
}

std::string ClockText(int64_t wall_micros) {
  return base::FormatIso8601Micros(wall_micros).substr(11, 8);
}

class UpCommand : public Command {
 public:
  void Declare(Options& options) override {
    DeclareLake(options, &lake_);
    options.Integer({.name = "--rate",
                     .placeholder = "N",
                     .sentence = "Simulated changes per second; default is "
                                 "`simulator.changes_per_second`."},
                    1, 1'000'000, &rate_);
    options.Text({.name = "--listen",
                  .placeholder = "ADDRESS",
                  .sentence = "Address and port of the page, `off` for none; default is "
                              "`dashboard.listen`."},
                 &listen_);
    options.Text({.name = "--aws-listen",
                  .placeholder = "ADDRESS",
                  .sentence = "Open the AWS-compatible port at this address, `off` for not; "
                              "default is `doors.aws.listen` if `doors.aws.enabled`."},
                 &aws_listen_);
    options.Flag({.name = "--insecure-local",
                  .placeholder = "",
                  .sentence = "Take requests at the AWS-compatible port whether they are signed or "
                              "not; the same as `doors.aws.insecure_local`."},
                 &insecure_local_);
    options.Time({.name = "--history",
                  .placeholder = "TIME",
                  .sentence = "Simulated past of a new table, `0s` for none; default is "
                              "`simulator.history`."},
                 &history_);
    options.Time({.name = "--duration",
                  .placeholder = "TIME",
                  .sentence = "End by itself after this time; default is to run until Ctrl-C."},
                 &duration_);
    options.Flag({.name = "--json",
                  .placeholder = "",
                  .sentence = "Print each second's status as one JSON line."},
                 &json_);
  }

  Result<int> Run(Context& context) override {
    if (lake_) context.config.lake.path = *lake_;
    if (rate_) context.config.simulator.changes_per_second = *rate_;
    if (listen_ && *listen_ == "off") {
      context.config.dashboard.enabled = false;
    } else if (listen_) {
      context.config.dashboard.listen = *listen_;
    }
    if (history_) context.config.simulator.history = *history_;
    TAPELAKE_RETURN_NOT_OK(SetAwsDoor(&context.config.doors.aws));
    TAPELAKE_ASSIGN_OR_RAISE(
        const auto pipeline,
        app::Pipeline::Open(context.world, context.config, context.tables, &serve::EmbeddedPage()));
    pipeline->monitoring().OnNews([](const std::string& words) { PrintNote(words); });
    app::CatchInterrupts();
    ReportRepairs(*pipeline);
    if (!json_) Print(Introduction(context));
    TAPELAKE_RETURN_NOT_OK(pipeline->Start());
    if (!json_) Print(PageWords(*pipeline));
    if (!json_) Print(AwsWords(context, *pipeline));
    std::fflush(stdout);
    Watch(context, pipeline.get());
    if (!json_) Print("draining: committing what was read\n");
    std::fflush(stdout);
    TAPELAKE_RETURN_NOT_OK(pipeline->StopAndJoin());
    for (const app::TableProgress& progress : pipeline->progress()) {
      if (json_) break;
      Print(progress.table + ": " + Grouped(progress.counts.received) + " changes received, " +
            Counted(progress.rows, "row") + " after " + Counted(progress.counts.commits, "commit") +
            "\n");
    }
    if (json_) Print(StatusJson(context, pipeline->progress(), {}, 1));
    return kExitOk;
  }

 private:
  Status SetAwsDoor(config::AwsDoorConfig* aws) const {
    if (aws_listen_) aws->enabled = *aws_listen_ != "off";
    if (aws_listen_ && aws->enabled) aws->listen = *aws_listen_;
    if (insecure_local_) aws->insecure_local = true;
    if (!insecure_local_ || aws->enabled) return Status::OK();
    return MakeError(ErrorKind::kInvalid,
                     "--insecure-local is about the AWS-compatible port, which is off\nhint: open "
                     "it with --aws-listen, for example 127.0.0.1:4566");
  }

  /// What opening had to mend, which is nothing to be silent about.
  static void ReportRepairs(const app::Pipeline& pipeline) {
    for (const auto& lane : pipeline.lanes()) {
      const stream::OpenReport& report = lane->stream_report();
      if (report.torn_bytes_cut == 0) continue;
      PrintNote("stream " + lane->table_name() + ": cut " + SizeWords(report.torn_bytes_cut) +
                " of an unfinished write from the end of " + report.torn_segment +
                "; no record in it was acknowledged");
    }
  }

  /// Say what is gone for good.
  static void ReportLost(const std::vector<app::TableProgress>& all, Marks* told) {
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i].lost_records == (*told)[i]) continue;
      PrintNote(all[i].table + ": the stream dropped " +
                Counted(all[i].lost_records - (*told)[i], "record") +
                " before they were read, as stream.drop_untaken lets it; they are lost");
      (*told)[i] = all[i].lost_records;
    }
  }

  /// Say what the service of a source does not have any more, and what it refuses.
  static void ReportPulls(const std::vector<app::TableProgress>& all, Marks* gaps,
                          Marks* failures) {
    for (size_t i = 0; i < all.size(); ++i) {
      if (!all[i].pull) continue;
      const source::PullFigures& pull = *all[i].pull;
      if (pull.gaps != (*gaps)[i]) {
        PrintNote(all[i].table + ": GAP: " + pull.last_gap +
                  "; changes are missing from the table unless its source sends them again");
      }
      if (pull.failures != (*failures)[i]) {
        PrintNote(all[i].table + ": " + pull.last_failure + "; it is tried again");
      }
      (*gaps)[i] = pull.gaps;
      (*failures)[i] = pull.failures;
    }
  }

  /// Say once what is being retried.
  static void ReportRetries(const std::vector<app::TableProgress>& all, Marks* told) {
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i].retries == (*told)[i]) continue;
      (*told)[i] = all[i].retries;
      PrintNote(all[i].table + ": " + all[i].last_failure +
                "; nothing is lost, it is tried again from the last commit");
    }
  }

  std::string Introduction(const Context& context) const {
    const std::string& lake = context.config.lake.path;
    std::string out = "Tapelake writes to the lake " + lake + ":\n";
    std::string first;
    for (const app::TablePlan& plan : context.tables) {
      if (plan.source.kind == "none") continue;
      const std::string name = plan.definition.QualifiedName();
      if (first.empty()) first = name;
      out += "  " + name + " from ";
      out += plan.source.kind == "simulator"
                 ? "the simulator, about " + Grouped(context.config.simulator.changes_per_second) +
                       " changes/s"
             : app::IsPulled(plan.source) ? app::PulledName(plan.source)
             : plan.source.kind == "stream"
                 ? "its stream ('" + context.program + " stream put " + name + "' feeds it)"
                 : Counted(static_cast<int64_t>(plan.source.paths.size()), "path") + ", speed " +
                       plan.source.speed;
      out += ", a commit every " + config::FormatDuration(context.config.commit.interval) + "\n";
    }
    const std::string& program = context.program;
    out += "\nTry in another terminal:\n  " + program + " sql --lake " + lake +
           " 'SELECT trading_pair, count(*) AS trades, max(price) AS high FROM " + first +
           " GROUP BY ALL ORDER BY trades DESC'\n  " + program + " sql --lake " + lake +
           " 'SELECT risk_band, count(*) FROM " + first + "_enriched GROUP BY ALL'\n  " + program +
           " status --lake " + lake + "\n  " + program + " table describe " + first + " --lake " +
           lake + "\n\nCtrl-C drains, commits and ends; a second Ctrl-C stops at once.\n\n";
    return out;
  }

  /// Where to look.
  static std::string PageWords(const app::Pipeline& pipeline) {
    if (pipeline.page() == nullptr) return "";
    std::string out = "The market is at  " + pipeline.page()->url() + "\n";
    if (!pipeline.page()->token_path().empty()) {
      out += "  it asks for the token in " + pipeline.page()->token_path() + "\n";
    }
    return out + "\n";
  }

  /// How AWS clients find it.
  static std::string AwsWords(const Context& context, const app::Pipeline& pipeline) {
    app::AwsServer* aws = pipeline.aws();
    if (aws == nullptr) return "";
    std::string out = "AWS clients call   " + aws->url() + "\n";
    if (aws->certificate()) {
      const app::DoorCertificate& certificate = *aws->certificate();
      if (!certificate.trusted_path.empty()) {
        out += "  and trust " + certificate.trusted_path + " (AWS_CA_BUNDLE)\n";
      }
      out += "  its certificate is good until " +
             base::FormatDate(certificate.facts.not_after_micros) + "\n";
    }
    if (aws->insecure()) return out + "  it verifies no signatures (insecure_local)\n\n";
    const Result<bool> has_keys = aws->HasKeys();
    if (!has_keys.ok()) PrintNote("no AWS client can come in: " + has_keys.status().message());
    if (has_keys.ok() && !*has_keys) {
      out += "  no client has a key yet: '" + context.program + " keys create --lake " +
             context.config.lake.path + "' makes one\n";
    }
    return out + "\n";
  }

  /// Print a line a second until the end is wanted.
  void Watch(Context& context, app::Pipeline* pipeline) {
    io::Clock& clock = context.world.clock;
    ProgressLine line(stdout, ProgressLine::Elsewhere::kAppend);
    const int64_t begin = clock.SteadyMicros();
    int64_t last = begin;
    Marks marks(pipeline->progress().size());
    Marks retries(marks.size());
    Marks lost(marks.size());
    Marks gaps(marks.size());
    Marks failures(marks.size());
    while (!app::Interrupted() && !pipeline->failed()) {
      clock.Sleep(kLookMicros);
      const int64_t now = clock.SteadyMicros();
      if (duration_.micros > 0 && now - begin >= duration_.micros) return;
      if (now - last < kSecondMicros) continue;
      const std::vector<app::TableProgress> all = pipeline->progress();
      const double seconds = static_cast<double>(now - last) / kSecondMicros;
      ReportRetries(all, &retries);
      ReportLost(all, &lost);
      ReportPulls(all, &gaps, &failures);
      if (json_) {
        Print(StatusJson(context, all, marks, seconds));
        std::fflush(stdout);
      } else {
        line.Show(StatusText(context, all, marks, seconds));
      }
      for (size_t i = 0; i < all.size(); ++i)
        marks[i] = all[i].read_records;
      last = now;
    }
  }

  static std::string StatusText(Context& context, const std::vector<app::TableProgress>& all,
                                const Marks& marks, double seconds) {
    const int64_t wall = context.world.clock.WallMicros();
    std::string out = ClockText(wall);
    for (size_t i = 0; i < all.size(); ++i) {
      out += i == 0 ? "  " : "  |  ";
      if (all.size() > 1) out += all[i].table + ": ";
      out += TableStatus(all[i], marks[i], seconds, wall);
    }
    return out;
  }

  static std::string StatusJson(Context& context, const std::vector<app::TableProgress>& all,
                                const Marks& marks, double seconds) {
    const int64_t wall = context.world.clock.WallMicros();
    std::string out;
    base::JsonWriter writer(&out);
    writer.BeginObject();
    writer.Key("time").String(base::FormatIso8601Micros(wall)).Key("tables").BeginArray();
    for (size_t i = 0; i < all.size(); ++i) {
      const int64_t before = i < marks.size() ? marks[i] : all[i].read_records;
      AppendTableJson(all[i], before, seconds, wall, &writer);
    }
    writer.EndArray().EndObject();
    return out + "\n";
  }

  std::optional<std::string> lake_;
  std::optional<int64_t> rate_;
  std::optional<std::string> listen_;
  std::optional<std::string> aws_listen_;
  bool insecure_local_ = false;
  std::optional<config::Duration> history_;
  config::Duration duration_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeUpCommand() {
  return std::make_unique<UpCommand>();
}

}  // namespace tapelake::cli
