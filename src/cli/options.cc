#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <utility>

#include "config/nearest.h"

namespace tapelake::cli {
namespace {

Status UsageError(const std::string& what, const std::string& hint) {
  return MakeError(ErrorKind::kInvalid, what + (hint.empty() ? "" : "\nhint: " + hint));
}

std::string NameOf(const OptionInfo& info) {
  return info.name.empty() ? info.placeholder : info.name;
}

std::string Join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words)
    out += (out.empty() ? "" : ", ") + word;
  return out;
}

Status UnknownArgument(const std::string& argument, const std::vector<OptionInfo>& infos) {
  if (!argument.starts_with('-')) {
    return UsageError("argument '" + argument + "' is one too many",
                      "put arguments that hold spaces in quotes");
  }
  const std::string flag = argument.substr(0, argument.find('='));
  std::vector<std::string> known;
  for (const OptionInfo& info : infos) {
    if (!info.name.empty()) known.push_back(info.name);
  }
  const std::string nearest = config::Nearest(flag, known);
  return UsageError("unknown flag '" + flag + "'", nearest.empty()
                                                       ? "known here: " + Join(known)
                                                       : "did you mean '" + nearest + "'?");
}

/// CLI11's message starts with the flag that has no value.
Status ParseFailure(const std::string& message, const std::vector<OptionInfo>& infos) {
  for (const OptionInfo& info : infos) {
    if (!info.name.empty() && message.starts_with(info.name + ":")) {
      return info.placeholder.empty()
                 ? UsageError(info.name + " takes no value", "write just " + info.name)
                 : UsageError(info.name + " has no value",
                              "write " + info.name + " " + info.placeholder);
    }
  }
  return UsageError(message, "");
}

Result<config::Duration> DurationOf(const std::string& name, const std::string& text) {
  const std::optional<config::Duration> value = config::ParseDuration(text);
  if (value) return *value;
  return UsageError(name + " = '" + text + "' is no duration",
                    "write a whole number and a unit: 500ms, 60s, 10m or 1h");
}

}  // namespace

Options& Options::Add(OptionInfo info, Setter setter) {
  infos_.push_back(std::move(info));
  setters_.push_back(std::move(setter));
  return *this;
}

Options& Options::Text(OptionInfo info, std::string* member) {
  info.default_text = *member;
  return Add(std::move(info), [member](const std::vector<std::string>& values) {
    *member = values.back();
    return Status::OK();
  });
}

Options& Options::Text(OptionInfo info, std::optional<std::string>* member) {
  return Add(std::move(info), [member](const std::vector<std::string>& values) {
    *member = values.back();
    return Status::OK();
  });
}

Options& Options::Choice(OptionInfo info, std::vector<std::string> choices, std::string* member) {
  info.default_text = *member;
  for (const std::string& choice : choices) {
    info.placeholder += (info.placeholder.empty() ? "" : "|") + choice;
  }
  const std::string name = NameOf(info);
  return Add(std::move(info),
             [member, name, choices](const std::vector<std::string>& values) -> Status {
               if (std::find(choices.begin(), choices.end(), values.back()) == choices.end()) {
                 return UsageError(name + " = '" + values.back() + "' is not known",
                                   "one of: " + Join(choices));
               }
               *member = values.back();
               return Status::OK();
             });
}

Options& Options::Integer(OptionInfo info, int64_t min, int64_t max,
                          std::optional<int64_t>* member) {
  if (member->has_value()) info.default_text = std::to_string(**member);
  const std::string name = NameOf(info);
  return Add(
      std::move(info), [member, name, min, max](const std::vector<std::string>& values) -> Status {
        const std::optional<int64_t> value = config::ParseInteger(values.back());
        if (!value || *value < min || *value > max) {
          return UsageError(name + " = '" + values.back() + "' is " +
                                (value ? "out of range" : "no whole number"),
                            "allowed: " + std::to_string(min) + " to " + std::to_string(max));
        }
        *member = *value;
        return Status::OK();
      });
}

Options& Options::Fraction(OptionInfo info, double* member) {
  const std::string name = NameOf(info);
  return Add(std::move(info), [member, name](const std::vector<std::string>& values) -> Status {
    const std::string& text = values.back();
    double value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !(value >= 0 && value <= 1)) {
      return UsageError(name + " = '" + text + "' is no fraction",
                        "write a number from 0 to 1, for example 0.05");
    }
    *member = value;
    return Status::OK();
  });
}

Options& Options::Time(OptionInfo info, config::Duration* member) {
  if (member->micros != 0) info.default_text = config::FormatDuration(*member);
  const std::string name = NameOf(info);
  return Add(std::move(info), [member, name](const std::vector<std::string>& values) {
    return DurationOf(name, values.back()).Value(member);
  });
}

Options& Options::Time(OptionInfo info, std::optional<config::Duration>* member) {
  const std::string name = NameOf(info);
  return Add(std::move(info), [member, name](const std::vector<std::string>& values) -> Status {
    TAPELAKE_ASSIGN_OR_RAISE(*member, DurationOf(name, values.back()));
    return Status::OK();
  });
}

Options& Options::Flag(OptionInfo info, bool* member) {
  return Add(std::move(info), [member](const std::vector<std::string>&) {
    *member = true;
    return Status::OK();
  });
}

Options& Options::Positional(OptionInfo info, std::vector<std::string>* member) {
  return Add(std::move(info), [member](const std::vector<std::string>& values) {
    *member = values;
    return Status::OK();
  });
}

Status Options::Parse(const std::vector<std::string>& arguments) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<std::vector<std::string>> values(infos_.size());
  std::vector<CLI::Option*> options(infos_.size());
  for (size_t i = 0; i < infos_.size(); ++i) {
    const OptionInfo& info = infos_[i];
    if (info.name.empty()) {
      options[i] = app.add_option(info.placeholder, values[i]);
      // What is too much for the others goes to the last one, which says so.
      const bool last =
          std::none_of(infos_.begin() + static_cast<std::ptrdiff_t>(i) + 1, infos_.end(),
                       [](const auto& next) { return next.name.empty(); });
      if (last) {
        options[i]->expected(0, 1 << 20);
      } else {
        options[i]->expected(1)->allow_extra_args(false);
      }
    } else if (info.placeholder.empty()) {
      options[i] = app.add_flag(info.name);
    } else {
      options[i] = app.add_option(info.name, values[i])->expected(1)->allow_extra_args(false);
      if (!info.repeated) options[i]->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return ParseFailure(error.what(), infos_);
  }
  const std::vector<std::string> unknown = app.remaining();
  for (const std::string& argument : unknown) {
    if (argument != "--") return UnknownArgument(argument, infos_);
  }
  for (size_t i = 0; i < infos_.size(); ++i) {
    if (infos_[i].name.empty() && !infos_[i].repeated && values[i].size() > 1) {
      return UnknownArgument(values[i][1], infos_);
    }
    if (options[i]->count() > 0) {
      TAPELAKE_RETURN_NOT_OK(setters_[i](values[i]));
    } else if (infos_[i].required) {
      return UsageError(NameOf(infos_[i]) + " is missing",
                        infos_[i].name.empty()
                            ? "give it as an argument"
                            : "add " + infos_[i].name + " " + infos_[i].placeholder);
    }
  }
  return Status::OK();
}

}  // namespace tapelake::cli
