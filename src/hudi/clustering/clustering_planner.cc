#include <algorithm>
#include <map>

#include "hudi/clustering/clustering.h"
#include "hudi/format/file_name.h"
#include "hudi/format/service_record.h"

namespace tapelake::hudi {
namespace {

constexpr std::string_view kStrategy =
    "org.apache.hudi.client.clustering.run.strategy.SparkSortAndSizeExecutionStrategy";
constexpr int64_t kPlanVersion = 1;

using Members = AvroValue::Members;
using List = AvroValue::List;

AvroValue SliceInfo(const std::string& base_path, const FileSlice& slice) {
  return {Members{{"dataFilePath", AvroValue::Text(io::JoinPath(base_path, slice.RelativePath()))},
                  {"deltaFilePaths", {List{}}},
                  {"fileId", AvroValue::Text(slice.file_id)},
                  {"partitionPath", AvroValue::Text(slice.partition_path)},
                  {"bootstrapFilePath", AvroValue::Text("")},
                  {"version", AvroValue::Long(kPlanVersion)}}};
}

}  // namespace

std::vector<ClusteringGroup> PlanClustering(const std::vector<FileSlice>& slices,
                                            const ClusteringPolicy& policy) {
  std::map<std::string, std::vector<const FileSlice*>> small;
  for (const FileSlice& slice : slices) {
    const bool plain =
        slice.has_base_file() && slice.log_files.empty() && slice.pending_compaction.empty();
    if (plain && slice.size_bytes < policy.small_file_bytes) {
      small[slice.partition_path].push_back(&slice);
    }
  }
  std::vector<ClusteringGroup> groups;
  for (auto& [partition, files] : small) {
    std::ranges::stable_sort(files, {}, &FileSlice::size_bytes);
    ClusteringGroup group{.partition_path = partition, .slices = {}};
    int64_t bytes = 0;
    const auto close = [&] {
      if (group.slices.size() > 1) groups.push_back(group);
      group.slices.clear();
      bytes = 0;
    };
    for (const FileSlice* file : files) {
      if (bytes + file->size_bytes > policy.target_file_bytes) close();
      group.slices.push_back(*file);
      bytes += file->size_bytes;
    }
    close();
  }
  const auto most = static_cast<size_t>(std::max<int64_t>(policy.groups_max, 0));
  if (groups.size() > most) groups.resize(most);
  return groups;
}

Status CheckClusterable(const TableConfig& config, const std::vector<FileSlice>& slices) {
  const std::string table = "table '" + config.name + "' cannot be clustered: ";
  const bool named_by_buckets =
      !slices.empty() && std::ranges::all_of(slices, [](const FileSlice& slice) {
        return BucketOfFileId(slice.file_id).has_value();
      });
  if (config.index_type == "BUCKET" || named_by_buckets) {
    return MakeError(ErrorKind::kInvalid,
                     table +
                         "it has a bucket index, by which a key's file group follows from the key, "
                         "so that groups cannot be merged\nhint: its files are as many as buckets "
                         "per partition; compaction makes one file of each group's");
  }
  if (!config.populate_meta_fields) {
    return MakeError(ErrorKind::kInvalid, table + "hoodie.populate.meta.fields is false");
  }
  if (config.cdc_enabled) {
    return MakeError(ErrorKind::kInvalid, table + "hoodie.table.cdc.enabled is true");
  }
  return Status::OK();
}

std::string FormatClusteringPlan(const std::string& base_path,
                                 const std::vector<ClusteringGroup>& groups) {
  List inputs;
  for (const ClusteringGroup& group : groups) {
    List slices;
    for (const FileSlice& slice : group.slices)
      slices.push_back(SliceInfo(base_path, slice));
    inputs.push_back({Members{{"slices", {std::move(slices)}},
                              {"metrics", {Members{}}},
                              {"numOutputFileGroups", AvroValue::Long(1)},
                              {"extraMetadata", {Members{}}},
                              {"version", AvroValue::Long(kPlanVersion)}}});
  }
  const AvroValue strategy{Members{{"strategyClassName", AvroValue::Text(kStrategy)},
                                   {"strategyParams", {Members{}}},
                                   {"version", AvroValue::Long(kPlanVersion)}}};
  const AvroValue plan{Members{{"inputGroups", {std::move(inputs)}},
                               {"strategy", strategy},
                               {"extraMetadata", {Members{}}},
                               {"version", AvroValue::Long(kPlanVersion)},
                               {"preserveHoodieMetadata", {true}}}};
  return FormatRecord("HoodieRequestedReplaceMetadata",
                      {{"operationType", AvroValue::Text("CLUSTER")},
                       {"clusteringPlan", plan},
                       {"extraMetadata", {Members{}}},
                       {"version", AvroValue::Long(kPlanVersion)}});
}

}  // namespace tapelake::hudi
