#include "serve/http/stream_bridge.h"

#include <algorithm>
#include <utility>

namespace tapelake::serve {
namespace {

constexpr size_t kChunkBytes = 64 << 10;

}  // namespace

Status StreamBridge::HandOver(std::unique_lock<std::mutex>* lock) {
  changed_.wait(*lock, [this] { return abandoned_ || !under_way_; });
  if (abandoned_) {
    return MakeError(ErrorKind::kUnavailable, "the client of this stream has gone");
  }
  chunk_ = std::exchange(gathered_, {});
  under_way_ = true;
  return Status::OK();
}

Status StreamBridge::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kChunkBytes - gathered_.size());
    gathered_.append(part);
    bytes.remove_prefix(part.size());
    if (gathered_.size() < kChunkBytes) break;
    {
      std::unique_lock lock(mutex_);
      TAPELAKE_RETURN_NOT_OK(HandOver(&lock));
    }
    wake_();
  }
  return Status::OK();
}

void StreamBridge::Finish(Status status) {
  {
    std::unique_lock lock(mutex_);
    if (status.ok() && !gathered_.empty()) status = HandOver(&lock);
    finished_ = std::move(status);
  }
  wake_();
}

std::optional<std::string> StreamBridge::TakeChunk() {
  const std::lock_guard lock(mutex_);
  return std::exchange(chunk_, std::nullopt);
}

void StreamBridge::Sent() {
  {
    const std::lock_guard lock(mutex_);
    under_way_ = false;
  }
  changed_.notify_all();
}

std::optional<Status> StreamBridge::Finished() {
  const std::lock_guard lock(mutex_);
  return chunk_ ? std::nullopt : finished_;
}

void StreamBridge::Abandon() {
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
  }
  changed_.notify_all();
}

}  // namespace tapelake::serve
