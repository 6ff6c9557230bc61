#include <algorithm>
#include <functional>
#include <map>
#include <utility>

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
  List logs;
  for (const SliceLogFile& log : slice.log_files)
    logs.push_back(AvroValue::Text(io::JoinPath(base_path, slice.LogPath(log))));
  return {Members{{"dataFilePath", AvroValue::Text(io::JoinPath(base_path, slice.RelativePath()))},
                  {"deltaFilePaths", {std::move(logs)}},
                  {"fileId", AvroValue::Text(slice.file_id)},
                  {"partitionPath", AvroValue::Text(slice.partition_path)},
                  {"bootstrapFilePath", AvroValue::Text("")},
                  {"version", AvroValue::Long(kPlanVersion)}}};
}

/// A slice that may be merged.
struct SmallFile {
  const FileSlice* slice;
  int64_t bytes;
};

/// Files of one partition that may become one.
struct Pack {
  std::vector<SmallFile> files;
  int64_t bytes = 0;
};

int64_t BytesOf(const FileSlice& slice) {
  int64_t bytes = slice.size_bytes;
  for (const SliceLogFile& log : slice.log_files)
    bytes += log.size_bytes;
  return bytes;
}

std::map<std::string, std::vector<SmallFile>> SmallFilesOf(const std::vector<FileSlice>& slices,
                                                           int64_t bytes_max) {
  std::map<std::string, std::vector<SmallFile>> small;
  for (const FileSlice& slice : slices) {
    const bool is_free = slice.has_base_file() && slice.pending_compaction.empty();
    const int64_t bytes = BytesOf(slice);
    if (is_free && bytes < bytes_max) small[slice.partition_path].push_back({&slice, bytes});
  }
  return small;
}

/// Take away the biggest files that are too big beside the others.
void LeaveBiggest(double share_max, Pack* pack) {
  while (!pack->files.empty()) {
    const int64_t biggest = pack->files.back().bytes;
    const double allowed = share_max * static_cast<double>(pack->bytes);
    if (static_cast<double>(biggest) <= allowed) return;
    pack->bytes -= biggest;
    pack->files.pop_back();
  }
}

/// Pack the small files of one partition.
void PackFiles(std::vector<SmallFile> files, const ClusteringPolicy& policy,
               std::vector<Pack>* packs) {
  std::ranges::stable_sort(files, {}, &SmallFile::bytes);
  const int64_t target_bytes = std::min(policy.target_file_bytes, policy.bytes_max);
  Pack pack;
  const auto close = [&] {
    LeaveBiggest(policy.largest_share_max, &pack);
    const int64_t count = std::ssize(pack.files);
    if (count >= std::max<int64_t>(policy.files_min, 2)) packs->push_back(std::move(pack));
    pack = Pack();
  };
  for (const SmallFile& file : files) {
    const bool is_full =
        pack.bytes + file.bytes > target_bytes || std::ssize(pack.files) >= policy.files_max;
    if (is_full) close();
    pack.files.push_back(file);
    pack.bytes += file.bytes;
  }
  close();
}

ClusteringGroup GroupOf(const Pack& pack) {
  ClusteringGroup group{.partition_path = pack.files.front().slice->partition_path, .slices = {}};
  for (const SmallFile& file : pack.files)
    group.slices.push_back(*file.slice);
  return group;
}

}  // namespace

std::vector<ClusteringGroup> PlanClustering(const std::vector<FileSlice>& slices,
                                            const ClusteringPolicy& policy) {
  std::vector<Pack> packs;
  for (auto& [partition, files] : SmallFilesOf(slices, policy.small_file_bytes))
    PackFiles(std::move(files), policy, &packs);
  std::ranges::stable_sort(packs, std::ranges::greater(),
                           [](const Pack& pack) { return pack.files.size(); });
  std::vector<ClusteringGroup> groups;
  int64_t bytes_left = policy.bytes_max;
  int64_t files_left = policy.files_max;
  for (const Pack& pack : packs) {
    if (std::ssize(groups) >= policy.groups_max) break;
    const int64_t count = std::ssize(pack.files);
    if (pack.bytes > bytes_left || count > files_left) continue;
    bytes_left -= pack.bytes;
    files_left -= count;
    groups.push_back(GroupOf(pack));
  }
  return groups;
}

Status CheckClusterable(const TableConfig& config, const std::vector<FileSlice>& slices) {
  const std::string table = "table '" + config.name + "' cannot be clustered: ";
  // Names tell only where the properties do not: a random one may begin with eight digits, too.
  const bool named_by_buckets = config.index_type.empty() && !slices.empty() &&
                                std::ranges::all_of(slices, [](const FileSlice& slice) {
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
