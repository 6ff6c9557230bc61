#pragma once

#include <map>
#include <mutex>
#include <string>

#include "io/key_management.h"

namespace tapelake::testing {

/// Keys that are as random as a count. Any thread.
class FakeKeyManagement : public io::KeyManagement {
 public:
  static constexpr const char* kKey = "alias/aws/kinesis";

  Result<io::DataKey> GenerateDataKey(const std::string& key_id,
                                      std::string_view context) override {
    const std::scoped_lock lock(mutex_);
    if (key_id != kKey || away_) return MakeError(ErrorKind::kNotFound, "no key " + key_id);
    const std::string number = std::to_string(made_.size());
    io::DataKey key{.plaintext = std::string(32, '\0'), .ciphertext = "data key " + number};
    key.plaintext.replace(0, number.size(), number);
    made_[std::string(context) + key.ciphertext] = key.plaintext;
    return key;
  }

  Result<std::string> Decrypt(std::string_view ciphertext, std::string_view context) override {
    const std::scoped_lock lock(mutex_);
    if (away_) return MakeError(ErrorKind::kUnauthorized, "its key is away");
    const auto found = made_.find(std::string(context) + std::string(ciphertext));
    if (found == made_.end()) return MakeError(ErrorKind::kCorrupt, "no data key of this stream");
    return found->second;
  }

  /// Let there be no key, or let it be there again.
  void SetAway(bool away) {
    const std::scoped_lock lock(mutex_);
    away_ = away;
  }

  /// Data keys that were made.
  size_t made() const {
    const std::scoped_lock lock(mutex_);
    return made_.size();
  }

 private:
  mutable std::mutex mutex_;  // guards the next
  std::map<std::string, std::string> made_;
  bool away_ = false;
};

}  // namespace tapelake::testing
