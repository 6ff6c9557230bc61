#pragma once

/// Any value as JSON. Pure; any thread. Internal to query.

#include <cstdint>
#include <string>

#include "query/output/column_type.h"

namespace tapelake::query {

/// Append one value as JSON without whitespace.
///
/// Numbers keep every digit; NaN and the infinities of doubles are null; nulls are null; booleans
/// true/false; DuckDB's JSON values stand as they are; LIST and ARRAY are arrays; STRUCT is an
/// object; MAP an object if its keys are text, else an array of {"key","value"}; UNION is its
/// member's value; everything else a string of AppendScalarText.
void AppendJson(const VectorView& column, uint64_t row, std::string* out);

/// Append the JSON text `json` without whitespace, or as a JSON string if it is no valid JSON.
void AppendCompactJson(std::string_view json, std::string* out);

}  // namespace tapelake::query
