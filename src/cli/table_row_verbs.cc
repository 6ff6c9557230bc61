// Verbs that tell of rows: diff, why, export.

#include <cstdio>
#include <limits>
#include <memory>
#include <optional>

#include "app/delivery_plan.h"
#include "app/key_events.h"
#include "base/time.h"
#include "cli/report.h"
#include "cli/table_command.h"
#include "cli/words.h"
#include "hudi/inspect/key_story.h"
#include "hudi/inspect/table_diff.h"
#include "io/s3/s3_path.h"
#include "query/shell/run_sql.h"

namespace tapelake::cli {
namespace {

constexpr int64_t kRowsShownDefault = 100;

void WriteValue(base::JsonWriter* writer, const std::optional<std::string>& value) {
  value ? writer->String(*value) : writer->Null();
}

std::string ValueText(const std::optional<std::string>& value) {
  return value ? Printable(*value) : "NULL";
}

std::string DifferenceText(const hudi::RowDifference& difference) {
  constexpr const char* kSigns = "?+~-";
  std::string text = std::string(1, kSigns[static_cast<size_t>(difference.kind)]) + " " +
                     Printable(difference.key) + "  " + difference.partition_path;
  if (!difference.moved_from.empty()) text += " (was in " + difference.moved_from + ")";
  text += "\n";
  if (difference.kind != hudi::RowDifferenceKind::kUpdated) return text;
  for (const hudi::ColumnDifference& column : difference.columns) {
    text += "      " + column.name + ": " + ValueText(column.before) + " -> " +
            ValueText(column.after) + "\n";
  }
  return text;
}

void WriteDifference(const hudi::RowDifference& difference, base::JsonWriter* writer) {
  writer->BeginObject().Key("change").String(hudi::RowDifferenceName(difference.kind));
  writer->Key("key").String(difference.key);
  writer->Key("partition").String(difference.partition_path).Key("moved_from");
  WriteTextOrNull(writer, difference.moved_from);
  writer->Key("columns").BeginObject();
  for (const hudi::ColumnDifference& column : difference.columns) {
    writer->Key(column.name).BeginObject().Key("before");
    WriteValue(writer, column.before);
    writer->Key("after");
    WriteValue(writer, column.after);
    writer->EndObject();
  }
  writer->EndObject().EndObject();
}

class TableDiffCommand : public TableCommand {
 public:
  Result<int> Run(Context& context) override {
    std::string to = instants_.size() > 1 ? instants_[1] : "";
    if (instants_.size() > 2) {
      return MakeError(
          ErrorKind::kInvalid,
          "argument '" + instants_[2] + "' is one too many\nhint: give one or two instants");
    }
    TAPELAKE_ASSIGN_OR_RAISE(const std::string from, CheckInstant(instants_.front()));
    if (!to.empty()) TAPELAKE_RETURN_NOT_OK(CheckInstant(to).status());
    TAPELAKE_ASSIGN_OR_RAISE(const app::TableName name, FindTable(context));
    const auto environment = context.world.table_environment();
    TAPELAKE_ASSIGN_OR_RAISE(const auto table, hudi::Table::Open(environment, name.path));
    std::string out;
    base::JsonWriter writer(&out);
    writer.BeginObject().Key("table").String(name.QualifiedName()).Key("rows").BeginArray();
    int64_t left = limit_.value_or(kRowsShownDefault);
    TAPELAKE_ASSIGN_OR_RAISE(const hudi::DiffCounts counts,
                             hudi::DiffSnapshots(environment, *table, from, to,
                                                 [&](const hudi::RowDifference& difference) {
                                                   if (left-- <= 0) return Status::OK();
                                                   if (json()) {
                                                     WriteDifference(difference, &writer);
                                                   } else {
                                                     Print(DifferenceText(difference));
                                                   }
                                                   return Status::OK();
                                                 }));
    writer.EndArray().Key("inserted").Int(counts.inserted).Key("updated").Int(counts.updated);
    writer.Key("deleted").Int(counts.deleted).EndObject();
    if (json()) {
      Print(out + "\n");
      return kExitOk;
    }
    if (left < 0) Print("and " + Counted(-left, "further row") + "; --limit shows more\n");
    Print(Grouped(counts.inserted) + " inserted, " + Grouped(counts.updated) + " updated, " +
          Grouped(counts.deleted) + " deleted\n");
    return kExitOk;
  }

 protected:
  void DeclareMore(Options& options) override {
    options.Positional({.name = "",
                        .placeholder = "INSTANT",
                        .sentence = "From this commit; to the second one, or to the newest.",
                        .required = true,
                        .repeated = true},
                       &instants_);
    options.Integer(
        {.name = "--limit", .placeholder = "N", .sentence = "Most rows to show; default is 100."},
        0, std::numeric_limits<int64_t>::max(), &limit_);
  }

 private:
  std::vector<std::string> instants_;
  std::optional<int64_t> limit_;
};

std::string RowText(const hudi::RowTexts& row) {
  std::string text;
  for (const auto& [name, value] : row) {
    if (value) text += "      " + name + ": " + Printable(*value) + "\n";
  }
  return text;
}

void WriteRow(const hudi::RowTexts& row, base::JsonWriter* writer) {
  writer->BeginObject();
  for (const auto& [name, value] : row) {
    writer->Key(name);
    WriteValue(writer, value);
  }
  writer->EndObject();
}

std::string MomentText(int64_t micros) {
  return micros == 0 ? "(no time)" : base::FormatIso8601Micros(micros);
}

/// Everything that `why` tells.
struct Story {
  std::string table;
  std::string key;
  app::KeyEvents events;
  hudi::KeyStory stored;
};

std::string StoryText(const Story& story) {
  std::string text = "Events in the raw layer (" + Counted(story.events.objects, "object") + "):\n";
  for (const app::KeyEvent& event : story.events.events) {
    text += event.is_error
                ? "  ERROR   in " + event.object + ", byte " + std::to_string(event.offset) + "\n"
                : "  " + Padded(event.event, 8) + MomentText(event.change_time_micros) + "  " +
                      event.object + ", byte " + std::to_string(event.offset) + "\n";
  }
  text += "\nCommits:\n";
  for (const hudi::KeyCommit& commit : story.stored.commits) {
    text += "  " + commit.instant + "  " +
            Padded(commit.deletes ? "deletes the row" : "writes the row", 16) + " in " +
            commit.path + "\n" + RowText(commit.row);
  }
  if (story.stored.files_gone > 0) {
    text += "  (" + Counted(story.stored.files_gone, "file") + " of " +
            Counted(story.stored.commits_gone, "commit") +
            " cleaned: what they said of the key is no longer known)\n";
  }
  text += "\nNow:\n";
  if (story.stored.rows.empty()) text += "  the table has no such row\n";
  for (const hudi::KeyRow& row : story.stored.rows) {
    text += "  of commit " + row.commit + " in " + row.path + "\n" + RowText(row.row);
  }
  return text;
}

std::string StoryJson(const Story& story) {
  std::string out;
  base::JsonWriter writer(&out);
  writer.BeginObject().Key("table").String(story.table).Key("key").String(story.key);
  writer.Key("events").BeginArray();
  for (const app::KeyEvent& event : story.events.events) {
    writer.BeginObject().Key("object").String(event.object);
    writer.Key("offset").Int(static_cast<int64_t>(event.offset));
    writer.Key("error").Bool(event.is_error).Key("event");
    WriteTextOrNull(&writer, event.event);
    writer.Key("change_time");
    WriteTextOrNull(&writer,
                    event.change_time_micros == 0 ? "" : MomentText(event.change_time_micros));
    writer.Key("sequence_number");
    WriteTextOrNull(&writer, event.sequence_number);
    writer.EndObject();
  }
  writer.EndArray().Key("commits").BeginArray();
  for (const hudi::KeyCommit& commit : story.stored.commits) {
    writer.BeginObject().Key("instant").String(commit.instant);
    writer.Key("operation").String(commit.operation).Key("path").String(commit.path);
    writer.Key("deletes").Bool(commit.deletes).Key("row");
    WriteRow(commit.row, &writer);
    writer.EndObject();
  }
  writer.EndArray().Key("files_cleaned").Int(story.stored.files_gone);
  writer.Key("commits_cleaned").Int(story.stored.commits_gone).Key("rows").BeginArray();
  for (const hudi::KeyRow& row : story.stored.rows) {
    writer.BeginObject().Key("commit").String(row.commit).Key("path").String(row.path);
    writer.Key("partition").String(row.partition_path).Key("row");
    WriteRow(row.row, &writer);
    writer.EndObject();
  }
  writer.EndArray().EndObject();
  return out + "\n";
}

class TableWhyCommand : public TableCommand {
 public:
  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(const app::TableName name, FindTable(context));
    const auto environment = context.world.table_environment();
    TAPELAKE_ASSIGN_OR_RAISE(const auto table, hudi::Table::Open(environment, name.path));
    Story story{.table = name.QualifiedName(), .key = key_.front(), .events = {}, .stored = {}};
    TAPELAKE_ASSIGN_OR_RAISE(story.stored, hudi::TellKey(environment, *table, story.key));
    const std::string lake = io::ParentPath(io::ParentPath(name.path));
    TAPELAKE_ASSIGN_OR_RAISE(const delivery::DeliveryOptions delivery,
                             app::DeliveryOptionsOf(context.config, story.table));
    TAPELAKE_ASSIGN_OR_RAISE(story.events, app::FindKeyEvents(context.world, lake, story.table,
                                                              story.key, delivery.layout));
    Print(json() ? StoryJson(story) : StoryText(story));
    for (const Status& failure : story.events.failures)
      PrintError(failure);
    return story.events.failures.empty() ? kExitOk : kExitFailure;
  }

 protected:
  void DeclareMore(Options& options) override {
    options.Positional(
        {.name = "", .placeholder = "KEY", .sentence = "The record key.", .required = true}, &key_);
  }

 private:
  std::vector<std::string> key_;
};

/// `it's` as SQL has it within quotes.
std::string Quoted(const std::string& text) {
  std::string quoted;
  for (const char c : text) {
    quoted += c;
    if (c == '\'') quoted += c;
  }
  return quoted;
}

class TableExportCommand : public TableCommand {
 public:
  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(const app::TableName name, FindTable(context));
    query::SqlOptions options;
    if (!io::IsS3Path(name.path)) options.lake_path = io::ParentPath(io::ParentPath(name.path));
    TAPELAKE_ASSIGN_OR_RAISE(options.format, query::ParseOutputFormat(format_));
    options.output_path = output_.value_or("");
    options.thread_count = static_cast<int>(context.config.query.threads);
    options.check_files = context.config.query.check_files;
    options.script = "SELECT COLUMNS(c -> NOT starts_with(c, '_hoodie_')) FROM hudi('" +
                     Quoted(name.path) + "'" +
                     (as_of_ ? ", as_of => '" + Quoted(*as_of_) + "'" : std::string()) + ")";
    query::SqlEnvironment environment{
        .files = context.world.files,
        .clock = context.world.clock,
        .random = context.world.random,
        .output = [](std::string_view text) { return Write(stdout, text); },
        .notes = [](std::string_view text) { return Write(stderr, text); }};
    TAPELAKE_RETURN_NOT_OK(query::RunSql(environment, options));
    return kExitOk;
  }

 protected:
  void DeclareMore(Options& options) override {
    options.Choice({.name = "--format", .placeholder = "", .sentence = "Form of the rows."},
                   {"csv", "ndjson", "parquet"}, &format_);
    options.Text({.name = "--output",
                  .placeholder = "FILE",
                  .sentence = "Write to this file; parquet needs one. Default is stdout."},
                 &output_);
    options.Text({.name = "--as-of",
                  .placeholder = "INSTANT",
                  .sentence = "The rows as they were at this commit or time, as 'hudi()' of "
                              "'tapelake sql' takes it; default is now."},
                 &as_of_);
  }

 private:
  static Status Write(std::FILE* file, std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), file) == text.size()) return Status::OK();
    return MakeError(ErrorKind::kUnavailable, "cannot write the rows");
  }

  std::string format_ = "csv";
  std::optional<std::string> output_;
  std::optional<std::string> as_of_;
};

}  // namespace

std::unique_ptr<Command> MakeTableDiffCommand() {
  return std::make_unique<TableDiffCommand>();
}

std::unique_ptr<Command> MakeTableWhyCommand() {
  return std::make_unique<TableWhyCommand>();
}

std::unique_ptr<Command> MakeTableExportCommand() {
  return std::make_unique<TableExportCommand>();
}

}  // namespace tapelake::cli
