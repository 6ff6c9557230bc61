#include "testing/sim_disk.h"

#include <algorithm>
#include <utility>

#include "io/file_system.h"

namespace tapelake::testing {
namespace {

bool Coin(io::Random& random) {
  return random.Below(2) == 0;
}

/// Decide what the unsynced pages of a file hold after power loss.
void Tear(SimDisk::File* file, io::Random& random) {
  if (file->before_cut && Coin(random)) {
    file->bytes = *file->before_cut;
    file->synced = static_cast<int64_t>(file->bytes.size());
  }
  file->before_cut.reset();
  const auto size = static_cast<int64_t>(file->bytes.size());
  if (file->synced >= size) return;
  const auto lost = static_cast<uint64_t>(size - file->synced);
  const uint64_t ending = random.Below(4);
  int64_t kept = file->synced;
  if (ending == 1) kept = size;
  if (ending >= 2) kept += static_cast<int64_t>(random.Below(lost + 1));
  file->bytes.resize(static_cast<size_t>(kept));
  for (int64_t begin = file->synced; begin < kept;) {
    const int64_t end = std::min(kept, (begin / SimDisk::kPageBytes + 1) * SimDisk::kPageBytes);
    const uint64_t fate = random.Below(8);
    for (int64_t i = begin; fate >= 5 && i < end; ++i) {
      file->bytes[static_cast<size_t>(i)] = fate == 7 ? static_cast<char>(random.Next()) : '\0';
    }
    begin = end;
  }
  file->synced = kept;
}

}  // namespace

bool IsBelow(const std::string& path, const std::string& directory) {
  return path.size() > directory.size() && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

void SimDisk::File::Append(std::string_view more, int64_t now_micros) {
  bytes.append(more);
  modified_micros = now_micros;
}

void SimDisk::File::Truncate(int64_t size_bytes, int64_t now_micros) {
  if (size_bytes < synced && !before_cut) {
    before_cut = bytes.substr(0, static_cast<size_t>(synced));
  }
  bytes.resize(static_cast<size_t>(size_bytes));
  synced = std::min(synced, size_bytes);
  modified_micros = now_micros;
}

void SimDisk::File::Sync() {
  synced = static_cast<int64_t>(bytes.size());
  before_cut.reset();
}

SimDisk::Directory* SimDisk::DirectoryOf(const std::string& path) {
  return &directories_.at(io::ParentPath(path));
}

SimDisk::FilePointer SimDisk::Find(const std::string& path) const {
  const auto directory = directories_.find(io::ParentPath(path));
  if (directory == directories_.end()) return nullptr;
  const auto found = directory->second.live.find(io::FileName(path));
  return found == directory->second.live.end() ? nullptr : found->second;
}

void SimDisk::Link(const std::string& path, FilePointer file) {
  Directory* directory = DirectoryOf(path);
  const std::string name = io::FileName(path);
  directory->live[name] = std::move(file);
  directory->unsynced.insert(name);
}

bool SimDisk::Unlink(const std::string& path) {
  if (Find(path) == nullptr) return false;
  Directory* directory = DirectoryOf(path);
  const std::string name = io::FileName(path);
  directory->live.erase(name);
  directory->unsynced.insert(name);
  return true;
}

void SimDisk::Settle(Directory* directory, const std::string& name) {
  const auto live = directory->live.find(name);
  if (live == directory->live.end()) {
    directory->durable.erase(name);
  } else {
    directory->durable[name] = live->second;
  }
}

void SimDisk::SyncNames(const std::string& path) {
  Directory& directory = directories_.at(path);
  for (const std::string& name : directory.unsynced)
    Settle(&directory, name);
  directory.unsynced.clear();
  std::erase_if(removed_, [&](const auto& entry) { return IsBelow(entry.first, path); });
  std::erase_if(unsynced_directories_,
                [&](const std::string& entry) { return io::ParentPath(entry) == path; });
}

void SimDisk::MakeDirectories(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    MakeDirectory(path.substr(0, slash));
  }
  MakeDirectory(path);
}

void SimDisk::MakeDirectory(const std::string& path) {
  if (directories_.try_emplace(path).second) unsynced_directories_.insert(path);
}

void SimDisk::RemoveDirectory(const std::string& path) {
  for (auto entry = directories_.lower_bound(path); entry != directories_.end();) {
    if (entry->first != path && !IsBelow(entry->first, path)) {
      if (!entry->first.starts_with(path)) break;
      ++entry;
      continue;
    }
    removed_[entry->first].durable.merge(entry->second.durable);
    entry = directories_.erase(entry);
  }
}

std::vector<SimDisk::Entry> SimDisk::List(const std::string& directory) const {
  std::map<std::string, FilePointer> entries = directories_.at(directory).live;
  const std::string prefix = directory + "/";
  for (auto child = directories_.lower_bound(prefix);
       child != directories_.end() && child->first.starts_with(prefix); ++child) {
    if (child->first.find('/', prefix.size()) == std::string::npos) {
      entries[io::FileName(child->first)] = nullptr;
    }
  }
  std::vector<Entry> list;
  for (auto& [name, file] : entries)
    list.push_back({name, std::move(file)});
  return list;
}

std::vector<std::string> SimDisk::Paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, directory] : directories_) {
    for (const auto& [name, file] : directory.live)
      paths.push_back(io::JoinPath(path, name));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

void SimDisk::LosePower(io::Random& random) {
  for (const std::string& path : unsynced_directories_) {
    if (!Coin(random)) continue;
    std::erase_if(directories_, [&](const auto& entry) {
      return entry.first == path || IsBelow(entry.first, path);
    });
  }
  unsynced_directories_.clear();
  for (auto& [path, removed] : removed_) {
    if (removed.durable.empty() || Coin(random)) continue;
    MakeDirectories(path);  // durable they were
    for (auto& [name, file] : removed.durable) {
      Directory& directory = directories_.at(path);
      if (directory.live.contains(name)) continue;
      directory.durable[name] = file;
      directory.unsynced.insert(name);
    }
  }
  removed_.clear();
  unsynced_directories_.clear();
  std::set<File*> seen;
  for (auto& [path, directory] : directories_) {
    for (const std::string& name : directory.unsynced) {
      if (Coin(random)) Settle(&directory, name);
    }
    directory.unsynced.clear();
    directory.live = directory.durable;
    for (const auto& [name, file] : directory.live) {
      if (seen.insert(file.get()).second) Tear(file.get(), random);
    }
  }
}

}  // namespace tapelake::testing
