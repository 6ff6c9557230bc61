/// The table of verbs.

#include "cli/verb.h"

namespace tapelake::cli {
namespace {

constexpr Verb kVerbs[] = {
    {.name = "config show",
     .sentence = "Print the configuration in force, environment variables filled in.",
     .details = "",
     .example = "tapelake config show > tapelake.yaml\ntapelake config show --config tapelake.yaml",
     .make = MakeConfigShowCommand},
    {.name = "config docs",
     .sentence = "Print the reference of all configuration keys as Markdown.",
     .details = "",
     .example = "tapelake config docs | less",
     .make = MakeConfigDocsCommand},
    {.name = "config schema",
     .sentence = "Print a JSON Schema of the configuration, for editors.",
     .details = "",
     .example = "tapelake config schema > tapelake.schema.json",
     .make = MakeConfigSchemaCommand},
    {.name = "version",
     .sentence = "Print the version of the program and of its libraries.",
     .details = "",
     .example = "tapelake version --json",
     .make = MakeVersionCommand},
    {.name = "reference",
     .sentence = "Print docs/reference/cli.md.",
     .details = "",
     .example = "tapelake reference > docs/reference/cli.md",
     .make = MakeReferenceCommand,
     .hidden = true},
};

}  // namespace

std::span<const Verb> Verbs() { return kVerbs; }

}  // namespace tapelake::cli
