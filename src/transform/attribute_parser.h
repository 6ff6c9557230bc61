#pragma once

/// Images of a change record: DynamoDB JSON objects -> record::Attribute.

#include <cstdint>
#include <string_view>
#include <vector>

#include "record/change.h"
#include "transform/canonical_json.h"
#include "transform/parse_context.h"

namespace tapelake::transform {

/// Reads images and Keys. One thread; it keeps its buffers.
class AttributeParser {
 public:
  explicit AttributeParser(ParseContext& context) : context_(context), canonical_(context) {}

  /// The cursor stands on the value of member `image_name`. Read it into `*image`, which is emptied
  /// first. `null` counts as absent: *present = false. On failure the context tells why.
  bool ReadImage(std::string_view image_name, std::vector<record::Attribute>* image, bool* present);

 private:
  bool ReadPlainAttribute(record::Attribute* attribute);
  bool ReadAttribute(record::Attribute* attribute);
  bool CheckNames(const std::vector<record::Attribute>& image);
  const record::Attribute* FindRepeatedName(const std::vector<record::Attribute>& image);
  bool NamesDiffer(const std::vector<record::Attribute>& image);

  ParseContext& context_;
  CanonicalWriter canonical_;
  std::vector<std::string_view> names_;
};

}  // namespace tapelake::transform
