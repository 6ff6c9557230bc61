#pragma once

/// One DynamoDB JSON value: the object that names its type, and the five scalar types.

#include <cstddef>
#include <string_view>

#include "record/change.h"
#include "transform/parse_context.h"

namespace tapelake::transform {

/// The object around a value that names its type: `{"N":"12"}`. Open, read the value, Close.
class TypedValueReader {
 public:
  explicit TypedValueReader(ParseContext& context) : context_(context) {}

  bool Open(record::AttributeType* type);
  bool Close();

  /// Where the object starts; after Close() also its whole text.
  const char* start() const { return start_; }
  std::string_view text() const { return {start_, static_cast<size_t>(end_ - start_)}; }

 private:
  ParseContext& context_;
  const char* start_ = nullptr;
  const char* end_ = nullptr;
};

/// A value of type S, N, B, BOOL or NULL. See record::Attribute for the two forms.
struct ScalarValue {
  std::string_view text;
  std::string_view json;
};

/// Read the value of a scalar `type` on which the cursor stands, inside its typed object.
bool ReadScalar(ParseContext& context, record::AttributeType type, ScalarValue* value);

}  // namespace tapelake::transform
