#include "io/s3/s3_file_system.h"

#include <algorithm>
#include <utility>

#include "io/s3/s3_streams.h"

namespace tapelake::io {
namespace {

Status NotFound(const std::string& path) {
  return MakeError(ErrorKind::kNotFound, "no file '" + path + "'");
}

Status NotOnS3(const std::string& path, const std::string& what) {
  return MakeError(ErrorKind::kInvalid, "'" + path + "' cannot be " + what);
}

/// How made_ keeps a directory.
std::string PlaceOf(const S3Path& path) {
  return path.bucket + "/" + path.key + (path.key.empty() ? "" : "/");
}

/// A path that must name an object, not a bucket.
Result<S3Path> ObjectPath(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(S3Path place, ParseS3Path(path));
  if (!place.key.empty()) return place;
  return MakeError(ErrorKind::kInvalid, "'" + path + "' is a bucket, not a file");
}

}  // namespace

S3FileSystem::S3FileSystem(S3Client& client, Random& random)
    : objects_(client), trusted_server_(client.settings().endpoint.empty()), random_(random) {}

Result<std::string> S3FileSystem::ReadFile(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const S3Path place, ObjectPath(path));
  return objects_.Get(place);
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> S3FileSystem::OpenForRead(
    const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(S3Path place, ObjectPath(path));
  const auto info = objects_.Look(place);
  if (info.ok()) return MakeS3InputFile(objects_, std::move(place), *info);
  return KindOf(info.status()) == ErrorKind::kNotFound ? NotFound(path) : info.status();
}

Result<std::shared_ptr<arrow::io::OutputStream>> S3FileSystem::OpenForWrite(
    const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(S3Path place, ObjectPath(path));
  return MakeS3OutputStream(objects_, std::move(place), NextMark());
}

Result<std::unique_ptr<AppendFile>> S3FileSystem::OpenForAppend(const std::string& path) {
  return NotOnS3(path, "appended to: on S3 a file is written once, as a whole");
}

Result<std::unique_ptr<FileLock>> S3FileSystem::Lock(const std::string& path) {
  return NotOnS3(path, "locked: S3 has no lock that ends with the process that holds it");
}

std::string S3FileSystem::NextMark() {
  const std::scoped_lock lock(mutex_);
  return std::to_string(random_.Next()) + "-" + std::to_string(random_.Next());
}

Status S3FileSystem::CreateIfAbsent(const std::string& path, std::string_view content) {
  TAPELAKE_ASSIGN_OR_RAISE(const S3Path place, ObjectPath(path));
  TAPELAKE_RETURN_NOT_OK(objects_.PutIfAbsent(place, content, NextMark()));
  return CheckCondition(place, content);
}

/// Create once more what was just created. A server that lets us has changed nothing by it.
Status S3FileSystem::CheckCondition(const S3Path& path, std::string_view content) {
  {
    const std::scoped_lock lock(mutex_);
    if (trusted_server_ || condition_checked_) return Status::OK();
  }
  const Status again = objects_.PutIfAbsent(path, content, NextMark());
  if (again.ok()) {
    return MakeError(ErrorKind::kInvalid,
                     "the S3 server overwrites 's3://" + path.bucket + "/" + path.key +
                         "' where it was told not to (If-None-Match: *); commits would not be "
                         "safe there\nhint: use a server that honours conditional writes");
  }
  if (KindOf(again) != ErrorKind::kAlreadyExists) return Status::OK();  // next time then
  const std::scoped_lock lock(mutex_);
  condition_checked_ = true;
  return Status::OK();
}

Status S3FileSystem::ReplaceFile(const std::string& path, std::string_view content) {
  TAPELAKE_ASSIGN_OR_RAISE(const S3Path place, ObjectPath(path));
  return objects_.Put(place, content);
}

Result<std::vector<FileInfo>> S3FileSystem::List(const std::string& directory) {
  TAPELAKE_ASSIGN_OR_RAISE(const S3Path place, ParseS3Path(directory));
  std::vector<FileInfo> files;
  bool any = place.key.empty();
  TAPELAKE_RETURN_NOT_OK(objects_.List(place, /*recursive=*/false, [&](FileInfo info) {
    any = true;
    if (!info.name.empty()) files.push_back(std::move(info));  // else a marker of other tools
  }));
  {
    const std::scoped_lock lock(mutex_);
    if (!any && !made_.contains(PlaceOf(place))) {
      return MakeError(ErrorKind::kNotFound, "no directory '" + directory + "'");
    }
  }
  std::ranges::sort(files, {}, &FileInfo::name);
  return files;
}

Result<std::vector<std::string>> S3FileSystem::ListNames(const std::string& directory) {
  TAPELAKE_ASSIGN_OR_RAISE(auto files, List(directory));
  std::vector<std::string> names;
  for (FileInfo& file : files)
    names.push_back(std::move(file.name));
  return names;
}

Result<bool> S3FileSystem::IsDirectory(const S3Path& directory) {
  {
    const std::scoped_lock lock(mutex_);
    if (made_.contains(PlaceOf(directory))) return true;
  }
  TAPELAKE_ASSIGN_OR_RAISE(const bool any, objects_.Any(directory));
  return any || directory.key.empty();
}

Result<FileInfo> S3FileSystem::GetInfo(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const S3Path place, ParseS3Path(path));
  FileInfo info{.name = FileName(place.key)};
  if (!place.key.empty()) {
    const auto object = objects_.Look(place);
    if (object.ok()) {
      info.size_bytes = object->size_bytes;
      info.modified_micros = object->modified_micros;
      return info;
    }
    if (KindOf(object.status()) != ErrorKind::kNotFound) return object.status();
  }
  TAPELAKE_ASSIGN_OR_RAISE(info.is_directory, IsDirectory(place));
  if (!info.is_directory) return NotFound(path);
  return info;
}

Result<bool> S3FileSystem::Exists(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const S3Path place, ParseS3Path(path));
  if (!place.key.empty()) {
    const auto object = objects_.Look(place);
    if (object.ok()) return true;
    if (KindOf(object.status()) != ErrorKind::kNotFound) return object.status();
  }
  return IsDirectory(place);
}

Status S3FileSystem::CreateDirectories(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const S3Path place, ParseS3Path(path));
  const std::scoped_lock lock(mutex_);
  for (std::string whole = PlaceOf(place); whole.find('/') != whole.size() - 1;) {
    if (!made_.insert(whole).second) break;  // with all above it
    whole.pop_back();
    whole.resize(whole.rfind('/') + 1);
  }
  return Status::OK();
}

Status S3FileSystem::DeleteFile(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const S3Path place, ObjectPath(path));
  // S3 does not say whether there was anything to delete.
  const auto object = objects_.Look(place);
  if (!object.ok()) {
    return KindOf(object.status()) == ErrorKind::kNotFound ? NotFound(path) : object.status();
  }
  return objects_.Delete(place);
}

Status S3FileSystem::DeleteDirectory(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const S3Path place, ObjectPath(path));
  std::vector<std::string> names;
  TAPELAKE_RETURN_NOT_OK(objects_.List(place, /*recursive=*/true, [&names](FileInfo info) {
    names.push_back(std::move(info.name));
  }));
  for (const std::string& name : names) {
    const S3Path object{.bucket = place.bucket, .key = place.key + "/" + name};
    TAPELAKE_RETURN_NOT_OK(objects_.Delete(object));
  }
  const std::string prefix = PlaceOf(place);
  const std::scoped_lock lock(mutex_);
  std::erase_if(made_, [&prefix](const std::string& made) { return made.starts_with(prefix); });
  return Status::OK();
}

Status S3FileSystem::SyncDirectory(const std::string& path) {
  return ParseS3Path(path).status();
}

}  // namespace tapelake::io
