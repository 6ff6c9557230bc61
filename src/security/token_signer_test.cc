#include "security/token_signer.h"

#include <gtest/gtest.h>

namespace tapelake::security {
namespace {

TEST(TokenSigner, OpensWhatItSigned) {
  const TokenSigner signer("key");
  for (const std::string& payload :
       {std::string(), std::string("a"), std::string("\0\xff binary", 9), std::string(300, 'p')}) {
    EXPECT_EQ(signer.Open(signer.Sign(payload)), payload);
  }
}

TEST(TokenSigner, RefusesEveryChange) {
  const TokenSigner signer("key");
  const std::string token = signer.Sign("shard 3 at 17");
  for (size_t at = 0; at < token.size(); ++at) {
    for (const char c : {'A', 'b', '3', '/', '=', ' ', '\n'}) {
      std::string other = token;
      if (other[at] == c) continue;
      other[at] = c;
      EXPECT_EQ(signer.Open(other), std::nullopt) << other;
    }
    EXPECT_EQ(signer.Open(token.substr(0, at)), std::nullopt);
  }
  EXPECT_EQ(signer.Open(token + "AAAA"), std::nullopt);
}

TEST(TokenSigner, RefusesTokensOfAnotherKey) {
  EXPECT_EQ(TokenSigner("key").Open(TokenSigner("other").Sign("x")), std::nullopt);
}

}  // namespace
}  // namespace tapelake::security
