#pragma once

/// The file of key pairs: `<lake>/.tapelake/keys.json`, for its user alone (mode 0600).
///
///     {"version": 1, "keys": [{"access_key_id": "AKIA...", "secret_access_key": "...",
///                              "name": "default", "created": "2026-11-22T19:02:04.000000"}]}
///
/// Secrets stand there as they are: who verifies a signature must have them. On disk: version 1 is
/// never changed.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "io/file_system.h"
#include "io/local_file_system.h"
#include "security/access_key.h"

namespace tapelake::security {

/// More make no sense in one file that is read whole.
inline constexpr size_t kKeysMax = 1'000;

/// Key pairs by id. A value; one thread.
class KeySet {
 public:
  /// Errors: kCorrupt (names `place` and what is wrong, never a secret).
  static Result<KeySet> Parse(std::string_view json, const std::string& place);
  std::string ToJson() const;

  /// The pair of this id; nullptr if there is none.
  const AccessKey* Find(std::string_view access_key_id) const;
  /// In the order in which they were added.
  const std::vector<AccessKey>& keys() const { return keys_; }

  /// Errors: kAlreadyExists (the id), kThrottled (kKeysMax).
  Status Add(AccessKey key);
  /// Errors: kNotFound.
  Status Remove(std::string_view access_key_id);

 private:
  std::vector<AccessKey> keys_;
};

/// Read the pairs; none if there is no file. Errors: kCorrupt, kUnavailable, kUnauthorized.
Result<KeySet> ReadKeyFile(io::FileSystem& files, const std::string& path);

/// Change the pairs: read, `change`, and put the new file in place of the old one, atomically and
/// durably; its directory is made if absent. A failed `change` changes nothing and is the error.
/// Processes that change at the same time are told so. Errors: also kConflict (another one is at
/// it), those of ReadKeyFile.
Status ChangeKeyFile(io::LocalFileSystem& files, const std::string& path,
                     const std::function<Status(KeySet*)>& change);

}  // namespace tapelake::security
