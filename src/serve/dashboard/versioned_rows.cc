#include "serve/dashboard/versioned_rows.h"

namespace tapelake::serve {

bool VersionedRows::Update(std::vector<std::pair<std::string, std::string>> rows,
                           uint64_t version) {
  bool differs = false;
  ++updates_;
  order_.clear();
  for (auto& [key, text] : rows) {
    Row& row = rows_[key];
    if (row.version == 0 || row.text != text) {
      row.text = std::move(text);
      row.version = version;
      differs = true;
    }
    row.seen = updates_;
    order_.push_back(std::move(key));
  }
  for (auto row = rows_.begin(); row != rows_.end();) {
    if (row->second.seen == updates_) {
      ++row;
      continue;
    }
    differs = true;
    removed_.emplace_back(version, row->first);
    row = rows_.erase(row);
  }
  while (removed_.size() > kRemovalsMax) {
    forgotten_ = removed_.front().first;
    removed_.pop_front();
  }
  return differs;
}

std::vector<const std::string*> VersionedRows::ChangedAfter(uint64_t version) const {
  std::vector<const std::string*> texts;
  for (const std::string& key : order_) {
    const Row& row = rows_.at(key);
    if (row.version > version) texts.push_back(&row.text);
  }
  return texts;
}

std::vector<const std::string*> VersionedRows::RemovedAfter(uint64_t version) const {
  std::vector<const std::string*> keys;
  if (version == 0) return keys;  // who has nothing has nothing to throw away
  for (const auto& [at, key] : removed_) {
    if (at > version && !rows_.contains(key)) keys.push_back(&key);
  }
  return keys;
}

}  // namespace tapelake::serve
