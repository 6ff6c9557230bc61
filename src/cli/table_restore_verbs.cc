#include <memory>
#include <string>
#include <vector>

#include "app/table_maintenance.h"
#include "cli/report.h"
#include "cli/table_command.h"
#include "cli/words.h"

namespace tapelake::cli {
namespace {

class TableSavepointCommand : public TableCommand {
 public:
  Result<int> Run(Context& context) override {
    std::string instant = instant_.empty() ? "" : instant_.front();
    if (!instant.empty()) TAPELAKE_RETURN_NOT_OK(CheckInstant(instant).status());
    if (delete_ && instant.empty()) {
      return MakeError(
          ErrorKind::kInvalid,
          "--delete needs the INSTANT of the savepoint\nhint: 'tapelake table history' "
          "lists savepoints");
    }
    TAPELAKE_ASSIGN_OR_RAISE(const app::TableName table, FindTable(context));
    TAPELAKE_ASSIGN_OR_RAISE(auto maintenance, app::TableMaintenance::Open(context.world, table));
    if (delete_) {
      TAPELAKE_RETURN_NOT_OK(maintenance.DeleteSavepoint(instant));
    } else {
      TAPELAKE_ASSIGN_OR_RAISE(instant, maintenance.Savepoint(instant, comment_));
    }
    std::string out;
    base::JsonWriter writer(&out);
    writer.BeginObject().Key("table").String(table.QualifiedName());
    writer.Key("savepoint").String(instant).Key("deleted").Bool(delete_).EndObject();
    Print(json() ? out + "\n"
                 : table.QualifiedName() + ": savepoint " + instant +
                       (delete_ ? " is deleted\n" : " is made\n"));
    return kExitOk;
  }

 protected:
  void DeclareMore(Options& options) override {
    options.Positional({.name = "",
                        .placeholder = "INSTANT",
                        .sentence = "The commit to pin; default is the newest."},
                       &instant_);
    options.Text({.name = "--comment", .placeholder = "TEXT", .sentence = "Why it is pinned."},
                 &comment_);
    options.Flag({.name = "--delete",
                  .placeholder = "",
                  .sentence = "Unpin the commit: its files may be cleaned again."},
                 &delete_);
  }

 private:
  std::vector<std::string> instant_;
  std::string comment_;
  bool delete_ = false;
};

void PrintCounts(const app::TableName& table, const hudi::RestoreCounts& counts, bool json,
                 const std::string& what) {
  std::string out;
  base::JsonWriter writer(&out);
  writer.BeginObject().Key("table").String(table.QualifiedName()).Key("instant");
  WriteTextOrNull(&writer, counts.instant);
  writer.Key("instants_taken_back").Int(counts.instants);
  writer.Key("files_deleted").Int(counts.files).EndObject();
  if (json) {
    Print(out + "\n");
  } else {
    Print(table.QualifiedName() + ": " + what + ": " + Counted(counts.instants, "instant") +
          " taken back, " + Counted(counts.files, "file") + " deleted" +
          (counts.instant.empty() ? "" : ", at instant " + counts.instant) + "\n");
  }
}

class TableRestoreCommand : public TableCommand {
 public:
  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string instant, CheckInstant(instant_.front()));
    TAPELAKE_ASSIGN_OR_RAISE(const app::TableName table, FindTable(context));
    TAPELAKE_ASSIGN_OR_RAISE(auto maintenance, app::TableMaintenance::Open(context.world, table));
    TAPELAKE_ASSIGN_OR_RAISE(const auto counts, maintenance.Restore(instant));
    PrintCounts(table, counts, json(), "restored to " + instant);
    return kExitOk;
  }

 protected:
  void DeclareMore(Options& options) override {
    options.Positional({.name = "",
                        .placeholder = "INSTANT",
                        .sentence = "The commit that becomes the newest again.",
                        .required = true},
                       &instant_);
  }

 private:
  std::vector<std::string> instant_;
};

class TableRollbackCommand : public TableCommand {
 public:
  Result<int> Run(Context& context) override {
    std::string instant = instant_.empty() ? "" : instant_.front();
    if (!instant.empty()) TAPELAKE_RETURN_NOT_OK(CheckInstant(instant).status());
    TAPELAKE_ASSIGN_OR_RAISE(const app::TableName table, FindTable(context));
    TAPELAKE_ASSIGN_OR_RAISE(auto maintenance, app::TableMaintenance::Open(context.world, table));
    TAPELAKE_ASSIGN_OR_RAISE(const auto counts, maintenance.RollBack(instant));
    PrintCounts(table, counts, json(), "rolled back");
    return kExitOk;
  }

 protected:
  void DeclareMore(Options& options) override {
    options.Positional({.name = "",
                        .placeholder = "INSTANT",
                        .sentence = "The commit to undo, which must be the newest; that is the "
                                    "default."},
                       &instant_);
  }

 private:
  std::vector<std::string> instant_;
};

}  // namespace

std::unique_ptr<Command> MakeTableSavepointCommand() {
  return std::make_unique<TableSavepointCommand>();
}

std::unique_ptr<Command> MakeTableRestoreCommand() {
  return std::make_unique<TableRestoreCommand>();
}

std::unique_ptr<Command> MakeTableRollbackCommand() {
  return std::make_unique<TableRollbackCommand>();
}

}  // namespace tapelake::cli
