// Create a Hudi table, upsert two rows into it, change one, delete the other, read it back.
// Usage: hudi_example DIRECTORY (or s3://BUCKET/PATH; it must not hold a table yet)
#include <arrow/builder.h>

#include <cstdio>

#include "hudi/reader/base_file_reader.h"
#include "hudi/table/table.h"
#include "io/uri_file_system.h"

namespace hudi = tapelake::hudi;
static tapelake::Status Run(const std::string& directory) {
  tapelake::io::UriFileSystem files;
  tapelake::io::SystemClock clock;
  tapelake::io::SystemRandom random;
  const auto schema =
      arrow::schema({arrow::field("id", arrow::utf8()), arrow::field("day", arrow::utf8()),
                     arrow::field("version", arrow::int64())});
  ARROW_ASSIGN_OR_RAISE(auto table, hudi::Table::Create({files, clock, random}, directory,
                                                        {.name = "example",
                                                         .schema = schema,
                                                         .record_key_field = "id",
                                                         .partition_field = "day",
                                                         .precombine_field = "version"}));
  arrow::StringBuilder ids, days;
  arrow::Int64Builder versions;
  ARROW_RETURN_NOT_OK(ids.AppendValues({"a", "b", "a"}));
  ARROW_RETURN_NOT_OK(days.AppendValues({"2026-11-22", "2026-11-22", "2026-11-22"}));
  ARROW_RETURN_NOT_OK(versions.AppendValues({1, 1, 2}));
  const auto rows =
      arrow::RecordBatch::Make(schema, 3, {*ids.Finish(), *days.Finish(), *versions.Finish()});
  const std::vector<hudi::RecordChange> first = {{"a", 0, 0}, {"b", 0, 1}};
  const std::vector<hudi::RecordChange> second = {{"a", 0, 2},
                                                  {"b", 0, hudi::RecordChange::kDelete}};
  for (const auto& changes : {first, second}) {
    ARROW_ASSIGN_OR_RAISE(auto done, table->Upsert({.schema = schema,
                                                    .rows = rows,
                                                    .partition_values = {"2026-11-22"},
                                                    .changes = changes}));
    ARROW_RETURN_NOT_OK(done.reason);
  }
  ARROW_ASSIGN_OR_RAISE(auto snapshot, table->LatestSnapshot());
  for (const hudi::FileSlice& slice : snapshot.slices) {
    const std::string path = directory + "/" + slice.RelativePath();
    ARROW_ASSIGN_OR_RAISE(auto reader, hudi::BaseFileReader::Open(files, path));
    for (const int group : reader->AllRowGroups()) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader->ReadRowGroup(group, schema->field_names()));
      std::printf("%s\n", batch->ToString().c_str());
    }
  }
  return tapelake::Status::OK();
}

int main(int argc, char** argv) {
  const tapelake::Status status =
      argc == 2 ? Run(argv[1]) : tapelake::Status::Invalid("usage: hudi_example DIRECTORY");
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
