#pragma once

/// How the records of table services are put together and taken apart: what service_plans.cc and
/// restore_plans.cc share. Pure.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"
#include "hudi/format/avro_value.h"

namespace tapelake::hudi {

AvroValue TextMap(const std::map<std::string, std::string>& texts);
AvroValue LongMap(const std::map<std::string, int64_t>& numbers);

struct RollbackMetadata;
/// The record that FormatRollbackMetadata() stores; a restore's metadata holds several.
AvroValue RollbackMetadataValue(const RollbackMetadata& metadata);

/// The object container file of one record of `type`, a name ServiceRecordType() knows. The members
/// must be of that type: anything else is a mistake of ours.
std::string FormatRecord(std::string_view type, AvroValue::Members members);

/// Read such a file. Errors: kCorrupt, naming `name`.
Result<AvroValue> ParseRecord(std::string_view name, std::string_view bytes);

/// Reads members of one record; absent and null ones leave the target as it is.
class RecordReader {
 public:
  RecordReader(const AvroValue& record, std::string place)
      : record_(record), place_(std::move(place)) {
    if (!std::holds_alternative<AvroValue::Members>(record.value)) Fail("", "a record");
  }

  const Status& status() const { return status_; }

  void Text(std::string_view name, std::string* out) {
    if (const AvroValue* value = Find(name)) Get(*value, name, "a text", out);
  }
  void Long(std::string_view name, int64_t* out) {
    if (const AvroValue* value = Find(name)) Get(*value, name, "a number", out);
  }
  void TextList(std::string_view name, std::vector<std::string>* out) {
    Items(name, [&](const AvroValue& item) {
      Get(item, name, "a list of texts", &out->emplace_back());
      return Status::OK();
    });
  }
  template <typename Value>
  void Map(std::string_view name, std::map<std::string, Value>* out) {
    Entries(name, [&](const std::string& key, const AvroValue& value) {
      Get(value, name, "a map of its values", &(*out)[key]);
      return Status::OK();
    });
  }
  /// Call `each` for every item of the list `name`.
  template <typename Each>
  void Items(std::string_view name, Each each) {
    const AvroValue* value = Find(name);
    if (value == nullptr) return;
    const auto* list = std::get_if<AvroValue::List>(&value->value);
    if (list == nullptr) return Fail(name, "a list");
    for (const AvroValue& item : *list)
      Keep(each(item));
  }
  /// Call `each` for every key and value of the map or record `name`.
  template <typename Each>
  void Entries(std::string_view name, Each each) {
    const AvroValue* value = Find(name);
    if (value == nullptr) return;
    const auto* members = std::get_if<AvroValue::Members>(&value->value);
    if (members == nullptr) return Fail(name, "a map");
    for (const auto& [key, member] : *members)
      Keep(each(key, member));
  }

  const AvroValue* Find(std::string_view name) const {
    const AvroValue* value = record_.Find(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

 private:
  template <typename Value>
  void Get(const AvroValue& value, std::string_view name, std::string_view expected, Value* out) {
    const auto* found = std::get_if<Value>(&value.value);
    if (found == nullptr) return Fail(name, expected);
    *out = *found;
  }
  void Fail(std::string_view name, std::string_view expected) {
    Keep(MakeError(ErrorKind::kCorrupt, place_ + (name.empty() ? "" : "." + std::string(name)) +
                                            " is not " + std::string(expected)));
  }
  void Keep(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  const AvroValue& record_;
  std::string place_;
  Status status_;
};

}  // namespace tapelake::hudi
