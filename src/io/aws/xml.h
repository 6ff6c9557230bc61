#pragma once

/// The XML that AWS answers with, as a tree. Small documents, hostile ones included.

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tapelake::io::aws {

/// One element. Attributes, comments and processing instructions are passed over.
struct XmlElement {
  std::string name;  ///< Without a namespace prefix.
  std::string text;  ///< All character data directly in it, entities resolved.
  std::vector<XmlElement> children;

  /// The first child named `name`, or nullptr.
  const XmlElement* Find(std::string_view name) const;
  /// The text of that child; empty if there is none.
  std::string TextOf(std::string_view name) const;
};

/// Parse one document and return its root. Errors: kCorrupt (not well-formed, nested deeper than
/// 32, a document type, an entity that XML does not define). Pure; any thread.
Result<XmlElement> ParseXml(std::string_view text);

}  // namespace tapelake::io::aws
