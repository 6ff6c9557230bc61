#pragma once

#include <string_view>

#include "base/status.h"
#include "hot/hot_table.h"
#include "serve/local/protocol.h"

namespace tapelake::serve {

/// Put a view into a reply: instant, then each chunk's changes and its rows as an Arrow IPC stream.
/// Errors: kThrottled (more than kReplyBytesMax).
Result<Message> EncodeHotView(const hot::HotView& view);

/// Take it out again, with memory of its own. Errors: kInvalid.
Result<hot::HotView> DecodeHotView(std::string_view body);

}  // namespace tapelake::serve
