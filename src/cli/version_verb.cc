#include <arrow/config.h>

#include "base/json.h"
#include "cli/report.h"
#include "cli/verb.h"

namespace tapelake::cli {
namespace {

struct Part {
  const char* name;
  std::string version;
};

class VersionCommand : public Command {
 public:
  void Declare(Options& options) override {
    options.Flag({.name = "--json", .placeholder = "", .sentence = "One JSON object."}, &json_);
  }
  bool NeedsConfig() const override { return false; }

  Result<int> Run(Context&) override {
    const Part parts[] = {{"version", TAPELAKE_VERSION},
                          {"build", TAPELAKE_BUILD_TYPE},
                          {"compiler", "g++ " __VERSION__},
                          {"arrow", arrow::GetBuildInfo().version_string}};
    if (json_) {
      std::string out;
      base::JsonWriter writer(&out);
      writer.BeginObject();
      for (const Part& part : parts)
        writer.Key(part.name).String(part.version);
      writer.EndObject();
      Print(out + "\n");
    } else {
      Print("tapelake " + parts[0].version + " (" + parts[1].version + " build, " +
            parts[2].version + ", arrow " + parts[3].version + ")\n");
    }
    return kExitOk;
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeVersionCommand() {
  return std::make_unique<VersionCommand>();
}

}  // namespace tapelake::cli
