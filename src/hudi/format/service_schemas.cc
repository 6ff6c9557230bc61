#include "hudi/format/service_schemas.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/assert.h"

namespace tapelake::hudi {
namespace {

using Kind = AvroType::Kind;
using TypePointer = std::shared_ptr<const AvroType>;

constexpr std::string_view kNamespace = "org.apache.hudi.avro.model.";

struct RecordDefinition {
  std::string_view name;
  std::string_view fields;
};

// Fields as `name:type`. A type is a primitive, the name of a record above, [items] or {values};
// `?` before it stands for the union of null and it, `?` behind it for that of it and null. Order
// and spelling are stored: never change them.
constexpr RecordDefinition kRecords[] = {
    {"HoodieInstantInfo", "commitTime:string action:string"},
    {"HoodieActionInstant", "timestamp:string action:string state:string"},

    {"HoodieCompactionOperation",
     "baseInstantTime:?string deltaFilePaths:?[string] dataFilePath:?string fileId:?string "
     "partitionPath:?string metrics:?{double} bootstrapFilePath:?string"},
    {"HoodieCompactionStrategy",
     "compactorClassName:?string strategyParams:?{string} version:int?"},
    {"HoodieCompactionPlan",
     "operations:?[HoodieCompactionOperation] extraMetadata:?{string} version:int? "
     "strategy:?HoodieCompactionStrategy preserveHoodieMetadata:boolean?"},

    {"HoodieRollbackRequest",
     "partitionPath:string fileId:?string latestBaseInstant:?string filesToBeDeleted:[string] "
     "logBlocksToBeDeleted:?{long}"},
    {"HoodieRollbackPlan",
     "instantToRollback:?HoodieInstantInfo RollbackRequests:?[HoodieRollbackRequest] version:int?"},
    {"HoodieRollbackPartitionMetadata",
     "partitionPath:string successDeleteFiles:[string] failedDeleteFiles:[string] "
     "rollbackLogFiles:?{long} logFilesFromFailedCommit:?{long}"},
    {"HoodieRollbackMetadata",
     "startRollbackTime:string timeTakenInMillis:long totalFilesDeleted:int "
     "commitsRollback:[string] partitionMetadata:{HoodieRollbackPartitionMetadata} version:int? "
     "instantsRollback:[HoodieInstantInfo]"},

    {"HoodieRestorePlan",
     "instantsToRollback:[HoodieInstantInfo] version:int? savepointToRestoreTimestamp:?string"},
    {"HoodieRestoreMetadata",
     "startRestoreTime:string timeTakenInMillis:long instantsToRollback:[string] "
     "hoodieRestoreMetadata:{[?HoodieRollbackMetadata]} version:int? "
     "restoreInstantInfo:[HoodieInstantInfo]"},

    {"HoodieCleanFileInfo", "filePath:?string isBootstrapBaseFile:?boolean"},
    {"HoodieCleanerPlan",
     "earliestInstantToRetain:?HoodieActionInstant lastCompletedCommitTimestamp:string "
     "policy:string filesToBeDeletedPerPartition:?{[string]} version:int? "
     "filePathsToBeDeletedPerPartition:?{[HoodieCleanFileInfo]} partitionsToBeDeleted:?[string] "
     "extraMetadata:?{string}"},
    {"HoodieCleanPartitionMetadata",
     "partitionPath:string policy:string deletePathPatterns:[string] successDeleteFiles:[string] "
     "failedDeleteFiles:[string] isPartitionDeleted:?boolean"},
    {"HoodieCleanMetadata",
     "startCleanTime:string timeTakenInMillis:long totalFilesDeleted:int "
     "earliestCommitToRetain:string lastCompletedCommitTimestamp:string "
     "partitionMetadata:{HoodieCleanPartitionMetadata} version:int? "
     "bootstrapPartitionMetadata:?{HoodieCleanPartitionMetadata} extraMetadata:?{string}"},

    {"HoodieSavepointPartitionMetadata", "partitionPath:string savepointDataFile:[string]"},
    {"HoodieSavepointMetadata",
     "savepointedBy:string savepointedAt:long comments:string "
     "partitionMetadata:{HoodieSavepointPartitionMetadata} version:int?"},

    {"HoodieSliceInfo",
     "dataFilePath:?string deltaFilePaths:?[string] fileId:?string partitionPath:?string "
     "bootstrapFilePath:?string version:int?"},
    {"HoodieClusteringGroup",
     "slices:?[HoodieSliceInfo] metrics:?{double} numOutputFileGroups:int? extraMetadata:?{string} "
     "version:int?"},
    {"HoodieClusteringStrategy", "strategyClassName:?string strategyParams:?{string} version:int?"},
    {"HoodieClusteringPlan",
     "inputGroups:?[HoodieClusteringGroup] strategy:?HoodieClusteringStrategy "
     "extraMetadata:?{string} version:int? preserveHoodieMetadata:?boolean"},
    {"HoodieRequestedReplaceMetadata",
     "operationType:?string clusteringPlan:?HoodieClusteringPlan extraMetadata:?{string} "
     "version:int?"},

    {"HoodieWriteStat",
     "fileId:?string path:?string prevCommit:?string numWrites:?long numDeletes:?long "
     "numUpdateWrites:?long totalWriteBytes:?long totalWriteErrors:?long partitionPath:?string "
     "totalLogRecords:?long totalLogFiles:?long totalUpdatedRecordsCompacted:?long "
     "numInserts:?long totalLogBlocks:?long totalCorruptLogBlock:?long totalRollbackBlocks:?long "
     "fileSizeInBytes:?long"},
    {"HoodieCommitMetadata",
     "partitionToWriteStats:?{[HoodieWriteStat]} extraMetadata:?{string} version:int? "
     "operationType:?string"},
    {"HoodieReplaceCommitMetadata",
     "partitionToWriteStats:?{[HoodieWriteStat]} extraMetadata:?{string} version:int? "
     "operationType:?string partitionToReplaceFileIds:?{[string]}"},
    {"HoodieCompactionWriteStat",
     "partitionPath:?string totalLogRecords:?long totalLogFiles:?long "
     "totalUpdatedRecordsCompacted:?long hoodieWriteStat:?HoodieWriteStat"},
    {"HoodieCompactionMetadata", "partitionToCompactionWriteStats:?{[HoodieCompactionWriteStat]}"},
    {"HoodieIndexPartitionInfo",
     "version:int? metadataPartitionPath:?string indexUptoInstant:?string"},
    {"HoodieIndexCommitMetadata",
     "version:int? operationType:?string indexPartitionInfos:?[HoodieIndexPartitionInfo]"},

    {"HoodieArchivedMetaEntry",
     "hoodieCommitMetadata:?HoodieCommitMetadata hoodieCleanMetadata:?HoodieCleanMetadata "
     "hoodieCompactionMetadata:?HoodieCompactionMetadata "
     "hoodieRollbackMetadata:?HoodieRollbackMetadata "
     "hoodieSavePointMetadata:?HoodieSavepointMetadata commitTime:?string actionType:?string "
     "version:int? hoodieCompactionPlan:?HoodieCompactionPlan "
     "hoodieCleanerPlan:?HoodieCleanerPlan actionState:?string "
     "hoodieReplaceCommitMetadata:?HoodieReplaceCommitMetadata "
     "hoodieRequestedReplaceMetadata:?HoodieRequestedReplaceMetadata "
     "HoodieInflightReplaceMetadata:?HoodieCommitMetadata "
     "hoodieIndexCommitMetadata:?HoodieIndexCommitMetadata stateTransitionTime:?string"},
};

TypePointer MakeType(Kind kind, std::vector<TypePointer> inner = {}) {
  auto type = std::make_shared<AvroType>();
  type->kind = kind;
  type->inner = std::move(inner);
  return type;
}

using Registry = std::map<std::string_view, TypePointer>;

TypePointer TypeOf(std::string_view text, const Registry& known) {
  if (text.front() == '?') {
    return MakeType(Kind::kUnion, {MakeType(Kind::kNull), TypeOf(text.substr(1), known)});
  }
  if (text.back() == '?') {
    return MakeType(Kind::kUnion,
                    {TypeOf(text.substr(0, text.size() - 1), known), MakeType(Kind::kNull)});
  }
  const std::string_view inside = text.substr(1, text.size() - 2);
  if (text.front() == '[') return MakeType(Kind::kArray, {TypeOf(inside, known)});
  if (text.front() == '{') return MakeType(Kind::kMap, {TypeOf(inside, known)});
  const auto found = known.find(text);
  TAPELAKE_ASSERT(found != known.end());
  return found->second;
}

TypePointer RecordOf(const RecordDefinition& definition, const Registry& known) {
  auto record = std::make_shared<AvroType>();
  record->kind = Kind::kRecord;
  record->name = std::string(kNamespace) + std::string(definition.name);
  std::string_view rest = definition.fields;
  while (!rest.empty()) {
    const std::string_view field = rest.substr(0, rest.find(' '));
    const size_t colon = field.find(':');
    record->fields.push_back(
        {std::string(field.substr(0, colon)), TypeOf(field.substr(colon + 1), known)});
    rest.remove_prefix(std::min(field.size() + 1, rest.size()));
  }
  return record;
}

Registry MakeRegistry() {
  Registry known = {{"boolean", MakeType(Kind::kBoolean)},
                    {"int", MakeType(Kind::kInt)},
                    {"long", MakeType(Kind::kLong)},
                    {"double", MakeType(Kind::kDouble)},
                    {"string", MakeType(Kind::kString)}};
  for (const RecordDefinition& definition : kRecords)
    known.emplace(definition.name, RecordOf(definition, known));
  return known;
}

}  // namespace

const AvroType& ServiceRecordType(std::string_view name) {
  static const Registry kRegistry = MakeRegistry();
  const auto found = kRegistry.find(name);
  TAPELAKE_ASSERT(found != kRegistry.end());
  return *found->second;
}

}  // namespace tapelake::hudi
