// Commit metadata in its Avro form.

#include <utility>

#include "hudi/format/avro_value.h"
#include "hudi/format/commit_metadata.h"

namespace tapelake::hudi {
namespace {

Status WrongMember(const std::string& place, std::string_view expected) {
  return MakeError(ErrorKind::kCorrupt,
                   "commit metadata: " + place + " is not " + std::string(expected));
}

/// Reads members of one record or map; absent and null members leave the target as it is, and the
/// first error sticks.
class RecordReader {
 public:
  RecordReader(const AvroValue& record, std::string place)
      : record_(record), place_(std::move(place)) {
    if (!std::holds_alternative<AvroValue::Members>(record.value)) {
      Fail(place_.empty() ? "the document" : place_, "a record");
    }
  }

  const Status& status() const { return status_; }

  void Text(std::string_view key, std::string* out) { Take(key, "a string", out); }
  void Int(std::string_view key, int64_t* out) { Take(key, "an integer", out); }
  void Flag(std::string_view key, bool* out) { Take(key, "a boolean", out); }
  void OptionalInt(std::string_view key, std::optional<int64_t>* out) {
    if (Find(key) == nullptr) return;
    Take(key, "an integer", &out->emplace());
  }

  /// Call `each(name, value, place)` for every member of the map `key`.
  template <typename Each>
  void Members(std::string_view key, Each each) {
    const AvroValue* value = Find(key);
    if (value == nullptr) return;
    const auto* members = std::get_if<AvroValue::Members>(&value->value);
    if (members == nullptr) return Fail(Place(key), "a map");
    for (const auto& [name, member] : *members) {
      if (status_.ok()) status_ = each(name, member, Place(key) + "." + name);
    }
  }

  void TextList(std::string_view key, std::vector<std::string>* out) {
    if (const AvroValue* value = Find(key)) Keep(ListOf(*value, Place(key), out));
  }

  static Status ListOf(const AvroValue& value, const std::string& place,
                       std::vector<std::string>* out) {
    const auto* items = std::get_if<AvroValue::List>(&value.value);
    if (items == nullptr) return WrongMember(place, "a list");
    for (const AvroValue& item : *items) {
      const auto* text = std::get_if<std::string>(&item.value);
      if (text == nullptr) return WrongMember(place + "[]", "a string");
      out->push_back(*text);
    }
    return Status::OK();
  }

 private:
  template <typename T>
  void Take(std::string_view key, std::string_view expected, T* out) {
    const AvroValue* value = Find(key);
    if (value == nullptr) return;
    const auto* held = std::get_if<T>(&value->value);
    if (held == nullptr) return Fail(Place(key), expected);
    *out = *held;
  }

  const AvroValue* Find(std::string_view key) const {
    const AvroValue* value = record_.Find(key);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  std::string Place(std::string_view key) const {
    return place_.empty() ? std::string(key) : place_ + "." + std::string(key);
  }
  void Fail(const std::string& place, std::string_view expected) {
    Keep(WrongMember(place, expected));
  }
  void Keep(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  const AvroValue& record_;
  std::string place_;
  Status status_;
};

void ReadCompactionCounters(RecordReader* reader, CompactionWriteStat* stat) {
  reader->Int("totalLogRecords", &stat->log_records);
  reader->Int("totalLogFilesCompacted", &stat->log_files);
  reader->Int("totalLogSizeCompacted", &stat->log_bytes);
  reader->Int("totalUpdatedRecordsCompacted", &stat->updated_records);
  reader->Int("totalLogBlocks", &stat->log_blocks);
  reader->Int("totalCorruptLogBlock", &stat->corrupt_blocks);
  reader->Int("totalRollbackBlocks", &stat->rollback_blocks);
}

void ReadLogStat(RecordReader* reader, WriteStat* stat) {
  std::optional<int64_t> version;
  reader->OptionalInt("logVersion", &version);
  // The record has the member also for base files, as 0.
  if (version.value_or(0) == 0) return;
  stat->log.emplace();
  stat->log->log_version = *version;
  reader->Int("logOffset", &stat->log->log_offset);
  reader->Text("baseFile", &stat->log->base_file);
  reader->TextList("logFiles", &stat->log->log_files);
}

Result<WriteStat> StatOf(const AvroValue& record, const std::string& place) {
  WriteStat stat;
  RecordReader reader(record, place);
  reader.Text("fileId", &stat.file_id);
  reader.Text("path", &stat.path);
  reader.Text("prevCommit", &stat.previous_commit);
  reader.Text("partitionPath", &stat.partition_path);
  reader.Int("numWrites", &stat.writes);
  reader.Int("numDeletes", &stat.deletes);
  reader.Int("numUpdateWrites", &stat.update_writes);
  reader.Int("numInserts", &stat.inserts);
  reader.Int("totalWriteBytes", &stat.write_bytes);
  reader.Int("totalWriteErrors", &stat.write_errors);
  reader.Int("fileSizeInBytes", &stat.file_size_bytes);
  reader.OptionalInt("minEventTime", &stat.min_event_time_ms);
  reader.OptionalInt("maxEventTime", &stat.max_event_time_ms);
  ReadCompactionCounters(&reader, &stat.compaction);
  reader.Members("cdcStats", [&stat](const std::string& path, const AvroValue& bytes,
                                     const std::string& where) {
    const auto* number = std::get_if<int64_t>(&bytes.value);
    if (number == nullptr) return WrongMember(where, "an integer");
    stat.cdc_stats[path] = *number;
    return Status::OK();
  });
  ReadLogStat(&reader, &stat);
  TAPELAKE_RETURN_NOT_OK(reader.status());
  return stat;
}

Status ReadPartitionStats(const AvroValue& value, const std::string& place,
                          std::vector<WriteStat>* out) {
  const auto* items = std::get_if<AvroValue::List>(&value.value);
  if (items == nullptr) return WrongMember(place, "a list");
  for (size_t i = 0; i < items->size(); ++i) {
    TAPELAKE_ASSIGN_OR_RAISE(auto stat, StatOf((*items)[i], place + "[" + std::to_string(i) + "]"));
    out->push_back(std::move(stat));
  }
  return Status::OK();
}

}  // namespace

Result<CommitMetadata> CommitMetadataOfAvro(const AvroValue& record) {
  CommitMetadata metadata;
  metadata.operation_type = "";
  RecordReader reader(record, "");
  reader.Members("partitionToWriteStats", [&](const std::string& partition, const AvroValue& stats,
                                              const std::string& where) {
    return ReadPartitionStats(stats, where, &metadata.write_stats[partition]);
  });
  reader.Members(
      "partitionToReplaceFileIds",
      [&](const std::string& partition, const AvroValue& file_ids, const std::string& where) {
        return RecordReader::ListOf(file_ids, where, &metadata.replaced_file_ids[partition]);
      });
  reader.Members("extraMetadata",
                 [&](const std::string& key, const AvroValue& value, const std::string& where) {
                   const auto* text = std::get_if<std::string>(&value.value);
                   if (text == nullptr && !value.is_null()) return WrongMember(where, "a string");
                   metadata.extra_metadata[key] = text == nullptr ? "" : *text;
                   return Status::OK();
                 });
  reader.Flag("compacted", &metadata.compacted);
  reader.Text("operationType", &metadata.operation_type);
  TAPELAKE_RETURN_NOT_OK(reader.status());
  return metadata;
}

Result<CommitMetadata> ParseCommitContainer(std::string_view file) {
  if (file.empty()) return MakeError(ErrorKind::kCorrupt, "commit metadata: the file is empty");
  TAPELAKE_ASSIGN_OR_RAISE(const AvroValue record, ParseAvroContainer(file));
  return CommitMetadataOfAvro(record);
}

}  // namespace tapelake::hudi
