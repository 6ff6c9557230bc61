#pragma once

/// The one way a configuration key is declared: `T::Describe(visitor, value)` names every key of T
/// with its member. Parser, validator, documentation and JSON Schema are visitors.

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "config/value.h"

namespace tapelake::config {

/// What is known about one key besides its type (which the member tells) and its default (which is
/// the member's value in a default-constructed struct).
struct FieldInfo {
  const char* key = "";
  const char* sentence = "";  ///< For people: what it does, when to change it.
  const char* unit = "";  ///< For numbers without a unit in their text, for example `changes/s`.
  /// Inclusive range of numbers: as is, microseconds for durations, bytes for sizes.
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
  std::vector<std::string> choices = {};  ///< Allowed texts; empty: any.
  bool required = false;                  ///< No default: must be given.
  bool reloadable = false;                ///< Takes effect without a restart.
};

/// Receives every key in order of declaration. One thread.
class Visitor {
 public:
  virtual ~Visitor() = default;

  virtual void Field(const FieldInfo& info, std::string* member) = 0;
  virtual void Field(const FieldInfo& info, int64_t* member) = 0;
  virtual void Field(const FieldInfo& info, double* member) = 0;  ///< Any finite number.
  virtual void Field(const FieldInfo& info, bool* member) = 0;
  virtual void Field(const FieldInfo& info, Duration* member) = 0;
  virtual void Field(const FieldInfo& info, ByteSize* member) = 0;
  virtual void Field(const FieldInfo& info, std::vector<std::string>* member) = 0;

  /// Names and texts, of which the program knows neither beforehand.
  virtual void Field(const FieldInfo& info, std::map<std::string, std::string>* member) = 0;

  /// Receives where the struct stands in its file (`tapelake.yaml:12:3`); only the parser fills it.
  virtual void Place(std::string* /*member*/) {}

  /// A mapping under `info.key`.
  template <typename T>
  void Section(const FieldInfo& info, T* section) {
    VisitSection(info, [section](Visitor& visitor) { T::Describe(visitor, *section); });
  }

  /// A sequence of mappings under `info.key`.
  template <typename T>
  void List(const FieldInfo& info, std::vector<T>* list) {
    ListAccess access;
    access.size = list->size();
    access.describe = [list](size_t index, Visitor& visitor) {
      T::Describe(visitor, (*list)[index]);
    };
    access.clear = [list] { list->clear(); };
    access.append = [list](Visitor& visitor) { T::Describe(visitor, list->emplace_back()); };
    access.prototype = [](Visitor& visitor) {
      T item;
      T::Describe(visitor, item);
    };
    VisitList(info, access);
  }

 protected:
  /// A vector of structs without its type.
  struct ListAccess {
    size_t size = 0;
    std::function<void(size_t index, Visitor& visitor)> describe;
    std::function<void()> clear;
    std::function<void(Visitor& visitor)> append;     ///< Add a default item, describe it.
    std::function<void(Visitor& visitor)> prototype;  ///< Describe an item that is not kept.
  };

  virtual void VisitSection(const FieldInfo& info,
                            const std::function<void(Visitor&)>& describe) = 0;
  virtual void VisitList(const FieldInfo& info, const ListAccess& access) = 0;
};

}  // namespace tapelake::config
