#include "app/mark_book.h"

#include <gtest/gtest.h>

namespace tapelake::app {
namespace {

record::LogMark Mark(uint64_t offset, const std::string& text = "x") {
  return {.offset = offset, .text = text};
}

TEST(MarkBook, GivesTheNewestMarkThatTheSlowestReaderHasReached) {
  MarkBook book;
  for (const uint64_t offset : {0, 10, 20})
    book.Add("s", Mark(offset));
  EXPECT_EQ(book.Reach("s", 9)->offset, 0u);
  EXPECT_EQ(book.Reach("s", 19)->offset, 10u);
  EXPECT_EQ(book.Reach("s", 1'000)->offset, 20u);
  EXPECT_EQ(book.Reach("s", 1'000)->offset, 20u);
  EXPECT_EQ(book.Reach("other", 5), nullptr);
}

TEST(MarkBook, AMarkAheadOfTheReadersWaits) {
  MarkBook book;
  book.Add("s", Mark(10));
  EXPECT_EQ(book.Reach("s", 9), nullptr);
  EXPECT_EQ(book.Reach("s", 10)->offset, 10u);
}

TEST(MarkBook, ThePlaceSaidAgainReplacesWhatWasSaid) {
  MarkBook book;
  book.Add("s", Mark(10, "old"));
  book.Add("s", {.offset = 10, .text = "new", .at_end = true});
  EXPECT_EQ(book.Reach("s", 10)->text, "new");
  EXPECT_TRUE(book.Reach("s", 10)->at_end);
}

TEST(MarkBook, ManyMarksAreThinnedAndReachFarBack) {
  MarkBook book;
  for (uint64_t offset = 0; offset < 10'000; ++offset)
    book.Add("s", Mark(offset));
  MarkBook copy = book;
  EXPECT_EQ(copy.Reach("s", 10'000)->offset, 9'999u);
  EXPECT_LE(book.Reach("s", 5'000)->offset, 5'000u);
  EXPECT_GE(book.Reach("s", 5'000)->offset, 2'000u);
}

TEST(MarkBook, ForgetsASource) {
  MarkBook book;
  book.Add("s", Mark(1));
  book.Forget("s");
  EXPECT_TRUE(book.sources().empty());
}

}  // namespace
}  // namespace tapelake::app
