#include "query/duck_file_system.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <duckdb/common/file_system.hpp>
#include <duckdb/main/capi/capi_internal.hpp>
#include <duckdb/main/database.hpp>

#include <arrow/io/interfaces.h>
#include "io/s3/s3_path.h"

namespace tapelake::query {
namespace {

// DuckDB's file systems tell failures by exceptions.
[[noreturn]] void Throw(const Status& status) {
  throw duckdb::IOException(status.message());
}

template <typename T>
T ValueOrThrow(Result<T> result) {
  if (!result.ok()) Throw(result.status());
  return result.MoveValueUnsafe();
}

class S3Handle : public duckdb::FileHandle {
 public:
  S3Handle(duckdb::FileSystem& system, const std::string& path, duckdb::FileOpenFlags flags,
           std::shared_ptr<arrow::io::RandomAccessFile> file, int64_t size_bytes)
      : FileHandle(system, path, flags), file_(std::move(file)), size_bytes_(size_bytes) {}

  void Close() override {}

  arrow::io::RandomAccessFile& file() { return *file_; }
  int64_t size_bytes() const { return size_bytes_; }
  duckdb::idx_t position = 0;

 private:
  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  const int64_t size_bytes_;
};

S3Handle& FileOf(duckdb::FileHandle& handle) {
  return static_cast<S3Handle&>(handle);
}

class S3Files : public duckdb::FileSystem {
 public:
  explicit S3Files(io::FileSystem& files) : files_(files) {}

  std::string GetName() const override { return "TapelakeS3"; }
  bool CanHandleFile(const std::string& path) override { return io::IsS3Path(path); }
  bool CanSeek() override { return true; }
  bool OnDiskFile(duckdb::FileHandle&) override { return false; }

  duckdb::unique_ptr<duckdb::FileHandle> OpenFile(
      const std::string& path, duckdb::FileOpenFlags flags,
      duckdb::optional_ptr<duckdb::FileOpener>) override {
    if (flags.OpenForWriting()) {
      throw duckdb::IOException("'" + path + "': SQL writes no files on S3");
    }
    auto file = files_.OpenForRead(path);
    if (!file.ok() && flags.ReturnNullIfNotExists() &&
        KindOf(file.status()) == ErrorKind::kNotFound) {
      return nullptr;
    }
    auto opened = ValueOrThrow(std::move(file));
    const int64_t size_bytes = ValueOrThrow(opened->GetSize());
    return duckdb::make_uniq<S3Handle>(*this, path, flags, std::move(opened), size_bytes);
  }

  void Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes,
            duckdb::idx_t location) override {
    const int64_t read = ReadSome(handle, buffer, bytes, location);
    if (read != bytes) {
      throw duckdb::IOException("'" + handle.path + "' ends after " + std::to_string(read) +
                                " of " + std::to_string(bytes) + " bytes at " +
                                std::to_string(location));
    }
  }
  int64_t Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes) override {
    S3Handle& file = FileOf(handle);
    const int64_t read = ReadSome(handle, buffer, bytes, file.position);
    file.position += static_cast<duckdb::idx_t>(read);
    return read;
  }

  int64_t GetFileSize(duckdb::FileHandle& handle) override { return FileOf(handle).size_bytes(); }
  // Files of a table are never written twice.
  duckdb::timestamp_t GetLastModifiedTime(duckdb::FileHandle&) override {
    return duckdb::timestamp_t(0);
  }
  duckdb::FileType GetFileType(duckdb::FileHandle&) override {
    return duckdb::FileType::FILE_TYPE_REGULAR;
  }
  void Seek(duckdb::FileHandle& handle, duckdb::idx_t location) override {
    FileOf(handle).position = location;
  }
  void Reset(duckdb::FileHandle& handle) override { FileOf(handle).position = 0; }
  duckdb::idx_t SeekPosition(duckdb::FileHandle& handle) override {
    return FileOf(handle).position;
  }

  bool FileExists(const std::string& path, duckdb::optional_ptr<duckdb::FileOpener>) override {
    return ValueOrThrow(files_.Exists(path));
  }
  bool DirectoryExists(const std::string&, duckdb::optional_ptr<duckdb::FileOpener>) override {
    return false;
  }
  duckdb::vector<duckdb::OpenFileInfo> Glob(const std::string& pattern,
                                            duckdb::FileOpener*) override {
    if (pattern.find_first_of("*?[") != std::string::npos) {
      throw duckdb::IOException("'" + pattern +
                                "': patterns of files on S3 are not supported; hudi('s3://...') "
                                "reads a table");
    }
    return {duckdb::OpenFileInfo(pattern)};
  }

 private:
  int64_t ReadSome(duckdb::FileHandle& handle, void* buffer, int64_t bytes,
                   duckdb::idx_t location) {
    const auto size = static_cast<duckdb::idx_t>(FileOf(handle).size_bytes());
    const auto at = static_cast<int64_t>(std::min(location, size));
    return ValueOrThrow(FileOf(handle).file().ReadAt(at, bytes, buffer));
  }

  io::FileSystem& files_;
};

}  // namespace

Status RegisterS3Files(duckdb_database database, io::FileSystem& files) {
  const std::string version = duckdb_library_version();
  if (version != std::string("v") + TAPELAKE_DUCKDB_VERSION) {
    return MakeError(ErrorKind::kInternal, "DuckDB is " + version +
                                               ", but the program was made for "
                                               "v" TAPELAKE_DUCKDB_VERSION);
  }
  try {
    auto& wrapper = *reinterpret_cast<duckdb::DatabaseWrapper*>(database);
    wrapper.database->GetFileSystem().RegisterSubSystem(duckdb::make_uniq<S3Files>(files));
  } catch (const std::exception& failure) {
    return MakeError(ErrorKind::kInternal,
                     std::string("DuckDB takes no file system: ") + failure.what());
  }
  return Status::OK();
}

}  // namespace tapelake::query
