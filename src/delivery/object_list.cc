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

/// Walks the directories that a prefix can name.
class PrefixWalk {
 public:
  /// `layout` has the prefix. `type`: of error objects; empty: any.
  PrefixWalk(io::FileSystem& files, const ObjectRange& range, const ObjectLayout& layout,
             const PrefixExpression& prefix, std::string_view ending, std::string_view type)
      : files_(files),
        range_(range),
        root_(layout.Root(range.lake_path)),
        prefix_(prefix),
        ending_(ending),
        type_(type),
        glob_(prefix.Glob()) {}

  /// Find the objects below `directory`, relative to the root, which the first `depth` characters
  /// of the glob have led to. A timestamp's pattern may hold slashes, but they are text: so each
  /// slash of a path is one of the glob.
  Status Walk(const std::string& directory, size_t depth, std::vector<Found>* found) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto names, NamesIn(files_, io::JoinPath(root_, directory)));
    const size_t slash = glob_.find('/', depth);
    for (const std::string& name : names) {
      if (slash == glob_.npos) {
        Take(directory, name, found);
        continue;
      }
      const std::string_view folder = std::string_view(glob_).substr(depth, slash - depth);
      if (!GlobMatches(folder, name)) continue;
      const std::string below = io::JoinPath(directory, name);
      TAPELAKE_ASSIGN_OR_RAISE(const bool is_directory, IsDirectory(folder, below));
      if (is_directory) TAPELAKE_RETURN_NOT_OK(Walk(below, slash + 1, found));
    }
    return Status::OK();
  }

 private:
  /// A wildcard may fit files of others, too.
  Result<bool> IsDirectory(std::string_view folder, const std::string& path) {
    if (folder.find(PrefixExpression::kWild) == folder.npos) return true;
    const Result<io::FileInfo> info = files_.GetInfo(io::JoinPath(root_, path));
    if (info.ok()) return info->is_directory;
    if (KindOf(info.status()) == ErrorKind::kNotFound) return false;
    return info.status();
  }

  void Take(const std::string& directory, const std::string& file,
            std::vector<Found>* found) const {
    auto name = ParseObjectName(file, ending_);
    // In front of the name may be what stands behind the prefix's last slash.
    if (!name || !name->stream.ends_with(range_.stream)) return;
    if (name->cut_micros < range_.from_micros || name->cut_micros >= range_.to_micros) return;
    name->stream = range_.stream;
    std::string expected = prefix_.Glob(name->cut_micros, type_);
    expected.append(FormatObjectName(*name)).append(ending_);
    const std::string path = io::JoinPath(directory, file);
    if (!GlobMatches(expected, path)) return;
    found->push_back(
        {.id = name->id, .type = std::string(type_), .path = io::JoinPath(root_, path)});
  }

  io::FileSystem& files_;
  const ObjectRange& range_;
  const std::string root_;
  const PrefixExpression& prefix_;
  const std::string_view ending_;
  const std::string_view type_;
  const std::string glob_;
};

std::vector<std::string> InCutOrder(std::vector<Found> found) {
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::tie(a.id, a.type, a.path) < std::tie(b.id, b.type, b.path);
  });
  std::vector<std::string> paths;
  for (Found& one : found) {
    // Two layouts may name the same object.
    if (paths.empty() || paths.back() != one.path) paths.push_back(std::move(one.path));
  }
  return paths;
}

}  // namespace

Result<std::vector<std::string>> ListRawObjects(io::FileSystem& files, const ObjectRange& range) {
  std::vector<Found> found;
  const std::string root = io::JoinPath(io::JoinPath(range.lake_path, kRawFolder), range.stream);
  TAPELAKE_RETURN_NOT_OK(HourWalk(files, range, kRawEnding).Walk(root, "", "", &found));
  if (range.layout == LayoutOptions()) return InCutOrder(std::move(found));
  TAPELAKE_ASSIGN_OR_RAISE(const auto layout, ObjectLayout::Make(range.layout, range.stream));
  PrefixWalk walk(files, range, *layout, layout->raw_prefix(), layout->extension(), "");
  TAPELAKE_RETURN_NOT_OK(walk.Walk("", 0, &found));
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
  // Without these error objects lie where they always do.
  const LayoutOptions& own_layout = range.layout;
  if (own_layout.target.empty() && own_layout.error_prefix.empty() &&
      own_layout.time_zone.empty()) {
    return InCutOrder(std::move(found));
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto layout, ObjectLayout::Make(range.layout, range.stream));
  PrefixWalk own(files, range, *layout, layout->error_prefix(), kErrorEnding, type);
  TAPELAKE_RETURN_NOT_OK(own.Walk("", 0, &found));
  return InCutOrder(std::move(found));
}

}  // namespace tapelake::delivery
