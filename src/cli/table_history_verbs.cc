#include <limits>
#include <memory>
#include <optional>

#include "cli/report.h"
#include "cli/table_command.h"
#include "cli/words.h"
#include "hudi/inspect/table_files.h"
#include "hudi/inspect/table_history.h"
#include "hudi/table/table.h"

namespace tapelake::cli {
namespace {

std::string Said(const std::string& what, int64_t number) {
  return number == 0 ? "" : ", " + Grouped(number) + " " + what;
}

std::string EntryText(const hudi::HistoryEntry& entry) {
  const hudi::Instant& instant = entry.instant;
  std::string text = Padded(instant.timestamp, 18) +
                     Padded(std::string(hudi::InstantActionName(instant.action)), 14);
  if (entry.archived) return text + "archived\n";
  std::string facts;
  if (instant.state != hudi::InstantState::kCompleted) {
    facts += ", " + std::string(hudi::InstantStateName(instant.state));
  }
  if (!entry.operation.empty()) facts += ", " + entry.operation;
  if (entry.files > 0) facts += ", " + Counted(entry.files, "file");
  if (hudi::IsWriteAction(instant.action) && !entry.operation.empty()) {
    facts += Said("rows", entry.rows) + Said("inserted", entry.inserts) +
             Said("updated", entry.updates) + Said("deleted", entry.deletes);
    if (entry.bytes > 0) facts += ", " + SizeWords(entry.bytes);
    if (entry.replaced_groups > 0) {
      facts += ", " + Counted(entry.replaced_groups, "file group") + " replaced";
    }
  }
  if (!entry.note.empty()) facts += ", " + Printable(entry.note);
  return text + (facts.empty() ? "" : facts.substr(2)) + "\n";
}

void WriteEntry(const hudi::HistoryEntry& entry, base::JsonWriter* writer) {
  writer->BeginObject().Key("instant").String(entry.instant.timestamp);
  writer->Key("action").String(hudi::InstantActionName(entry.instant.action));
  writer->Key("state").String(hudi::InstantStateName(entry.instant.state));
  writer->Key("archived").Bool(entry.archived).Key("operation");
  WriteTextOrNull(writer, entry.operation);
  writer->Key("files").Int(entry.files).Key("rows").Int(entry.rows);
  writer->Key("inserts").Int(entry.inserts).Key("updates").Int(entry.updates);
  writer->Key("deletes").Int(entry.deletes).Key("bytes").Int(entry.bytes);
  writer->Key("replaced_file_groups").Int(entry.replaced_groups).Key("note");
  WriteTextOrNull(writer, entry.note);
  writer->EndObject();
}

class TableHistoryCommand : public TableCommand {
 public:
  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(const app::TableName table, FindTable(context));
    TAPELAKE_ASSIGN_OR_RAISE(
        const auto history,
        hudi::ReadHistory(context.world.files, table.path,
                          {.archive = all_, .entries_max = limit_.value_or(0)}));
    if (!json()) {
      for (const hudi::HistoryEntry& entry : history)
        Print(EntryText(entry));
      return kExitOk;
    }
    std::string out;
    base::JsonWriter writer(&out);
    writer.BeginObject().Key("table").String(table.QualifiedName()).Key("instants").BeginArray();
    for (const hudi::HistoryEntry& entry : history)
      WriteEntry(entry, &writer);
    writer.EndArray().EndObject();
    Print(out + "\n");
    return kExitOk;
  }

 protected:
  void DeclareMore(Options& options) override {
    options.Flag({.name = "--all",
                  .placeholder = "",
                  .sentence = "Also instants that are archived, of which only time and kind are "
                              "shown."},
                 &all_);
    options.Integer({.name = "--limit",
                     .placeholder = "N",
                     .sentence = "The newest so many; default is all of them."},
                    1, std::numeric_limits<int64_t>::max(), &limit_);
  }

 private:
  bool all_ = false;
  std::optional<int64_t> limit_;
};

std::string FileText(const hudi::TableFile& file) {
  std::string text = Padded(std::string(hudi::FileUseName(file.use)), 12) + Padded(file.kind, 5) +
                     Padded(file.kind == "cdc" ? "" : SizeWords(file.bytes), 10) +
                     io::JoinPath(file.partition_path, file.name);
  for (const std::string& savepoint : file.savepoints)
    text += "  savepoint " + savepoint;
  return text + "\n";
}

class TableFilesCommand : public TableCommand {
 public:
  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(const app::TableName name, FindTable(context));
    TAPELAKE_ASSIGN_OR_RAISE(const auto table,
                             hudi::Table::Open(context.world.table_environment(), name.path));
    TAPELAKE_ASSIGN_OR_RAISE(
        const auto evidence,
        hudi::ReadTableEvidence(context.world.files, name.path, table->config()));
    std::string out;
    base::JsonWriter writer(&out);
    writer.BeginObject().Key("table").String(name.QualifiedName()).Key("files").BeginArray();
    int64_t files = 0;
    int64_t bytes = 0;
    for (const hudi::TableFile& file : hudi::DescribeFiles(evidence)) {
      if (!use_.empty() && use_ != hudi::FileUseName(file.use)) continue;
      ++files;
      bytes += file.bytes;
      if (!json()) {
        Print(FileText(file));
        continue;
      }
      writer.BeginObject().Key("partition").String(file.partition_path);
      writer.Key("name").String(file.name).Key("kind").String(file.kind);
      writer.Key("file_id").String(file.file_id).Key("instant").String(file.base_instant);
      writer.Key("bytes").Int(file.bytes).Key("use").String(hudi::FileUseName(file.use));
      writer.Key("savepoints").BeginArray();
      for (const std::string& savepoint : file.savepoints)
        writer.String(savepoint);
      writer.EndArray().EndObject();
    }
    writer.EndArray().EndObject();
    Print(json() ? out + "\n" : Counted(files, "file") + ", " + SizeWords(bytes) + "\n");
    return kExitOk;
  }

 protected:
  void DeclareMore(Options& options) override {
    options.Choice({.name = "--use",
                    .placeholder = "",
                    .sentence = "Only files of this use; default is all of them."},
                   {"latest", "superseded", "replaced", "pending", "uncommitted"}, &use_);
  }

 private:
  std::string use_;
};

}  // namespace

std::unique_ptr<Command> MakeTableHistoryCommand() {
  return std::make_unique<TableHistoryCommand>();
}

std::unique_ptr<Command> MakeTableFilesCommand() {
  return std::make_unique<TableFilesCommand>();
}

}  // namespace tapelake::cli
