#include "app/lake_folder.h"

#include "io/s3/s3_path.h"

namespace tapelake::app {
namespace {

constexpr char kFolder[] = ".tapelake";
constexpr char kMadeDeliveries[] = "made-deliveries";

std::string InFolder(const std::string& lake_path, const std::string& name) {
  return io::JoinPath(io::JoinPath(lake_path, kFolder), name);
}

}  // namespace

std::string StreamPath(const std::string& lake_path, const std::string& stream_name) {
  return io::JoinPath(InFolder(lake_path, "streams"), stream_name);
}

std::string MadeStreamsPath(const std::string& lake_path) {
  return InFolder(lake_path, "made-streams");
}

std::string MadeDeliveriesPath(const std::string& lake_path) {
  return InFolder(lake_path, kMadeDeliveries);
}

std::string MadeDeliveryFolder(const std::string& name) {
  return io::JoinPath(io::JoinPath(kFolder, kMadeDeliveries), name);
}

std::string SocketPath(const std::string& lake_path) {
  return InFolder(lake_path, "socket");
}

std::string HttpPlacePath(const std::string& lake_path) {
  return InFolder(lake_path, "http.json");
}

std::string AwsPlacePath(const std::string& lake_path) {
  return InFolder(lake_path, "aws.json");
}

std::string KeyFilePath(const std::string& lake_path) {
  return InFolder(lake_path, "keys.json");
}

std::string TokenKeyPath(const std::string& lake_path) {
  return InFolder(lake_path, "token-key");
}

std::string DefaultStreamKeyPath(const std::string& lake_path) {
  return InFolder(lake_path, "stream-key");
}

CertificatePaths CertificatePathsOf(const std::string& lake_path) {
  const std::string folder = InFolder(lake_path, "tls");
  return {.folder = folder,
          .authority = io::JoinPath(folder, "authority.pem"),
          .trusted = io::JoinPath(folder, "ca.pem"),
          .server = io::JoinPath(folder, "server.pem")};
}

Status CheckLakeIsLocal(const std::string& lake_path) {
  if (!io::IsS3Path(lake_path)) return Status::OK();
  return MakeError(ErrorKind::kInvalid,
                   "the lake " + lake_path +
                       " lies on S3, where neither its lock nor its streams can be kept\nhint: let "
                       "it lie in a directory of this machine; tables on S3 can be queried, looked "
                       "at and maintained ('sql', 'table ...'), and written by the library");
}

Result<std::unique_ptr<io::FileLock>> LockLake(io::FileSystem& files,
                                               const std::string& lake_path) {
  TAPELAKE_RETURN_NOT_OK(CheckLakeIsLocal(lake_path));
  TAPELAKE_RETURN_NOT_OK(files.CreateDirectories(io::JoinPath(lake_path, kFolder)));
  // A dead process may have made them and not have come to make their names durable.
  TAPELAKE_RETURN_NOT_OK(files.SyncDirectory(lake_path));
  const Status synced = files.SyncDirectory(io::ParentPath(lake_path));
  // Above the lake lies what others gave us; it need not be ours to open.
  if (!synced.ok() && KindOf(synced) != ErrorKind::kUnauthorized) return synced;
  auto lock = files.Lock(InFolder(lake_path, "lock"));
  if (lock.ok() || KindOf(lock.status()) != ErrorKind::kConflict) return lock;
  return MakeError(ErrorKind::kConflict,
                   "another process writes to the lake " + lake_path +
                       "\nhint: one process writes to a lake at a time; stop the other one "
                       "('tapelake up', 'ingest' or 'replay'), or name another lake");
}

Result<std::unique_ptr<io::FileLock>> LockLakeOf(io::FileSystem& files,
                                                 const std::string& table_path) {
  if (io::IsS3Path(table_path)) return std::unique_ptr<io::FileLock>();  // no lake is run there
  const std::string lake = io::ParentPath(io::ParentPath(table_path));
  TAPELAKE_ASSIGN_OR_RAISE(const bool present, files.Exists(io::JoinPath(lake, kFolder)));
  return present ? LockLake(files, lake) : std::unique_ptr<io::FileLock>();
}

}  // namespace tapelake::app
