#include "io/aws/profiles.h"

#include <algorithm>
#include <utility>

namespace tapelake::io::aws {
namespace {

constexpr std::string_view kSpace = " \t\r";

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return lower;
}

Status Wrong(int line, const std::string& what) {
  return MakeError(ErrorKind::kInvalid, "line " + std::to_string(line) + ": " + what);
}

/// The profile that `[section]` is about; nullopt: none (`[sso-session x]`, `[services x]`).
std::optional<std::string> ProfileOfSection(std::string_view section, bool is_config) {
  constexpr std::string_view kPrefix = "profile";
  if (!is_config || section == "default") return std::string(section);
  if (!section.starts_with(kPrefix) || section.size() == kPrefix.size()) return std::nullopt;
  const std::string_view name = section.substr(kPrefix.size());
  if (name.find_first_of(kSpace) != 0) return std::nullopt;
  return std::string(Trimmed(name));
}

/// Add what a file says of a profile to what is known of it. `found`: whether it says anything.
Status AddFrom(const AwsEnvironment& environment, const std::string& path, bool is_config,
               const std::string& name, Profile* profile, bool* found) {
  if (path.empty()) return Status::OK();
  const auto text = environment.files.ReadFile(path);
  if (!text.ok()) {
    if (KindOf(text.status()) == ErrorKind::kNotFound) return Status::OK();
    return text.status();
  }
  auto profiles = ParseProfiles(*text, is_config);
  if (!profiles.ok()) return WithContext(profiles.status(), "'" + path + "'");
  const auto it = profiles->find(name);
  if (it == profiles->end()) return Status::OK();
  *found = true;
  profile->merge(it->second);  // what is known already stays
  return Status::OK();
}

std::string PathOf(const AwsEnvironment& environment, const char* variable,
                   const std::string& name) {
  const std::string stated = environment.FirstOf({variable});
  if (!stated.empty()) return stated;
  const std::string home = environment.FirstOf({"HOME"});
  return home.empty() ? std::string() : JoinPath(JoinPath(home, ".aws"), name);
}

}  // namespace

std::string AwsEnvironment::FirstOf(std::initializer_list<const char*> names) const {
  for (const char* name : names) {
    const std::optional<std::string> value = variable(name);
    if (value && !value->empty()) return *value;
  }
  return {};
}

Result<std::map<std::string, Profile>> ParseProfiles(std::string_view text, bool is_config) {
  std::map<std::string, Profile> profiles;
  Profile* profile = nullptr;  // of the section; nullptr: of no interest
  bool in_section = false;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view whole = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view line = Trimmed(whole);
    if (line.empty() || line.starts_with('#') || line.starts_with(';')) continue;
    if (line.starts_with('[')) {
      const size_t close = line.find(']');
      if (close == std::string_view::npos) return Wrong(number, "a section without ']'");
      const auto name = ProfileOfSection(Trimmed(line.substr(1, close - 1)), is_config);
      profile = name ? &profiles[*name] : nullptr;
      in_section = true;
      continue;
    }
    if (!in_section) return Wrong(number, "a setting before the first [section]");
    if (kSpace.find(whole.front()) != std::string_view::npos) continue;
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) return Wrong(number, "neither [section] nor key = value");
    if (profile == nullptr) continue;
    profile->insert_or_assign(LowerCase(Trimmed(line.substr(0, equals))),
                              std::string(Trimmed(line.substr(equals + 1))));
  }
  return profiles;
}

std::string ProfileName(const AwsEnvironment& environment, const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  const std::string stated = environment.FirstOf({"AWS_PROFILE", "AWS_DEFAULT_PROFILE"});
  return stated.empty() ? "default" : stated;
}

Result<std::optional<Profile>> ReadProfile(const AwsEnvironment& environment,
                                           const std::string& name) {
  Profile profile;
  bool found = false;
  const std::string credentials = PathOf(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  TAPELAKE_RETURN_NOT_OK(AddFrom(environment, credentials, false, name, &profile, &found));
  const std::string config = PathOf(environment, "AWS_CONFIG_FILE", "config");
  TAPELAKE_RETURN_NOT_OK(AddFrom(environment, config, true, name, &profile, &found));
  if (!found) return std::optional<Profile>();
  return std::optional<Profile>(std::move(profile));
}

std::string SettingOf(const Profile& profile, const std::string& key) {
  const auto found = profile.find(key);
  return found == profile.end() ? std::string() : found->second;
}

}  // namespace tapelake::io::aws
