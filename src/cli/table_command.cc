#include "cli/table_command.h"

#include "app/table_maintenance.h"
#include "cli/file_flags.h"
#include "hudi/format/instant.h"

namespace tapelake::cli {

void TableCommand::Declare(Options& options) {
  DeclareLake(options, &lake_);
  options.Flag({.name = "--json", .placeholder = "", .sentence = "One JSON object."}, &json_);
  options.Positional({.name = "",
                      .placeholder = "DATABASE.TABLE",
                      .sentence = "The table, or the path of any Hudi table (with a '/').",
                      .required = true},
                     &table_);
  DeclareMore(options);
}

Result<app::TableName> TableCommand::FindTable(Context& context) const {
  return app::FindTableOrPath(context.world.files, lake_.value_or(context.config.lake.path),
                              table_.front());
}

Result<std::string> TableCommand::CheckInstant(const std::string& instant) {
  if (hudi::IsInstantTime(instant)) return instant;
  return MakeError(ErrorKind::kInvalid,
                   "'" + instant +
                       "' is no instant\nhint: write it as 'tapelake table history' "
                       "does, for example 20261122190204123");
}

void WriteTextOrNull(base::JsonWriter* writer, const std::string& text) {
  text.empty() ? writer->Null() : writer->String(text);
}

}  // namespace tapelake::cli
