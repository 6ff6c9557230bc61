#include "query/exact_arithmetic.h"

#include <string>

#include <gtest/gtest.h>

namespace tapelake::query {
namespace {

ScaledDecimal Parse(const std::string& text, int scale) {
  ScaledDecimal decimal{.value = 0, .scale = scale};
  EXPECT_EQ(base::ParseDecimal(text, 38, scale, &decimal.value), base::DecimalOutcome::kOk) << text;
  return decimal;
}

std::string Text(const std::optional<base::Int128>& value) {
  return value.has_value() ? base::FormatDecimal(*value, kExactScale) : "none";
}

struct Case {
  const char* left;
  int left_scale;
  const char* right;
  int right_scale;
  const char* expected;
};

// Expected values were computed with Python's decimal module, ROUND_HALF_UP.
TEST(ExactProduct, RoundsOnlyBeyondEighteenDecimals) {
  const Case cases[] = {
      {"1.5", 1, "2", 0, "3.000000000000000000"},
      {"60000.12345678", 8, "1.5", 8, "90000.185185170000000000"},
      {"0.12345678", 8, "0.12345678", 8, "0.015241576527968400"},
      {"0.000000000000000001", 18, "0.5", 1, "0.000000000000000001"},
      {"-0.000000000000000001", 18, "0.4", 1, "0.000000000000000000"},
      {"-0.000000000000000001", 18, "0.5", 1, "-0.000000000000000001"},
      {"0.99999999999999999999999999999999999999", 38, "0.99999999999999999999999999999999999999",
       38, "1.000000000000000000"},
      {"0.00000000000000000049999999999999999999", 38, "1", 0, "0.000000000000000000"},
      {"0.0000000000000000005", 38, "1", 0, "0.000000000000000001"},
      {"1e-38", 38, "99999999999999999999999999999999999999", 0, "1.000000000000000000"},
      {"0", 18, "-5", 0, "0.000000000000000000"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Text(ExactProduct(Parse(c.left, c.left_scale), Parse(c.right, c.right_scale))),
              c.expected)
        << c.left << " * " << c.right;
  }
}

TEST(ExactProduct, HasNoResultFromTenToTheTwentieth) {
  const ScaledDecimal below = Parse("99999999999999999999.999999999999999999", 18);
  EXPECT_EQ(Text(ExactProduct(below, Parse("-1", 0))), "-99999999999999999999.999999999999999999");
  EXPECT_EQ(Text(ExactProduct(below, Parse("1.1", 1))), "none");
  EXPECT_EQ(Text(ExactProduct(below, below)), "none");
  EXPECT_EQ(Text(ExactProduct(Parse("10000000000", 0), Parse("10000000000", 18))), "none");
  EXPECT_EQ(Text(ExactProduct(Parse("9999999999", 0), Parse("10000000000", 18))),
            "99999999990000000000.000000000000000000");
}

TEST(ExactRatio, RoundsHalfAwayFromZero) {
  const Case cases[] = {
      {"1", 0, "3", 0, "0.333333333333333333"},
      {"-2", 0, "3", 0, "-0.666666666666666667"},
      {"60000.12345678", 8, "1.5", 8, "40000.082304520000000000"},
      {"0.000000000000000001", 18, "2", 0, "0.000000000000000001"},
      {"-0.000000000000000001", 18, "0.4", 1, "-0.000000000000000003"},
      {"1e-38", 38, "99999999999999999999999999999999999999", 0, "0.000000000000000000"},
      {"0.99999999999999999999999999999999999999", 38, "1", 0, "1.000000000000000000"},
      {"0.99999999999999999999999999999999999999", 38, "2", 0, "0.500000000000000000"},
      {"0.00000000000000000049999999999999999999", 38, "1", 0, "0.000000000000000000"},
      {"0.0000000000000000005", 38, "1", 0, "0.000000000000000001"},
      {"1", 0, "0.99999999999999999999999999999999999999", 38, "1.000000000000000000"},
      {"12345678901234567890.1234567890", 10, "987654321098765.43210", 5,
       "12499.999886093750001549"},
      {"99999999999999999999.999999999999999999", 18, "99999999999999999999.999999999999999999", 18,
       "1.000000000000000000"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Text(ExactRatio(Parse(c.left, c.left_scale), Parse(c.right, c.right_scale))),
              c.expected)
        << c.left << " / " << c.right;
  }
}

TEST(ExactRatio, RoundsWhenTheScaledDivisorOutgrowsEveryNumerator) {
  // 0.99..9 / 2e18 = 0.4999..e-18 and / 1.9e18 = 0.526e-18: just below and above half of a unit.
  const ScaledDecimal almost_one = Parse("0.99999999999999999999999999999999999999", 38);
  EXPECT_EQ(Text(ExactRatio(almost_one, Parse("2000000000000000000", 0))), "0.000000000000000000");
  EXPECT_EQ(Text(ExactRatio(almost_one, Parse("1900000000000000000", 0))), "0.000000000000000001");
  EXPECT_EQ(Text(ExactRatio(almost_one, Parse("-1900000000000000000", 0))),
            "-0.000000000000000001");
}

TEST(ExactRatio, HasNoResultForZeroAndForTooMuch) {
  EXPECT_EQ(Text(ExactRatio(Parse("1", 0), Parse("0", 18))), "none");
  EXPECT_EQ(Text(ExactRatio(Parse("1", 0), Parse("1e-38", 38))), "none");
}

}  // namespace
}  // namespace tapelake::query
