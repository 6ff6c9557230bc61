#include "cli/options.h"

#include <gtest/gtest.h>

namespace tapelake::cli {
namespace {

/// One option of every kind.
struct Sample {
  Sample() {
    options.Text({.name = "--lake", .placeholder = "DIR", .sentence = "."}, &lake)
        .Choice({.name = "--shape", .placeholder = "", .sentence = "."}, {"a", "b"}, &shape)
        .Integer({.name = "--count", .placeholder = "N", .sentence = "."}, 1, 9, &count)
        .Fraction({.name = "--share", .placeholder = "F", .sentence = "."}, &share)
        .Time({.name = "--wait", .placeholder = "TIME", .sentence = "."}, &wait)
        .Flag({.name = "--once", .placeholder = "", .sentence = "."}, &once)
        .Positional({.name = "", .placeholder = "FILE", .sentence = ".", .repeated = true}, &files);
  }
  std::string ErrorOf(const std::vector<std::string>& arguments) {
    return options.Parse(arguments).message();
  }

  std::string lake = "here";
  std::string shape = "a";
  std::optional<int64_t> count;
  double share = 0;
  config::Duration wait;
  bool once = false;
  std::vector<std::string> files;
  Options options;
};

TEST(Options, LeavesMembersAloneThatAreNotGiven) {
  Sample sample;
  ASSERT_TRUE(sample.options.Parse({}).ok());
  EXPECT_EQ(sample.lake, "here");
  EXPECT_FALSE(sample.count.has_value());
  EXPECT_FALSE(sample.once);
}

TEST(Options, ReadsEveryKindInAnyOrder) {
  Sample sample;
  const Status status =
      sample.options.Parse({"x.ndjson", "--once", "--lake=there", "--count", "3", "y.ndjson",
                            "--share", "0.05", "--wait", "60s", "--shape", "b"});
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(sample.lake, "there");
  EXPECT_EQ(sample.count, 3);
  EXPECT_EQ(sample.share, 0.05);
  EXPECT_EQ(sample.wait.micros, 60'000'000);
  EXPECT_TRUE(sample.once);
  EXPECT_EQ(sample.shape, "b");
  EXPECT_EQ(sample.files, (std::vector<std::string>{"x.ndjson", "y.ndjson"}));
}

TEST(Options, AValuedFlagTakesExactlyOneValue) {
  Sample sample;
  ASSERT_TRUE(sample.options.Parse({"--lake", "there", "x.ndjson", "--count=2", "y.ndjson"}).ok());
  EXPECT_EQ(sample.lake, "there");
  EXPECT_EQ(sample.files, (std::vector<std::string>{"x.ndjson", "y.ndjson"}));
}

TEST(Options, TheLastOfARepeatedFlagCounts) {
  Sample sample;
  ASSERT_TRUE(sample.options.Parse({"--lake", "a", "--lake", "b"}).ok());
  EXPECT_EQ(sample.lake, "b");
}

TEST(Options, NamesFlagValueAndRemedy) {
  EXPECT_EQ(Sample().ErrorOf({"--count", "10"}),
            "--count = '10' is out of range\nhint: allowed: 1 to 9");
  EXPECT_EQ(Sample().ErrorOf({"--count", "many"}),
            "--count = 'many' is no whole number\nhint: allowed: 1 to 9");
  EXPECT_EQ(Sample().ErrorOf({"--share", "2"}),
            "--share = '2' is no fraction\nhint: write a number from 0 to 1, for example 0.05");
  EXPECT_EQ(Sample().ErrorOf({"--wait", "60"}),
            "--wait = '60' is no duration\nhint: write a whole number and a unit: 500ms, 60s, 10m "
            "or 1h");
  EXPECT_EQ(Sample().ErrorOf({"--shape", "c"}), "--shape = 'c' is not known\nhint: one of: a, b");
  EXPECT_EQ(Sample().ErrorOf({"--lake"}), "--lake has no value\nhint: write --lake DIR");
}

TEST(Options, SuggestsTheNearestFlag) {
  EXPECT_EQ(Sample().ErrorOf({"--lkae", "x"}),
            "unknown flag '--lkae'\nhint: did you mean '--lake'?");
  EXPECT_EQ(Sample().ErrorOf({"--onec=1"}), "unknown flag '--onec'\nhint: did you mean '--once'?");
}

TEST(Options, RequiresWhatIsRequired) {
  std::optional<std::string> table;
  Options options;
  options.Text({.name = "--table", .placeholder = "T", .sentence = ".", .required = true}, &table);
  EXPECT_EQ(options.Parse({}).message(), "--table is missing\nhint: add --table T");
}

}  // namespace
}  // namespace tapelake::cli
