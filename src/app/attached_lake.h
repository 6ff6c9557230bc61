#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"
#include "query/hot_provider.h"
#include "serve/local/local_client.h"

namespace tapelake::app {

/// The hot rows of a lake whose pipeline runs in another process, through its local door. Without a
/// running pipeline nothing is hot. Any thread; one lock, held while the pipeline answers.
class AttachedLake : public query::HotProvider {
 public:
  explicit AttachedLake(std::string lake_path);

  /// The view of the table at `<lake>/<database>/<table>`; empty for any other path. Errors:
  /// kUnavailable (the pipeline runs and does not answer), kUnauthorized (it is another user's).
  Result<hot::HotView> View(const std::string& path) override;

 private:
  Result<hot::HotView> Ask(const std::string& table);

  const std::string lake_path_;
  std::mutex mutex_;                            // guards client_
  std::unique_ptr<serve::LocalClient> client_;  // nullptr: not connected
};

}  // namespace tapelake::app
