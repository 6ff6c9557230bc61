#include "base/decimal.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace tapelake::base {
namespace {

/// Short texts take a shortcut; leading zeros make the same number long.
TEST(Decimal, ShortcutForShortTextsChangesNothing) {
  std::mt19937_64 random(7);
  const auto below = [&random](size_t limit) { return random() % limit; };
  for (int round = 0; round < 200'000; ++round) {
    const bool negative = below(3) == 0;
    std::string digits;
    for (size_t i = below(20); i > 0; --i)
      digits.push_back(static_cast<char>('0' + below(10)));
    if (below(2) == 0) digits.insert(below(digits.size() + 1), ".");
    const std::string text = (negative ? "-" : "") + digits;
    const std::string same = (negative ? "-" : "") + std::string(30, '0') + digits;
    if (digits.empty() || digits == ".") continue;
    const int precision = static_cast<int>(1 + below(38));
    const int scale = static_cast<int>(below(static_cast<size_t>(precision) + 1));
    Int128 shortcut = -5;
    Int128 general = -5;
    EXPECT_EQ(ParseDecimal(text, precision, scale, &shortcut),
              ParseDecimal(same, precision, scale, &general))
        << text << " " << precision << " " << scale;
    EXPECT_TRUE(shortcut == general) << text << " " << precision << " " << scale;
  }
}

TEST(Decimal, ShortcutStillRefusesWhatIsNoNumber) {
  Int128 value = 0;
  for (const char* text : {"", "-", ".", "-.", "1..2", "1.2.3", "1-2", "--1", "1 ", "1a"}) {
    EXPECT_EQ(ParseDecimal(text, 38, 18, &value), DecimalOutcome::kNotANumber) << text;
  }
}

}  // namespace
}  // namespace tapelake::base
