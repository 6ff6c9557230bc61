#include "app/check_job.h"

#include <utility>

#include "app/aws_plan.h"
#include "app/aws_server.h"
#include "app/delivery_plan.h"
#include "app/kafka_plan.h"
#include "app/lake_folder.h"
#include "app/market/market_lane.h"
#include "base/time.h"
#include "hudi/table/table.h"
#include "source/file_source.h"

namespace tapelake::app {
namespace {

constexpr char kProbeName[] = ".tapelake-check";

/// Write and delete a file in `directory`, or in the nearest parent that exists.
Result<std::string> CheckWritable(World& world, const std::string& directory) {
  TAPELAKE_RETURN_NOT_OK(CheckLakeIsLocal(directory));
  std::string existing = directory;
  while (true) {
    TAPELAKE_ASSIGN_OR_RAISE(const bool exists, world.files.Exists(existing));
    if (exists) break;
    const std::string parent = io::ParentPath(existing);
    if (parent == existing) break;
    existing = parent;
  }
  const std::string probe = io::JoinPath(existing, kProbeName);
  TAPELAKE_RETURN_NOT_OK(world.files.ReplaceFile(probe, "writable\n"));
  TAPELAKE_RETURN_NOT_OK(world.files.DeleteFile(probe));
  return existing == directory ? std::string("writable")
                               : "does not exist yet; can be made in " + existing;
}

Result<std::string> CheckTable(World& world, const std::string& lake_path,
                               const record::TableDefinition& definition) {
  const std::string path = TablePath(lake_path, definition);
  TAPELAKE_ASSIGN_OR_RAISE(const bool exists, world.files.Exists(io::JoinPath(path, ".hoodie")));
  if (!exists) return std::string("does not exist yet; it is made when the first changes come");
  TAPELAKE_ASSIGN_OR_RAISE(const auto table, hudi::Table::Open(world.table_environment(), path));
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Snapshot snapshot, table->LatestSnapshot());
  const hudi::TableConfig& stored = table->config();
  if (stored.record_key_fields != std::vector<std::string>{definition.key_column}) {
    return MakeError(ErrorKind::kConflict, "is declared with key '" + definition.key_column +
                                               "', but stored with another one (" + path +
                                               ")\nhint: give it the stored key, or another name");
  }
  if (stored.index_kind() == hudi::IndexKind::kBucket &&
      stored.bucket_count != definition.bucket_count) {
    return "opens at " + (snapshot.instant.empty() ? "no commit" : snapshot.instant) + "; keeps " +
           std::to_string(stored.bucket_count) + " buckets, as it was made with (declared " +
           std::to_string(definition.bucket_count) + ")";
  }
  return "opens at " + (snapshot.instant.empty() ? "no commit" : "commit " + snapshot.instant);
}

Result<std::string> CheckPath(World& world, const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::vector<std::string> files,
                           source::ListInputFiles(world.files, path));
  for (const std::string& file : files) {
    TAPELAKE_RETURN_NOT_OK(world.files.OpenForRead(file).status());
  }
  return std::to_string(files.size()) + (files.size() == 1 ? " file" : " files") + ", readable";
}

Result<std::string> CheckDelivery(const config::Config& config, const std::string& stream) {
  TAPELAKE_ASSIGN_OR_RAISE(const delivery::DeliveryOptions options,
                           DeliveryOptionsOf(config, stream));
  TAPELAKE_ASSIGN_OR_RAISE(const auto layout, delivery::ObjectLayout::Make(options.layout, stream));
  if (!options.raw) return std::string("no raw objects");
  std::string found = "raw objects at " + layout->raw_prefix().text() + "*" + layout->extension();
  const config::TransformConfig& transform = TransformOf(config, stream);
  if (transform.function.empty()) return found;
  AwsWorld aws(config.s3.ca_file, config.s3.profile);
  TAPELAKE_ASSIGN_OR_RAISE(const auto function, aws.MakeFunction(transform));
  return found + ", their lines by the Lambda function " + function->name() + " (" +
         function->region() + ")";
}

Result<std::string> CheckMarket(const config::Config& config, const std::vector<TablePlan>& plans) {
  TAPELAKE_ASSIGN_OR_RAISE(const TablePlan* table, FindMarketTable(config, plans));
  if (table == nullptr) return std::string("off: no table with a source holds trades");
  return "of " + table->definition.QualifiedName() + "; kept in " + table->definition.database +
         "." + kBarsTable + " and " + table->definition.database + "." + kMeasuresTable;
}

Result<std::string> CheckAwsDoor(World& world, const config::Config& config) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto certificate, AwsServer::Check(world, config));
  if (!certificate) return std::string("of this machine, without TLS");
  return "over TLS; its certificate is good until " +
         base::FormatDate(certificate->facts.not_after_micros);
}

void Add(const std::string& what, const Result<std::string>& finding,
         std::vector<CheckResult>* results) {
  results->push_back({what, finding.ok() ? *finding : "", finding.status()});
}

}  // namespace

std::vector<CheckResult> RunChecks(World& world, const config::Config& config,
                                   const std::vector<TablePlan>& plans) {
  std::vector<CheckResult> results;
  Add("lake " + config.lake.path, CheckWritable(world, config.lake.path), &results);
  for (const TablePlan& plan : plans) {
    Add("table " + plan.definition.QualifiedName(),
        CheckTable(world, config.lake.path, plan.definition), &results);
    Add("delivery of " + plan.definition.QualifiedName(),
        CheckDelivery(config, plan.definition.QualifiedName()), &results);
    for (const std::string& path : plan.source.paths) {
      Add("source " + path, CheckPath(world, path), &results);
    }
    if (plan.source.kind == "kafka") {
      Add(PulledName(plan.source), DescribeKafka(plan), &results);
    } else if (IsPulled(plan.source)) {
      AwsWorld aws(config.s3.ca_file, config.s3.profile);
      Add(PulledName(plan.source), aws.Describe(plan.source), &results);
    }
  }
  if (config.market.enabled) Add("market", CheckMarket(config, plans), &results);
  if (config.doors.aws.enabled) {
    Add("AWS-compatible port " + config.doors.aws.listen, CheckAwsDoor(world, config), &results);
  }
  return results;
}

}  // namespace tapelake::app
