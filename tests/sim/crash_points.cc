#include "tests/sim/crash_points.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "hudi/format/file_name.h"
#include "hudi/format/instant.h"
#include "io/file_system.h"

namespace tapelake::sim {
namespace {

constexpr std::string_view kLake = "/lake";
constexpr std::string_view kRowBegin = "| `";
constexpr std::string_view kRowMiddle = "` | ";

bool TakePrefix(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

std::vector<std::string_view> PartsOf(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    path = slash == path.npos ? "" : path.substr(slash + 1);
  }
  return parts;
}

bool IsTemporary(std::string_view name) {
  return name.starts_with(".tmp-");
}

/// Below `/lake/.tapelake/`.
std::string OwnFileClass(const std::vector<std::string_view>& parts) {
  if (parts.empty()) return "lake/folder";
  if (parts.size() == 1) {
    if (parts[0] == "lock") return "lake/lock";
    return parts[0] == "streams" || parts[0] == "delivery" ? "lake/folder" : "";
  }
  const std::string_view name = parts.back();
  if (parts[0] == "streams") {
    if (parts.size() == 2) return "stream/folder";
    if (parts.size() > 3) return "";
    if (IsTemporary(name)) return "stream/temporary";
    if (name == "stream") return "stream/metadata";
    if (name == "encryption") return "stream/encryption";
    return name.ends_with(".segment") ? "stream/segment" : "";
  }
  if (parts[0] == "delivery") {
    if (parts.size() == 2) return "delivery/folder";
    if (parts.size() > 3) return "";
    if (IsTemporary(name)) return "delivery/temporary";
    return name.starts_with("state") ? "delivery/state" : "";
  }
  return "";
}

/// Below `/lake/raw/`, `/lake/errors/` and `/lake/source/`.
std::string DeliveredClass(std::string_view kind, const std::vector<std::string_view>& parts) {
  const std::string prefix = "delivery/" + std::string(kind);
  if (parts.empty()) return prefix + " folder";
  const std::string_view name = parts.back();
  if (IsTemporary(name)) return prefix + " temporary";
  if (name.ends_with(".ndjson.gz") || name.ends_with(".ndjson")) return prefix + " object";
  return name.find('.') == name.npos || parts.size() == 1 ? prefix + " folder" : "";
}

/// Below `<table>/.hoodie/`.
std::string TimelineClass(const std::vector<std::string_view>& parts) {
  if (parts.empty()) return "hudi/folder";
  const std::string_view name = parts.back();
  if (IsTemporary(name)) return "hudi/temporary";
  if (parts.size() == 1) {
    if (name == hudi::kPropertiesFileName) return "hudi/properties";
    if (name.starts_with(hudi::kPropertiesFileName)) return "hudi/properties copy";
    if (const auto instant = hudi::ParseInstantFileName(name)) {
      std::string kind(hudi::InstantActionName(instant->action));
      if (instant->state == hudi::InstantState::kCompleted) return "hudi/" + kind;
      return "hudi/" + kind + "." + std::string(hudi::InstantStateName(instant->state));
    }
    return name == ".aux" || name == "archived" || name == ".temp" || name == ".schema"
               ? "hudi/folder"
               : "";
  }
  if (parts[0] == ".aux") {
    if (parts[1] == ".bootstrap") return "hudi/folder";
    if (parts[1] != "tapelake") return "";
    return parts.size() == 2 ? "hudi/folder" : "hudi/ingest state";
  }
  if (parts[0] == "archived") return name.starts_with(".commits_") ? "hudi/archive" : "";
  return parts[0] == ".temp" ? "hudi/marker" : "";
}

/// Below `/lake/<database>/<table>/`.
std::string TableFileClass(std::vector<std::string_view> parts) {
  if (parts.empty()) return "hudi/folder";
  if (parts[0] == hudi::kMetadataFolder) {
    parts.erase(parts.begin());
    return TimelineClass(parts);
  }
  const std::string_view name = parts.back();
  if (parts.size() == 1) return name.find('=') == name.npos ? "" : "hudi/partition folder";
  if (parts.size() > 2) return "";
  if (IsTemporary(name)) return "hudi/temporary";
  if (name == hudi::kPartitionMetadataFileName) return "hudi/partition metadata";
  if (hudi::ParseBaseFileName(name)) return "hudi/base file";
  return hudi::ParseLogFileName(name) ? "hudi/log file" : "";
}

}  // namespace

std::string FileClassOf(std::string_view path) {
  if (path == "/") return "lake/parent";
  if (!TakePrefix(&path, kLake)) return "";
  TakePrefix(&path, "/");
  std::vector<std::string_view> parts = PartsOf(path);
  if (parts.empty()) return "lake/folder";
  const std::string_view first = parts[0];
  parts.erase(parts.begin());
  if (first == ".tapelake") return OwnFileClass(parts);
  if (first == "raw") return DeliveredClass("raw", parts);
  if (first == "errors") return DeliveredClass("error", parts);
  if (first == "source") return DeliveredClass("backup", parts);
  if (parts.empty()) return "lake/folder";
  parts.erase(parts.begin());
  return TableFileClass(std::move(parts));
}

std::string PointName(const testing::DiskStep& step) {
  std::string name = FileClassOf(step.path);
  if (!name.empty()) name.append(" ").append(testing::DiskActionText(step.action));
  return name;
}

void PointCounts::Add(const PointCounts& other) {
  reached += other.reached;
  died_before += other.died_before;
  died_torn += other.died_torn;
  died_after += other.died_after;
  can_be_torn |= other.can_be_torn;
}

void AddCoverage(const PointCoverage& more, PointCoverage* total) {
  for (const auto& [name, counts] : more)
    (*total)[name].Add(counts);
}

std::string FormatPointDocument(const PointCoverage& coverage) {
  std::string text =
      "# Crash points\n\n"
      "Every step of the protocols that changes the disk, by the names under which the simulator "
      "(`tests/sim`) lets\nthe process die: before the step, after it, and inside it where that "
      "leaves something of its own (*torn*).\nEach run of the tests dies at every point in every "
      "such way; a point missing here, or one that no run reaches,\nfails it. Generated: "
      "`tapelake_sim --seeds 1..2000 --write-points docs/internals/crash-points.md`.\n\n"
      "| point | dies |\n|---|---|\n";
  for (const auto& [name, counts] : coverage) {
    text.append(kRowBegin).append(name).append(kRowMiddle);
    text.append(counts.can_be_torn ? "before, torn, after |\n" : "before, after |\n");
  }
  return text;
}

Result<std::map<std::string, bool>> ParsePointDocument(std::string_view text) {
  std::map<std::string, bool> points;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!TakePrefix(&line, kRowBegin)) continue;
    const size_t middle = line.find(kRowMiddle);
    if (middle == line.npos) return MakeError(ErrorKind::kInvalid, "row without second cell");
    points[std::string(line.substr(0, middle))] = line.find("torn", middle) != line.npos;
  }
  if (points.empty()) return MakeError(ErrorKind::kInvalid, "the document lists no crash point");
  return points;
}

}  // namespace tapelake::sim
