#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "serve/http/message.h"

namespace tapelake::serve {

/// Take a request target (`/a/b%20c?pair=BTC%2FUSD`) apart into path, segments and query.
///
/// Strict: the target begins with `/`; each `%` has two hexadecimal digits; what comes out is valid
/// UTF-8 without control characters; a query parameter stands once; `+` in a query is a space. A
/// segment may hold an encoded `/`; nothing here is a path of a file.
/// Errors: kInvalid, `*request` then has any content.
Status ParseTarget(std::string_view target, HttpRequest* request);

/// Decode `%XX` (and, with `plus_is_space`, `+`). Errors: kInvalid.
Result<std::string> PercentDecode(std::string_view text, bool plus_is_space);

/// Whether `text` is UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(std::string_view text);

}  // namespace tapelake::serve
