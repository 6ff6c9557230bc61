#include "hudi/format/service_record.h"

#include "base/assert.h"
#include "hudi/format/service_schemas.h"

namespace tapelake::hudi {

AvroValue TextMap(const std::map<std::string, std::string>& texts) {
  AvroValue::Members members;
  for (const auto& [key, text] : texts)
    members.emplace_back(key, AvroValue::Text(text));
  return {std::move(members)};
}

AvroValue LongMap(const std::map<std::string, int64_t>& numbers) {
  AvroValue::Members members;
  for (const auto& [key, number] : numbers)
    members.emplace_back(key, AvroValue::Long(number));
  return {std::move(members)};
}

std::string FormatRecord(std::string_view type, AvroValue::Members members) {
  auto file = FormatAvroContainer(ServiceRecordType(type), {std::move(members)});
  TAPELAKE_ASSERT(file.ok());  // we built it for this type
  return *std::move(file);
}

Result<AvroValue> ParseRecord(std::string_view name, std::string_view bytes) {
  auto record = ParseAvroContainer(bytes);
  if (record.ok()) return record;
  return MakeError(ErrorKind::kCorrupt, std::string(name) + ": " + record.status().message());
}

}  // namespace tapelake::hudi
