#include "base/seal.h"

#include <gtest/gtest.h>

namespace tapelake::base {
namespace {

constexpr std::string_view kTail = "}";

std::string Sealed() {
  std::string line = R"({"a":1,)";
  AppendJsonSeal(0, kTail, &line);
  return line;
}

// docs/internals/seal.md, S1
TEST(Seal, IsTheHashOfAllBytesWithItsDigitsAsZeros) {
  // XXH3-64 of {"a":1,"tapelake.checksum":"0000000000000000"}, in one piece.
  EXPECT_EQ(Sealed(), R"({"a":1,"tapelake.checksum":"f6752ba8de2d763c"})");
  EXPECT_EQ(JudgeJsonSeal(Sealed(), kTail), SealState::kWhole);
}

// S2
TEST(Seal, EveryFlippedBitBreaksIt) {
  const std::string whole = Sealed();
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(JudgeJsonSeal(damaged, kTail), SealState::kBroken) << bit;
  }
}

// S3
TEST(Seal, BytesOfOthersHaveNone) {
  for (const char* text : {"", "{}", R"({"tapelake.checksum" : "0123456789abcdef"})",
                           R"({"tapelake.checksum":"0123456789abcdef"} )",
                           R"({"tapelike.chekcsum":"0123456789abcdef"})"}) {
    EXPECT_EQ(JudgeJsonSeal(text, kTail), SealState::kAbsent) << text;
  }
  EXPECT_EQ(JudgeSeal("abc", 10, "b"), SealState::kAbsent);
}

TEST(Seal, LeavesWhatStandsBeforeItsBeginningAlone) {
  std::string text = "before";
  text += R"({"a":1,)";
  AppendJsonSeal(6, kTail, &text);
  EXPECT_EQ(text, "before" + Sealed());
}

TEST(Seal, OfPiecesIsThatOfTheWhole) {
  const std::string bytes(1'000'000, 'x');
  SealHash whole;
  whole.Add(bytes);
  SealHash pieces;
  for (size_t at = 0; at < bytes.size(); at += 1111)
    pieces.Add(std::string_view(bytes).substr(at, 1111));
  EXPECT_EQ(pieces.Digits(), whole.Digits());
}

}  // namespace
}  // namespace tapelake::base
