#include "base/aes_gcm.h"

#include <gtest/gtest.h>

#include <string>

namespace tapelake::base {
namespace {

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

std::string Encrypted(const AesPlace& place, std::string_view plain) {
  std::string sealed(plain.size() + kAesTagBytes, '\0');
  EXPECT_TRUE(EncryptAes(place, plain, sealed.data()).ok());
  return sealed;
}

// Test case 16 of the specification of GCM (McGrew and Viega).
TEST(AesGcmTest, EncryptsAsItsSpecificationSays) {
  const std::string key =
      FromHex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const std::string nonce = FromHex("cafebabefacedbaddecaf888");
  const std::string context = FromHex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const std::string plain = FromHex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
      "b525b16aedf5aa0de657ba637b39");
  const std::string expected = FromHex(
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b105682"
      "8838"
      "c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
  const AesPlace place{.key = key, .nonce = nonce, .context = context};
  EXPECT_EQ(Encrypted(place, plain), expected);
  std::string back(plain.size(), '\0');
  ASSERT_TRUE(DecryptAes(place, expected, back.data()).ok());
  EXPECT_EQ(back, plain);
}

TEST(AesGcmTest, DecryptsNothingThatWasChanged) {
  const std::string key(kAesKeyBytes, 'k');
  const std::string nonce(kAesNonceBytes, 'n');
  const AesPlace place{.key = key, .nonce = nonce, .context = "context"};
  const std::string sealed = Encrypted(place, "a record");
  std::string out(sealed.size(), '\0');
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(KindOf(DecryptAes(place, changed, out.data())), ErrorKind::kCorrupt) << i;
  }
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_EQ(KindOf(DecryptAes(place, sealed.substr(0, size), out.data())), ErrorKind::kCorrupt);
  }
  const std::string other_key(kAesKeyBytes, 'K');
  const std::string other_nonce(kAesNonceBytes, 'N');
  for (const AesPlace& other : {AesPlace{other_key, nonce, "context"},
                                AesPlace{key, other_nonce, "context"}, AesPlace{key, nonce, ""}}) {
    EXPECT_EQ(KindOf(DecryptAes(other, sealed, out.data())), ErrorKind::kCorrupt);
  }
}

TEST(AesGcmTest, EncryptsNothingToATag) {
  const std::string key(kAesKeyBytes, 'k');
  const std::string nonce(kAesNonceBytes, 'n');
  const AesPlace place{.key = key, .nonce = nonce, .context = ""};
  const std::string sealed = Encrypted(place, "");
  EXPECT_EQ(sealed.size(), kAesTagBytes);
  EXPECT_TRUE(DecryptAes(place, sealed, nullptr).ok());
}

}  // namespace
}  // namespace tapelake::base
