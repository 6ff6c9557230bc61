#include "cli/help.h"

#include <algorithm>

#include "cli/words.h"

namespace tapelake::cli {
namespace {

constexpr size_t kColumnsMax = 100;

constexpr std::string_view kExitCodes[][2] = {
    {"0", "done"},
    {"1", "failed; stderr says what, where and what to do"},
    {"2", "the command line is wrong"},
    {"78", "the configuration is wrong"},
    {"130",
     "interrupted before the work was done, or stopped at once by a second Ctrl-C (`up` drained by "
     "a "
     "first one ends with 0)"}};

/// Break `text` into lines of at most kColumnsMax, continued at `indent`.
std::string Wrap(std::string_view text, size_t indent) {
  std::string out;
  size_t column = indent;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (column > indent && column + 1 + word.size() > kColumnsMax) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

std::string Signature(const OptionInfo& info) {
  if (info.name.empty()) return info.placeholder + (info.repeated ? "..." : "");
  return info.name + (info.placeholder.empty() ? "" : " " + info.placeholder);
}

std::string Usage(const Verb& verb, const Options& options) {
  std::string usage = "tapelake " + std::string(verb.name);
  for (const OptionInfo& info : options.infos()) {
    if (info.required && !info.name.empty()) usage += " " + Signature(info);
  }
  usage += " [FLAGS]";
  for (const OptionInfo& info : options.infos()) {
    if (!info.name.empty()) continue;
    usage += info.required ? " " + Signature(info) : " [" + Signature(info) + "]";
  }
  return usage;
}

std::string Meaning(const OptionInfo& info) {
  std::string text = info.sentence;
  if (!info.default_text.empty()) text += " [default: " + info.default_text + "]";
  return text;
}

std::string Indented(std::string_view lines) {
  std::string out;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    out += "  " + std::string(line) + "\n";
  }
  return out;
}

}  // namespace

void DeclareGlobalOptions(Options& options, std::string* config_file, bool* help) {
  options.Text({.name = "--config",
                .placeholder = "FILE",
                .sentence = "The configuration; without it the embedded defaults hold."},
               config_file);
  options.Flag({.name = "--help", .placeholder = "", .sentence = "Show this text."}, help);
}

const Verb* FindVerb(std::string_view name) {
  for (const Verb& verb : Verbs()) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

std::string HelpText(std::string_view group) {
  std::string out =
      "Tapelake: change events of a crypto transactions table in, an Apache Hudi table and SQL "
      "out.\n\nUsage: tapelake ";
  out += group.empty() ? "VERB" : std::string(group) + " VERB";
  out += " [ARGUMENTS]\n\nVerbs:\n";
  size_t width = 0;
  for (const Verb& verb : Verbs())
    width = std::max(width, verb.name.size() + 1);
  for (const Verb& verb : Verbs()) {
    const bool in_group = group.empty() || verb.name.starts_with(std::string(group) + " ");
    if (!in_group) continue;
    out += "  " + Padded(std::string(verb.name), width) + Wrap(verb.sentence, width + 2) + "\n";
  }
  out +=
      "\nEvery verb:\n  --config FILE   The configuration; without it the embedded defaults "
      "hold.\n  --help          What the verb does, its flags and an example.\n\nStart with:\n"
      "  tapelake up\n\nExit codes:\n";
  for (const auto& [code, meaning] : kExitCodes) {
    const std::string_view brief = meaning.substr(0, meaning.find_first_of(";:,"));
    out += "  " + std::string(code) + std::string(5 - code.size(), ' ') + std::string(brief) + "\n";
  }
  return out;
}

std::string VerbHelpText(const Verb& verb) {
  const std::unique_ptr<Command> command = verb.make();
  std::string config_file;
  bool help = false;
  Options options;
  command->Declare(options);
  DeclareGlobalOptions(options, &config_file, &help);
  std::string out = Wrap(verb.sentence, 0) + "\n\nUsage: " + Usage(verb, options) + "\n";
  if (!verb.details.empty()) out += "\n" + Wrap(verb.details, 0) + "\n";
  size_t width = 0;
  for (const OptionInfo& info : options.infos())
    width = std::max(width, Signature(info).size());
  width = std::min<size_t>(width + 2, 30);
  out += "\nArguments:\n";
  for (const OptionInfo& info : options.infos()) {
    const std::string signature = Padded(Signature(info), width);
    out += "  " + signature;
    if (signature.size() > width) out += "\n" + std::string(width + 2, ' ');
    out += Wrap(Meaning(info), width + 2) + "\n";
  }
  return out + "\nExample:\n" + Indented(verb.example);
}

std::string ReferenceMarkdown() {
  std::string out =
      "# Command line\n\n<!-- Generated by `tapelake reference`; do not edit. -->\n\n"
      "| verb | what it does |\n|---|---|\n";
  for (const Verb& verb : Verbs()) {
    out += "| `" + std::string(verb.name) + "` | " + std::string(verb.sentence) + " |\n";
  }
  out +=
      "\nErrors go to stderr as `tapelake: error: WHAT (PLACE)`, followed by `  hint: REMEDY`. "
      "Data goes to stdout.\nEvery verb takes `--config FILE` (without it the embedded defaults "
      "hold) "
      "and `--help`.\nA first Ctrl-C (or SIGTERM) ends orderly: what was taken is "
      "committed. A second one stops at once.\n\n| exit code | meaning |\n|---|---|\n";
  for (const auto& [code, meaning] : kExitCodes) {
    out += "| " + std::string(code) + " | " + std::string(meaning) + " |\n";
  }
  for (const Verb& verb : Verbs()) {
    const std::unique_ptr<Command> command = verb.make();
    Options options;
    command->Declare(options);
    out += "\n## " + std::string(verb.name) + "\n\n" + std::string(verb.sentence);
    if (!verb.details.empty()) out += "\n\n" + std::string(verb.details);
    out += "\n\n```\n" + Usage(verb, options) + "\n```\n";
    if (!options.infos().empty()) out += "\n| argument | meaning |\n|---|---|\n";
    for (const OptionInfo& info : options.infos()) {
      std::string signature = Signature(info);
      for (size_t at = 0; (at = signature.find('|', at)) != std::string::npos; at += 2) {
        signature.insert(at, "\\");
      }
      out +=
          "| `" + signature + "` | " + Meaning(info) + (info.required ? " Required." : "") + " |\n";
    }
    out += "\n```sh\n" + std::string(verb.example);
    out += verb.example.ends_with('\n') ? "```\n" : "\n```\n";
  }
  return out;
}

}  // namespace tapelake::cli
