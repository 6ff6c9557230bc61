#pragma once

/// Which attribute goes to which columns of a table.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "record/table_definition.h"

namespace tapelake::transform {

/// What happens to the attributes of one name.
struct AttributeTarget {
  struct Path {
    std::vector<std::string> steps;  ///< Of the declared path; steps[0] is the attribute.
    std::string text;                ///< As declared.
    int32_t column = 0;
  };
  std::vector<int32_t> columns;  ///< That hold the value itself.
  std::vector<Path> paths;       ///< Columns that hold members of it, if it is a map.
  bool rescue = false;           ///< The value itself goes to `_rescued`.
  /// Neither declared nor discovered so far (as itself; `paths` may be there).
  bool undeclared() const { return columns.empty() && !rescue; }
};

/// Names only; the columns themselves belong to RowBuilder. One thread.
class ColumnMap {
 public:
  /// Take note of a declared column.
  void AddDeclared(const record::ColumnDefinition& column, int32_t index);
  /// Take note of a column that is named like its attribute.
  void AddDiscovered(const std::string& name, int32_t index);
  /// Take note of a column name that no attribute may take.
  void Reserve(std::string_view name);

  /// Find what happens to the attribute that stands at `place` of its image. Cheap if the same name
  /// stood there last time. Valid until the object dies, but later Add calls may change it.
  AttributeTarget& Find(std::string_view attribute, size_t place);

  /// Whether a new column may have this name: `[A-Za-z_][A-Za-z0-9_]*`, not `_hoodie_...`, and no
  /// column is called so, in any case of letters.
  bool IsFreeColumnName(std::string_view name) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <typename T>
  using NameMap = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  struct Hint {
    std::string_view name;  // key of targets_
    AttributeTarget* target = nullptr;
  };
  static constexpr size_t kHintsMax = 256;
  static constexpr size_t kUnknownNamesMax = 4096;

  AttributeTarget& FindByName(std::string_view attribute, size_t place);

  NameMap<AttributeTarget> targets_;
  NameMap<bool> column_names_;  // in small letters
  std::vector<Hint> hints_;
  size_t unknown_names_ = 0;
  AttributeTarget overflow_;
};

}  // namespace tapelake::transform
