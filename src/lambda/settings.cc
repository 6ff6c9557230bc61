#include "lambda/settings.h"

#include <algorithm>
#include <string_view>

#include "lambda/keep_alive_client.h"

namespace tapelake::lambda {
namespace {

constexpr char kRuntimeApi[] = "AWS_LAMBDA_RUNTIME_API";
constexpr char kTarget[] = "TAPELAKE_TARGET";
constexpr char kErrorTarget[] = "TAPELAKE_ERROR_TARGET";
constexpr char kPartitionKeys[] = "TAPELAKE_PARTITION_KEYS";

Result<std::string> ReadUrl(const Environment& environment, const char* name) {
  std::string url = environment(name).value_or("");
  if (url.empty()) return url;
  TAPELAKE_RETURN_NOT_OK(WithContext(ParseHttpUrl(url).status(), name));
  return url;
}

Result<std::vector<std::string>> ReadPartitionKeys(const Environment& environment) {
  std::vector<std::string> keys;
  const std::string text = environment(kPartitionKeys).value_or("");
  if (text.empty()) return keys;
  std::string_view rest = text;
  for (bool more = true; more;) {
    const size_t comma = rest.find(',');
    more = comma != std::string_view::npos;
    std::string key(rest.substr(0, comma));
    if (more) rest.remove_prefix(comma + 1);
    key.erase(0, std::min(key.find_first_not_of(' '), key.size()));
    key.erase(key.find_last_not_of(' ') + 1);
    if (key.empty() || std::ranges::find(keys, key) != keys.end()) {
      return MakeError(ErrorKind::kInvalid, std::string(kPartitionKeys) + " = '" + text +
                                                "': write names of attributes, each once, with "
                                                "commas between them");
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace

Result<std::string> ReadRuntimeApi(const Environment& environment) {
  std::string address = environment(kRuntimeApi).value_or("");
  if (address.empty()) {
    return MakeError(ErrorKind::kNotFound,
                     std::string(kRuntimeApi) +
                         " is not set: this program is the bootstrap of a Lambda function and has "
                         "nothing to do elsewhere");
  }
  TAPELAKE_RETURN_NOT_OK(WithContext(ParseHttpUrl("http://" + address).status(), kRuntimeApi));
  return address;
}

Result<Settings> ReadSettings(const Environment& environment) {
  Settings settings;
  TAPELAKE_ASSIGN_OR_RAISE(settings.runtime_api, ReadRuntimeApi(environment));
  TAPELAKE_ASSIGN_OR_RAISE(settings.partition_keys, ReadPartitionKeys(environment));
  TAPELAKE_ASSIGN_OR_RAISE(settings.target, ReadUrl(environment, kTarget));
  TAPELAKE_ASSIGN_OR_RAISE(settings.error_target, ReadUrl(environment, kErrorTarget));
  return settings;
}

}  // namespace tapelake::lambda
