#include "source/kafka/kafka_place.h"

#include <gtest/gtest.h>

namespace tapelake::source {
namespace {

TEST(KafkaPlaceText, IsReadBackAsItWas) {
  for (const KafkaPlace& place :
       {KafkaPlace{}, KafkaPlace{.reference = 0, .next = 500},
        KafkaPlace{.reference = 12, .next = 12, .fingerprint = 0xab},
        KafkaPlace{.reference = 7, .next = INT64_MAX, .fingerprint = UINT64_MAX}}) {
    const std::string text = FormatKafkaPlace(place);
    const auto parsed = ParseKafkaPlace(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, place) << text;
  }
  EXPECT_EQ(FormatKafkaPlace({.reference = 12, .next = 13, .fingerprint = 0xab}),
            "12 13 00000000000000ab");
  EXPECT_EQ(FormatKafkaPlace({.reference = 0, .next = 5}), "0 5 -");
}

TEST(KafkaPlaceText, IsRefusedIfItIsNone) {
  for (const char* text :
       {"", " ", "1", "1 2", "1 2 ", "1 2 x", "1 2 ab", "-1 2 -", "2 1 -", "1 2 - ", "1  2 -",
        "1 2 00000000000000abc", "oldest", "1 99999999999999999999 -", "1 2 -0000000000000ab"}) {
    const auto parsed = ParseKafkaPlace(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(KindOf(parsed.status()), ErrorKind::kCorrupt);
    EXPECT_NE(parsed.status().message().find("'" + std::string(text) + "'"), std::string::npos);
  }
}

TEST(KafkaFingerprintOf, SaysWhetherARecordIsAnotherOne) {
  const uint64_t one = KafkaFingerprint("k", "v", 7);
  EXPECT_EQ(one, KafkaFingerprint("k", "v", 7));
  EXPECT_NE(one, KafkaFingerprint("k", "v", 8));
  EXPECT_NE(one, KafkaFingerprint("k", "w", 7));
  EXPECT_NE(one, KafkaFingerprint("l", "v", 7));
  EXPECT_NE(KafkaFingerprint("", "v", 7), KafkaFingerprint(std::nullopt, "v", 7));
  EXPECT_NE(KafkaFingerprint("k", "", 7), KafkaFingerprint("k", std::nullopt, 7));
}

}  // namespace
}  // namespace tapelake::source
