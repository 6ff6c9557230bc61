#pragma once

/// The files that AWS's own tools keep settings in: `~/.aws/credentials` and `~/.aws/config`.

#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/http_client.h"

namespace tapelake::io::aws {

/// What settings and credentials are looked up in. All referenced objects must outlive what uses
/// it.
struct AwsEnvironment {
  std::function<std::optional<std::string>(const std::string&)> variable;  ///< Of the environment.
  FileSystem& files;                                                       ///< Of this machine.
  HttpClient& http;
  Clock& clock;

  /// The first of the variables `names` that is set and not empty; empty: none is.
  std::string FirstOf(std::initializer_list<const char*> names) const;
};

/// Settings of one profile by lower-case key, for example `region`.
using Profile = std::map<std::string, std::string>;

/// Parse profiles by name. `is_config`: sections are `[profile NAME]` and `[default]`, as in
/// `~/.aws/config`; else `[NAME]`. Indented lines (nested settings) are passed over. Errors:
/// kInvalid, with the number of the line. Pure.
Result<std::map<std::string, Profile>> ParseProfiles(std::string_view text, bool is_config);

/// The name of the profile in force: `wanted` if not empty, else AWS_PROFILE, else `default`.
std::string ProfileName(const AwsEnvironment& environment, const std::string& wanted);

/// Read a profile from both files (AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE), of which the
/// first wins; nullopt: it is in neither. Errors: kInvalid (a file that cannot be parsed; names
/// it), kUnavailable.
Result<std::optional<Profile>> ReadProfile(const AwsEnvironment& environment,
                                           const std::string& name);

/// The value of `key`; empty if it is not there.
std::string SettingOf(const Profile& profile, const std::string& key);

}  // namespace tapelake::io::aws
