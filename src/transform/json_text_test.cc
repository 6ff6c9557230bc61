#include "transform/json_text.h"

#include <gtest/gtest.h>

#include "base/decimal.h"
#include "base/json.h"

namespace tapelake::transform {
namespace {

/// `text` with misleading bytes behind it, as in a record.
NumberForm FormOf(const std::string& text) {
  const std::string padded = text + "5.e" + std::string(64, '7');
  return ClassifyNumber(std::string_view(padded).substr(0, text.size()));
}

NumberForm Expected(const std::string& text) {
  const bool json = text.find(' ') == std::string::npos && base::ParseJson(text).ok();
  if (json) return NumberForm::kJson;
  return base::IsDecimalNumber(text) ? NumberForm::kDecimal : NumberForm::kNone;
}

TEST(JsonText, ClassifiesEveryShortTextAsTheOthersDo) {
  const std::string letters = "01.-+e";
  std::vector<std::string> texts;
  for (const char c : letters)
    texts.emplace_back(1, c);
  for (size_t i = 0; texts[i].size() < 6; ++i) {
    const std::string text = texts[i];
    EXPECT_EQ(FormOf(text), Expected(text)) << text;
    for (const char c : letters)
      texts.push_back(text + c);
  }
  EXPECT_EQ(FormOf(""), NumberForm::kNone);
}

TEST(JsonText, ClassifiesNumbersAroundSixteenCharacters) {
  for (size_t size = 13; size <= 20; ++size) {
    std::string text(size, '7');
    EXPECT_EQ(FormOf(text), NumberForm::kJson) << text;
    text[0] = '0';
    EXPECT_EQ(FormOf(text), NumberForm::kDecimal) << text;
    for (size_t place = 0; place < size; ++place) {
      std::string pointed(size, '3');
      pointed[place] = '.';
      const bool inner = place > 0 && place + 1 < size;
      EXPECT_EQ(FormOf(pointed), inner ? NumberForm::kJson : NumberForm::kDecimal) << pointed;
      pointed[place] = '/';
      EXPECT_EQ(FormOf(pointed), NumberForm::kNone) << pointed;
      pointed[place] = ':';
      EXPECT_EQ(FormOf(pointed), NumberForm::kNone) << pointed;
    }
  }
}

TEST(JsonText, FindsEscapesAtEveryPlace) {
  for (size_t size = 0; size < 100; ++size) {
    const std::string clean = std::string(size, 'x');
    const std::string behind = clean + "\\\"\x01" + std::string(64, '\\');
    EXPECT_FALSE(HasBackslash(std::string_view(behind).substr(0, size)));
    EXPECT_FALSE(NeedsEscape(std::string_view(behind).substr(0, size)));
    for (size_t place = 0; place < size; ++place) {
      for (const char c : {'\\', '"', '\x1f', '\0', ' ', '\x7f', '\xc3'}) {
        std::string text = behind;
        text[place] = c;
        const auto inside = std::string_view(text).substr(0, size);
        EXPECT_EQ(HasBackslash(inside), c == '\\');
        EXPECT_EQ(NeedsEscape(inside),
                  c == '\\' || c == '"' || static_cast<unsigned char>(c) < 0x20);
      }
    }
  }
}

TEST(JsonText, OrdersNumbersByValue) {
  const std::vector<std::vector<std::string>> ascending = {
      {"-1E400"},
      {"-10", "-1e1", "-10.0"},
      {"-9.99"},
      {"-1E-400"},
      {"0", "-0", "0E5", ".0"},
      {"1E-400"},
      {"0.001", "1e-3", "+.0010"},
      {"9", "09", "9."},
      {"9.5"},
      {"10", "1E+1"},
      {"123456789012345678901234567890123456789"},
      {"1E400"},
      {"1E99999999999999999999"}};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      for (const std::string& a : ascending[i]) {
        for (const std::string& b : ascending[j]) {
          const int order = CompareNumbers(a, b);
          EXPECT_EQ(order < 0, i < j) << a << " " << b;
          EXPECT_EQ(order > 0, i > j) << a << " " << b;
        }
      }
    }
  }
}

}  // namespace
}  // namespace tapelake::transform
