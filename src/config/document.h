#pragma once

/// Everything that is generated from the declared keys. Pure; the same program gives the same
/// bytes.

#include <string>

#include "config/config.h"

namespace tapelake::config {

/// The reference of all keys as Markdown: docs/reference/config.md.
std::string ConfigMarkdown();

/// A JSON Schema (draft 2020-12) of the file, for editors: docs/reference/config.schema.json.
std::string ConfigJsonSchema();

/// `config` as a YAML file that ParseConfig reads back to the same values.
std::string ConfigYaml(Config config);

/// `config` as one JSON object, durations and sizes as text.
std::string ConfigJson(Config config);

}  // namespace tapelake::config
