#include "app/check_job.h"
#include "base/json.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "cli/words.h"

namespace tapelake::cli {
namespace {

class CheckCommand : public Command {
 public:
  void Declare(Options& options) override {
    options.Flag({.name = "--json", .placeholder = "", .sentence = "One JSON array."}, &json_);
  }

  Result<int> Run(Context& context) override {
    std::vector<app::CheckResult> results =
        app::RunChecks(context.world, context.config, context.tables);
    const std::string config =
        context.config_file.empty() ? "embedded defaults" : context.config_file;
    results.insert(results.begin(), {"configuration " + config, "valid", Status::OK()});
    std::string json;
    base::JsonWriter writer(&json);
    writer.BeginArray();
    bool failed = false;
    for (const app::CheckResult& result : results) {
      failed = failed || !result.status.ok();
      writer.BeginObject().Key("what").String(result.what).Key("ok").Bool(result.status.ok());
      writer.Key("finding").String(result.status.ok() ? result.finding : result.status.message());
      writer.EndObject();
      if (json_) continue;
      if (result.status.ok()) {
        Print("ok    " + Padded(result.what, 36) + " " + result.finding + "\n");
      } else {
        Print("FAIL  " + result.what + "\n");
        PrintError(WithContext(result.status, result.what));
      }
    }
    writer.EndArray();
    if (json_) Print(json + "\n");
    return failed ? kExitFailure : kExitOk;
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeCheckCommand() {
  return std::make_unique<CheckCommand>();
}

}  // namespace tapelake::cli
