#include "hudi/table/table_schema.h"

#include <ranges>

#include "hudi/format/avro_schema.h"
#include "hudi/reader/base_file_reader.h"

namespace tapelake::hudi {

Result<std::shared_ptr<arrow::Schema>> FallbackSchema(const SchemaSource& source,
                                                      const std::vector<FileSlice>& slices) {
  const Properties& properties = source.config.properties;
  const auto created = properties.find("hoodie.table.create.schema");
  if (created != properties.end() && !created->second.empty()) {
    TAPELAKE_ASSIGN_OR_RAISE(auto schema, ParseAvroSchema(created->second));
    return WithoutMetaColumns(schema);
  }
  for (const FileSlice& slice : slices | std::views::reverse) {
    if (!slice.has_base_file()) continue;
    TAPELAKE_ASSIGN_OR_RAISE(
        auto reader,
        BaseFileReader::Open(source.files, io::JoinPath(source.base_path, slice.RelativePath())));
    return WithoutMetaColumns(reader->schema());
  }
  return arrow::schema(arrow::FieldVector());
}

}  // namespace tapelake::hudi
