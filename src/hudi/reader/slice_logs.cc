#include "hudi/reader/slice_logs.h"

#include <utility>

#include "hudi/format/avro_schema.h"
#include "hudi/reader/base_file_reader.h"

namespace tapelake::hudi {
namespace {

Status GiveBaseRows(io::FileSystem& files, const std::string& path,
                    const std::string& precombine_field, const BaseRowSink& sink) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto base_file, BaseFileReader::Open(files, path));
  TAPELAKE_ASSIGN_OR_RAISE(const auto stream,
                           base_file->Stream(base_file->AllRowGroups(),
                                             {std::string(kMetaColumns[2]), precombine_field}));
  while (true) {
    std::shared_ptr<arrow::RecordBatch> rows;
    TAPELAKE_RETURN_NOT_OK(stream->ReadNext(&rows));
    if (rows == nullptr) return Status::OK();
    TAPELAKE_RETURN_NOT_OK(WithContext(sink(*rows), "base file '" + path + "'"));
  }
}

}  // namespace

Result<std::shared_ptr<const LogOverlay>> ReadSliceLogs(
    io::FileSystem& files, const std::string& base_path, const FileSlice& slice,
    const Timeline& timeline, const std::shared_ptr<arrow::Schema>& schema,
    LogScanOptions options) {
  const bool competes =
      options.merge == MergeRule::kDefaultPayload || options.merge == MergeRule::kEventTime;
  if (competes && slice.has_base_file() && !options.precombine_field.empty()) {
    options.base_rows = [&files, path = io::JoinPath(base_path, slice.RelativePath()),
                         field = options.precombine_field](const BaseRowSink& sink) {
      return GiveBaseRows(files, path, field, sink);
    };
  }
  return ReadLogOverlay(files, base_path, slice, timeline, schema, options);
}

}  // namespace tapelake::hudi
