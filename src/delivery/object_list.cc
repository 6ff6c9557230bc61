#include "delivery/object_list.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "delivery/object_name.h"

namespace tapelake::delivery {
namespace {

constexpr size_t kHourPathBytes = 13;  // YYYY/MM/DD/HH

struct Found {
  uint64_t id = 0;
  std::string type;
  std::string path;
};

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The names in a directory; none if there is no such directory.
Result<std::vector<std::string>> NamesIn(io::FileSystem& files, const std::string& directory) {
  Result<std::vector<std::string>> names = files.ListNames(directory);
  if (!names.ok() && KindOf(names.status()) == ErrorKind::kNotFound) {
    return std::vector<std::string>();
  }
  return names;
}

/// Walks the year, month, day and hour directories that a range touches.
class HourWalk {
 public:
  HourWalk(io::FileSystem& files, const ObjectRange& range, std::string_view ending)
      : files_(files),
        range_(range),
        ending_(ending),
        first_hour_(HourPath(range.from_micros)),
        last_hour_(HourPath(range.to_micros)) {}

  /// Find the objects below `root`, whose hours lie in the directory `hour` of it and below.
  Status Walk(const std::string& root, const std::string& type, const std::string& hour,
              std::vector<Found>* found) {
    const std::string directory = io::JoinPath(root, hour);
    TAPELAKE_ASSIGN_OR_RAISE(const auto names, NamesIn(files_, directory));
    for (const std::string& name : names) {
      if (hour.size() == kHourPathBytes) {
        Take(directory, name, type, found);
        continue;
      }
      const std::string below = hour.empty() ? name : hour + "/" + name;
      if (!IsDigits(name) || name.size() != (hour.empty() ? 4 : 2) || !Touches(below)) continue;
      TAPELAKE_RETURN_NOT_OK(Walk(root, type, below, found));
    }
    return Status::OK();
  }

 private:
  bool Touches(const std::string& hours) const {
    const auto begins = [&](const std::string& hour) {
      return std::string_view(hour).substr(0, hours.size());
    };
    return hours >= begins(first_hour_) && hours <= begins(last_hour_);
  }

  void Take(const std::string& directory, const std::string& file, const std::string& type,
            std::vector<Found>* found) const {
    const auto name = ParseObjectName(file, ending_);
    if (!name || name->stream != range_.stream) return;
    if (name->cut_micros < range_.from_micros || name->cut_micros >= range_.to_micros) return;
    found->push_back({.id = name->id, .type = type, .path = io::JoinPath(directory, file)});
  }

  io::FileSystem& files_;
  const ObjectRange& range_;
  const std::string_view ending_;
  const std::string first_hour_;
  const std::string last_hour_;
};

std::vector<std::string> InCutOrder(std::vector<Found> found) {
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::tie(a.id, a.type, a.path) < std::tie(b.id, b.type, b.path);
  });
  std::vector<std::string> paths;
  for (Found& one : found)
    paths.push_back(std::move(one.path));
  return paths;
}

}  // namespace

Result<std::vector<std::string>> ListRawObjects(io::FileSystem& files, const ObjectRange& range) {
  std::vector<Found> found;
  const std::string root = io::JoinPath(io::JoinPath(range.lake_path, kRawFolder), range.stream);
  TAPELAKE_RETURN_NOT_OK(HourWalk(files, range, kRawEnding).Walk(root, "", "", &found));
  return InCutOrder(std::move(found));
}

Result<std::vector<std::string>> ListErrorObjects(io::FileSystem& files, const ObjectRange& range,
                                                  const std::string& type) {
  const std::string folder = io::JoinPath(range.lake_path, kErrorFolder);
  std::vector<std::string> types{type};
  if (type.empty()) {
    TAPELAKE_ASSIGN_OR_RAISE(types, NamesIn(files, folder));
  }
  std::vector<Found> found;
  HourWalk walk(files, range, kErrorEnding);
  for (const std::string& one : types) {
    TAPELAKE_RETURN_NOT_OK(walk.Walk(io::JoinPath(folder, one), one, "", &found));
  }
  return InCutOrder(std::move(found));
}

}  // namespace tapelake::delivery
