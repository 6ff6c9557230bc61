#include <arrow/config.h>

#include "base/json.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "query/shell/run_sql.h"

namespace tapelake::cli {
namespace {

struct Part {
  const char* name;
  std::string version;
};

/// DuckDB is asked itself: what is linked counts, not what was compiled against.
Result<std::string> DuckDbVersion(app::World& world) {
  std::string out;
  const query::SqlEnvironment environment{.files = world.files,
                                          .clock = world.clock,
                                          .random = world.random,
                                          .output =
                                              [&out](std::string_view text) {
                                                out += text;
                                                return Status::OK();
                                              },
                                          .notes = [](std::string_view) { return Status::OK(); }};
  query::SqlOptions options;
  options.format = query::OutputFormat::kCsv;
  options.script = "SELECT version()";
  TAPELAKE_RETURN_NOT_OK(query::RunSql(environment, options));
  const size_t begin = out.find('\n') + 1;  // after the header
  return out.substr(begin, out.find('\n', begin) - begin);
}

class VersionCommand : public Command {
 public:
  void Declare(Options& options) override {
    options.Flag({.name = "--json", .placeholder = "", .sentence = "One JSON object."}, &json_);
  }
  bool NeedsConfig() const override { return false; }

  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string duckdb, DuckDbVersion(context.world));
    const Part parts[] = {{"version", TAPELAKE_VERSION},
                          {"build", TAPELAKE_BUILD_TYPE},
                          {"compiler", "g++ " __VERSION__},
                          {"arrow", arrow::GetBuildInfo().version_string},
                          {"duckdb", duckdb}};
    if (json_) {
      std::string out;
      base::JsonWriter writer(&out);
      writer.BeginObject();
      for (const Part& part : parts)
        writer.Key(part.name).String(part.version);
      writer.EndObject();
      Print(out + "\n");
    } else {
      Print("tapelake " + parts[0].version + " (" + parts[1].version + " build, " +
            parts[2].version + ", arrow " + parts[3].version + ", duckdb " + parts[4].version +
            ")\n");
    }
    return kExitOk;
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeVersionCommand() {
  return std::make_unique<VersionCommand>();
}

}  // namespace tapelake::cli
