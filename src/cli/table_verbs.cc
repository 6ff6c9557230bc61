#include <optional>

#include "app/co_writer_advice.h"
#include "app/lake.h"
#include "base/json.h"
#include "cli/file_flags.h"
#include "cli/report.h"
#include "cli/table_command.h"
#include "cli/verb.h"
#include "cli/words.h"

namespace tapelake::cli {
namespace {

class TableListCommand : public Command {
 public:
  void Declare(Options& options) override {
    DeclareLake(options, &lake_);
    options.Flag({.name = "--json", .placeholder = "", .sentence = "One JSON array."}, &json_);
  }

  Result<int> Run(Context& context) override {
    const std::string lake = lake_.value_or(context.config.lake.path);
    TAPELAKE_ASSIGN_OR_RAISE(const auto tables, app::ListTables(context.world.files, lake));
    std::string text;
    std::string json;
    base::JsonWriter writer(&json);
    writer.BeginArray();
    for (const app::TableName& table : tables) {
      text += Padded(table.QualifiedName(), 30) + " " + table.path + "\n";
      writer.BeginObject();
      writer.Key("database").String(table.database).Key("name").String(table.name);
      writer.Key("path").String(table.path).EndObject();
    }
    writer.EndArray();
    if (tables.empty()) {
      text = "no table in the lake " + lake + " yet; 'tapelake up' makes the first one\n";
    }
    Print(json_ ? json + "\n" : text);
    return kExitOk;
  }

 private:
  std::optional<std::string> lake_;
  bool json_ = false;
};

/// Everything that describe shows.
struct Description {
  app::TableFacts facts;
  std::vector<std::string> advice;
};

constexpr size_t kValueBytesShown = 80;

std::string Shortened(const std::string& value) {
  if (value.size() <= kValueBytesShown) return value;
  return value.substr(0, kValueBytesShown) + "... (" + Grouped(static_cast<int64_t>(value.size())) +
         " bytes; --json shows all)";
}

std::string DescriptionText(const Description& description) {
  const app::TableFacts& facts = description.facts;
  std::string out = facts.name.QualifiedName() + " at " + facts.name.path + "\n\nColumns:\n";
  if (facts.snapshot.schema != nullptr) {
    for (const auto& field : facts.snapshot.schema->fields()) {
      out += "  " + Padded(field->name(), 24) + field->type()->ToString() +
             (field->nullable() ? "" : " not null") + "\n";
    }
  }
  out += "\nProperties (.hoodie/hoodie.properties):\n";
  for (const auto& [key, value] : facts.config.properties) {
    out += "  " + key + "=" + Shortened(value) + "\n";
  }
  out += "\nNewest commit: " + (facts.snapshot.instant.empty() ? "none" : facts.snapshot.instant) +
         " of " + Grouped(facts.commits) + " on the active timeline; " + Grouped(facts.rows) +
         " rows\n";
  if (facts.state) {
    out += "\nPositions (commit " + facts.state_instant + "):\n";
    for (const auto& [source, offset] : facts.state->positions) {
      out += "  " + source + " up to " + Grouped(static_cast<int64_t>(offset)) + "\n";
    }
  }
  out += "\nFile groups:\n";
  for (const hudi::FileSlice& slice : facts.snapshot.slices) {
    out += "  " + Padded(slice.partition_path, 24) + " " + slice.file_id + "  " +
           Padded(slice.base_instant, 17) + "  " +
           (slice.has_base_file() ? SizeWords(slice.size_bytes) : "no base file") +
           (slice.log_files.empty()
                ? ""
                : " + " + Counted(static_cast<int64_t>(slice.log_files.size()), "log file")) +
           "\n";
  }
  out += "\nWriting to it with other engines:\n";
  for (const std::string& sentence : description.advice)
    out += "  - " + sentence + "\n";
  return out;
}

std::string DescriptionJson(const Description& description) {
  const app::TableFacts& facts = description.facts;
  std::string out;
  base::JsonWriter writer(&out);
  writer.BeginObject();
  writer.Key("table").String(facts.name.QualifiedName()).Key("path").String(facts.name.path);
  writer.Key("columns").BeginArray();
  if (facts.snapshot.schema != nullptr) {
    for (const auto& field : facts.snapshot.schema->fields()) {
      writer.BeginObject().Key("name").String(field->name());
      writer.Key("type").String(field->type()->ToString());
      writer.Key("nullable").Bool(field->nullable()).EndObject();
    }
  }
  writer.EndArray().Key("properties").BeginObject();
  for (const auto& [key, value] : facts.config.properties) {
    writer.Key(key).String(value);
  }
  writer.EndObject().Key("instant");
  facts.snapshot.instant.empty() ? writer.Null() : writer.String(facts.snapshot.instant);
  writer.Key("rows").Int(facts.rows).Key("active_commits").Int(facts.commits);
  writer.Key("positions").BeginObject();
  if (facts.state) {
    for (const auto& [source, offset] : facts.state->positions) {
      writer.Key(source).Int(static_cast<int64_t>(offset));
    }
  }
  writer.EndObject().Key("file_groups").BeginArray();
  for (const hudi::FileSlice& slice : facts.snapshot.slices) {
    writer.BeginObject().Key("partition").String(slice.partition_path);
    writer.Key("file_id").String(slice.file_id).Key("instant").String(slice.base_instant);
    writer.Key("file").String(slice.base_file_name);
    writer.Key("log_files").Int(static_cast<int64_t>(slice.log_files.size()));
    writer.Key("bytes").Int(slice.size_bytes).EndObject();
  }
  writer.EndArray().Key("co_writer_advice").BeginArray();
  for (const std::string& sentence : description.advice)
    writer.String(sentence);
  writer.EndArray().EndObject();
  return out + "\n";
}

class TableDescribeCommand : public TableCommand {
 public:
  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(const app::TableName name, FindTable(context));
    const std::string lake = io::ParentPath(io::ParentPath(name.path));
    Description description;
    TAPELAKE_ASSIGN_OR_RAISE(description.facts, app::ReadTableFacts(context.world, lake, name));
    TAPELAKE_ASSIGN_OR_RAISE(
        const std::string key,
        app::FindKeyWithColon(context.world.files, name.path, description.facts.snapshot));
    description.advice = app::CoWriterAdvice(description.facts.config, key);
    Print(json() ? DescriptionJson(description) : DescriptionText(description));
    return kExitOk;
  }

 protected:
  void DeclareMore(Options&) override {}
};

}  // namespace

std::unique_ptr<Command> MakeTableListCommand() {
  return std::make_unique<TableListCommand>();
}

std::unique_ptr<Command> MakeTableDescribeCommand() {
  return std::make_unique<TableDescribeCommand>();
}

}  // namespace tapelake::cli
