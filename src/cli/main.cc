/// The program: find the verb, read its arguments and the configuration, run it, report.

#include <string>
#include <vector>

#include "app/interrupt.h"
#include "app/monitoring.h"
#include "app/s3_plan.h"
#include "cli/help.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "config/nearest.h"
#include "config/parse.h"
#include "io/environment.h"

namespace tapelake::cli {
namespace {

bool IsHelp(const std::string& word) {
  return word == "--help" || word == "-h" || word == "help";
}

/// Whether `word` is the first word of verbs like `table list`.
bool IsGroup(const std::string& word) {
  for (const Verb& verb : Verbs()) {
    if (verb.name.starts_with(word + " ")) return true;
  }
  return false;
}

int UnknownVerb(const std::string& name) {
  std::vector<std::string> known;
  for (const Verb& verb : Verbs()) {
    known.emplace_back(verb.name);
    known.emplace_back(verb.name.substr(0, verb.name.find(' ')));
  }
  const std::string nearest = config::Nearest(name, known);
  PrintProblem({"unknown verb '" + name + "'", "",
                nearest.empty() ? "'tapelake --help' lists the verbs"
                                : "did you mean 'tapelake " + nearest + "'?"});
  return kExitUsage;
}

/// Read `--config` and plan the tables. Returns false after printing what is wrong.
bool LoadConfig(Context* context) {
  context->config = config::DefaultConfig();
  std::vector<config::Problem> problems;
  if (!context->config_file.empty()) {
    const Result<std::string> text = context->world.files.ReadFile(context->config_file);
    if (!text.ok()) {
      PrintProblem({"cannot read the configuration: " + text.status().message(),
                    "--config " + context->config_file,
                    "check the path; without --config the embedded defaults hold"});
      return false;
    }
    problems =
        config::ParseConfig(*text, context->config_file, io::EnvironmentVariable, &context->config);
  }
  if (problems.empty()) context->tables = app::PlanTables(context->config, &problems);
  if (problems.empty()) app::PlanAlarms(context->config, &problems);
  context->world.files.StateS3(app::S3SettingsOf(context->config.s3));
  for (const config::Problem& problem : problems)
    PrintProblem(problem);
  return problems.empty();
}

int RunVerb(const Verb& verb, const std::vector<std::string>& arguments,
            const std::string& program) {
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    if (argument == "--help" || argument == "-h") {
      Print(VerbHelpText(verb));
      return kExitOk;
    }
  }
  const std::unique_ptr<Command> command = verb.make();
  app::World world;
  Context context{
      .world = world, .config = {}, .tables = {}, .config_file = "", .program = program};
  bool help = false;
  Options options;
  command->Declare(options);
  DeclareGlobalOptions(options, &context.config_file, &help);
  const Status parsed = options.Parse(arguments);
  if (!parsed.ok()) {
    PrintError(WithHint(parsed, "'tapelake " + std::string(verb.name) + " --help' shows how"));
    return kExitUsage;
  }
  if (command->NeedsConfig() && !LoadConfig(&context)) return kExitBadConfig;
  const Result<int> code = command->Run(context);
  if (!code.ok()) PrintError(code.status());
  const Status flushed = FlushOutput();
  if (!flushed.ok()) PrintError(flushed);
  if (!code.ok() || !flushed.ok()) return kExitFailure;
  return *code;
}

/// Move flags before the verb (`tapelake --config FILE up`) behind it.
std::vector<std::string> VerbFirst(std::vector<std::string> words) {
  std::vector<std::string> flags;
  while (!words.empty() && words.front().starts_with("--config")) {
    const size_t count = words.front() == "--config" && words.size() > 1 ? 2 : 1;
    flags.insert(flags.end(), words.begin(), words.begin() + static_cast<ptrdiff_t>(count));
    words.erase(words.begin(), words.begin() + static_cast<ptrdiff_t>(count));
  }
  words.insert(words.end(), flags.begin(), flags.end());
  return words;
}

int Main(const std::string& program, std::vector<std::string> words) {
  words = VerbFirst(std::move(words));
  if (words.empty()) {
    Print(HelpText(""));
    return kExitUsage;
  }
  if (words[0] == "--version") words[0] = "version";
  if (IsHelp(words[0]) && words.size() == 1) {
    Print(HelpText(""));
    return kExitOk;
  }
  if (words.size() == 1 && words[0] == "reference") {  // for our own tools
    Print(ReferenceMarkdown());
    return kExitOk;
  }
  if (IsHelp(words[0])) {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  std::string name = words[0];
  if (IsGroup(name)) {
    if (words.size() == 1 || IsHelp(words[1])) {
      Print(HelpText(name));
      return words.size() == 1 ? kExitUsage : kExitOk;
    }
    name += " " + words[1];
    words.erase(words.begin());
  }
  const Verb* verb = FindVerb(name);
  if (verb == nullptr) return UnknownVerb(name);
  words.erase(words.begin());
  return RunVerb(*verb, words, program);
}

}  // namespace
}  // namespace tapelake::cli

int main(int argc, char** argv) {
  return tapelake::cli::Main(argv[0], std::vector<std::string>(argv + 1, argv + argc));
}
