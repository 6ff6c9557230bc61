#include "security/access_key.h"

#include <utility>

namespace tapelake::security {
namespace {

constexpr std::string_view kIdPrefix = "AKIA";
constexpr std::string_view kIdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kSecretAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kNameAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@-";
constexpr size_t kIdChars = 20;
constexpr size_t kSecretChars = 40;

std::string Draw(io::Random& random, std::string_view alphabet, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text.push_back(alphabet[random.Below(alphabet.size())]);
  return text;
}

bool ConsistsOf(std::string_view text, std::string_view alphabet) {
  return text.find_first_not_of(alphabet) == std::string_view::npos;
}

}  // namespace

bool IsKeyName(std::string_view name) {
  return !name.empty() && name.size() <= kKeyNameCharsMax && ConsistsOf(name, kNameAlphabet);
}

bool IsAccessKeyId(std::string_view id) {
  return id.size() == kIdChars && id.starts_with(kIdPrefix) &&
         ConsistsOf(id.substr(kIdPrefix.size()), kIdAlphabet);
}

AccessKey MakeAccessKey(io::Random& random, std::string name, int64_t now_micros) {
  AccessKey key;
  key.access_key_id =
      std::string(kIdPrefix) + Draw(random, kIdAlphabet, kIdChars - kIdPrefix.size());
  key.secret_access_key = Draw(random, kSecretAlphabet, kSecretChars);
  key.name = std::move(name);
  key.created_micros = now_micros;
  return key;
}

}  // namespace tapelake::security
