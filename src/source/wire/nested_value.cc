#include "source/wire/nested_value.h"

#include <algorithm>
#include <cstdlib>

#include "base/base64.h"
#include "base/json.h"

namespace tapelake::source {
namespace {

using record::AttributeType;

AttributeType ElementType(AttributeType set) {
  switch (set) {
    case AttributeType::kNumberSet:
      return AttributeType::kNumber;
    case AttributeType::kBinarySet:
      return AttributeType::kBinary;
    default:
      return AttributeType::kString;
  }
}

void AppendPlainScalar(AttributeType type, std::string_view text, std::string* out) {
  switch (type) {
    case AttributeType::kNumber:
    case AttributeType::kBool:
      out->append(text);
      return;
    case AttributeType::kBinary:
      out->push_back('"');
      base::AppendBase64(text, out);
      out->push_back('"');
      return;
    case AttributeType::kNull:
      out->append("null");
      return;
    default:
      base::AppendJsonString(text, out);
  }
}

void AppendWire(const NestedValue& value, std::string* out) {
  const bool map = value.type == AttributeType::kMap;
  const bool list = value.type == AttributeType::kList;
  if (!map && value.items.empty() && !list) return AppendWireScalar(value.type, value.text, out);
  out->append("{\"").append(record::AttributeTypeText(value.type)).append(map ? "\":{" : "\":[");
  bool first = true;
  for (const auto& [name, member] : value.members) {
    if (!first) out->push_back(',');
    first = false;
    base::AppendJsonString(name, out);
    out->push_back(':');
    AppendWire(member, out);
  }
  for (const NestedValue& item : value.items) {
    if (!first) out->push_back(',');
    first = false;
    if (list) {
      AppendWire(item, out);
    } else if (value.type == AttributeType::kNumberSet) {
      out->append("\"").append(item.text).append("\"");
    } else {
      AppendPlainScalar(item.type, item.text, out);
    }
  }
  out->append(map ? "}}" : "]}");
}

// Sets come out sorted: numbers by value, the others by their text (binary: its base64).
std::vector<std::string> SortedSet(const NestedValue& value) {
  std::vector<std::string> elements;
  for (const NestedValue& item : value.items) {
    std::string text;
    AppendPlainScalar(item.type, item.text, &text);
    elements.push_back(std::move(text));
  }
  if (value.type == AttributeType::kNumberSet) {
    std::sort(elements.begin(), elements.end(), [](const std::string& a, const std::string& b) {
      return std::strtod(a.c_str(), nullptr) < std::strtod(b.c_str(), nullptr);
    });
  } else {
    std::sort(elements.begin(), elements.end());
  }
  return elements;
}

void AppendPlain(const NestedValue& value, std::string* out) {
  std::vector<std::string> parts;
  if (value.type == AttributeType::kMap) {
    auto members = value.members;
    std::sort(members.begin(), members.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [name, member] : members) {
      std::string& part = parts.emplace_back();
      base::AppendJsonString(name, &part);
      part.push_back(':');
      AppendPlain(member, &part);
    }
  } else if (value.type == AttributeType::kList) {
    for (const NestedValue& item : value.items)
      AppendPlain(item, &parts.emplace_back());
  } else if (!value.items.empty()) {
    parts = SortedSet(value);
  } else {
    return AppendPlainScalar(value.type, value.text, out);
  }
  const bool map = value.type == AttributeType::kMap;
  out->push_back(map ? '{' : '[');
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out->push_back(',');
    out->append(parts[i]);
  }
  out->push_back(map ? '}' : ']');
}

}  // namespace

std::string StoredNested(const NestedValue& value) {
  std::string stored;
  AppendWire(value, &stored);
  stored.push_back('\0');
  AppendPlain(value, &stored);
  return stored;
}

std::string_view WireJsonOf(std::string_view stored) {
  return stored.substr(0, stored.find('\0'));
}

std::string_view PlainJsonOf(std::string_view stored) {
  return stored.substr(stored.find('\0') + 1);
}

void AppendWireScalar(AttributeType type, std::string_view text, std::string* out) {
  switch (type) {
    case AttributeType::kNumber:
      out->append("{\"N\":\"").append(text).append("\"}");
      return;
    case AttributeType::kBool:
      out->append("{\"BOOL\":").append(text).append("}");
      return;
    case AttributeType::kNull:
      out->append("{\"NULL\":true}");
      return;
    case AttributeType::kBinary:
      out->append("{\"B\":\"");
      base::AppendBase64(text, out);
      out->append("\"}");
      return;
    default:
      out->append("{\"S\":");
      base::AppendJsonString(text, out);
      out->push_back('}');
  }
}

NestedValue NestedString(std::string text) {
  return {.type = AttributeType::kString, .text = std::move(text)};
}
NestedValue NestedNumber(std::string text) {
  return {.type = AttributeType::kNumber, .text = std::move(text)};
}
NestedValue NestedBool(bool value) {
  return {.type = AttributeType::kBool, .text = value ? "true" : "false"};
}
NestedValue NestedNull() {
  return {};
}
NestedValue NestedBinary(std::string bytes) {
  return {.type = AttributeType::kBinary, .text = std::move(bytes)};
}
NestedValue NestedList(std::vector<NestedValue> items) {
  return {.type = AttributeType::kList, .items = std::move(items)};
}
NestedValue NestedMap(std::vector<std::pair<std::string, NestedValue>> members) {
  return {.type = AttributeType::kMap, .members = std::move(members)};
}
NestedValue NestedSet(AttributeType type, std::vector<std::string> elements) {
  NestedValue set{.type = type};
  for (std::string& element : elements) {
    set.items.push_back({.type = ElementType(type), .text = std::move(element)});
  }
  return set;
}

}  // namespace tapelake::source
