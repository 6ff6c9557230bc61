#include "market/fixed_int.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace tapelake::market {
namespace {

using base::Int128;

Int128 Amount(std::string_view text) {
  Int128 value = 0;
  EXPECT_EQ(base::ParseDecimal(text, base::kDecimalPrecisionMax, 0, &value),
            base::DecimalOutcome::kOk);
  return value;
}

Int128 RandomAmount(std::mt19937_64& random) {
  const auto high = static_cast<Int128>(static_cast<int64_t>(random())) << 64;
  return (high | static_cast<Int128>(random())) >> (random() % 127);
}

const Int128 kLargest = Amount("99999999999999999999999999999999999999");

TEST(FixedInt, AgreesWithBuiltInIntegersWhereTheyReach) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const Int128 a = RandomAmount(random) >> 2;
    const Int128 b = RandomAmount(random) >> 2;
    EXPECT_EQ((FixedInt<3>(a) + b).ToInt128(), a + b);
    EXPECT_EQ((FixedInt<3>(a) - b).ToInt128(), a - b);
    EXPECT_EQ((-FixedInt<5>(a)).ToInt128(), -a);
    EXPECT_EQ(FixedInt<3>(a) <=> FixedInt<3>(b), a <=> b);
    EXPECT_EQ(FixedInt<8>(a).ToDouble(), static_cast<double>(a));
    EXPECT_EQ(FixedInt<5>(a).ToDecimal(18), base::FormatDecimal(a, 18));
    const Int128 c = a >> 63, d = b >> 64;
    EXPECT_EQ(Multiply(c, d).ToInt128(), c * d);
    EXPECT_EQ(Multiply(Multiply(c >> 32, d >> 32), 77).ToInt128(), (c >> 32) * (d >> 32) * 77);
  }
}

TEST(FixedInt, MultipliesTheLargestAmountsExactly) {
  const std::string nines(38, '9');
  // (10^38 - 1)^2 = 10^76 - 2 * 10^38 + 1
  const std::string square = std::string(37, '9') + "8" + std::string(37, '0') + "1";
  EXPECT_EQ(Multiply(kLargest, kLargest).ToDecimal(0), square);
  EXPECT_EQ(Multiply(-kLargest, kLargest).ToDecimal(0), "-" + square);
  EXPECT_EQ(Multiply(-kLargest, -kLargest).ToDecimal(0), square);
  // (10^38 - 1)^3 = 10^114 - 3 * 10^76 + 3 * 10^38 - 1
  const std::string cube = std::string(37, '9') + "7" + std::string(37, '0') + "2" + nines;
  EXPECT_EQ(Multiply(Multiply(kLargest, kLargest), kLargest).ToDecimal(0), cube);
}

TEST(FixedInt, SumsOfTheLargestProductsComeBack) {
  const FixedInt<8> cube = Multiply(Multiply(kLargest, kLargest), kLargest);
  FixedInt<8> sum = cube;
  for (int i = 0; i < 60; ++i)
    sum += sum;  // 2^60 of them
  EXPECT_FALSE(sum.negative());
  EXPECT_GT(sum, cube);
  const FixedInt<8> all = sum;
  for (int i = 0; i < 1'000; ++i)
    sum -= cube;
  for (int i = 0; i < 1'000; ++i)
    sum += cube;
  EXPECT_EQ(sum, all);
  EXPECT_TRUE((sum - all).zero());
}

TEST(FixedInt, WideningKeepsTheSign) {
  EXPECT_EQ(FixedInt<8>(FixedInt<3>(-7)).ToInt128(), Int128{-7});
  EXPECT_EQ(FixedInt<8>(Multiply(kLargest, -kLargest)), -FixedInt<8>(Multiply(kLargest, kLargest)));
}

TEST(FixedInt, TellsWhetherItFits128Bits) {
  FixedInt<3> value(std::numeric_limits<Int128>::max());
  EXPECT_EQ(value.ToInt128(), std::numeric_limits<Int128>::max());
  EXPECT_EQ((value += 1).ToInt128(), std::nullopt);
  EXPECT_EQ((-value).ToInt128(), std::numeric_limits<Int128>::min());
  EXPECT_EQ((-value - 1).ToInt128(), std::nullopt);
}

TEST(FixedInt, GivesTheNearestDouble) {
  const FixedInt<5> one_up = Multiply(Int128{1} << 80, Int128{1} << 90) + 1;
  EXPECT_EQ(one_up.ToDouble(), std::ldexp(1, 170));
  // 2^53 + 1 lies between two doubles: ties go to even, and the slightest more goes up.
  const Int128 tie = (Int128{1} << 53) + 1;
  EXPECT_EQ(Multiply(tie, Int128{1} << 100).ToDouble(), std::ldexp(std::ldexp(1, 53), 100));
  EXPECT_EQ((Multiply(tie, Int128{1} << 100) + 1).ToDouble(),
            std::ldexp(std::ldexp(1, 53) + 2, 100));
  EXPECT_EQ((-Multiply(tie, Int128{1} << 100) - 1).ToDouble(),
            -std::ldexp(std::ldexp(1, 53) + 2, 100));
  EXPECT_EQ(FixedInt<3>().ToDouble(), 0);
  EXPECT_EQ(FixedInt<3>(std::numeric_limits<Int128>::min()).ToDouble(), -std::ldexp(1, 127));
}

TEST(FixedInt, ScalesDoublesDown) {
  EXPECT_EQ(FixedInt<3>(1'500'000'000'000'000'000).ToDouble(18), 1.5);
  EXPECT_DOUBLE_EQ(
      Multiply(Amount("3000000000000000000"), Amount("500000000000000000")).ToDouble(36), 1.5);
  EXPECT_DOUBLE_EQ(FixedInt<8>(7).ToDouble(54), 7e-54);
}

TEST(FixedInt, WritesDecimals) {
  EXPECT_EQ(FixedInt<3>(0).ToDecimal(0), "0");
  EXPECT_EQ(FixedInt<3>(0).ToDecimal(3), "0.000");
  EXPECT_EQ(FixedInt<3>(-5).ToDecimal(3), "-0.005");
  EXPECT_EQ(FixedInt<3>(1'000).ToDecimal(3), "1.000");
  EXPECT_EQ(FixedInt<3>(120).ToDecimal(0), "120");
}

TEST(FixedInt, RoundsDecimalsHalfToEven) {
  EXPECT_EQ(FixedInt<3>(125).ToDecimal(2, 1), "1.2");
  EXPECT_EQ(FixedInt<3>(135).ToDecimal(2, 1), "1.4");
  EXPECT_EQ(FixedInt<3>(-125).ToDecimal(2, 1), "-1.2");
  EXPECT_EQ(FixedInt<3>(12'501).ToDecimal(4, 1), "1.3");
  EXPECT_EQ(FixedInt<3>(5).ToDecimal(1, 0), "0");
  EXPECT_EQ(FixedInt<3>(-5).ToDecimal(1, 0), "0");
  EXPECT_EQ(FixedInt<3>(995).ToDecimal(3, 2), "1.00");
  EXPECT_EQ(FixedInt<3>(995).ToDecimal(3, 3), "0.995");
  const FixedInt<5> long_tie = Multiply(Amount("25"), Amount("1000000000000000000000000000000000"));
  EXPECT_EQ(long_tie.ToDecimal(34, 0), "2");
  EXPECT_EQ((long_tie + 1).ToDecimal(34, 0), "3");
}

TEST(FixedInt, BytesComeBackAndAreLittleEndian) {
  std::string bytes;
  FixedInt<3>(0x0102).AppendBytes(&bytes);
  EXPECT_EQ(bytes, std::string("\x02\x01", 2) + std::string(22, '\0'));
  std::mt19937_64 random(9);
  for (int i = 0; i < 1'000; ++i) {
    const FixedInt<8> value =
        Multiply(Multiply(RandomAmount(random), RandomAmount(random)), RandomAmount(random));
    bytes.clear();
    value.AppendBytes(&bytes);
    EXPECT_EQ(FixedInt<8>::FromBytes(bytes), value);
  }
  EXPECT_EQ(FixedInt<8>::FromBytes(std::string(63, 'x')), std::nullopt);
}

}  // namespace
}  // namespace tapelake::market
