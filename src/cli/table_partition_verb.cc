#include <memory>
#include <string>
#include <vector>

#include "app/table_maintenance.h"
#include "cli/report.h"
#include "cli/table_command.h"
#include "cli/words.h"

namespace tapelake::cli {
namespace {

class TableDeletePartitionCommand : public TableCommand {
 public:
  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(const app::TableName table, FindTable(context));
    TAPELAKE_ASSIGN_OR_RAISE(auto maintenance, app::TableMaintenance::Open(context.world, table));
    TAPELAKE_ASSIGN_OR_RAISE(const auto deleted, maintenance.table().DeletePartitions(partitions_));
    std::string out;
    base::JsonWriter writer(&out);
    writer.BeginObject().Key("table").String(table.QualifiedName()).Key("instant");
    WriteTextOrNull(&writer, deleted.instant);
    writer.Key("partitions").Int(deleted.partitions);
    writer.Key("file_groups").Int(deleted.file_groups).EndObject();
    Print(json() ? out + "\n"
                 : table.QualifiedName() + ": " + Counted(deleted.partitions, "partition") +
                       " of " + Counted(deleted.file_groups, "file group") +
                       (deleted.instant.empty() ? " deleted\n"
                                                : " deleted at instant " + deleted.instant + "\n"));
    return kExitOk;
  }

 protected:
  void DeclareMore(Options& options) override {
    options.Positional({.name = "",
                        .placeholder = "PARTITION",
                        .sentence = "A partition's directory, as 'tapelake table files' shows it, "
                                    "for example event_date=2026-11-20.",
                        .required = true,
                        .repeated = true},
                       &partitions_);
  }

 private:
  std::vector<std::string> partitions_;
};

}  // namespace

std::unique_ptr<Command> MakeTableDeletePartitionCommand() {
  return std::make_unique<TableDeletePartitionCommand>();
}

}  // namespace tapelake::cli
