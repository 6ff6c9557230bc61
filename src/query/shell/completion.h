#pragma once

/// What could come next in a statement. Internal to query.

#include <string>
#include <string_view>
#include <vector>

#include "query/session.h"

namespace tapelake::query {

/// How to complete the text before the cursor.
struct Completion {
  size_t replaced_bytes = 0;            ///< Bytes before the cursor that `insertion` replaces.
  std::string insertion;                ///< Empty: nothing can be added.
  std::vector<std::string> candidates;  ///< All that fit, best first; for showing if several.
};

/// Complete keywords, tables, columns, functions and (at the start) dot commands.
///
/// `text` is the statement up to the cursor; only its last word is completed, ignoring case. One
/// candidate is inserted whole, several as far as they agree. Never fails: what cannot be found out
/// is not offered.
Completion Complete(Session& session, std::string_view text);

}  // namespace tapelake::query
