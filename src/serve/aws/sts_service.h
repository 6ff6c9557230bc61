#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "security/access_key.h"

namespace tapelake::serve {

/// Who is calling.
struct CallerIdentity {
  std::string account;
  std::string user_id;
  std::string arn;
};

/// AWS STS: GetCallerIdentity, which clients ask to find out their account. Pure; any thread.
class StsService {
 public:
  static constexpr std::string_view kVersion = "2011-06-15";
  static constexpr std::string_view kNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";

  explicit StsService(std::string account) : account_(std::move(account)) {}

  /// Whether Serve() knows the operation.
  static bool Knows(std::string_view operation) { return operation == "GetCallerIdentity"; }

  /// The body of the answer, in XML or JSON. `key`: whose request it is; nullptr: of somebody who
  /// need not say (the account itself, then).
  std::string GetCallerIdentity(const security::AccessKey* key, bool xml,
                                const std::string& request_id) const;

  CallerIdentity IdentityOf(const security::AccessKey* key) const;

 private:
  const std::string account_;
};

}  // namespace tapelake::serve
