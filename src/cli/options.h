#pragma once

/// The arguments of one verb, declared once: parser, help text and reference come from it.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/value.h"

namespace tapelake::cli {

/// One declared argument.
struct OptionInfo {
  std::string name;         ///< `--lake`; empty for positional arguments.
  std::string placeholder;  ///< `DIR`; empty for flags.
  std::string sentence;
  std::string default_text = {};  ///< Shown in the help; empty: nothing to show.
  bool required = false;
  bool repeated = false;  ///< Takes any number of values.
};

/// Declares and parses. One thread; the members must outlive Parse().
class Options {
 public:
  /// Valued options. What is not given on the command line leaves the member as it is; the member's
  /// value at declaration is shown as the default (an empty optional or text shows none).
  Options& Text(OptionInfo info, std::string* member);
  Options& Text(OptionInfo info, std::optional<std::string>* member);
  Options& Choice(OptionInfo info, std::vector<std::string> choices, std::string* member);
  Options& Integer(OptionInfo info, int64_t min, int64_t max, std::optional<int64_t>* member);
  Options& Fraction(OptionInfo info, double* member);  ///< 0..1
  Options& Time(OptionInfo info, config::Duration* member);
  Options& Time(OptionInfo info, std::optional<config::Duration>* member);
  Options& Flag(OptionInfo info, bool* member);
  /// Positional arguments (no name); `repeated` ones last.
  Options& Positional(OptionInfo info, std::vector<std::string>* member);

  /// Parse the arguments after the verb. Errors: kInvalid with a hint, naming argument and value.
  Status Parse(const std::vector<std::string>& arguments);

  const std::vector<OptionInfo>& infos() const { return infos_; }

 private:
  using Setter = std::function<Status(const std::vector<std::string>& values)>;
  Options& Add(OptionInfo info, Setter setter);

  std::vector<OptionInfo> infos_;
  std::vector<Setter> setters_;
};

}  // namespace tapelake::cli
