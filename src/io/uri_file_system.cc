#include "io/uri_file_system.h"

#include <optional>
#include <utility>

#include "io/curl_http_client.h"
#include "io/environment.h"
#include "io/s3/s3_file_system.h"

namespace tapelake::io {

/// Everything that S3 needs, wired.
class UriFileSystem::S3World {
 public:
  static Result<std::unique_ptr<S3World>> Make(FileSystem& files, S3Settings stated) {
    std::unique_ptr<S3World> world(new S3World(files, stated));
    TAPELAKE_ASSIGN_OR_RAISE(const S3Settings settings,
                             CompleteS3Settings(std::move(stated), world->environment_));
    world->client_.emplace(S3Environment{.http = world->http_,
                                         .credentials = world->credentials_,
                                         .clock = world->clock_,
                                         .random = world->random_},
                           settings);
    world->files_.emplace(*world->client_, world->marks_);
    return world;
  }

  S3FileSystem& files() { return *files_; }

 private:
  S3World(FileSystem& files, const S3Settings& stated)
      : http_(AuthoritiesOf(stated)),
        environment_{
            .variable = EnvironmentVariable, .files = files, .http = http_, .clock = clock_},
        credentials_(environment_, stated.profile) {}

  static std::string AuthoritiesOf(const S3Settings& stated) {
    if (!stated.authorities_file.empty()) return stated.authorities_file;
    return EnvironmentVariable("AWS_CA_BUNDLE").value_or("");
  }

  SystemClock clock_;
  SystemRandom random_;  // of pauses
  SystemRandom marks_;
  CurlHttpClient http_;
  aws::AwsEnvironment environment_;
  aws::CredentialChain credentials_;
  std::optional<S3Client> client_;
  std::optional<S3FileSystem> files_;
};

UriFileSystem::UriFileSystem() = default;
UriFileSystem::~UriFileSystem() = default;

void UriFileSystem::StateS3(S3Settings settings) {
  const std::scoped_lock lock(mutex_);
  stated_ = std::move(settings);
}

Result<FileSystem*> UriFileSystem::Of(const std::string& path) {
  if (!IsS3Path(path)) return &local_;
  const std::scoped_lock lock(mutex_);
  if (s3_ == nullptr) {
    TAPELAKE_ASSIGN_OR_RAISE(s3_, S3World::Make(local_, stated_));
  }
  return &s3_->files();
}

Result<std::string> UriFileSystem::ReadFile(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(FileSystem * files, Of(path));
  return files->ReadFile(path);
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> UriFileSystem::OpenForRead(
    const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(FileSystem * files, Of(path));
  return files->OpenForRead(path);
}

Result<std::shared_ptr<arrow::io::OutputStream>> UriFileSystem::OpenForWrite(
    const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(FileSystem * files, Of(path));
  return files->OpenForWrite(path);
}

Result<std::unique_ptr<AppendFile>> UriFileSystem::OpenForAppend(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(FileSystem * files, Of(path));
  return files->OpenForAppend(path);
}

Result<std::unique_ptr<FileLock>> UriFileSystem::Lock(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(FileSystem * files, Of(path));
  return files->Lock(path);
}

Status UriFileSystem::CreateIfAbsent(const std::string& path, std::string_view content) {
  TAPELAKE_ASSIGN_OR_RAISE(FileSystem * files, Of(path));
  return files->CreateIfAbsent(path, content);
}

Status UriFileSystem::ReplaceFile(const std::string& path, std::string_view content) {
  TAPELAKE_ASSIGN_OR_RAISE(FileSystem * files, Of(path));
  return files->ReplaceFile(path, content);
}

Result<std::vector<FileInfo>> UriFileSystem::List(const std::string& directory) {
  TAPELAKE_ASSIGN_OR_RAISE(FileSystem * files, Of(directory));
  return files->List(directory);
}

Result<std::vector<std::string>> UriFileSystem::ListNames(const std::string& directory) {
  TAPELAKE_ASSIGN_OR_RAISE(FileSystem * files, Of(directory));
  return files->ListNames(directory);
}

Result<FileInfo> UriFileSystem::GetInfo(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(FileSystem * files, Of(path));
  return files->GetInfo(path);
}

Result<bool> UriFileSystem::Exists(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(FileSystem * files, Of(path));
  return files->Exists(path);
}

Status UriFileSystem::CreateDirectories(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(FileSystem * files, Of(path));
  return files->CreateDirectories(path);
}

Status UriFileSystem::DeleteFile(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(FileSystem * files, Of(path));
  return files->DeleteFile(path);
}

Status UriFileSystem::DeleteDirectory(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(FileSystem * files, Of(path));
  return files->DeleteDirectory(path);
}

Status UriFileSystem::SyncDirectory(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(FileSystem * files, Of(path));
  return files->SyncDirectory(path);
}

}  // namespace tapelake::io
