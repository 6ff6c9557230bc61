#pragma once

/// JSON taken apart without being copied: answers of many mebibytes whose records are handed on as
/// the bytes that came. Pure; any thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tapelake::source {

/// Call `visit` with the name (as it stands between its quotes) and the text of each member of a
/// JSON object, in order. What is inside the values is not looked at beyond strings and brackets:
/// who takes a value must check it. Errors: kCorrupt (no object, or cut), those of `visit`.
Status VisitMembers(
    std::string_view object,
    const std::function<Status(std::string_view name, std::string_view value)>& visit);

/// Call `visit` with the text of each item of a JSON array. As VisitMembers().
Status VisitItems(std::string_view array,
                  const std::function<Status(std::string_view value)>& visit);

/// What stands between the quotes of a JSON string; nullopt if `value` is none.
std::optional<std::string_view> QuotedText(std::string_view value);

/// The text of a JSON string, escapes resolved; empty for `null`. Errors: kCorrupt (no string).
Result<std::string> TextOf(std::string_view value);

/// Epoch seconds with a fraction (`1795352784.872`, `1.7E9`) as microseconds; 0 if it is none.
int64_t MicrosOfSeconds(std::string_view value);

}  // namespace tapelake::source
