#include "config/substitute.h"

#include <algorithm>
#include <cctype>

namespace tapelake::config {
namespace {

bool IsVariableName(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return c < 0x80 && (std::isalnum(c) || c == '_'); });
}

std::string Resolve(std::string_view reference, const EnvironmentLookup& environment,
                    std::optional<Problem>* error) {
  const size_t separator = reference.find(":-");
  const std::string name(reference.substr(0, separator));
  if (!IsVariableName(name)) {
    *error = {.what = "'${" + std::string(reference) + "}' names no environment variable",
              .place = "",
              .hint = "write ${NAME} or ${NAME:-default}; for a plain '${' write '$${'"};
    return "";
  }
  if (std::optional<std::string> value = environment(name)) return *value;
  if (separator != std::string_view::npos) return std::string(reference.substr(separator + 2));
  *error = {.what = "the environment variable " + name + " is not set",
            .place = "",
            .hint = "set " + name + ", or give a default: ${" + name + ":-value}"};
  return "";
}

}  // namespace

std::string SubstituteEnvironment(std::string_view text, const EnvironmentLookup& environment,
                                  std::optional<Problem>* error) {
  std::string out;
  while (true) {
    const size_t begin = text.find("${");
    out += text.substr(0, begin);
    if (begin == std::string_view::npos) return out;
    if (begin > 0 && text[begin - 1] == '$') {
      out.back() = '$';
      out += '{';
      text.remove_prefix(begin + 2);
      continue;
    }
    const size_t end = text.find('}', begin);
    if (end == std::string_view::npos) {
      *error = {.what = "'" + std::string(text.substr(begin)) + "' has no closing '}'",
                .place = "",
                .hint = "write ${NAME} or ${NAME:-default}; for a plain '${' write '$${'"};
      return out;
    }
    out += Resolve(text.substr(begin + 2, end - begin - 2), environment, error);
    if (error->has_value()) return out;
    text.remove_prefix(end + 1);
  }
}

}  // namespace tapelake::config
