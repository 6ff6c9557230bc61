#include <limits>
#include <memory>
#include <optional>

#include "app/table_maintenance.h"
#include "cli/report.h"
#include "cli/table_command.h"
#include "cli/words.h"

namespace tapelake::cli {
namespace {

class TableCompactCommand : public TableCommand {
 public:
  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(const app::TableName table, FindTable(context));
    TAPELAKE_ASSIGN_OR_RAISE(auto maintenance, app::TableMaintenance::Open(context.world, table));
    TAPELAKE_ASSIGN_OR_RAISE(
        const auto done,
        maintenance.Compact(static_cast<int>(threads_.value_or(context.config.query.threads))));
    if (!json()) {
      Print(table.QualifiedName() + ": " + Counted(done.counts.slices, "file slice") +
            " compacted: " + Grouped(done.counts.log_records) + " log records into " +
            Counted(done.counts.rows_written, "row") + ", " + SizeWords(done.counts.bytes_written) +
            "\n");
      return kExitOk;
    }
    std::string out;
    base::JsonWriter writer(&out);
    writer.BeginObject().Key("table").String(table.QualifiedName()).Key("instants").BeginArray();
    for (const std::string& instant : done.instants)
      writer.String(instant);
    writer.EndArray().Key("slices").Int(done.counts.slices);
    writer.Key("log_records").Int(done.counts.log_records);
    writer.Key("rows_written").Int(done.counts.rows_written);
    writer.Key("bytes_written").Int(done.counts.bytes_written).EndObject();
    Print(out + "\n");
    return kExitOk;
  }

 protected:
  void DeclareMore(Options& options) override {
    options.Integer({.name = "--threads",
                     .placeholder = "N",
                     .sentence = "File groups at a time; default is `query.threads`."},
                    1, 64, &threads_);
  }

 private:
  std::optional<int64_t> threads_;
};

class TableCleanCommand : public TableCommand {
 public:
  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(const hudi::CleaningPolicy policy, MakePolicy(context));
    TAPELAKE_ASSIGN_OR_RAISE(const app::TableName table, FindTable(context));
    TAPELAKE_ASSIGN_OR_RAISE(auto maintenance, app::TableMaintenance::Open(context.world, table));
    TAPELAKE_ASSIGN_OR_RAISE(const int64_t files, maintenance.table().Clean(policy));
    std::string out;
    base::JsonWriter writer(&out);
    writer.BeginObject().Key("table").String(table.QualifiedName());
    writer.Key("files_deleted").Int(files).EndObject();
    Print(json() ? out + "\n"
                 : table.QualifiedName() + ": " + Counted(files, "file") + " deleted\n");
    return kExitOk;
  }

 protected:
  void DeclareMore(Options& options) override {
    constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
    options.Integer(
        {.name = "--commits",
         .placeholder = "N",
         .sentence = "Keep what readers of the newest N commits need; the default, with "
                     "`history.commits_retained`."},
        1, kMax, &commits_);
    options.Integer({.name = "--hours",
                     .placeholder = "N",
                     .sentence = "Keep what readers of the commits of the last N hours need."},
                    1, kMax, &hours_);
    options.Integer({.name = "--versions",
                     .placeholder = "N",
                     .sentence = "Keep the newest N slices of each file group."},
                    1, kMax, &versions_);
    options.Time({.name = "--readers",
                  .placeholder = "SPAN",
                  .sentence = "Keep also what a reader needs that began so long ago; default is "
                              "`history.readers`."},
                 &readers_);
  }

 private:
  Result<hudi::CleaningPolicy> MakePolicy(const Context& context) const {
    hudi::CleaningPolicy policy;
    const int given = (commits_ ? 1 : 0) + (hours_ ? 1 : 0) + (versions_ ? 1 : 0);
    if (given > 1) {
      return MakeError(ErrorKind::kInvalid,
                       "--commits, --hours and --versions are three policies\nhint: choose one");
    }
    policy.commits_retained = commits_.value_or(context.config.history.commits_retained);
    if (hours_) {
      policy.kind = hudi::CleaningKind::kLatestByHours;
      policy.hours_retained = *hours_;
    }
    if (versions_) {
      policy.kind = hudi::CleaningKind::kLatestFileVersions;
      policy.file_versions_retained = *versions_;
    }
    policy.reader_micros = readers_.value_or(context.config.history.readers).micros;
    policy.everywhere = true;
    return policy;
  }

  std::optional<int64_t> commits_;
  std::optional<int64_t> hours_;
  std::optional<int64_t> versions_;
  std::optional<config::Duration> readers_;
};

class TableClusterCommand : public TableCommand {
 public:
  Result<int> Run(Context& context) override {
    hudi::ClusteringPolicy policy;
    if (small_mib_) policy.small_file_bytes = *small_mib_ << 20;
    if (target_mib_) policy.target_file_bytes = *target_mib_ << 20;
    TAPELAKE_ASSIGN_OR_RAISE(const app::TableName table, FindTable(context));
    TAPELAKE_ASSIGN_OR_RAISE(auto maintenance, app::TableMaintenance::Open(context.world, table));
    TAPELAKE_ASSIGN_OR_RAISE(
        const auto counts,
        maintenance.table().Cluster(policy, static_cast<int>(context.config.query.threads)));
    std::string out;
    base::JsonWriter writer(&out);
    writer.BeginObject().Key("table").String(table.QualifiedName()).Key("instant");
    WriteTextOrNull(&writer, counts.instant);
    writer.Key("files_replaced").Int(counts.files_replaced);
    writer.Key("files_written").Int(counts.files_written).Key("rows").Int(counts.rows);
    writer.Key("bytes_written").Int(counts.bytes_written).EndObject();
    Print(json() ? out + "\n"
                 : table.QualifiedName() + ": " + Counted(counts.files_replaced, "file") +
                       " became " + Grouped(counts.files_written) + ", " +
                       Counted(counts.rows, "row") + ", " + SizeWords(counts.bytes_written) + "\n");
    return kExitOk;
  }

 protected:
  void DeclareMore(Options& options) override {
    constexpr int64_t kMax = 1 << 20;
    options.Integer({.name = "--small-mib",
                     .placeholder = "N",
                     .sentence = "Merge files smaller than N MiB, their logs counted; default is "
                                 "64."},
                    1, kMax, &small_mib_);
    options.Integer({.name = "--target-mib",
                     .placeholder = "N",
                     .sentence = "Make files of about N MiB; default is 120."},
                    1, kMax, &target_mib_);
  }

 private:
  std::optional<int64_t> small_mib_;
  std::optional<int64_t> target_mib_;
};

}  // namespace

std::unique_ptr<Command> MakeTableClusterCommand() {
  return std::make_unique<TableClusterCommand>();
}

std::unique_ptr<Command> MakeTableCompactCommand() {
  return std::make_unique<TableCompactCommand>();
}

std::unique_ptr<Command> MakeTableCleanCommand() {
  return std::make_unique<TableCleanCommand>();
}

}  // namespace tapelake::cli
