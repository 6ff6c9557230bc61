#include "hudi/format/log_block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hudi/format/byte_codec.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;

constexpr size_t kTypeOffset = 6 + 8 + 4;  // magic, size, version

std::string BlockOf(LogBlockType type, const std::string& content, const std::string& instant) {
  std::string bytes;
  AppendLogBlock(type, {{LogHeaderKey::kInstantTime, instant}}, content, &bytes);
  return bytes;
}

/// Type, offset and size of each block.
std::vector<std::tuple<LogBlockType, size_t, size_t>> Layout(std::string_view file) {
  std::vector<std::tuple<LogBlockType, size_t, size_t>> layout;
  for (const LogBlock& block : *SplitLogBlocks(file))
    layout.emplace_back(block.type, block.offset, block.size);
  return layout;
}

/// The same as other engines write it: without a seal.
std::string ForeignBlock(LogBlockType type, const std::string& content,
                         const std::string& instant) {
  constexpr size_t kSealBytes = 35;
  constexpr size_t kTailBytes = 4 + 8;
  std::string block = BlockOf(type, content, instant);
  block.resize(block.size() - kSealBytes - kTailBytes);
  const auto content_size = static_cast<int64_t>(content.size());
  PatchBigEndian(content_size, block.size() - content.size() - 8, &block);
  block += "\0\0\0\0"s;
  const auto size = static_cast<int64_t>(block.size());
  AppendBigEndian(size, &block);
  PatchBigEndian(size - 6, 6, &block);
  return block;
}

TEST(LogBlock, HasHudisFrame) {
  std::string expected = "#HUDI#\0\0\0\0\0\0\0\x57"s;
  expected += "\0\0\0\1\0\0\0\0"s;                                       // version, command
  expected += "\0\0\0\2\0\0\0\0\0\0\0\2t2\0\0\0\1\0\0\0\2t1"s;           // instant, target
  expected += "\0\0\0\0\0\0\0\x23tapelake.checksum=5c79f3aabfc3edcf."s;  // content
  expected += "\0\0\0\0"s;                                               // footer
  expected += "\0\0\0\0\0\0\0\x5d"s;
  std::string bytes;
  AppendLogBlock(LogBlockType::kCommand,
                 {{LogHeaderKey::kInstantTime, "t2"}, {LogHeaderKey::kTargetInstantTime, "t1"}}, "",
                 &bytes);
  EXPECT_EQ(bytes, expected);
}

TEST(LogBlock, ComesBackAsItWas) {
  std::string bytes = "not part of the block";
  const size_t before = bytes.size();
  AppendLogBlock(LogBlockType::kAvroData,
                 {{LogHeaderKey::kInstantTime, "20261122100000000"}, {LogHeaderKey::kSchema, "{}"}},
                 "content\0with zero"s, &bytes);
  const std::string file = bytes.substr(before) + BlockOf(LogBlockType::kDelete, "", "t");
  const auto blocks = *SplitLogBlocks(file);
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].type, LogBlockType::kAvroData);
  EXPECT_EQ(blocks[0].instant(), "20261122100000000");
  EXPECT_EQ(blocks[0].header.at(LogHeaderKey::kSchema), "{}");
  EXPECT_EQ(blocks[0].content, "content\0with zero"s);
  EXPECT_EQ(blocks[1].offset, blocks[0].size);
  EXPECT_EQ(blocks[1].content, "");
  EXPECT_EQ(blocks[0].size + blocks[1].size, file.size());
}

TEST(SplitLogBlocks, MakesACutLastBlockCorrupt) {
  const std::string first = ForeignBlock(LogBlockType::kAvroData, "abc", "t1");
  const std::string second = ForeignBlock(LogBlockType::kDelete, "def", "t2");
  for (size_t size = 1; size < second.size(); ++size) {
    EXPECT_THAT(Layout(first + second.substr(0, size)),
                ElementsAre(std::tuple(LogBlockType::kAvroData, 0, first.size()),
                            std::tuple(LogBlockType::kCorrupt, first.size(), size)));
  }
  EXPECT_TRUE(Layout("").empty());
}

TEST(SplitLogBlocks, GoesOnAfterDamageAtTheNextMagic) {
  const std::string first = ForeignBlock(LogBlockType::kAvroData, "abc", "t1");
  const std::string second = ForeignBlock(LogBlockType::kDelete, "def", "t2");
  const auto second_at = std::tuple(LogBlockType::kDelete, first.size(), second.size());
  const auto first_corrupt = std::tuple(LogBlockType::kCorrupt, size_t{0}, first.size());
  for (const size_t damaged : {size_t{13}, first.size() - 1}) {  // the size, the trailing length
    std::string file = first + second;
    file[damaged] = static_cast<char>(file[damaged] ^ 1);
    EXPECT_THAT(Layout(file), ElementsAre(first_corrupt, second_at)) << damaged;
  }
  // A block cut in the middle: its size points into the next one.
  const std::string cut = first.substr(0, 30);
  EXPECT_THAT(Layout(cut + second),
              ElementsAre(std::tuple(LogBlockType::kCorrupt, 0, cut.size()),
                          std::tuple(LogBlockType::kDelete, cut.size(), second.size())));
  // Bytes that are no magic after a block spoil the block before them, as Hudi has it.
  EXPECT_THAT(Layout(first + "no magic" + second),
              ElementsAre(std::tuple(LogBlockType::kCorrupt, 0, first.size() + 8),
                          std::tuple(LogBlockType::kDelete, first.size() + 8, second.size())));
  EXPECT_THAT(Layout("garbage" + first),
              ElementsAre(std::tuple(LogBlockType::kCorrupt, 0, 7),
                          std::tuple(LogBlockType::kAvroData, 7, first.size())));
}

TEST(SplitLogBlocks, RefusesWhatIsWholeButUnknown) {
  std::string version = ForeignBlock(LogBlockType::kDelete, "", "t");
  version[kTypeOffset - 1] = 2;
  EXPECT_EQ(KindOf(SplitLogBlocks(version).status()), ErrorKind::kInvalid);
  EXPECT_THAT(SplitLogBlocks(version).status().message(), HasSubstr("version 2"));
  std::string type = ForeignBlock(LogBlockType::kDelete, "", "t");
  type[kTypeOffset + 3] = 9;
  EXPECT_EQ(KindOf(SplitLogBlocks(type).status()), ErrorKind::kInvalid);
  std::string inside = ForeignBlock(LogBlockType::kDelete, "", "t");
  inside[kTypeOffset + 4 + 3] = 5;  // five headers instead of one
  EXPECT_EQ(KindOf(SplitLogBlocks(inside).status()), ErrorKind::kCorrupt);
}

TEST(SplitLogBlocks, SurvivesEveryFlippedBit) {
  const std::string file = ForeignBlock(LogBlockType::kAvroData, "abc", "t1") +
                           ForeignBlock(LogBlockType::kDelete, "def", "t2");
  for (size_t bit = 0; bit < 8 * file.size(); ++bit) {
    std::string changed = file;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const auto blocks = SplitLogBlocks(changed);
    if (!blocks.ok()) continue;
    size_t covered = 0;
    for (const LogBlock& block : *blocks)
      covered += block.size;
    EXPECT_EQ(covered, file.size()) << bit;
  }
}

// docs/internals/seal.md, S4
TEST(SealedLogBlock, NoFlippedBitGoesUnnoticed) {
  const std::string file =
      BlockOf(LogBlockType::kAvroData, "abc", "t1") + BlockOf(LogBlockType::kDelete, "def", "t2");
  for (size_t bit = 0; bit < 8 * file.size(); ++bit) {
    std::string changed = file;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const auto blocks = SplitLogBlocks(changed);
    EXPECT_EQ(KindOf(blocks.status()), ErrorKind::kCorrupt) << bit;
    EXPECT_THAT(blocks.status().message(), HasSubstr("log block at byte ")) << bit;
  }
}

// S5
TEST(SealedLogBlock, ThatWasCutShortIsSkippedAsHudiDoes) {
  const std::string first = BlockOf(LogBlockType::kAvroData, "abc", "t1");
  for (size_t size = 1; size < first.size(); ++size) {
    EXPECT_THAT(Layout(first.substr(0, size)),
                ElementsAre(std::tuple(LogBlockType::kCorrupt, 0, size)));
  }
  EXPECT_FALSE(SplitLogBlocks(first + "no magic").ok()) << "Hudi would skip the block too";
}

// S6
TEST(SealedLogBlock, MissesTheBlockThatShouldFollow) {
  std::string file;
  const size_t begin = BeginLogBlock(LogBlockType::kAvroData, {}, &file);
  EndLogBlock(begin, AfterBlock::kMore, &file);
  EXPECT_THAT(Layout(file), ElementsAre(std::tuple(LogBlockType::kAvroData, 0, file.size()),
                                        std::tuple(LogBlockType::kCorrupt, file.size(), 0)));
  const std::string second = BlockOf(LogBlockType::kDelete, "", "t1");
  EXPECT_THAT(Layout(file + second),
              ElementsAre(std::tuple(LogBlockType::kAvroData, 0, file.size()),
                          std::tuple(LogBlockType::kDelete, file.size(), second.size())));
}

TEST(AvroBlockContent, IsSplitIntoItsDatums) {
  const std::string content = FormatAvroBlockContent(2, "\0\0\0\1a\0\0\0\2bc"s);
  EXPECT_THAT(*SplitAvroBlockContent(content), ElementsAre("a", "bc"));
  for (size_t size = 0; size < content.size(); ++size) {
    EXPECT_EQ(KindOf(SplitAvroBlockContent(content.substr(0, size)).status()), ErrorKind::kCorrupt);
  }
  EXPECT_EQ(KindOf(SplitAvroBlockContent(content + "x").status()), ErrorKind::kCorrupt);
  EXPECT_EQ(KindOf(SplitAvroBlockContent("\0\0\0\1"s).status()), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(SplitAvroBlockContent("\0\0\0\3\x7f\xff\xff\xff"s).status()),
            ErrorKind::kCorrupt);
}

TEST(DeleteBlockContent, HasTheBytesSparkWrites) {
  EXPECT_EQ(FormatDeleteBlockContent({{"tx000008", "binance", int32_t{0}}}),
            "\0\0\0\3\0\0\0\x17"s + "\x02\x02\x10tx000008\x02\x0e" + "binance\x04\0\0"s);
}

TEST(DeleteBlockContent, ComesBackAsItWas) {
  const std::vector<DeleteRecord> deletes = {{"a", "p", int32_t{0}},
                                             {"b", "", int64_t{-5'000'000'000}},
                                             {"", "q", 2.5},
                                             {"ключ", "p/r", std::string("text")}};
  const std::string content = FormatDeleteBlockContent(deletes);
  const auto parsed = *ParseDeleteBlockContent(content);
  ASSERT_EQ(parsed.size(), deletes.size());
  for (size_t i = 0; i < deletes.size(); ++i) {
    EXPECT_EQ(parsed[i].record_key, deletes[i].record_key);
    EXPECT_EQ(parsed[i].partition_path, deletes[i].partition_path);
    EXPECT_EQ(parsed[i].ordering, deletes[i].ordering);
  }
  EXPECT_TRUE(ParseDeleteBlockContent(FormatDeleteBlockContent({}))->empty());
}

TEST(DeleteBlockContent, ReadsTheOtherBranches) {
  // Boolean true, float 1.5, bytes "b", date 3, time 4, timestamp 5: one entry each.
  std::string datum = "\x0c"s;
  const auto entry = [](const std::string& value) { return "\x02\x02k\0"s + value; };
  datum += entry("\x02\x01") + entry("\x08\0\0\xc0\x3f"s) +
           entry(
               "\x0c\x02"
               "b");
  datum += entry("\x10\x06") + entry("\x14\x08") + entry("\x16\x0a") + "\0"s;
  const std::string content = "\0\0\0\3\0\0\0"s + static_cast<char>(datum.size()) + datum;
  const auto parsed = *ParseDeleteBlockContent(content);
  std::vector<OrderingValue> values;
  for (const DeleteRecord& record : parsed)
    values.push_back(record.ordering);
  EXPECT_THAT(values, ElementsAre(std::string("\x01"), 1.5, std::string("b"), int64_t{3},
                                  int64_t{4}, int64_t{5}));
}

TEST(DeleteBlockContent, RefusesDamageAndOldVersions) {
  const std::string content =
      FormatDeleteBlockContent({{"a", "p", int64_t{7}}, {"b", "p", std::string("t")}});
  for (size_t size = 0; size < content.size(); ++size) {
    EXPECT_EQ(KindOf(ParseDeleteBlockContent(content.substr(0, size)).status()),
              ErrorKind::kCorrupt);
  }
  for (size_t bit = 0; bit < 8 * content.size(); ++bit) {
    std::string changed = content;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const auto parsed = ParseDeleteBlockContent(changed);
    if (parsed.ok()) {
      EXPECT_LE(parsed->size(), content.size());
    }
  }
  EXPECT_EQ(KindOf(ParseDeleteBlockContent("\0\0\0\2\0\0\0\0"s).status()), ErrorKind::kInvalid);
  // An ordering value of null: no release of Hudi reads it.
  EXPECT_EQ(KindOf(ParseDeleteBlockContent("\0\0\0\3\0\0\0\7\2\2\2k\0\0\0"s).status()),
            ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace tapelake::hudi
