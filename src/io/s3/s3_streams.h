#pragma once

#include <memory>
#include <string>

#include <arrow/io/interfaces.h>

#include "io/s3/s3_objects.h"

namespace tapelake::io {

/// Least that is fetched of a file: small reads that follow each other, such as the columns of a
/// small Parquet file, are one request.
inline constexpr int64_t kS3BlockBytes = int64_t{1} << 20;

/// A file of `info` at `path`; each request is for bytes of that very version. Keeps the block that
/// it fetched last. `objects` must outlive it. Concurrent ReadAt is safe.
std::shared_ptr<arrow::io::RandomAccessFile> MakeS3InputFile(S3Objects& objects, S3Path path,
                                                             const S3ObjectInfo& info);

/// Pieces of what is written; S3 takes 10,000 of at least 5 MiB.
inline constexpr int64_t kS3PartBytes = int64_t{8} << 20;
inline constexpr int kS3PartsMax = 10'000;

/// A file that appears, whole, when it is closed; before that nothing is there, and an older one
/// stays. Up to kS3PartBytes it is one PUT, else an upload of parts, which is aborted where the
/// stream is not closed. Memory: one part. `writer`: as for S3Objects::BeginUpload. `objects` must
/// outlive it. One thread. Errors: kInvalid (longer than kS3PartsMax parts).
std::shared_ptr<arrow::io::OutputStream> MakeS3OutputStream(S3Objects& objects, S3Path path,
                                                            std::string writer);

}  // namespace tapelake::io
