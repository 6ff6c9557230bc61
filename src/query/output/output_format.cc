#include "query/output/output_format.h"

#include <array>
#include <utility>

namespace tapelake::query {
namespace {

constexpr std::array<std::pair<std::string_view, OutputFormat>, 5> kFormats = {{
    {"table", OutputFormat::kTable},
    {"csv", OutputFormat::kCsv},
    {"json", OutputFormat::kJson},
    {"ndjson", OutputFormat::kNdjson},
    {"parquet", OutputFormat::kParquet},
}};

}  // namespace

Result<OutputFormat> ParseOutputFormat(std::string_view text) {
  for (const auto& [name, format] : kFormats) {
    if (name == text) return format;
  }
  return MakeError(ErrorKind::kInvalid, "unknown output format '" + std::string(text) +
                                            "'; known: table, csv, json, ndjson, parquet");
}

std::string_view OutputFormatName(OutputFormat format) {
  for (const auto& [name, known] : kFormats) {
    if (known == format) return name;
  }
  return "unknown";
}

}  // namespace tapelake::query
