#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace tapelake::monitor {

/// Whether `url` is `http://HOST...` or `https://HOST...` without spaces and control characters.
/// Errors: kInvalid; the message does not hold the URL, which may be secret.
Status CheckWebhookUrl(std::string_view url);

/// What may be shown of a webhook's URL: scheme and host. Path and user may be secrets.
std::string ShownWebhookUrl(std::string_view url);

}  // namespace tapelake::monitor
