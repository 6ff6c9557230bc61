#include "transform/column_map.h"

#include "transform/map_path.h"

namespace tapelake::transform {
namespace {

char LowerLetter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    c = LowerLetter(c);
  return lower;
}

bool IsColumnName(std::string_view name) {
  constexpr size_t kColumnNameBytesMax = 255;
  if (name.empty() || name.size() > kColumnNameBytesMax) return false;
  if (name.front() >= '0' && name.front() <= '9') return false;
  for (const char c : name) {
    const char lower = LowerLetter(c);
    const bool allowed = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!allowed) return false;
  }
  return true;
}

}  // namespace

void ColumnMap::AddDeclared(const record::ColumnDefinition& column, int32_t index) {
  Reserve(column.name);
  auto steps = SplitPath(column.attribute);
  AttributeTarget& target = targets_[steps.front()];
  if (steps.size() == 1) {
    target.columns.push_back(index);
  } else {
    target.paths.push_back({std::move(steps), column.attribute, index});
  }
}

void ColumnMap::AddDiscovered(const std::string& name, int32_t index) {
  Reserve(name);
  targets_[name].columns.push_back(index);
}

void ColumnMap::Reserve(std::string_view name) {
  column_names_[Lower(name)] = true;
}

bool ColumnMap::IsFreeColumnName(std::string_view name) const {
  if (!IsColumnName(name)) return false;
  const std::string lower = Lower(name);
  return !lower.starts_with("_hoodie_") && !column_names_.contains(lower);
}

AttributeTarget& ColumnMap::Find(std::string_view attribute, size_t place) {
  if (place < hints_.size() && hints_[place].name == attribute) [[likely]] {
    return *hints_[place].target;
  }
  return FindByName(attribute, place);
}

AttributeTarget& ColumnMap::FindByName(std::string_view attribute, size_t place) {
  auto found = targets_.find(attribute);
  if (found == targets_.end()) {
    // Hostile names must not fill the memory: beyond a limit they are not remembered.
    if (unknown_names_ >= kUnknownNamesMax) {
      overflow_ = AttributeTarget{};
      return overflow_;
    }
    ++unknown_names_;
    found = targets_.try_emplace(std::string(attribute)).first;
  }
  if (place < kHintsMax) {
    if (place >= hints_.size()) hints_.resize(place + 1);
    hints_[place] = {found->first, &found->second};
  }
  return found->second;
}

}  // namespace tapelake::transform
