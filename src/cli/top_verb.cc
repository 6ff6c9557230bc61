#include <memory>
#include <optional>

#include "app/interrupt.h"
#include "app/lake_folder.h"
#include "cli/report.h"
#include "cli/top_screen.h"
#include "cli/verb.h"
#include "serve/local/local_client.h"

namespace tapelake::cli {
namespace {

constexpr int64_t kLookMicros = 50'000;  // how soon Ctrl-C is noticed
constexpr int kPlainWidth = 120;
constexpr char kBegin[] = "\x1b[?1049h\x1b[?25l";  // another screen, no cursor
constexpr char kEnd[] = "\x1b[?25h\x1b[?1049l";
constexpr char kHome[] = "\x1b[H";
constexpr char kClearLine[] = "\x1b[K\n";
constexpr char kClearBelow[] = "\x1b[J";

/// Redraw in place: each line clears what was right of it before.
std::string InPlace(const std::string& screen) {
  std::string out = kHome;
  for (const char c : screen) {
    if (c == '\n') {
      out += kClearLine;
    } else {
      out += c;
    }
  }
  return out + kClearBelow;
}

class TopCommand : public Command {
 public:
  void Declare(Options& options) override {
    options.Text({.name = "--lake",
                  .placeholder = "DIR",
                  .sentence = "Directory of the lake; default is `lake.path` of the "
                              "configuration."},
                 &lake_);
    options.Choice({.name = "--sort", .placeholder = "", .sentence = "Order of the pairs."},
                   {"volume", "pair", "change", "volatility", "spread"}, &layout_.sort);
    options.Time({.name = "--every",
                  .placeholder = "TIME",
                  .sentence = "Time between two looks; default is 1s."},
                 &every_);
    options.Flag({.name = "--once",
                  .placeholder = "",
                  .sentence = "Print one look and end; so it also is where the output is no "
                              "terminal."},
                 &once_);
    options.Flag({.name = "--json",
                  .placeholder = "",
                  .sentence = "Print one look as JSON: overview, pipeline and alarms."},
                 &json_);
  }

  Result<int> Run(Context& context) override {
    const std::string lake = lake_.value_or(context.config.lake.path);
    auto client = serve::LocalClient::Connect(app::SocketPath(lake));
    if (!client.ok()) {
      return WithHint(client.status(), "'tapelake up' starts the pipeline that is shown");
    }
    if (json_) return PrintJson(**client);
    const int width = OutputWidth();
    layout_.width = width > 0 ? width : kPlainWidth;
    layout_.color = width > 0;
    if (once_ || width == 0) {
      TAPELAKE_ASSIGN_OR_RAISE(const std::string screen, Look(**client));
      Print(screen);
      return kExitOk;
    }
    layout_.height = OutputHeight() - 1;
    app::CatchInterrupts();
    Print(kBegin);
    const Status watched = Watch(context.world.clock, **client);
    Print(kEnd);
    TAPELAKE_RETURN_NOT_OK(FlushOutput());
    TAPELAKE_RETURN_NOT_OK(watched);
    return kExitOk;
  }

 private:
  Status Watch(io::Clock& clock, serve::LocalClient& client) {
    while (!app::Interrupted()) {
      TAPELAKE_ASSIGN_OR_RAISE(const std::string screen, Look(client));
      Print(InPlace(screen));
      TAPELAKE_RETURN_NOT_OK(FlushOutput());
      const int64_t until = clock.SteadyMicros() + every_.micros;
      while (!app::Interrupted() && clock.SteadyMicros() < until)
        clock.Sleep(kLookMicros);
    }
    return Status::OK();
  }

  Result<std::string> Look(serve::LocalClient& client) const {
    TopAnswers answers;
    TAPELAKE_ASSIGN_OR_RAISE(answers.overview, Ask(client, "overview"));
    TAPELAKE_ASSIGN_OR_RAISE(answers.pipeline, Ask(client, "pipeline"));
    TAPELAKE_ASSIGN_OR_RAISE(answers.alarms, Ask(client, "alarms"));
    return TopScreen(answers, layout_);
  }

  static Result<base::JsonValue> Ask(serve::LocalClient& client, const std::string& what) {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string answer, client.AskPage("/api/v1/" + what));
    return base::ParseJson(answer);
  }

  static Result<int> PrintJson(serve::LocalClient& client) {
    std::string out = "{";
    for (const char* what : {"overview", "pipeline", "alarms"}) {
      TAPELAKE_ASSIGN_OR_RAISE(const std::string answer,
                               client.AskPage(std::string("/api/v1/") + what));
      out += (out.size() > 1 ? ",\"" : "\"") + std::string(what) + "\":" + answer;
    }
    Print(out + "}\n");
    return kExitOk;
  }

  std::optional<std::string> lake_;
  TopLayout layout_;
  config::Duration every_{1'000'000};
  bool once_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeTopCommand() {
  return std::make_unique<TopCommand>();
}

}  // namespace tapelake::cli
