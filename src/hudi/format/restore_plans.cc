#include "hudi/format/restore_plans.h"

#include "hudi/format/service_record.h"

namespace tapelake::hudi {
namespace {

// What Hudi 0.15 writes for each of these records.
constexpr int64_t kSavepointVersion = 1;
constexpr int64_t kRestorePlanVersion = 2;
constexpr int64_t kRestoreVersion = 1;

using Members = AvroValue::Members;
using List = AvroValue::List;

AvroValue InstantInfo(const std::string& timestamp, const std::string& action) {
  return {Members{{"commitTime", AvroValue::Text(timestamp)}, {"action", AvroValue::Text(action)}}};
}

}  // namespace

std::string FormatSavepointMetadata(const SavepointMetadata& metadata) {
  Members partitions;
  for (const auto& [path, names] : metadata.files_by_partition) {
    partitions.emplace_back(path,
                            AvroValue{Members{{"partitionPath", AvroValue::Text(path)},
                                              {"savepointDataFile", AvroValue::TextList(names)}}});
  }
  return FormatRecord("HoodieSavepointMetadata",
                      {{"savepointedBy", AvroValue::Text(metadata.by)},
                       {"savepointedAt", AvroValue::Long(metadata.at_ms)},
                       {"comments", AvroValue::Text(metadata.comments)},
                       {"partitionMetadata", {std::move(partitions)}},
                       {"version", AvroValue::Long(kSavepointVersion)}});
}

Result<SavepointMetadata> ParseSavepointMetadata(std::string_view bytes) {
  constexpr std::string_view kName = "HoodieSavepointMetadata";
  TAPELAKE_ASSIGN_OR_RAISE(const AvroValue record, ParseRecord(kName, bytes));
  SavepointMetadata metadata;
  RecordReader reader(record, std::string(kName));
  reader.Text("savepointedBy", &metadata.by);
  reader.Long("savepointedAt", &metadata.at_ms);
  reader.Text("comments", &metadata.comments);
  reader.Entries("partitionMetadata", [&](const std::string& path, const AvroValue& partition) {
    RecordReader files(partition, std::string(kName) + ".partitionMetadata");
    files.TextList("savepointDataFile", &metadata.files_by_partition[path]);
    return files.status();
  });
  TAPELAKE_RETURN_NOT_OK(reader.status());
  return metadata;
}

std::string FormatRestorePlan(const RestorePlan& plan) {
  List instants;
  for (const RestoredInstant& instant : plan.instants)
    instants.push_back(InstantInfo(instant.timestamp, instant.action));
  return FormatRecord("HoodieRestorePlan",
                      {{"instantsToRollback", {std::move(instants)}},
                       {"version", AvroValue::Long(kRestorePlanVersion)},
                       {"savepointToRestoreTimestamp", AvroValue::Text(plan.to_instant)}});
}

Result<RestorePlan> ParseRestorePlan(std::string_view bytes) {
  constexpr std::string_view kName = "HoodieRestorePlan";
  TAPELAKE_ASSIGN_OR_RAISE(const AvroValue record, ParseRecord(kName, bytes));
  RestorePlan plan;
  RecordReader reader(record, std::string(kName));
  reader.Items("instantsToRollback", [&](const AvroValue& item) {
    RestoredInstant& instant = plan.instants.emplace_back();
    RecordReader members(item, std::string(kName) + ".instantsToRollback");
    members.Text("commitTime", &instant.timestamp);
    members.Text("action", &instant.action);
    return members.status();
  });
  reader.Text("savepointToRestoreTimestamp", &plan.to_instant);
  TAPELAKE_RETURN_NOT_OK(reader.status());
  return plan;
}

std::string FormatRestoreMetadata(const RestoreMetadata& metadata) {
  List infos;
  Members rollbacks;
  std::vector<std::string> instants;
  for (const RollbackMetadata& rollback : metadata.rollbacks) {
    instants.push_back(rollback.instant);
    infos.push_back(InstantInfo(rollback.instant, rollback.action));
    rollbacks.emplace_back(rollback.instant, AvroValue{List{RollbackMetadataValue(rollback)}});
  }
  return FormatRecord("HoodieRestoreMetadata",
                      {{"startRestoreTime", AvroValue::Text(metadata.start_time)},
                       {"timeTakenInMillis", AvroValue::Long(metadata.taken_ms)},
                       {"instantsToRollback", AvroValue::TextList(instants)},
                       {"hoodieRestoreMetadata", {std::move(rollbacks)}},
                       {"version", AvroValue::Long(kRestoreVersion)},
                       {"restoreInstantInfo", {std::move(infos)}}});
}

Result<std::vector<std::string>> ParseRestoredInstants(std::string_view metadata) {
  constexpr std::string_view kName = "HoodieRestoreMetadata";
  TAPELAKE_ASSIGN_OR_RAISE(const AvroValue record, ParseRecord(kName, metadata));
  std::vector<std::string> instants;
  RecordReader reader(record, std::string(kName));
  reader.TextList("instantsToRollback", &instants);
  TAPELAKE_RETURN_NOT_OK(reader.status());
  return instants;
}

}  // namespace tapelake::hudi
