#include "query/output/scalar_text.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace tapelake::query {
namespace {

std::string DoubleText(double value) {
  std::string out;
  AppendDouble(value, &out);
  return out;
}

TEST(AppendDouble, LooksLikePythonsRepr) {
  EXPECT_EQ(DoubleText(0.0), "0.0");
  EXPECT_EQ(DoubleText(-0.0), "-0.0");
  EXPECT_EQ(DoubleText(100), "100.0");
  EXPECT_EQ(DoubleText(0.1), "0.1");
  EXPECT_EQ(DoubleText(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(DoubleText(1234.5), "1234.5");
  EXPECT_EQ(DoubleText(1e15), "1000000000000000.0");
  EXPECT_EQ(DoubleText(1e16), "1e+16");
  EXPECT_EQ(DoubleText(123456789012345680.0), "1.2345678901234568e+17");
  EXPECT_EQ(DoubleText(0.0001), "0.0001");
  EXPECT_EQ(DoubleText(0.00001), "1e-05");
  EXPECT_EQ(DoubleText(-1.5e-7), "-1.5e-07");
  EXPECT_EQ(DoubleText(1e300), "1e+300");
  EXPECT_EQ(DoubleText(5e-324), "5e-324");
  EXPECT_EQ(DoubleText(std::nan("")), "nan");
  EXPECT_EQ(DoubleText(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(AppendDouble, ReadsBackAsTheSameNumber) {
  double value = 1.0 / 7;
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(std::strtod(DoubleText(value).c_str(), nullptr), value) << DoubleText(value);
    value *= i % 2 == 0 ? 13.7 : -0.05;
  }
}

TEST(AppendFloat, UsesTheShortestDigitsOfSinglePrecision) {
  std::string out;
  AppendFloat(0.1F, &out);
  EXPECT_EQ(out, "0.1");
}

std::string MicrosText(int64_t micros) {
  std::string out;
  AppendTimestampMicros(micros, &out);
  return out;
}

TEST(AppendTimestampMicros, CoversTheWholeRange) {
  EXPECT_EQ(MicrosText(0), "1970-01-01T00:00:00.000000");
  EXPECT_EQ(MicrosText(1714521628031677), "2024-05-01T00:00:28.031677");
  EXPECT_EQ(MicrosText(-1), "1969-12-31T23:59:59.999999");
  EXPECT_EQ(MicrosText(253402300800000000), "10000-01-01T00:00:00.000000");
  EXPECT_EQ(MicrosText(-62167219200000001), "-0001-12-31T23:59:59.999999");
  EXPECT_EQ(MicrosText(std::numeric_limits<int64_t>::max()), "infinity");
  EXPECT_EQ(MicrosText(-std::numeric_limits<int64_t>::max()), "-infinity");
}

std::string IntervalText(int32_t months, int32_t days, int64_t micros) {
  std::string out;
  AppendInterval({.months = months, .days = days, .micros = micros}, &out);
  return out;
}

TEST(AppendInterval, LeavesOutPartsThatAreZero) {
  EXPECT_EQ(IntervalText(0, 0, 0), "00:00:00.000000");
  EXPECT_EQ(IntervalText(14, 3, 14705500000), "1 year 2 months 3 days 04:05:05.500000");
  EXPECT_EQ(IntervalText(-1, -2, -1000000), "-1 month -2 days -00:00:01.000000");
  EXPECT_EQ(IntervalText(0, 0, std::numeric_limits<int64_t>::min()), "-2562047788:00:54.775807");
}

}  // namespace
}  // namespace tapelake::query
