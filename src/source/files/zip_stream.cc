#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <zip.h>

#include "source/files/input_file.h"

namespace tapelake::source {
namespace {

/// What libzip reads from: our file system instead of its own. Lives as long as the archive.
struct ZipInput {
  InputFile input;
  int64_t size = 0;
  zip_error_t error = {};
};

zip_int64_t ReadZipInput(ZipInput* zip, void* data, zip_uint64_t size) {
  const Result<size_t> read = zip->input.Read(static_cast<char*>(data), size);
  if (read.ok()) return static_cast<zip_int64_t>(*read);
  zip_error_set(&zip->error, ZIP_ER_READ, EIO);
  return -1;
}

zip_int64_t SeekZipInput(ZipInput* zip, void* data, zip_uint64_t size) {
  const zip_int64_t to =
      zip_source_seek_compute_offset(static_cast<zip_uint64_t>(zip->input.position),
                                     static_cast<zip_uint64_t>(zip->size), data, size, &zip->error);
  if (to < 0) return -1;
  zip->input.position = to;
  return 0;
}

zip_int64_t StatZipInput(ZipInput* zip, void* data) {
  zip_stat_t* stat = static_cast<zip_stat_t*>(data);
  zip_stat_init(stat);
  stat->valid = ZIP_STAT_SIZE;
  stat->size = static_cast<zip_uint64_t>(zip->size);
  return sizeof(zip_stat_t);
}

zip_int64_t ZipInputCommand(void* state, void* data, zip_uint64_t size, zip_source_cmd_t command) {
  ZipInput* zip = static_cast<ZipInput*>(state);
  switch (command) {
    case ZIP_SOURCE_OPEN:
      zip->input.position = 0;
      return 0;
    case ZIP_SOURCE_READ:
      return ReadZipInput(zip, data, size);
    case ZIP_SOURCE_SEEK:
      return SeekZipInput(zip, data, size);
    case ZIP_SOURCE_TELL:
      return zip->input.position;
    case ZIP_SOURCE_STAT:
      return StatZipInput(zip, data);
    case ZIP_SOURCE_ERROR:
      return zip_error_to_data(&zip->error, data, size);
    case ZIP_SOURCE_SUPPORTS:
      return zip_source_make_command_bitmap(
          ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
          ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS, -1);
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
      return 0;
    default:
      zip_error_set(&zip->error, ZIP_ER_OPNOTSUPP, 0);
      return -1;
  }
}

class ZipStream : public ByteStream {
 public:
  explicit ZipStream(InputFile input) : zip_{.input = std::move(input)} {}
  ~ZipStream() override {
    if (entry_ != nullptr) zip_fclose(entry_);
    if (archive_ != nullptr) zip_discard(archive_);
  }

  Status Open();

  Result<size_t> Read(char* to, size_t size) override {
    const zip_int64_t read = zip_fread(entry_, to, size);
    if (read < 0) return Damage(zip_file_strerror(entry_));
    produced_ += static_cast<uint64_t>(read);
    return static_cast<size_t>(read);
  }

 private:
  Status Damage(const std::string& reason) const {
    return DamagedFile(zip_.input.path, zip_.input.position, produced_, reason);
  }
  Result<zip_uint64_t> FindOnlyFile() const;

  ZipInput zip_;
  zip_t* archive_ = nullptr;
  zip_file_t* entry_ = nullptr;
  uint64_t produced_ = 0;
};

Result<zip_uint64_t> ZipStream::FindOnlyFile() const {
  zip_uint64_t found = 0;
  int files = 0;
  const zip_int64_t entries = zip_get_num_entries(archive_, 0);
  for (zip_int64_t i = 0; i < entries; ++i) {
    const char* name = zip_get_name(archive_, static_cast<zip_uint64_t>(i), 0);
    if (name == nullptr || (std::strlen(name) > 0 && name[std::strlen(name) - 1] == '/')) continue;
    found = static_cast<zip_uint64_t>(i);
    ++files;
  }
  if (files == 1) return found;
  return MakeError(ErrorKind::kInvalid, "'" + zip_.input.path + "' is a zip archive with " +
                                            std::to_string(files) +
                                            " files; exactly one is wanted: unpack it first");
}

Status ZipStream::Open() {
  TAPELAKE_ASSIGN_OR_RAISE(zip_.size, zip_.input.file->GetSize());
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_function_create(ZipInputCommand, &zip_, &error);
  if (source != nullptr) archive_ = zip_open_from_source(source, ZIP_RDONLY, &error);
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  if (archive_ == nullptr) {
    if (source != nullptr) zip_source_free(source);
    return Damage(reason);
  }
  TAPELAKE_ASSIGN_OR_RAISE(const zip_uint64_t index, FindOnlyFile());
  entry_ = zip_fopen_index(archive_, index, 0);
  if (entry_ == nullptr) return Damage(zip_strerror(archive_));
  return Status::OK();
}

}  // namespace

Result<std::unique_ptr<ByteStream>> OpenZipStream(InputFile input) {
  auto stream = std::make_unique<ZipStream>(std::move(input));
  TAPELAKE_RETURN_NOT_OK(stream->Open());
  return stream;
}

}  // namespace tapelake::source
