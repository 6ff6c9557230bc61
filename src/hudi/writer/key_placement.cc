#include "hudi/writer/key_placement.h"

#include <algorithm>
#include <utility>

#include "hudi/format/file_name.h"
#include "hudi/writer/key_lookup.h"

namespace tapelake::hudi {
namespace {

constexpr uint32_t kLikelyBucketsMax = 10'000;

/// A table of Spark's does not say that it has a bucket index, and then only the names of its
/// groups tell: their keys may be in logs, so other indexes would double them. A random id looks so
/// once in 400,000 times.
Status CheckNotBuckets(const UpsertTarget& target) {
  const auto is_bucket = [](const FileSlice& slice) {
    const auto bucket = BucketOfFileId(slice.file_id);
    return bucket && *bucket < kLikelyBucketsMax;
  };
  if (!target.config.index_type.empty() || target.slices.empty() ||
      !std::ranges::all_of(target.slices, is_bucket)) {
    return Status::OK();
  }
  return MakeError(ErrorKind::kInvalid,
                   "table '" + target.config.name +
                       "' cannot be written: its file groups are named by bucket numbers (for "
                       "example '" +
                       target.slices.front().file_id +
                       "'), but it does not say that it has a bucket index\nhint: state "
                       "hoodie.index.type=BUCKET, hoodie.bucket.index.num.buckets and "
                       "hoodie.bucket.index.hash.field in hoodie.properties");
}

/// The changes of one partition and where they go.
struct PartitionChanges {
  std::span<const FileSlice> slices;
  std::vector<uint32_t> changes;  // of the request, ascending; numbered as in `keys`
  WantedKeys keys;
  std::vector<bool> found;                      // by number
  std::vector<std::vector<uint32_t>> by_slice;  // numbers that a slice holds

  void Take(size_t slice, const std::vector<uint32_t>& numbers) {
    by_slice[slice].insert(by_slice[slice].end(), numbers.begin(), numbers.end());
    for (const uint32_t number : numbers)
      found[number] = true;
  }
  bool all_found() const { return std::ranges::find(found, false) == found.end(); }
};

class KeyPlacement {
 public:
  KeyPlacement(const UpsertTarget& target, const UpsertRequest& request, const FileSizing& sizing,
               CheckedBaseFiles& checked)
      : target_(target),
        request_(request),
        sizing_(sizing),
        source_{.files = target.files,
                .base_path = target.base_path,
                .timeline = target.timeline,
                .checked = checked,
                .by_footer = target.config.index_kind() != IndexKind::kSimple} {}

  Result<ChangeGroups> Run() {
    TAPELAKE_RETURN_NOT_OK(CheckNotBuckets(target_));
    TAPELAKE_ASSIGN_OR_RAISE(ChangeGroups groups, ChangeGroups::Make(request_, target_.config));
    TAPELAKE_RETURN_NOT_OK(Gather(groups));
    if (request_.operation != WriteOperation::kInsert) {
      TAPELAKE_RETURN_NOT_OK(Look(/*in_logs=*/false));
      TAPELAKE_RETURN_NOT_OK(Look(/*in_logs=*/true));
    }
    const bool adds = std::ranges::any_of(partitions_, [this](const PartitionChanges& partition) {
      return !InsertsOf(partition).empty();
    });
    if (adds) {
      TAPELAKE_ASSIGN_OR_RAISE(sizing_.record_bytes,
                               EstimateRecordBytes(target_.files, target_.base_path,
                                                   target_.timeline, sizing_.record_bytes));
    }
    for (uint32_t partition = 0; partition < partitions_.size(); ++partition)
      Place(partition, &groups);
    return groups;
  }

 private:
  Status Gather(const ChangeGroups& groups) {
    partitions_.resize(groups.partition_paths().size());
    for (uint32_t i = 0; i < request_.changes.size(); ++i) {
      const RecordChange& change = request_.changes[i];
      const uint32_t number = groups.PartitionOf(change);
      PartitionChanges& partition = partitions_[number];
      if (!partition.keys.Add(change.record_key)) {
        return MakeError(ErrorKind::kInvalid,
                         "record key '" + std::string(change.record_key) +
                             "' is changed twice in one commit of partition '" +
                             groups.partition_paths()[number] + "'");
      }
      partition.changes.push_back(i);
    }
    for (size_t i = 0; i < partitions_.size(); ++i) {
      PartitionChanges& partition = partitions_[i];
      partition.keys.Finish();
      partition.slices = target_.SlicesOf(groups.partition_paths()[i]);
      partition.found.resize(partition.changes.size());
      partition.by_slice.resize(partition.slices.size());
    }
    return Status::OK();
  }

  /// Look for all keys in all base files, or for those not found yet in all logs.
  Status Look(bool in_logs) {
    std::vector<std::pair<size_t, size_t>> places;  // partition, slice
    for (size_t i = 0; i < partitions_.size(); ++i) {
      const PartitionChanges& partition = partitions_[i];
      if (partition.all_found()) continue;
      for (size_t slice = 0; slice < partition.slices.size(); ++slice) {
        if (!in_logs || !partition.slices[slice].log_files.empty()) places.emplace_back(i, slice);
      }
    }
    std::vector<std::vector<uint32_t>> found(places.size());
    TAPELAKE_RETURN_NOT_OK(
        RunOnThreads(places.size(), request_.threads, [&](size_t task, size_t) -> Status {
          const PartitionChanges& partition = partitions_[places[task].first];
          const FileSlice& slice = partition.slices[places[task].second];
          TAPELAKE_ASSIGN_OR_RAISE(found[task],
                                   in_logs ? FindInLogs(source_, slice, partition.keys)
                                           : FindInBaseFile(source_, slice, partition.keys));
          std::erase_if(found[task], [&](uint32_t number) { return partition.found[number]; });
          return Status::OK();
        }));
    for (size_t task = 0; task < places.size(); ++task)
      partitions_[places[task].first].Take(places[task].second, found[task]);
    return Status::OK();
  }

  /// The changes that write a row under a key that nobody holds.
  std::vector<uint32_t> InsertsOf(const PartitionChanges& partition) const {
    std::vector<uint32_t> inserts;
    for (size_t i = 0; i < partition.changes.size(); ++i) {
      const uint32_t change = partition.changes[i];
      if (!partition.found[i] && request_.changes[change].row != RecordChange::kDelete)
        inserts.push_back(change);
    }
    return inserts;
  }

  void Place(uint32_t number, ChangeGroups* groups) {
    PartitionChanges& partition = partitions_[number];
    const std::vector<uint32_t> inserts = InsertsOf(partition);
    groups->AddMissingDeletes(std::ranges::count(partition.found, false) - std::ssize(inserts));
    std::vector<std::vector<uint32_t>> added(partition.slices.size());  // inserts by slice
    std::vector<std::vector<uint32_t>> fresh;                           // by new group
    size_t placed = 0;
    for (const InsertPlace& place :
         PackInserts(partition.slices, std::ssize(inserts), target_.config.type, sizing_)) {
      const auto part = std::span(inserts).subspan(placed, static_cast<size_t>(place.rows));
      placed += part.size();
      auto& into = place.stored == nullptr
                       ? fresh.emplace_back()
                       : added[static_cast<size_t>(place.stored - partition.slices.data())];
      into.assign(part.begin(), part.end());
    }
    for (size_t slice = 0; slice < added.size(); ++slice)
      AddStored(number, slice, std::move(added[slice]), groups);
    for (std::vector<uint32_t>& changes : fresh) {
      groups->Add({.partition = number, .file_id = NewFileId(target_.random), .in_base_file = true},
                  std::move(changes), 0);
    }
  }

  void AddStored(uint32_t number, size_t slice, std::vector<uint32_t> inserts,
                 ChangeGroups* groups) const {
    const PartitionChanges& partition = partitions_[number];
    ChangeGroup group;
    group.partition = number;
    group.stored = &partition.slices[slice];
    group.file_id = group.stored->file_id;
    group.holds_updates = inserts.empty();
    group.in_base_file = target_.config.type == TableType::kCopyOnWrite || !inserts.empty();
    std::vector<uint32_t> changes = std::move(inserts);
    int64_t delete_count = 0;
    for (const uint32_t wanted : partition.by_slice[slice]) {
      changes.push_back(partition.changes[wanted]);
      if (request_.changes[changes.back()].row == RecordChange::kDelete) ++delete_count;
    }
    if (changes.empty()) return;
    std::ranges::sort(changes);
    groups->Add(std::move(group), std::move(changes), delete_count);
  }

  const UpsertTarget& target_;
  const UpsertRequest& request_;
  FileSizing sizing_;
  KeySource source_;
  std::vector<PartitionChanges> partitions_;
};

}  // namespace

Result<ChangeGroups> PlaceByKey(const UpsertTarget& target, const UpsertRequest& request,
                                const FileSizing& sizing, CheckedBaseFiles& checked) {
  return KeyPlacement(target, request, sizing, checked).Run();
}

}  // namespace tapelake::hudi
