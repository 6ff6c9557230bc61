#include "base/base64.h"

#include <gtest/gtest.h>

namespace tapelake::base {
namespace {

std::string Encoded(std::string_view bytes) {
  std::string out;
  AppendBase64(bytes, &out);
  return out;
}

/// Decoded bytes, or "(no)" if `text` is refused. IsBase64 must always agree.
std::string Decoded(std::string_view text) {
  std::string out(Base64DecodedSizeMax(text.size()) + kBase64SlackBytes, '?');
  size_t size = 0;
  const bool ok = DecodeBase64(text, out.data(), &size);
  EXPECT_EQ(ok, IsBase64(text)) << text;
  if (!ok) return "(no)";
  out.resize(size);
  return out;
}

TEST(Base64, HoldsTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(Encoded(bytes), text);
    EXPECT_EQ(Decoded(text), bytes);
  }
}

TEST(Base64, RoundTripsEveryByteAtEveryLengthAndPlace) {
  std::string bytes;
  uint32_t state = 1;
  for (int size = 0; size < 700; ++size) {
    EXPECT_EQ(Decoded(Encoded(bytes)), bytes) << size;
    state = state * 1664525 + 1013904223;
    bytes.push_back(static_cast<char>(size < 256 ? size : state >> 24));
  }
}

TEST(Base64, RefusesEveryWrongCharacterAtEveryPlace) {
  const std::string good = Encoded(std::string(75, 'x'));
  ASSERT_EQ(good.size(), 100u);
  for (size_t place = 0; place < good.size(); ++place) {
    for (int c = 0; c < 256; ++c) {
      const bool allowed = std::string_view(
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                               "0123456789+/")
                               .find(static_cast<char>(c)) != std::string_view::npos;
      std::string text = good;
      text[place] = static_cast<char>(c);
      const bool padding_at_end = c == '=' && place == good.size() - 1;
      EXPECT_EQ(Decoded(text) != "(no)", allowed || padding_at_end) << place << " " << c;
    }
  }
}

TEST(Base64, RefusesWrongLengthsAndPadding) {
  for (const char* text : {"A", "AA", "AAA", "AAAAA", "A===", "====", "AA=A", "=AAA", "AA==AAAA",
                           "AAAA\n", " AAAA", "AAA-", "AAA_"}) {
    EXPECT_EQ(Decoded(text), "(no)") << text;
  }
}

}  // namespace
}  // namespace tapelake::base
