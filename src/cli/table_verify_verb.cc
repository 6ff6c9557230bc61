#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "app/lake_folder.h"
#include "app/table_maintenance.h"
#include "cli/report.h"
#include "cli/table_command.h"
#include "cli/words.h"
#include "hudi/inspect/verify.h"

namespace tapelake::cli {
namespace {

constexpr int64_t kFindingsDefault = 1000;

int64_t CountFaults(const hudi::VerifyReport& report) {
  return report.findings_left_out +
         std::ranges::count_if(report.findings, [](const hudi::Finding& finding) {
           return !hudi::IsNote(finding.kind);
         });
}

std::string FindingText(const hudi::Finding& finding) {
  std::string text = hudi::IsNote(finding.kind) ? "note  " : "WRONG ";
  text += Padded(std::string(hudi::FindingName(finding.kind)), 21) + finding.path + "\n      ";
  if (!finding.instant.empty()) text += "instant " + finding.instant + ", ";
  if (!finding.key.empty()) text += "key '" + Printable(finding.key) + "', ";
  return text + Printable(finding.what) + "\n";
}

std::string ReportText(const app::TableName& table, const hudi::VerifyReport& report) {
  std::string text;
  for (const hudi::Finding& finding : report.findings)
    text += FindingText(finding);
  if (report.findings_left_out > 0) {
    text += "and " + Counted(report.findings_left_out, "further finding") + "\n";
  }
  text += table.QualifiedName() + ": " + Counted(report.instants, "instant") + ", " +
          Counted(report.base_files, "base file") + ", " + Counted(report.log_files, "log file") +
          ", " + SizeWords(report.bytes) + ", " + Counted(report.rows, "row") + ": ";
  const int64_t faults = CountFaults(report);
  return text + (faults == 0 ? "sound" : Counted(faults, "fault")) + "\n";
}

class TableVerifyCommand : public TableCommand {
 public:
  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(const app::TableName table, FindTable(context));
    hudi::VerifyOptions options =
        app::VerifyOptionsFor(static_cast<int>(threads_.value_or(context.config.query.threads)));
    options.findings_max = findings_max_.value_or(kFindingsDefault);
    const auto environment = context.world.table_environment();
    TAPELAKE_ASSIGN_OR_RAISE(hudi::VerifyReport report,
                             hudi::VerifyTable(environment, table.path, options));
    hudi::RepairReport repaired;
    if (repair_ && !report.findings.empty()) {
      TAPELAKE_ASSIGN_OR_RAISE(const auto lock, app::LockLakeOf(context.world.files, table.path));
      TAPELAKE_ASSIGN_OR_RAISE(repaired,
                               hudi::RepairTable(environment, table.path, report.findings));
      TAPELAKE_ASSIGN_OR_RAISE(report, hudi::VerifyTable(environment, table.path, options));
    }
    if (json()) {
      PrintJson(table, report, repaired);
    } else {
      for (const std::string& sentence : repaired.done)
        Print("repaired: " + sentence + "\n");
      Print(ReportText(table, report));
    }
    return report.sound() ? kExitOk : kExitFailure;
  }

 protected:
  void DeclareMore(Options& options) override {
    options.Flag({.name = "--repair",
                  .placeholder = "",
                  .sentence = "Do what is safe: roll back dead instants, finish what was begun, "
                              "delete files that no reader sees, mark unmarked partitions."},
                 &repair_);
    options.Integer({.name = "--findings",
                     .placeholder = "N",
                     .sentence = "Most findings to show; default is 1000."},
                    1, std::numeric_limits<int32_t>::max(), &findings_max_);
    options.Integer({.name = "--threads",
                     .placeholder = "N",
                     .sentence = "Files read at a time; default is `query.threads`."},
                    1, 64, &threads_);
  }

 private:
  static void PrintJson(const app::TableName& table, const hudi::VerifyReport& report,
                        const hudi::RepairReport& repaired) {
    std::string out;
    base::JsonWriter writer(&out);
    writer.BeginObject().Key("table").String(table.QualifiedName());
    writer.Key("sound").Bool(report.sound()).Key("faults").Int(CountFaults(report));
    writer.Key("instants").Int(report.instants).Key("base_files").Int(report.base_files);
    writer.Key("log_files").Int(report.log_files).Key("bytes").Int(report.bytes);
    writer.Key("rows").Int(report.rows).Key("findings").BeginArray();
    for (const hudi::Finding& finding : report.findings) {
      writer.BeginObject().Key("kind").String(hudi::FindingName(finding.kind));
      writer.Key("note").Bool(hudi::IsNote(finding.kind));
      writer.Key("path").String(finding.path).Key("instant");
      WriteTextOrNull(&writer, finding.instant);
      writer.Key("key");
      WriteTextOrNull(&writer, finding.key);
      writer.Key("what").String(finding.what).EndObject();
    }
    writer.EndArray().Key("findings_left_out").Int(report.findings_left_out);
    writer.Key("repaired").BeginArray();
    for (const std::string& sentence : repaired.done)
      writer.String(sentence);
    writer.EndArray().EndObject();
    Print(out + "\n");
  }

  bool repair_ = false;
  std::optional<int64_t> findings_max_;
  std::optional<int64_t> threads_;
};

}  // namespace

std::unique_ptr<Command> MakeTableVerifyCommand() {
  return std::make_unique<TableVerifyCommand>();
}

}  // namespace tapelake::cli
