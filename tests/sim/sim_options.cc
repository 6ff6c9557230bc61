#include "tests/sim/sim_options.h"

#include <charconv>
#include <map>
#include <string_view>

namespace tapelake::sim {
namespace {

bool ParseNumber(std::string_view text, uint64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

bool ParseRange(std::string_view text, CommandLine* line) {
  const size_t dots = text.find("..");
  return dots != text.npos && ParseNumber(text.substr(0, dots), &line->first_seed) &&
         ParseNumber(text.substr(dots + 2), &line->last_seed) &&
         line->first_seed <= line->last_seed;
}

Status Wrong(std::string_view argument) {
  return MakeError(ErrorKind::kInvalid, "cannot understand '" + std::string(argument) + "'");
}

Status SetValue(std::string_view name, std::string_view value, CommandLine* line) {
  uint64_t changes = 0;
  const std::map<std::string_view, uint64_t*> numbers = {
      {"--fresh", &line->fresh}, {"--jobs", &line->jobs},   {"--changes", &changes},
      {"--twice", &line->twice}, {"--every", &line->every}, {"--seed", &line->first_seed}};
  const std::map<std::string_view, std::string*> texts = {{"--aim", &line->aim},
                                                          {"--write-points", &line->write_points},
                                                          {"--keep-tables", &line->keep_tables}};
  if (name == "--seeds") return ParseRange(value, line) ? Status::OK() : Wrong(value);
  if (const auto text = texts.find(name); text != texts.end()) {
    *text->second = value;
    return Status::OK();
  }
  const auto number = numbers.find(name);
  if (number == numbers.end()) return Wrong(name);
  if (!ParseNumber(value, number->second) || *number->second == 0) return Wrong(value);
  if (name == "--seed") line->last_seed = line->first_seed;
  if (name == "--changes") line->changes = static_cast<int64_t>(changes);
  return Status::OK();
}

}  // namespace

Result<CommandLine> ParseCommandLine(int count, char** arguments) {
  CommandLine line;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name == "--trace") {
      line.trace = true;
    } else if (name == "--look-always") {
      line.look_always = true;
    } else if (name == "--check-points") {
      line.check_points = true;
    } else if (i + 1 < count) {
      TAPELAKE_RETURN_NOT_OK(SetValue(name, arguments[++i], &line));
    } else {
      return Wrong(name);
    }
  }
  if (line.last_seed == 0 && line.fresh == 0) return Wrong("no seeds");
  return line;
}

}  // namespace tapelake::sim
