#pragma once

/// Where Tapelake keeps what is its own in a lake, and who may write there.

#include <memory>
#include <string>

#include "base/status.h"
#include "io/file_system.h"

namespace tapelake::app {

/// `<lake>/.tapelake/streams/<name>`.
std::string StreamPath(const std::string& lake_path, const std::string& stream_name);

/// `<lake>/.tapelake/made-streams`: those that clients of the AWS-compatible door made.
std::string MadeStreamsPath(const std::string& lake_path);

/// `<lake>/.tapelake/made-deliveries`: the delivery streams that they made.
std::string MadeDeliveriesPath(const std::string& lake_path);

/// The folder of one of those, below the lake.
std::string MadeDeliveryFolder(const std::string& name);

/// `<lake>/.tapelake/socket`, the local door of the running pipeline.
std::string SocketPath(const std::string& lake_path);

/// `<lake>/.tapelake/http.json`: where the page of the running pipeline is.
std::string HttpPlacePath(const std::string& lake_path);

/// `<lake>/.tapelake/aws.json`: where the AWS-compatible door of the running pipeline is.
std::string AwsPlacePath(const std::string& lake_path);

/// `<lake>/.tapelake/keys.json`: the key pairs of its clients (security/key_file.h).
std::string KeyFilePath(const std::string& lake_path);

/// `<lake>/.tapelake/token-key`: what the door signs its tokens with.
std::string TokenKeyPath(const std::string& lake_path);

/// `<lake>/.tapelake/stream-key`: what its streams are encrypted under (security/stream_key.h).
std::string DefaultStreamKeyPath(const std::string& lake_path);

/// What the doors of a lake show to clients that speak TLS, and who certified it, made by
/// CertifyDoor(): the authority and its key, the same without its key (what clients trust), and the
/// server's certificate and key. Files with keys are for this user alone.
struct CertificatePaths {
  std::string folder;     ///< `<lake>/.tapelake/tls`
  std::string authority;  ///< `authority.pem`
  std::string trusted;    ///< `ca.pem`
  std::string server;     ///< `server.pem`
};
CertificatePaths CertificatePathsOf(const std::string& lake_path);

/// Whether a lake can be written to by this program: S3 has neither locks nor files that grow.
/// Errors: kInvalid, saying what is possible there.
Status CheckLakeIsLocal(const std::string& lake_path);

/// Become the one process that writes to a lake, until the lock is destroyed. Makes the lake's
/// directory. Errors: kConflict (another process writes to it), kUnavailable, kUnauthorized, those
/// of CheckLakeIsLocal.
Result<std::unique_ptr<io::FileLock>> LockLake(io::FileSystem& files, const std::string& lake_path);

/// The same for the lake that a table's folder `LAKE/<database>/<name>` lies in; nullptr if it lies
/// in none, or on S3: then whoever writes there must see to it that nobody else does.
Result<std::unique_ptr<io::FileLock>> LockLakeOf(io::FileSystem& files,
                                                 const std::string& table_path);

}  // namespace tapelake::app
