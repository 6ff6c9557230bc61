#include "delivery/object_layout.h"

#include <algorithm>
#include <optional>

#include "base/json.h"

namespace tapelake::delivery {
namespace {

constexpr std::string_view kHourExpression = "!{timestamp:yyyy/MM/dd/HH}/";
constexpr std::string_view kBackupFolder = "source";
constexpr size_t kExtensionCharactersMax = 128;
constexpr size_t kFileNameBytesMax = 255;
constexpr size_t kNameTailBytesMax = 48;  // version, time and number of an object's name
constexpr size_t kKeyNameCharactersMax = 64;

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Status Refuse(const std::string& why) {
  return MakeError(ErrorKind::kInvalid, why);
}

/// Append `value` so that it is part of one folder's name, whatever it holds.
void AppendPathSafe(std::string_view value, std::string* out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kSigns = "-_+@,";
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const auto byte = static_cast<unsigned char>(c);
    if (IsPlain(c) || byte >= 0x80 || kSigns.find(c) != kSigns.npos || (c == '.' && i > 0)) {
      out->push_back(c);
      continue;
    }
    out->push_back('%');
    out->push_back(kDigits[byte >> 4]);
    out->push_back(kDigits[byte & 15]);
  }
}

/// Put a value behind the partition's others; return why it cannot be one, nothing if it can.
std::string_view AppendValue(std::string_view value, std::string* partition) {
  if (value.empty()) return "is empty";
  if (!partition->empty()) partition->push_back('/');
  const size_t begin = partition->size();
  AppendPathSafe(value, partition);
  return partition->size() - begin > kPartitionValueBytesMax ? "is longer than 100 bytes in a path"
                                                             : "";
}

/// Say in `*reason` why a record has no partition; return false.
bool Refuse(const PartitionKey& key, std::string_view what, std::string_view why,
            std::string* reason) {
  *reason = "partition key '" + key.name + "': ";
  reason->append(what).append(" '").append(key.attribute).append("' ").append(why);
  return false;
}

const record::Attribute* FindAttribute(const std::vector<record::Attribute>& attributes,
                                       std::string_view name) {
  const auto found =
      std::find_if(attributes.begin(), attributes.end(),
                   [name](const record::Attribute& one) { return one.name == name; });
  return found == attributes.end() ? nullptr : &*found;
}

bool IsScalar(record::AttributeType type) {
  return type == record::AttributeType::kString || type == record::AttributeType::kNumber ||
         type == record::AttributeType::kBool;
}

std::vector<std::string_view> Split(std::string_view partition) {
  std::vector<std::string_view> values;
  while (true) {
    const size_t slash = partition.find('/');
    values.push_back(partition.substr(0, slash));
    if (slash == partition.npos) return values;
    partition.remove_prefix(slash + 1);
  }
}

std::string RawPrefixText(const LayoutOptions& options, const std::string& stream) {
  std::string text =
      options.prefix.empty() ? std::string(kRawFolder) + "/" + stream + "/" : options.prefix;
  if (text.find("!{timestamp:") == text.npos) text.append(kHourExpression);
  return text;
}

std::string ErrorPrefixText(const LayoutOptions& options) {
  std::string text =
      options.error_prefix.empty() ? std::string(kErrorFolder) + "/" : options.error_prefix;
  if (text.find("!{") == text.npos) {
    text.append("!{firehose:error-output-type}/").append(kHourExpression);
  }
  return text;
}

std::string BackupPrefixText(const LayoutOptions& options, const std::string& stream) {
  std::string text = options.backup_prefix.empty() ? std::string(kBackupFolder) + "/" + stream + "/"
                                                   : options.backup_prefix;
  if (text.find("!{timestamp:") == text.npos) text.append(kHourExpression);
  return text;
}

Status CheckExtension(const std::string& extension) {
  constexpr std::string_view kSigns = "!-_.*'()";
  const bool fits =
      extension.size() <= kExtensionCharactersMax &&
      (extension.empty() || (extension.size() > 1 && extension.front() == '.')) &&
      std::all_of(extension.begin(), extension.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || kSigns.find(c) != kSigns.npos;
      });
  if (fits) return Status::OK();
  return Refuse("file_extension '" + extension +
                "' is none: a dot, then small letters, digits and !-_.*'(), at most 128");
}

Status CheckKeys(const LayoutOptions& options, const PrefixExpression& raw) {
  const std::vector<PartitionKey>& keys = options.partition_keys;
  for (size_t i = 0; i < keys.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (keys[j].name == keys[i].name) {
        return Refuse("partition_keys declares '" + keys[i].name + "' twice");
      }
    }
    if (raw.UsesKey(i)) continue;
    return Refuse("the partition key '" + keys[i].name +
                  "' is not used in the prefix\nhint: !{partitionKeyFromQuery:" + keys[i].name +
                  "}");
  }
  if (!options.delimiter.empty() && !options.as_they_came) {
    return Refuse("a delimiter stands behind records as they came; lines have their own ends");
  }
  if (options.partitions_max > 0) return Status::OK();
  return Refuse("partitions_max is " + std::to_string(options.partitions_max) +
                ", but must be positive");
}

/// The lake's folder is no bucket of its own: other folders beside the objects are the lake's.
Status CheckFirstFolder(const LayoutOptions& options, const PrefixExpression& prefix) {
  if (!options.target.empty() || !prefix.text().starts_with("!{partitionKeyFrom")) {
    return Status::OK();
  }
  return Refuse("prefix '" + prefix.text() +
                "': its first folder would be named by records, and could be one of the lake's own"
                "\nhint: put a name in front, for example pair=" +
                prefix.text());
}

}  // namespace

Result<PartitionKey> ParsePartitionKey(const std::string& text) {
  const size_t equals = text.find('=');
  PartitionKey key{.name = text.substr(0, equals),
                   .attribute = equals == text.npos ? text : text.substr(equals + 1)};
  const bool fits =
      !key.name.empty() && key.name.size() <= kKeyNameCharactersMax && !key.attribute.empty() &&
      std::all_of(key.name.begin(), key.name.end(), [](char c) { return IsPlain(c) || c == '_'; });
  if (fits) return key;
  return Refuse("partition key '" + text +
                "' is none\nhint: NAME or NAME=ATTRIBUTE; a name has letters, digits and '_', at "
                "most 64");
}

Result<std::shared_ptr<const ObjectLayout>> ObjectLayout::Make(const LayoutOptions& options,
                                                               const std::string& stream) {
  TAPELAKE_RETURN_NOT_OK(CheckStreamName(stream));
  const auto compression = ParseCompression(options.compression);
  if (!compression) {
    return Refuse("compression '" + options.compression +
                  "' is none of GZIP, UNCOMPRESSED, ZIP, Snappy, HADOOP_SNAPPY, ZSTD");
  }
  TAPELAKE_RETURN_NOT_OK(CheckExtension(options.extension));
  TAPELAKE_ASSIGN_OR_RAISE(const absl::TimeZone zone, FindTimeZone(options.time_zone));
  std::vector<std::string> keys;
  for (const PartitionKey& key : options.partition_keys)
    keys.push_back(key.name);
  TAPELAKE_ASSIGN_OR_RAISE(
      PrefixExpression raw,
      PrefixExpression::Parse(
          RawPrefixText(options, stream),
          {.use = PrefixExpression::Use::kObjects, .partition_keys = keys, .zone = zone}));
  TAPELAKE_RETURN_NOT_OK(CheckFirstFolder(options, raw));
  TAPELAKE_RETURN_NOT_OK(CheckKeys(options, raw));
  if (options.error_prefix.empty() && options.prefix.find("!{") != std::string::npos) {
    return Refuse("prefix '" + options.prefix +
                  "' has expressions, so there must be an error_prefix\nhint: "
                  "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/");
  }
  TAPELAKE_ASSIGN_OR_RAISE(
      PrefixExpression error,
      PrefixExpression::Parse(ErrorPrefixText(options),
                              {.use = PrefixExpression::Use::kErrors, .zone = zone}));
  if (!error.has_error_type()) {
    return Refuse("error_prefix '" + options.error_prefix +
                  "' has expressions, so !{firehose:error-output-type} must be among them");
  }
  TAPELAKE_ASSIGN_OR_RAISE(
      PrefixExpression backup,
      PrefixExpression::Parse(BackupPrefixText(options, stream),
                              {.use = PrefixExpression::Use::kBackup, .zone = zone}));
  if (options.backup && raw.text() == backup.text()) {
    return Refuse("backup_prefix '" + backup.text() + "' is the prefix of the raw objects, too");
  }
  std::string extension = options.extension;
  if (extension.empty()) {
    extension = options.as_they_came ? "" : kErrorEnding;
    extension.append(CompressionEnding(*compression));
  }
  const size_t name_bytes =
      std::max({raw.name_bytes_max(), error.name_bytes_max(), backup.name_bytes_max()}) +
      stream.size() + kNameTailBytesMax + extension.size();
  if (name_bytes > kFileNameBytesMax && !(options == LayoutOptions())) {
    return Refuse("an object's name may become " + std::to_string(name_bytes) +
                  " bytes long, more than " + std::to_string(kFileNameBytesMax) +
                  "\nhint: end the prefix with '/', or take a shorter file_extension");
  }
  std::shared_ptr<ObjectLayout> layout(
      new ObjectLayout(options, std::move(raw), std::move(error), std::move(backup)));
  layout->compression_ = *compression;
  layout->extension_ = std::move(extension);
  return std::shared_ptr<const ObjectLayout>(std::move(layout));
}

std::string ObjectLayout::RawPath(const ObjectName& name, std::string_view partition) const {
  const std::string file = FormatObjectName(name);
  const std::string seed = file + "/" + std::string(partition);
  return raw_.Evaluate({.micros = name.cut_micros, .partition = Split(partition), .seed = seed}) +
         file + extension_;
}

std::string ObjectLayout::ErrorPath(std::string_view type, const ObjectName& name) const {
  const std::string file = FormatObjectName(name);
  const std::string seed = file + "!" + std::string(type);
  const PrefixValues values{.micros = name.cut_micros, .error_type = type, .seed = seed};
  return error_.Evaluate(values) + file + std::string(kErrorEnding);
}

std::string ObjectLayout::BackupPath(const ObjectName& name) const {
  const std::string file = FormatObjectName(name);
  return backup_.Evaluate({.micros = name.cut_micros, .seed = file}) + file + extension_;
}

bool ObjectLayout::PartitionOf(const record::Change& change, std::string* partition,
                               std::string* reason) const {
  partition->clear();
  for (const PartitionKey& key : options_.partition_keys) {
    const record::Attribute* attribute = FindAttribute(change.image(), key.attribute);
    if (attribute == nullptr) attribute = FindAttribute(change.keys, key.attribute);
    std::string_view why;
    if (attribute == nullptr) {
      why = "is not there";
    } else if (!IsScalar(attribute->type)) {
      why = "is not of type S, N or BOOL";
    } else {
      why = AppendValue(attribute->text, partition);
    }
    if (!why.empty()) return Refuse(key, "attribute", why, reason);
  }
  return true;
}

bool ObjectLayout::PartitionOf(std::string_view record, std::string* partition,
                               std::string* reason) const {
  partition->clear();
  const auto parsed = base::ParseJson(record);
  if (!parsed.ok() || !parsed->is_object()) {
    *reason = "the record is not one JSON object";
    return false;
  }
  for (const PartitionKey& key : options_.partition_keys) {
    const base::JsonValue* member = parsed->Find(key.attribute);
    std::string_view why;
    if (member == nullptr) {
      why = "is not there";
    } else if (member->type() == base::JsonValue::Type::kBool) {
      why = AppendValue(member->boolean() ? "true" : "false", partition);
    } else if (member->is_string() || member->is_number()) {
      why = AppendValue(member->text(), partition);
    } else {
      why = "is no text, number or boolean";
    }
    if (!why.empty()) return Refuse(key, "member", why, reason);
  }
  return true;
}

bool ObjectLayout::AddFunctionKeys(const std::map<std::string, std::string>& given,
                                   std::string* partition, std::string* reason) const {
  for (const std::string& key : function_keys()) {
    const auto value = given.find(key);
    const std::string_view why =
        value == given.end() ? "is not there" : AppendValue(value->second, partition);
    if (why.empty()) continue;
    *reason = "partition key '" + key + "' of the Lambda function ";
    reason->append(why);
    return false;
  }
  return true;
}

}  // namespace tapelake::delivery
