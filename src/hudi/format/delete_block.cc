// The content of delete blocks: one Avro datum of HoodieDeleteRecordList.

#include "hudi/format/byte_codec.h"
#include "hudi/format/log_block.h"

namespace tapelake::hudi {
namespace {

/// Branches of the union `orderingVal`; all but null are records of one field, which add no bytes.
enum OrderingBranch : int64_t {
  kNull = 0,
  kBoolean = 1,
  kInt = 2,
  kLong = 3,
  kFloat = 4,
  kDouble = 5,
  kBytes = 6,
  kString = 7,
  kDate = 8,
  kDecimal = 9,
  kTimeMicros = 10,
  kTimestampMicros = 11,
};

/// Branches of the unions `recordKey` and `partitionPath`.
constexpr int64_t kTextBranch = 1;

struct OrderingWriter {
  std::string* out;

  void operator()(int32_t value) const {
    AppendAvroLong(kInt, out);
    AppendAvroLong(value, out);
  }
  void operator()(int64_t value) const {
    AppendAvroLong(kLong, out);
    AppendAvroLong(value, out);
  }
  void operator()(double value) const {
    AppendAvroLong(kDouble, out);
    out->append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void operator()(const std::string& value) const {
    AppendAvroLong(kString, out);
    AppendAvroBytes(value, out);
  }
};

bool ReadOptionalText(ByteReader* reader, std::string_view* text) {
  int64_t branch = 0;
  if (!reader->AvroLong(&branch)) return false;
  if (branch == 0) return true;
  return branch == kTextBranch && reader->AvroBytes(text);
}

bool ReadText(ByteReader* reader, OrderingValue* value) {
  std::string_view text;
  if (!reader->AvroBytes(&text)) return false;
  *value = std::string(text);
  return true;
}

template <typename Number>
bool ReadFloating(ByteReader* reader, OrderingValue* value) {
  Number number = 0;
  if (!reader->LittleEndian(&number)) return false;
  *value = static_cast<double>(number);
  return true;
}

bool ReadOrdering(ByteReader* reader, OrderingValue* value) {
  int64_t branch = 0;
  int64_t number = 0;
  std::string_view flag;
  if (!reader->AvroLong(&branch)) return false;
  switch (branch) {
    case kInt:
      if (!reader->AvroLong(&number) || number != static_cast<int32_t>(number)) return false;
      *value = static_cast<int32_t>(number);
      return true;
    case kLong:
    case kDate:
    case kTimeMicros:
    case kTimestampMicros:
      if (!reader->AvroLong(&number)) return false;
      *value = number;
      return true;
    case kFloat:
      return ReadFloating<float>(reader, value);
    case kDouble:
      return ReadFloating<double>(reader, value);
    case kBytes:
    case kString:
    case kDecimal:
      return ReadText(reader, value);
    case kBoolean:
      if (!reader->Raw(1, &flag)) return false;
      *value = std::string(flag);
      return true;
    default:
      return false;
  }
}

Status CorruptAt(const ByteReader& reader, const std::string& why) {
  return MakeError(ErrorKind::kCorrupt,
                   "delete block: " + why + " at byte " + std::to_string(reader.offset()));
}

}  // namespace

std::string FormatDeleteBlockContent(const std::vector<DeleteRecord>& deletes) {
  std::string datum;
  if (!deletes.empty()) AppendAvroLong(static_cast<int64_t>(deletes.size()), &datum);
  for (const DeleteRecord& entry : deletes) {
    AppendAvroLong(kTextBranch, &datum);
    AppendAvroBytes(entry.record_key, &datum);
    AppendAvroLong(kTextBranch, &datum);
    AppendAvroBytes(entry.partition_path, &datum);
    std::visit(OrderingWriter{&datum}, entry.ordering);
  }
  AppendAvroLong(0, &datum);
  std::string content;
  AppendBigEndian(kLogContentVersion, &content);
  AppendBigEndian(static_cast<int32_t>(datum.size()), &content);
  return content + datum;
}

Result<std::vector<DeleteRecord>> ParseDeleteBlockContent(std::string_view content) {
  ByteReader reader(content);
  int32_t version = 0;
  int32_t size = 0;
  if (!reader.BigEndian(&version)) return CorruptAt(reader, "no version");
  if (version != kLogContentVersion) {
    return MakeError(ErrorKind::kInvalid, "delete block of content version " +
                                              std::to_string(version) + "; only version " +
                                              std::to_string(kLogContentVersion) + " is read");
  }
  if (!reader.BigEndian(&size) || size < 0 || static_cast<size_t>(size) != reader.remaining()) {
    return CorruptAt(reader, "the length disagrees");
  }
  std::vector<DeleteRecord> deletes;
  int64_t count = 0;
  do {
    if (!reader.AvroBlockCount(&count)) return CorruptAt(reader, "no item count");
    for (int64_t i = 0; i < count; ++i) {
      DeleteRecord& entry = deletes.emplace_back();
      std::string_view key;
      std::string_view partition;
      if (!ReadOptionalText(&reader, &key) || key.data() == nullptr) {
        return CorruptAt(reader, "no record key");
      }
      if (!ReadOptionalText(&reader, &partition)) return CorruptAt(reader, "no partition path");
      if (!ReadOrdering(&reader, &entry.ordering)) return CorruptAt(reader, "no ordering value");
      entry.record_key = key;
      entry.partition_path = partition;
    }
  } while (count > 0);
  if (!reader.at_end()) return CorruptAt(reader, "bytes after the last entry");
  return deletes;
}

}  // namespace tapelake::hudi
