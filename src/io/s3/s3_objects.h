#pragma once

/// Objects of S3 as wholes, pieces and listings; what S3FileSystem makes files of.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/io/interfaces.h>

#include "base/status.h"
#include "io/aws/xml.h"
#include "io/file_system.h"
#include "io/s3/s3_client.h"
#include "io/s3/s3_path.h"

namespace tapelake::io {

/// What S3 knows of one object.
struct S3ObjectInfo {
  int64_t size_bytes = 0;
  int64_t modified_micros = 0;  ///< S3 keeps whole seconds.
  std::string etag;
  std::string writer;  ///< What CreateObject() marked it with; empty: written otherwise.
};

/// Calls on objects; retries and errors are those of S3Client::Send. Any thread.
class S3Objects {
 public:
  /// `client` must outlive it.
  explicit S3Objects(S3Client& client) : client_(client) {}

  /// Errors: kNotFound.
  Result<S3ObjectInfo> Look(const S3Path& path);

  /// Errors: kNotFound.
  Result<std::string> Get(const S3Path& path);

  /// Read `size` bytes from `offset` on of the object as `etag` names it, all of which it must
  /// have. Errors: kNotFound, kConflict (it was replaced since).
  Result<std::string> GetRange(const S3Path& path, const std::string& etag, int64_t offset,
                               int64_t size);

  /// Write a whole object, whatever was there.
  Status Put(const S3Path& path, std::string_view content);

  /// Write a whole object under a key that has none, marked with `writer`, which no other call ever
  /// passes: by it a lost answer is told from another writer's object. Errors: kAlreadyExists,
  /// kUnknownOutcome.
  Status PutIfAbsent(const S3Path& path, std::string_view content, const std::string& writer);

  /// Fine if absent.
  Status Delete(const S3Path& path);

  /// Begin an object that is written in pieces, marked with `writer` as in PutIfAbsent(); returns
  /// its upload id.
  Result<std::string> BeginUpload(const S3Path& path, const std::string& writer);
  /// Write one piece, `number` from 1 on; returns its etag.
  Result<std::string> PutPart(const S3Path& path, const std::string& upload, int number,
                              std::string_view content);
  /// Make the pieces the object. `writer`: that of BeginUpload(). Fine if an answer was lost and
  /// the upload is gone for it.
  Status CompleteUpload(const S3Path& path, const std::string& upload,
                        const std::vector<std::string>& etags, const std::string& writer);
  Status AbortUpload(const S3Path& path, const std::string& upload);

  /// Whether any object lies below `directory`.
  Result<bool> Any(const S3Path& directory);

  /// Call `take` for what lies directly in `directory`, page by page (of 1000), in no particular
  /// order; `recursive`: for all objects below it, named by what follows the directory.
  /// Errors: kCorrupt.
  using Take = std::function<void(FileInfo)>;
  Status List(const S3Path& directory, bool recursive, const Take& take);

 private:
  S3Request Request(std::string method, const S3Path& path) const;
  /// With the headers that say how the object is to be encrypted.
  S3Request Write(std::string method, const S3Path& path) const;
  Result<HttpResponse> Expect(const S3Request& request, int status, bool* perhaps_done = nullptr);
  Result<aws::XmlElement> ListPage(const S3Path& directory,
                                   std::vector<std::pair<std::string, std::string>> query);
  Status SettlePut(const S3Path& path, const std::string& writer, const Status& failure);

  S3Client& client_;
};

}  // namespace tapelake::io
