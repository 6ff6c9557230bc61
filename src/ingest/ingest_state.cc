#include "ingest/ingest_state.h"

#include <xxhash.h>

#include <charconv>

#include "base/json.h"

namespace tapelake::ingest {
namespace {

/// Positions and marks beyond this go to the side file: commit metadata is read by every reader of
/// the table.
constexpr size_t kInlinePositionsBytesMax = 16 * 1024;
constexpr char kInSideFile[] = "@state_file";
constexpr int64_t kStateFormat = 1;

std::string Checksum(std::string_view content) {
  return std::to_string(XXH64(content.data(), content.size(), 0));
}

std::string FormatPositions(const std::map<std::string, uint64_t>& positions) {
  std::string text;
  base::JsonWriter writer(&text);
  writer.BeginObject();
  for (const auto& [source, offset] : positions) {
    writer.Key(source).Int(static_cast<int64_t>(offset));
  }
  writer.EndObject();
  return text;
}

/// Empty if there are none.
std::string FormatMarks(const std::map<std::string, record::LogMark>& marks) {
  std::string text;
  if (marks.empty()) return text;
  base::JsonWriter writer(&text);
  writer.BeginObject();
  for (const auto& [source, mark] : marks) {
    writer.Key(source).BeginArray().Int(static_cast<int64_t>(mark.offset)).String(mark.text);
    if (mark.at_end) writer.Bool(true);
    writer.EndArray();
  }
  writer.EndObject();
  return text;
}

std::string FormatStateFile(const IngestState& state, const std::string& positions,
                            const std::string& marks) {
  std::string text;
  base::JsonWriter writer(&text);
  writer.BeginObject().Key("format").Int(kStateFormat).Key("positions").Raw(positions);
  if (!marks.empty()) writer.Key("marks").Raw(marks);
  writer.Key("tombstones").BeginArray();
  for (const Tombstone& tombstone : state.tombstones) {
    writer.BeginArray().String(tombstone.key).Int(tombstone.order.time_micros);
    writer.String(tombstone.order.sequence).Int(tombstone.arrival_micros).EndArray();
  }
  writer.EndArray().EndObject();
  return text;
}

Status ParsePositions(const base::JsonValue& object, std::map<std::string, uint64_t>* positions) {
  if (!object.is_object()) {
    return MakeError(ErrorKind::kCorrupt, std::string(kPositionsKey) + " is no JSON object");
  }
  for (const auto& [source, offset] : object.members()) {
    const int64_t value = offset.AsInt(-1);
    if (value < 0) {
      return MakeError(ErrorKind::kCorrupt,
                       std::string(kPositionsKey) + ": offset of '" + source + "' is no count");
    }
    (*positions)[source] = static_cast<uint64_t>(value);
  }
  return Status::OK();
}

Status ParseMarks(const base::JsonValue& object, std::map<std::string, record::LogMark>* marks) {
  if (!object.is_object()) {
    return MakeError(ErrorKind::kCorrupt, std::string(kMarksKey) + " is no JSON object");
  }
  for (const auto& [source, mark] : object.members()) {
    const auto& members = mark.items();
    const bool has_end = members.size() == 3;
    const bool sized = members.size() == 2 || has_end;
    const int64_t offset = sized ? members[0].AsInt(-1) : -1;
    if (offset < 0 || !members[1].is_string()) {
      return MakeError(ErrorKind::kCorrupt, std::string(kMarksKey) + ": mark of '" + source +
                                                "' is not [offset, text] or [offset, text, true]");
    }
    (*marks)[source] = {.offset = static_cast<uint64_t>(offset),
                        .text = members[1].text(),
                        .at_end = has_end && members[2].boolean()};
  }
  return Status::OK();
}

Status ParseTombstones(const base::JsonValue* array, const std::string& file, IngestState* state) {
  if (array == nullptr || !array->is_array()) {
    return MakeError(ErrorKind::kCorrupt, "'" + file + "' holds no tombstones array");
  }
  for (const base::JsonValue& item : array->items()) {
    const auto& members = item.items();
    if (members.size() != 3 && members.size() != 4) {
      return MakeError(ErrorKind::kCorrupt,
                       "'" + file + "' holds a tombstone without 3 or 4 members");
    }
    Tombstone tombstone;
    tombstone.key = members[0].text();
    tombstone.order.time_micros = members[1].AsInt(0);
    tombstone.order.sequence = members[2].text();
    tombstone.arrival_micros =
        members.size() == 4 ? members[3].AsInt(0) : tombstone.order.time_micros;
    state->tombstones.push_back(std::move(tombstone));
  }
  return Status::OK();
}

Status LoadStateFile(io::FileSystem& files, const std::string& table_path, const std::string& name,
                     const std::string& checksum, bool with_positions, IngestState* state) {
  const std::string path = io::JoinPath(StateDirectory(table_path), name);
  TAPELAKE_ASSIGN_OR_RAISE(const std::string content, files.ReadFile(path));
  if (Checksum(content) != checksum) {
    return MakeError(ErrorKind::kCorrupt, "checksum of '" + path + "' is " + Checksum(content) +
                                              ", the commit says " + checksum);
  }
  TAPELAKE_ASSIGN_OR_RAISE(const base::JsonValue document, base::ParseJson(content));
  const base::JsonValue* positions = document.Find("positions");
  if (with_positions) {
    if (positions == nullptr) {
      return MakeError(ErrorKind::kCorrupt, "'" + path + "' holds no positions");
    }
    TAPELAKE_RETURN_NOT_OK(ParsePositions(*positions, &state->positions));
    const base::JsonValue* marks = document.Find("marks");
    if (marks != nullptr) TAPELAKE_RETURN_NOT_OK(ParseMarks(*marks, &state->marks));
  }
  return ParseTombstones(document.Find("tombstones"), path, state);
}

Result<int64_t> ParseCount(const std::map<std::string, std::string>& metadata, const char* key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return 0;
  int64_t value = 0;
  const char* end = found->second.data() + found->second.size();
  const auto parsed = std::from_chars(found->second.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return MakeError(ErrorKind::kCorrupt,
                     std::string(key) + " = '" + found->second + "' is no integer");
  }
  return value;
}

}  // namespace

std::string StateDirectory(const std::string& table_path) {
  return io::JoinPath(table_path, ".hoodie/.aux/tapelake");
}

Result<std::map<std::string, std::string>> StoreState(io::FileSystem& files,
                                                      const std::string& table_path,
                                                      const std::string& writer,
                                                      const IngestState& state) {
  std::map<std::string, std::string> metadata;
  metadata[kWatermarkKey] = std::to_string(state.watermark_micros);
  metadata[kChangeSeqKey] = std::to_string(state.change_seq);
  metadata[kWriterKey] = writer;
  if (state.shape) metadata[kShapeKey] = std::string(record::RecordShapeText(*state.shape));
  const std::string positions = FormatPositions(state.positions);
  const std::string marks = FormatMarks(state.marks);
  const bool inline_positions = positions.size() + marks.size() <= kInlinePositionsBytesMax;
  metadata[kPositionsKey] = inline_positions ? positions : kInSideFile;
  if (!marks.empty()) metadata[kMarksKey] = inline_positions ? marks : kInSideFile;
  if (inline_positions && state.tombstones.empty()) return metadata;

  const std::string content = inline_positions ? FormatStateFile(state, "{}", "")
                                               : FormatStateFile(state, positions, marks);
  const std::string checksum = Checksum(content);
  const std::string name = "state-" + std::to_string(state.change_seq) + "-" + checksum + ".json";
  TAPELAKE_RETURN_NOT_OK(files.CreateDirectories(StateDirectory(table_path)));
  TAPELAKE_RETURN_NOT_OK(
      files.ReplaceFile(io::JoinPath(StateDirectory(table_path), name), content));
  metadata[kStateFileKey] = name;
  metadata[kStateChecksumKey] = checksum;
  return metadata;
}

Result<IngestState> LoadState(io::FileSystem& files, const std::string& table_path,
                              const std::map<std::string, std::string>& extra_metadata) {
  IngestState state;
  TAPELAKE_ASSIGN_OR_RAISE(state.watermark_micros, ParseCount(extra_metadata, kWatermarkKey));
  TAPELAKE_ASSIGN_OR_RAISE(state.change_seq, ParseCount(extra_metadata, kChangeSeqKey));
  if (const auto shape = extra_metadata.find(kShapeKey); shape != extra_metadata.end()) {
    if (shape->second == "streams") {
      state.shape = record::RecordShape::kStreams;
    } else if (shape->second == "kinesis") {
      state.shape = record::RecordShape::kKinesis;
    } else {
      return MakeError(ErrorKind::kCorrupt,
                       std::string(kShapeKey) + " = '" + shape->second + "' is unknown");
    }
  }
  const auto positions = extra_metadata.find(kPositionsKey);
  const bool inline_positions =
      positions != extra_metadata.end() && positions->second != kInSideFile;
  if (inline_positions) {
    TAPELAKE_ASSIGN_OR_RAISE(const base::JsonValue object, base::ParseJson(positions->second));
    TAPELAKE_RETURN_NOT_OK(ParsePositions(object, &state.positions));
  }
  const auto marks = extra_metadata.find(kMarksKey);
  if (marks != extra_metadata.end() && marks->second != kInSideFile) {
    TAPELAKE_ASSIGN_OR_RAISE(const base::JsonValue object, base::ParseJson(marks->second));
    TAPELAKE_RETURN_NOT_OK(ParseMarks(object, &state.marks));
  }
  if (const auto file = extra_metadata.find(kStateFileKey); file != extra_metadata.end()) {
    const auto checksum = extra_metadata.find(kStateChecksumKey);
    if (checksum == extra_metadata.end()) {
      return MakeError(ErrorKind::kCorrupt, std::string(kStateChecksumKey) + " is missing");
    }
    TAPELAKE_RETURN_NOT_OK(LoadStateFile(files, table_path, file->second, checksum->second,
                                         !inline_positions, &state));
  }
  return state;
}

void DropOldStateFiles(io::FileSystem& files, const std::string& table_path,
                       const std::map<std::string, std::string>& keep) {
  const auto listed = files.List(StateDirectory(table_path));
  if (!listed.ok()) return;  // none yet
  const auto kept = keep.find(kStateFileKey);
  for (const io::FileInfo& file : *listed) {
    if (kept != keep.end() && file.name == kept->second) continue;
    // A left-over file costs a little space and is tried again after the next commit.
    (void)files.DeleteFile(io::JoinPath(StateDirectory(table_path), file.name));
  }
}

}  // namespace tapelake::ingest
