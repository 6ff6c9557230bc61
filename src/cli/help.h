#pragma once

#include <string>
#include <string_view>

#include "cli/verb.h"

namespace tapelake::cli {

/// `tapelake --help`: every verb with its sentence. With `group` only the verbs that start with
/// that word (`tapelake table --help`).
std::string HelpText(std::string_view group);

/// `tapelake VERB --help`.
std::string VerbHelpText(const Verb& verb);

/// docs/reference/cli.md.
std::string ReferenceMarkdown();

/// The verb named `name`, or nullptr.
const Verb* FindVerb(std::string_view name);

/// Add the flags that every verb has: `--config` and `--help` (for the help text only).
void DeclareGlobalOptions(Options& options, std::string* config_file, bool* help);

}  // namespace tapelake::cli
