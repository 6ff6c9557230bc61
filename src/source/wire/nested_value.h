#pragma once

/// Nested DynamoDB values of the simulator (M, L, SS, NS, BS) and their two JSON forms.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "record/change.h"

namespace tapelake::source {

/// A value tree. Scalars use `text` as ItemValue does; M uses `members`; L and the sets use
/// `items`.
struct NestedValue {
  record::AttributeType type = record::AttributeType::kNull;
  std::string text;
  std::vector<NestedValue> items;
  std::vector<std::pair<std::string, NestedValue>> members;
};

/// The text an Item stores for a nested value: its DynamoDB JSON with the type tag, as it goes on
/// the wire, a zero byte, and its canonical plain JSON, as a table column shows it.
std::string StoredNested(const NestedValue& value);

/// The two halves of StoredNested().
std::string_view WireJsonOf(std::string_view stored);
std::string_view PlainJsonOf(std::string_view stored);

/// Append `{"<type>":<value>}` of a scalar (S, N, B, BOOL, NULL).
void AppendWireScalar(record::AttributeType type, std::string_view text, std::string* out);

/// Shorthands to build values.
NestedValue NestedString(std::string text);
NestedValue NestedNumber(std::string text);
NestedValue NestedBool(bool value);
NestedValue NestedNull();
NestedValue NestedBinary(std::string bytes);
NestedValue NestedList(std::vector<NestedValue> items);
NestedValue NestedMap(std::vector<std::pair<std::string, NestedValue>> members);
/// SS, NS or BS of the given elements.
NestedValue NestedSet(record::AttributeType type, std::vector<std::string> elements);

}  // namespace tapelake::source
