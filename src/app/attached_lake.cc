#include "app/attached_lake.h"

#include <algorithm>
#include <utility>

#include "app/lake_folder.h"
#include "io/file_system.h"

namespace tapelake::app {
namespace {

/// `database.table` of `<lake>/<database>/<table>`; empty for any other path.
std::string TableOfPath(const std::string& lake_path, const std::string& path) {
  const std::string prefix = io::JoinPath(lake_path, "") + "/";
  if (!path.starts_with(prefix)) return "";
  std::string table = path.substr(prefix.size());
  if (std::count(table.begin(), table.end(), '/') != 1) return "";
  std::replace(table.begin(), table.end(), '/', '.');
  return table;
}

}  // namespace

AttachedLake::AttachedLake(std::string lake_path) : lake_path_(std::move(lake_path)) {}

Result<hot::HotView> AttachedLake::View(const std::string& path) {
  const std::string table = TableOfPath(lake_path_, path);
  if (table.empty()) return hot::HotView{};
  const std::scoped_lock lock(mutex_);
  const bool was_connected = client_ != nullptr;
  auto view = Ask(table);
  // The pipeline may have been started again since the last statement.
  if (!view.ok() && was_connected && KindOf(view.status()) == ErrorKind::kUnavailable) {
    client_.reset();
    view = Ask(table);
  }
  if (view.ok() || KindOf(view.status()) != ErrorKind::kNotFound) return view;
  return hot::HotView{};
}

Result<hot::HotView> AttachedLake::Ask(const std::string& table) {
  if (client_ == nullptr) {
    auto client = serve::LocalClient::Connect(SocketPath(lake_path_));
    if (!client.ok() && KindOf(client.status()) == ErrorKind::kUnavailable) {
      return hot::HotView{};  // a socket of a pipeline that is gone
    }
    TAPELAKE_RETURN_NOT_OK(client.status());
    client_ = std::move(*client);
  }
  return client_->Hot(table);
}

}  // namespace tapelake::app
