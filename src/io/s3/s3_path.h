#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace tapelake::io {

/// Whether a path names something on S3: `s3://…`, or `s3a://…` as Spark writes it.
bool IsS3Path(std::string_view path);

/// A place on S3.
struct S3Path {
  std::string bucket;
  std::string key;  ///< Without a '/' at either end; empty: the bucket itself.
};

/// Take `s3://bucket/key` apart. Errors: kInvalid, naming the path. Pure.
Result<S3Path> ParseS3Path(std::string_view path);

}  // namespace tapelake::io
