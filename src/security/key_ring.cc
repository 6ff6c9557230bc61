#include "security/key_ring.h"

namespace tapelake::security {

Result<std::shared_ptr<const KeySet>> KeyRing::Current() {
  const std::lock_guard lock(mutex_);
  if (keys_ == nullptr || clock_.SteadyMicros() - looked_micros_ >= kLookMicros) {
    TAPELAKE_RETURN_NOT_OK(Look());
  }
  return keys_;
}

Result<std::shared_ptr<const KeySet>> KeyRing::Newest() {
  const std::lock_guard lock(mutex_);
  TAPELAKE_RETURN_NOT_OK(Look());
  return keys_;
}

Status KeyRing::Look() {
  looked_micros_ = clock_.SteadyMicros();
  const auto info = files_.GetInfo(path_);
  const bool absent = !info.ok() && KindOf(info.status()) == ErrorKind::kNotFound;
  if (!info.ok() && !absent) {
    keys_ = nullptr;
    return info.status();
  }
  const int64_t size_bytes = absent ? -1 : info->size_bytes;
  const int64_t modified_micros = absent ? 0 : info->modified_micros;
  // Two changes within one tick of the file system's clock leave the same time.
  const bool settled = read_micros_ - modified_micros > kLookMicros;
  if (keys_ != nullptr && settled && size_bytes == size_bytes_ &&
      modified_micros == modified_micros_) {
    return Status::OK();
  }
  keys_ = nullptr;
  read_micros_ = clock_.WallMicros();
  TAPELAKE_ASSIGN_OR_RAISE(KeySet keys, ReadKeyFile(files_, path_));
  keys_ = std::make_shared<const KeySet>(std::move(keys));
  size_bytes_ = size_bytes;
  modified_micros_ = modified_micros;
  return Status::OK();
}

}  // namespace tapelake::security
