#include "hudi/format/commit_metadata.h"

#include <charconv>
#include <utility>

#include "base/json.h"
#include "base/seal.h"

namespace tapelake::hudi {
namespace {

using base::JsonValue;
using base::JsonWriter;

constexpr std::string_view kSealTail = "}}";  // extraMetadata and the document end

/// In Hudi's order.
constexpr std::pair<std::string_view, int64_t CompactionWriteStat::*> kCompactionCounters[] = {
    {"totalLogRecords", &CompactionWriteStat::log_records},
    {"totalLogFilesCompacted", &CompactionWriteStat::log_files},
    {"totalLogSizeCompacted", &CompactionWriteStat::log_bytes},
    {"totalUpdatedRecordsCompacted", &CompactionWriteStat::updated_records},
    {"totalLogBlocks", &CompactionWriteStat::log_blocks},
    {"totalCorruptLogBlock", &CompactionWriteStat::corrupt_blocks},
    {"totalRollbackBlocks", &CompactionWriteStat::rollback_blocks},
};

Status CorruptMember(const std::string& place, std::string_view expected) {
  return MakeError(ErrorKind::kCorrupt,
                   "commit metadata: " + place + " is not " + std::string(expected));
}

Status ReadText(const JsonValue& value, const std::string& place, std::string* out) {
  if (value.is_null()) return Status::OK();
  if (!value.is_string()) return CorruptMember(place, "a string");
  *out = value.text();
  return Status::OK();
}

Status ReadInt(const JsonValue& value, const std::string& place, int64_t* out) {
  if (value.is_null()) return Status::OK();
  const std::string& text = value.text();
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (!value.is_number() || parsed.ec != std::errc() || parsed.ptr != end) {
    return CorruptMember(place, "a 64-bit integer");
  }
  *out = number;
  return Status::OK();
}

/// Reads members of one JSON object; absent and null members leave the target as it is.
class ObjectReader {
 public:
  ObjectReader(const JsonValue& object, std::string place)
      : object_(object), place_(std::move(place)) {}

  const Status& status() const { return status_; }

  void Text(std::string_view key, std::string* out) {
    if (const JsonValue* value = Find(key)) Keep(ReadText(*value, Place(key), out));
  }
  void Int(std::string_view key, int64_t* out) {
    if (const JsonValue* value = Find(key)) Keep(ReadInt(*value, Place(key), out));
  }
  void OptionalInt(std::string_view key, std::optional<int64_t>* out) {
    const JsonValue* value = Find(key);
    if (value == nullptr) return;
    int64_t number = 0;
    Keep(ReadInt(*value, Place(key), &number));
    *out = number;
  }
  void Flag(std::string_view key, bool* out) {
    const JsonValue* value = Find(key);
    if (value == nullptr) return;
    if (value->type() != JsonValue::Type::kBool)
      return Keep(CorruptMember(Place(key), "a boolean"));
    *out = value->boolean();
  }
  void TextList(std::string_view key, std::vector<std::string>* out) {
    const JsonValue* value = Find(key);
    if (value != nullptr) Keep(ReadTextList(*value, Place(key), out));
  }
  /// Call `each(member)` for every member of the object `key`.
  template <typename Each>
  void Members(std::string_view key, Each each) {
    const JsonValue* value = Find(key);
    if (value == nullptr) return;
    if (!value->is_object()) return Keep(CorruptMember(Place(key), "an object"));
    for (const JsonValue::Member& member : value->members()) {
      Keep(each(member, Place(key) + "." + member.key));
    }
  }

  static Status ReadTextList(const JsonValue& value, const std::string& place,
                             std::vector<std::string>* out) {
    if (!value.is_array()) return CorruptMember(place, "an array");
    for (const JsonValue& item : value.items()) {
      std::string text;
      TAPELAKE_RETURN_NOT_OK(ReadText(item, place + "[]", &text));
      out->push_back(std::move(text));
    }
    return Status::OK();
  }

 private:
  const JsonValue* Find(std::string_view key) const {
    const JsonValue* value = object_.Find(key);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  std::string Place(std::string_view key) const {
    return place_.empty() ? std::string(key) : place_ + "." + std::string(key);
  }
  void Keep(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  const JsonValue& object_;
  std::string place_;
  Status status_;
};

void ReadLogStat(ObjectReader* reader, WriteStat* stat) {
  std::optional<int64_t> version;
  reader->OptionalInt("logVersion", &version);
  if (!version) return;
  stat->log.emplace();
  stat->log->log_version = *version;
  reader->Int("logOffset", &stat->log->log_offset);
  reader->Text("baseFile", &stat->log->base_file);
  reader->TextList("logFiles", &stat->log->log_files);
}

Result<WriteStat> ReadWriteStat(const JsonValue& json, const std::string& place) {
  if (!json.is_object()) return CorruptMember(place, "an object");
  WriteStat stat;
  ObjectReader reader(json, place);
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
  for (const auto& [key, member] : kCompactionCounters)
    reader.Int(key, &(stat.compaction.*member));
  reader.OptionalInt("minEventTime", &stat.min_event_time_ms);
  reader.OptionalInt("maxEventTime", &stat.max_event_time_ms);
  reader.Members("cdcStats", [&](const JsonValue::Member& member, const std::string& where) {
    return ReadInt(member.value, where, &stat.cdc_stats[member.key]);
  });
  reader.Members("runtimeStats", [&](const JsonValue::Member& member, const std::string& where) {
    int64_t millis = 0;
    TAPELAKE_RETURN_NOT_OK(ReadInt(member.value, where, &millis));
    if (member.key == "totalScanTime") stat.scan_time_ms = millis;
    if (member.key == "totalUpsertTime") stat.upsert_time_ms = millis;
    if (member.key == "totalCreateTime") stat.create_time_ms = millis;
    return Status::OK();
  });
  ReadLogStat(&reader, &stat);
  TAPELAKE_RETURN_NOT_OK(reader.status());
  return stat;
}

Status ReadPartitionStats(const JsonValue& json, const std::string& place,
                          std::vector<WriteStat>* out) {
  if (!json.is_array()) return CorruptMember(place, "an array");
  for (size_t i = 0; i < json.items().size(); ++i) {
    TAPELAKE_ASSIGN_OR_RAISE(auto stat,
                             ReadWriteStat(json.items()[i], place + "[" + std::to_string(i) + "]"));
    out->push_back(std::move(stat));
  }
  return Status::OK();
}

void WriteTextOrNull(JsonWriter* json, std::string_view key, const std::string& text) {
  json->Key(key);
  if (text.empty()) {
    json->Null();
  } else {
    json->String(text);
  }
}

void WriteIntOrNull(JsonWriter* json, std::string_view key, std::optional<int64_t> value) {
  json->Key(key);
  if (value) {
    json->Int(*value);
  } else {
    json->Null();
  }
}

void WriteCdcStats(JsonWriter* json, const WriteStat& stat) {
  json->Key("cdcStats");
  if (stat.cdc_stats.empty()) {
    json->Null();
    return;
  }
  json->BeginObject();
  for (const auto& [path, bytes] : stat.cdc_stats)
    json->Key(path).Int(bytes);
  json->EndObject();
}

void WriteLogStat(JsonWriter* json, const LogWriteStat& log) {
  json->Key("logVersion").Int(log.log_version).Key("logOffset").Int(log.log_offset);
  json->Key("baseFile").String(log.base_file).Key("logFiles").BeginArray();
  for (const std::string& name : log.log_files)
    json->String(name);
  json->EndArray();
  json->Key("recordsStats").BeginObject().Key("val").Null().EndObject();
}

/// `planned`: a stat of an inflight file, which has neither path nor runtimes yet.
void WriteWriteStat(JsonWriter* json, const WriteStat& stat, bool planned) {
  json->BeginObject();
  json->Key("fileId").String(stat.file_id);
  WriteTextOrNull(json, "path", stat.path);
  WriteCdcStats(json, stat);
  json->Key("prevCommit").String(stat.previous_commit);
  json->Key("numWrites").Int(stat.writes);
  json->Key("numDeletes").Int(stat.deletes);
  json->Key("numUpdateWrites").Int(stat.update_writes);
  json->Key("numInserts").Int(stat.inserts);
  json->Key("totalWriteBytes").Int(stat.write_bytes);
  json->Key("totalWriteErrors").Int(stat.write_errors);
  json->Key("tempPath").Null();
  json->Key("partitionPath");
  if (planned) {
    json->Null();
  } else {
    json->String(stat.partition_path);
  }
  for (const auto& [key, member] : kCompactionCounters)
    json->Key(key).Int(stat.compaction.*member);
  json->Key("fileSizeInBytes").Int(stat.file_size_bytes);
  WriteIntOrNull(json, "minEventTime", stat.min_event_time_ms);
  WriteIntOrNull(json, "maxEventTime", stat.max_event_time_ms);
  json->Key("runtimeStats");
  if (planned) {
    json->Null();
  } else {
    json->BeginObject().Key("totalScanTime").Int(stat.scan_time_ms);
    json->Key("totalUpsertTime").Int(stat.upsert_time_ms);
    json->Key("totalCreateTime").Int(stat.create_time_ms).EndObject();
  }
  if (stat.log) WriteLogStat(json, *stat.log);
  json->EndObject();
}

std::string FormatMetadata(const CommitMetadata& metadata, bool planned) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Key("partitionToWriteStats").BeginObject();
  for (const auto& [partition, stats] : metadata.write_stats) {
    json.Key(partition).BeginArray();
    for (const WriteStat& stat : stats)
      WriteWriteStat(&json, stat, planned);
    json.EndArray();
  }
  json.EndObject();
  json.Key("compacted").Bool(metadata.compacted);
  WriteTextOrNull(&json, "operationType", metadata.operation_type);
  if (!metadata.replaced_file_ids.empty()) {
    json.Key("partitionToReplaceFileIds").BeginObject();
    for (const auto& [partition, file_ids] : metadata.replaced_file_ids) {
      json.Key(partition).BeginArray();
      for (const std::string& file_id : file_ids)
        json.String(file_id);
      json.EndArray();
    }
    json.EndObject();
  }
  // The last member, and the seal the last of it: so its place is known without parsing.
  json.Key("extraMetadata").BeginObject();
  for (const auto& [key, value] : metadata.extra_metadata)
    json.Key(key).String(value);
  if (!metadata.extra_metadata.empty()) out.push_back(',');
  base::AppendJsonSeal(0, kSealTail, &out);
  return out;
}

}  // namespace

const std::string& CommitMetadata::schema() const {
  static const std::string kNone;
  const auto found = extra_metadata.find(std::string(kSchemaKey));
  return found == extra_metadata.end() ? kNone : found->second;
}

Status CheckCommitSeal(std::string_view json) {
  if (base::JudgeJsonSeal(json, kSealTail) != base::SealState::kBroken) return Status::OK();
  return MakeError(ErrorKind::kCorrupt, "commit metadata: its checksum is wrong");
}

Result<CommitMetadata> ParseCommitMetadata(std::string_view json) {
  if (json.empty()) return MakeError(ErrorKind::kCorrupt, "commit metadata: the file is empty");
  TAPELAKE_RETURN_NOT_OK(CheckCommitSeal(json));
  const Result<JsonValue> parsed = base::ParseJson(json);
  if (!parsed.ok()) {
    return MakeError(ErrorKind::kCorrupt, "commit metadata: " + parsed.status().message());
  }
  if (!parsed->is_object()) return CorruptMember("the document", "an object");
  CommitMetadata metadata;
  metadata.operation_type = "";
  ObjectReader reader(*parsed, "");
  reader.Members(
      "partitionToWriteStats", [&](const JsonValue::Member& member, const std::string& where) {
        return ReadPartitionStats(member.value, where, &metadata.write_stats[member.key]);
      });
  reader.Members("partitionToReplaceFileIds", [&](const JsonValue::Member& member,
                                                  const std::string& where) {
    return ObjectReader::ReadTextList(member.value, where, &metadata.replaced_file_ids[member.key]);
  });
  reader.Members("extraMetadata", [&](const JsonValue::Member& member, const std::string& where) {
    return ReadText(member.value, where, &metadata.extra_metadata[member.key]);
  });
  reader.Flag("compacted", &metadata.compacted);
  reader.Text("operationType", &metadata.operation_type);
  TAPELAKE_RETURN_NOT_OK(reader.status());
  metadata.extra_metadata.erase(std::string(base::kSealKey));  // of this file, not of its content
  return metadata;
}

std::string FormatCommitMetadata(const CommitMetadata& metadata) {
  return FormatMetadata(metadata, /*planned=*/false);
}

std::string FormatInflightMetadata(const CommitMetadata& planned) {
  CommitMetadata profile;
  profile.operation_type = planned.operation_type;
  for (const auto& [partition, stats] : planned.write_stats) {
    std::vector<WriteStat>& out = profile.write_stats[partition];
    out.emplace_back();  // the partition's inserts, under no file id
    for (const WriteStat& stat : stats) {
      out.front().inserts += stat.inserts;
      if (stat.previous_commit == kNoPreviousCommit) continue;
      WriteStat group;
      group.file_id = stat.file_id;
      group.previous_commit = stat.previous_commit;
      group.update_writes = stat.update_writes + stat.deletes;
      out.push_back(std::move(group));
    }
  }
  return FormatMetadata(profile, /*planned=*/true);
}

}  // namespace tapelake::hudi
