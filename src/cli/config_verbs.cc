#include "cli/report.h"
#include "cli/verb.h"
#include "config/document.h"

namespace tapelake::cli {
namespace {

class ConfigShowCommand : public Command {
 public:
  void Declare(Options& options) override {
    options.Flag({.name = "--json", .placeholder = "", .sentence = "One JSON object."}, &json_);
  }
  Result<int> Run(Context& context) override {
    Print(json_ ? config::ConfigJson(context.config) + "\n" : config::ConfigYaml(context.config));
    return kExitOk;
  }

 private:
  bool json_ = false;
};

/// Prints a text that the program generates about itself.
template <std::string (*Generate)()>
class GeneratedCommand : public Command {
 public:
  void Declare(Options&) override {}
  bool NeedsConfig() const override { return false; }
  Result<int> Run(Context&) override {
    Print(Generate());
    return kExitOk;
  }
};

}  // namespace

std::unique_ptr<Command> MakeConfigShowCommand() {
  return std::make_unique<ConfigShowCommand>();
}

std::unique_ptr<Command> MakeConfigDocsCommand() {
  return std::make_unique<GeneratedCommand<config::ConfigMarkdown>>();
}

std::unique_ptr<Command> MakeConfigSchemaCommand() {
  return std::make_unique<GeneratedCommand<config::ConfigJsonSchema>>();
}

}  // namespace tapelake::cli
