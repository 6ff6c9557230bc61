#include "transform/map_path.h"

#include <algorithm>
#include <cstring>

#include "transform/attribute_parser.h"
#include "transform/parse_context.h"
#include "transform/structural_index.h"
#include "transform/typed_value.h"

namespace tapelake::transform {

using record::Attribute;
using record::AttributeType;

std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> steps;
  for (;;) {
    const size_t dot = path.find('.');
    steps.emplace_back(path.substr(0, dot));
    if (dot == std::string_view::npos) return steps;
    path.remove_prefix(dot + 1);
  }
}

/// What one step needs: the values of a level point into its context.
struct MapPathReader::Level {
  Level() : parser(context) {}

  /// Read the members of a map from `{"M":{...}}`, which the record parser found valid before.
  bool Read(std::string_view typed_json) {
    const bool has_escapes = std::memchr(typed_json.data(), '\\', typed_json.size()) != nullptr;
    if (index.Build(typed_json) != nullptr) return false;
    context.Start(typed_json, index.tokens(), has_escapes);
    TypedValueReader typed(context);
    AttributeType type;
    bool present = false;
    return typed.Open(&type) && parser.ReadImage("M", &members, &present);
  }

  StructuralIndex index;
  ParseContext context;
  AttributeParser parser;
  std::vector<Attribute> members;
};

MapPathReader::MapPathReader() = default;
MapPathReader::~MapPathReader() = default;

const Attribute* MapPathReader::Find(const Attribute& root, const std::vector<std::string>& steps) {
  const Attribute* value = &root;
  for (size_t step = 1; step < steps.size(); ++step) {
    if (value->type != AttributeType::kMap) return nullptr;
    if (levels_.size() < step) levels_.push_back(std::make_unique<Level>());
    Level& level = *levels_[step - 1];
    if (!level.Read(value->typed_json)) return nullptr;
    const auto found =
        std::find_if(level.members.begin(), level.members.end(),
                     [&](const Attribute& member) { return member.name == steps[step]; });
    if (found == level.members.end()) return nullptr;
    value = &*found;
  }
  return value;
}

}  // namespace tapelake::transform
