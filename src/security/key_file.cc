#include "security/key_file.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/time.h"

namespace tapelake::security {
namespace {

constexpr int64_t kVersion = 1;

/// The text of a member; empty if it is none.
std::string TextOf(const base::JsonValue& value, std::string_view key) {
  const base::JsonValue* member = value.Find(key);
  return member != nullptr && member->is_string() ? member->text() : "";
}

Result<AccessKey> ParseKey(const base::JsonValue& value) {
  const auto corrupt = [](const std::string& what) { return MakeError(ErrorKind::kCorrupt, what); };
  AccessKey key{.access_key_id = TextOf(value, "access_key_id"),
                .secret_access_key = TextOf(value, "secret_access_key"),
                .name = TextOf(value, "name")};
  if (!IsAccessKeyId(key.access_key_id)) {
    return corrupt("'" + key.access_key_id + "' is no access_key_id");
  }
  if (key.secret_access_key.empty()) return corrupt(key.access_key_id + " has no secret");
  if (!IsKeyName(key.name)) return corrupt(key.access_key_id + " has no name");
  const auto created = base::ParseIso8601(TextOf(value, "created"));
  if (!created) return corrupt(key.access_key_id + " has no time at which it was created");
  key.created_micros = created->micros;
  return key;
}

}  // namespace

Result<KeySet> KeySet::Parse(std::string_view json, const std::string& place) {
  const auto corrupt = [&](const std::string& what) {
    return MakeError(ErrorKind::kCorrupt, "the file of keys " + place + " is damaged: " + what +
                                              "\nhint: repair it, or delete it and make new keys "
                                              "('tapelake keys create')");
  };
  const auto document = base::ParseJson(json);
  if (!document.ok()) return corrupt(document.status().message());
  const base::JsonValue* version = document->Find("version");
  if (version == nullptr || version->AsInt(0) != kVersion) {
    return corrupt("its version is not " + std::to_string(kVersion));
  }
  const base::JsonValue* list = document->Find("keys");
  if (list == nullptr || !list->is_array()) return corrupt("it has no list of keys");
  KeySet set;
  for (const base::JsonValue& item : list->items()) {
    Result<AccessKey> key = ParseKey(item);
    if (!key.ok()) return corrupt(key.status().message());
    const Status added = set.Add(*std::move(key));
    if (!added.ok()) return corrupt(added.message());
  }
  return set;
}

std::string KeySet::ToJson() const {
  std::string json;
  base::JsonWriter writer(&json, true);
  writer.BeginObject().Key("version").Int(kVersion).Key("keys").BeginArray();
  for (const AccessKey& key : keys_) {
    writer.BeginObject();
    writer.Key("access_key_id").String(key.access_key_id);
    writer.Key("secret_access_key").String(key.secret_access_key);
    writer.Key("name").String(key.name);
    writer.Key("created").String(base::FormatIso8601Micros(key.created_micros));
    writer.EndObject();
  }
  writer.EndArray().EndObject();
  return json + "\n";
}

const AccessKey* KeySet::Find(std::string_view access_key_id) const {
  const auto found = std::ranges::find(keys_, access_key_id, &AccessKey::access_key_id);
  return found == keys_.end() ? nullptr : &*found;
}

Status KeySet::Add(AccessKey key) {
  if (Find(key.access_key_id) != nullptr) {
    return MakeError(ErrorKind::kAlreadyExists, "there is a key " + key.access_key_id + " already");
  }
  if (keys_.size() >= kKeysMax) {
    return MakeError(
        ErrorKind::kThrottled,
        "there are " + std::to_string(kKeysMax) +
            " keys already\nhint: revoke those that nobody uses ('tapelake keys list')");
  }
  keys_.push_back(std::move(key));
  return Status::OK();
}

Status KeySet::Remove(std::string_view access_key_id) {
  const auto found = std::ranges::find(keys_, access_key_id, &AccessKey::access_key_id);
  if (found == keys_.end()) {
    return MakeError(ErrorKind::kNotFound, "there is no key '" + std::string(access_key_id) +
                                               "'\nhint: 'tapelake keys list' shows them");
  }
  keys_.erase(found);
  return Status::OK();
}

Result<KeySet> ReadKeyFile(io::FileSystem& files, const std::string& path) {
  const auto json = files.ReadFile(path);
  if (json.ok()) return KeySet::Parse(*json, path);
  if (KindOf(json.status()) == ErrorKind::kNotFound) return KeySet();
  return json.status();
}

Status ChangeKeyFile(io::LocalFileSystem& files, const std::string& path,
                     const std::function<Status(KeySet*)>& change) {
  TAPELAKE_RETURN_NOT_OK(files.CreateDirectories(io::ParentPath(path)));
  const auto lock = files.Lock(path + ".lock");
  if (!lock.ok() && KindOf(lock.status()) == ErrorKind::kConflict) {
    return MakeError(ErrorKind::kConflict, "another process is changing the keys " + path +
                                               " right now\nhint: try again");
  }
  TAPELAKE_RETURN_NOT_OK(lock.status());
  TAPELAKE_ASSIGN_OR_RAISE(KeySet keys, ReadKeyFile(files, path));
  TAPELAKE_RETURN_NOT_OK(change(&keys));
  return files.ReplacePrivateFile(path, keys.ToJson());
}

}  // namespace tapelake::security
