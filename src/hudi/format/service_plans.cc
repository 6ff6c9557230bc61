#include "hudi/format/service_plans.h"

#include <algorithm>

#include "hudi/format/service_record.h"

namespace tapelake::hudi {
namespace {

// What Hudi 0.15 writes for each of these records.
constexpr int64_t kCompactionPlanVersion = 2;
constexpr int64_t kCleanVersion = 2;
constexpr int64_t kRollbackVersion = 1;
/// Whoever compacts by the plan may ask for any of these and fails where one is missing.
constexpr std::string_view kCompactionMetrics[] = {"TOTAL_LOG_FILES", "TOTAL_LOG_FILES_SIZE",
                                                   "TOTAL_IO_READ_MB", "TOTAL_IO_WRITE_MB",
                                                   "TOTAL_IO_MB"};
constexpr std::string_view kCompletedState = "COMPLETED";

using Members = AvroValue::Members;
using List = AvroValue::List;

Result<CompactionOperation> ReadOperation(const AvroValue& record) {
  CompactionOperation operation;
  RecordReader reader(record, "HoodieCompactionPlan.operations");
  reader.Text("baseInstantTime", &operation.base_instant);
  reader.TextList("deltaFilePaths", &operation.log_files);
  reader.Text("dataFilePath", &operation.base_file);
  reader.Text("fileId", &operation.file_id);
  reader.Text("partitionPath", &operation.partition_path);
  reader.Map("metrics", &operation.metrics);
  TAPELAKE_RETURN_NOT_OK(reader.status());
  return operation;
}

Result<RollbackRequest> ReadRequest(const AvroValue& record) {
  RollbackRequest request;
  RecordReader reader(record, "HoodieRollbackPlan.RollbackRequests");
  reader.Text("partitionPath", &request.partition_path);
  reader.Text("fileId", &request.file_id);
  reader.Text("latestBaseInstant", &request.latest_base_instant);
  reader.TextList("filesToBeDeleted", &request.files_to_delete);
  reader.Map("logBlocksToBeDeleted", &request.log_blocks_to_delete);
  TAPELAKE_RETURN_NOT_OK(reader.status());
  return request;
}

/// The files of one partition: texts in plans of version 1, records with a `filePath` since.
Status ReadFilesToClean(const AvroValue& files, std::vector<std::string>* out) {
  const auto* list = std::get_if<List>(&files.value);
  for (size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const AvroValue* path = (*list)[i].Find("filePath");
    const auto* text = std::get_if<std::string>(&(path == nullptr ? (*list)[i] : *path).value);
    if (text == nullptr) {
      return MakeError(ErrorKind::kCorrupt, "HoodieCleanerPlan: a file to delete without path");
    }
    out->push_back(*text);
  }
  return Status::OK();
}

}  // namespace

std::string FormatCompactionPlan(const CompactionPlan& plan) {
  List operations;
  for (const CompactionOperation& operation : plan.operations) {
    Members metrics;
    for (const auto& [name, value] : operation.metrics)
      metrics.emplace_back(name, AvroValue{value});
    for (const std::string_view name : kCompactionMetrics) {
      if (!operation.metrics.contains(std::string(name)))
        metrics.emplace_back(name, AvroValue{0.0});
    }
    operations.push_back({Members{{"baseInstantTime", AvroValue::Text(operation.base_instant)},
                                  {"deltaFilePaths", AvroValue::TextList(operation.log_files)},
                                  {"dataFilePath", AvroValue::TextOrNull(operation.base_file)},
                                  {"fileId", AvroValue::Text(operation.file_id)},
                                  {"partitionPath", AvroValue::Text(operation.partition_path)},
                                  {"metrics", {std::move(metrics)}}}});
  }
  return FormatRecord("HoodieCompactionPlan", {{"operations", {std::move(operations)}},
                                               {"extraMetadata", TextMap(plan.extra_metadata)},
                                               {"version", AvroValue::Long(kCompactionPlanVersion)},
                                               {"preserveHoodieMetadata", {false}}});
}

Result<CompactionPlan> ParseCompactionPlan(std::string_view bytes) {
  constexpr std::string_view kName = "HoodieCompactionPlan";
  TAPELAKE_ASSIGN_OR_RAISE(const AvroValue record, ParseRecord(kName, bytes));
  CompactionPlan plan;
  RecordReader reader(record, std::string(kName));
  reader.Items("operations", [&](const AvroValue& item) -> Status {
    TAPELAKE_ASSIGN_OR_RAISE(auto operation, ReadOperation(item));
    plan.operations.push_back(std::move(operation));
    return Status::OK();
  });
  reader.Map("extraMetadata", &plan.extra_metadata);
  TAPELAKE_RETURN_NOT_OK(reader.status());
  return plan;
}

std::string FormatRollbackPlan(const RollbackPlan& plan) {
  List requests;
  for (const RollbackRequest& request : plan.requests) {
    requests.push_back({Members{{"partitionPath", AvroValue::Text(request.partition_path)},
                                {"fileId", AvroValue::Text(request.file_id)},
                                {"latestBaseInstant", AvroValue::Text(request.latest_base_instant)},
                                {"filesToBeDeleted", AvroValue::TextList(request.files_to_delete)},
                                {"logBlocksToBeDeleted", LongMap(request.log_blocks_to_delete)}}});
  }
  return FormatRecord("HoodieRollbackPlan",
                      {{"instantToRollback",
                        {Members{{"commitTime", AvroValue::Text(plan.instant)},
                                 {"action", AvroValue::Text(plan.action)}}}},
                       {"RollbackRequests", {std::move(requests)}},
                       {"version", AvroValue::Long(kRollbackVersion)}});
}

Result<RollbackPlan> ParseRollbackPlan(std::string_view bytes) {
  constexpr std::string_view kName = "HoodieRollbackPlan";
  TAPELAKE_ASSIGN_OR_RAISE(const AvroValue record, ParseRecord(kName, bytes));
  RollbackPlan plan;
  RecordReader reader(record, std::string(kName));
  if (const AvroValue* instant = reader.Find("instantToRollback")) {
    RecordReader instant_reader(*instant, std::string(kName) + ".instantToRollback");
    instant_reader.Text("commitTime", &plan.instant);
    instant_reader.Text("action", &plan.action);
    TAPELAKE_RETURN_NOT_OK(instant_reader.status());
  }
  reader.Items("RollbackRequests", [&](const AvroValue& item) -> Status {
    TAPELAKE_ASSIGN_OR_RAISE(auto request, ReadRequest(item));
    plan.requests.push_back(std::move(request));
    return Status::OK();
  });
  TAPELAKE_RETURN_NOT_OK(reader.status());
  return plan;
}

AvroValue RollbackMetadataValue(const RollbackMetadata& metadata) {
  Members partitions;
  int64_t deleted_files = 0;
  for (const auto& [path, partition] : metadata.partitions) {
    deleted_files += static_cast<int64_t>(partition.deleted_files.size());
    partitions.emplace_back(
        path,
        AvroValue{Members{{"partitionPath", AvroValue::Text(path)},
                          {"successDeleteFiles", AvroValue::TextList(partition.deleted_files)},
                          {"failedDeleteFiles", AvroValue::TextList(partition.failed_files)},
                          {"rollbackLogFiles", LongMap(partition.rollback_log_files)},
                          {"logFilesFromFailedCommit", {Members{}}}}});
  }
  const AvroValue rolled_back{Members{{"commitTime", AvroValue::Text(metadata.instant)},
                                      {"action", AvroValue::Text(metadata.action)}}};
  return {Members{{"startRollbackTime", AvroValue::Text(metadata.start_time)},
                  {"timeTakenInMillis", AvroValue::Long(metadata.taken_ms)},
                  {"totalFilesDeleted", AvroValue::Long(deleted_files)},
                  {"commitsRollback", AvroValue::TextList({metadata.instant})},
                  {"partitionMetadata", {std::move(partitions)}},
                  {"version", AvroValue::Long(kRollbackVersion)},
                  {"instantsRollback", {List{rolled_back}}}}};
}

std::string FormatRollbackMetadata(const RollbackMetadata& metadata) {
  AvroValue value = RollbackMetadataValue(metadata);
  return FormatRecord("HoodieRollbackMetadata", std::get<Members>(std::move(value.value)));
}

std::string FormatReplacePlan() {
  return FormatRecord("HoodieRequestedReplaceMetadata", {});
}

std::string FormatCleanerPlan(const CleanerPlan& plan) {
  Members partitions;
  for (const auto& [path, files] : plan.files_by_partition) {
    List infos;
    for (const std::string& file : files) {
      infos.push_back(
          {Members{{"filePath", AvroValue::Text(file)}, {"isBootstrapBaseFile", {false}}}});
    }
    partitions.emplace_back(path, AvroValue{std::move(infos)});
  }
  AvroValue earliest;
  if (!plan.earliest_instant_to_retain.empty()) {
    earliest = {Members{{"timestamp", AvroValue::Text(plan.earliest_instant_to_retain)},
                        {"action", AvroValue::Text(plan.earliest_instant_action)},
                        {"state", AvroValue::Text(kCompletedState)}}};
  }
  return FormatRecord(
      "HoodieCleanerPlan",
      {{"earliestInstantToRetain", std::move(earliest)},
       {"lastCompletedCommitTimestamp", AvroValue::Text(plan.last_completed_commit)},
       {"policy", AvroValue::Text(plan.policy)},
       {"filesToBeDeletedPerPartition", {Members{}}},
       {"version", AvroValue::Long(kCleanVersion)},
       {"filePathsToBeDeletedPerPartition", {std::move(partitions)}},
       {"partitionsToBeDeleted", {List{}}},
       {"extraMetadata", {Members{}}}});
}

Result<CleanerPlan> ParseCleanerPlan(std::string_view bytes) {
  constexpr std::string_view kName = "HoodieCleanerPlan";
  TAPELAKE_ASSIGN_OR_RAISE(const AvroValue record, ParseRecord(kName, bytes));
  CleanerPlan plan;
  RecordReader reader(record, std::string(kName));
  if (const AvroValue* earliest = reader.Find("earliestInstantToRetain")) {
    RecordReader earliest_reader(*earliest, std::string(kName) + ".earliestInstantToRetain");
    earliest_reader.Text("timestamp", &plan.earliest_instant_to_retain);
    earliest_reader.Text("action", &plan.earliest_instant_action);
    TAPELAKE_RETURN_NOT_OK(earliest_reader.status());
  }
  reader.Text("lastCompletedCommitTimestamp", &plan.last_completed_commit);
  reader.Text("policy", &plan.policy);
  for (const std::string_view member :
       {"filesToBeDeletedPerPartition", "filePathsToBeDeletedPerPartition"}) {
    reader.Entries(member, [&](const std::string& partition, const AvroValue& files) {
      return ReadFilesToClean(files, &plan.files_by_partition[partition]);
    });
  }
  TAPELAKE_RETURN_NOT_OK(reader.status());
  return plan;
}

std::string FormatCleanMetadata(const CleanMetadata& metadata) {
  Members partitions;
  int64_t deleted_files = 0;
  for (const auto& [path, files] : metadata.deleted_by_partition) {
    deleted_files += static_cast<int64_t>(files.size());
    partitions.emplace_back(path,
                            AvroValue{Members{{"partitionPath", AvroValue::Text(path)},
                                              {"policy", AvroValue::Text(metadata.policy)},
                                              {"deletePathPatterns", AvroValue::TextList(files)},
                                              {"successDeleteFiles", AvroValue::TextList(files)},
                                              {"isPartitionDeleted", {false}}}});
  }
  return FormatRecord(
      "HoodieCleanMetadata",
      {{"startCleanTime", AvroValue::Text(metadata.start_time)},
       {"timeTakenInMillis", AvroValue::Long(metadata.taken_ms)},
       {"totalFilesDeleted", AvroValue::Long(deleted_files)},
       {"earliestCommitToRetain", AvroValue::Text(metadata.earliest_instant_to_retain)},
       {"lastCompletedCommitTimestamp", AvroValue::Text(metadata.last_completed_commit)},
       {"partitionMetadata", {std::move(partitions)}},
       {"version", AvroValue::Long(kCleanVersion)},
       {"bootstrapPartitionMetadata", {Members{}}},
       {"extraMetadata", {Members{}}}});
}

}  // namespace tapelake::hudi
