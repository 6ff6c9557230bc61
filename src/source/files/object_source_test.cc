#include "source/files/object_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "base/seal.h"
#include "source/file_source.h"
#include "source/simulator.h"
#include "testing/fake_file_system.h"
#include "transform/ndjson_writer.h"
#include "transform/testing_records.h"
#include "transform/testing_round_trip.h"

namespace tapelake::source {
namespace {

constexpr char kRawPath[] = "lake/raw/s/2026/11/22/09/s-1-2026-11-22-09-30-00-0000000001.ndjson.gz";
constexpr char kErrorPath[] = "lake/errors/no-key/2026/11/22/09/s-1-2026-11-22-09-30-00-1.ndjson";

std::string Gzip(const std::string& text) {
  z_stream deflating = {};
  deflateInit2(&deflating, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&deflating, text.size()), '\0');
  deflating.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  deflating.avail_in = static_cast<uInt>(text.size());
  deflating.next_out = reinterpret_cast<Bytef*>(packed.data());
  deflating.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&deflating, Z_FINISH), Z_STREAM_END);
  packed.resize(deflating.total_out);
  deflateEnd(&deflating);
  return packed;
}

std::string RawLine(const std::string& record) {
  const transform::ParsedRecord parsed(record);
  EXPECT_EQ(parsed.error(), transform::ParseError::kNone);
  std::string line;
  transform::NdjsonWriter(transform::LineForm::kReplayable).Append(parsed.change(), &line);
  return line;
}

/// Everything an object gives until its end or its first error.
struct Reading {
  std::vector<std::string> records;
  std::vector<uint64_t> offsets;
  uint64_t end_offset = 0;
  Status status;
};

class ObjectSourceTest : public ::testing::Test {
 protected:
  Reading Read(const std::string& path, const std::string& content, FileFormat format,
               uint64_t start_offset = 0) {
    Reading reading;
    EXPECT_TRUE(files_.CreateDirectories(io::ParentPath(path)).ok());
    EXPECT_TRUE(files_.ReplaceFile(path, content).ok());
    const auto opened = OpenFileSource(files_, path, {.format = format}, start_offset);
    reading.status = opened.status();
    record::RecordBlock block;
    while (reading.status.ok()) {
      const Result<bool> more = (*opened)->ReadBlock(&block);
      reading.status = more.status();
      if (!more.ok() || !*more) break;
      EXPECT_GE(block.buffer.size(), record::kRecordPaddingBytes);
      for (const auto& entry : block.entries) {
        reading.records.emplace_back(block.bytes(entry));
        reading.offsets.push_back(entry.offset);
      }
      reading.end_offset = block.end_offset;
    }
    return reading;
  }

  tapelake::testing::FakeFileSystem files_;
};

TEST_F(ObjectSourceTest, GivesTheRecordsOfARawObject) {
  std::string text;
  for (int i = 0; i < 3; ++i)
    text += RawLine(transform::StreamsRecord(R"({"i":{"N":")" + std::to_string(i) + "\"}}"));
  const Reading all = Read(kRawPath, Gzip(text), FileFormat::kRawObject);
  ASSERT_TRUE(all.status.ok()) << all.status.ToString();
  ASSERT_EQ(all.records.size(), 3u);
  EXPECT_EQ(all.end_offset, text.size());
  for (size_t i = 0; i < 3; ++i) {
    const transform::ParsedRecord parsed(all.records[i]);
    EXPECT_EQ(parsed.value().text, std::to_string(i));
  }
  const Reading rest = Read(kRawPath, Gzip(text), FileFormat::kRawObject, all.offsets[2]);
  EXPECT_EQ(rest.records, std::vector<std::string>{all.records[2]});
  const Reading none = Read(kRawPath, Gzip(text), FileFormat::kRawObject, text.size());
  EXPECT_TRUE(none.status.ok());
  EXPECT_TRUE(none.records.empty());
}

TEST_F(ObjectSourceTest, GivesNothingOfADamagedRawObject) {
  std::string text;
  for (int i = 0; i < 200; ++i)
    text += RawLine(transform::StreamsRecord(R"({"i":{"N":")" + std::to_string(i * 7919) + "\"}}"));
  const std::string good = Gzip(text);
  for (size_t at = 10; at < good.size(); at += 17) {
    std::string flipped = good;
    flipped[at] = static_cast<char>(flipped[at] ^ 16);
    for (const std::string& bad : {flipped, good.substr(0, at)}) {
      const Reading reading = Read(kRawPath, bad, FileFormat::kRawObject);
      EXPECT_EQ(KindOf(reading.status), ErrorKind::kCorrupt) << at;
      EXPECT_THAT(reading.status.message(), ::testing::HasSubstr(kRawPath));
      EXPECT_THAT(reading.status.message(), ::testing::HasSubstr("byte"));
      EXPECT_TRUE(reading.records.empty());
    }
  }
  for (const std::string& bad : {std::string(), std::string("\x1f"), text})
    EXPECT_EQ(KindOf(Read(kRawPath, bad, FileFormat::kRawObject).status), ErrorKind::kCorrupt);
  EXPECT_EQ(KindOf(Read(kErrorPath, "", FileFormat::kErrorObject).status), ErrorKind::kCorrupt);
}

TEST_F(ObjectSourceTest, EndsAtALineOfAnotherForm) {
  const std::string line = RawLine(transform::StreamsRecord("{}"));
  const Reading reading =
      Read(kRawPath, Gzip(line + "{\"a\":{}}\n" + line), FileFormat::kRawObject);
  EXPECT_EQ(reading.records.size(), 1u);
  EXPECT_EQ(reading.end_offset, line.size());
  EXPECT_EQ(KindOf(reading.status), ErrorKind::kCorrupt);
  EXPECT_THAT(reading.status.message(),
              ::testing::HasSubstr("at uncompressed byte " + std::to_string(line.size())));
}

TEST_F(ObjectSourceTest, GivesTheExactBytesOfErrorLines) {
  const std::vector<std::string> records = {"", "{\"a\n\":1", std::string("\0\xff\n\r", 4),
                                            std::string(20 << 20, 'x')};
  std::string text;
  for (const std::string& record : records)
    transform::AppendErrorLine(transform::ParseError::kNoKey, "why", {"place", 7}, record, &text);
  const Reading reading = Read(kErrorPath, text, FileFormat::kErrorObject);
  ASSERT_TRUE(reading.status.ok()) << reading.status.ToString();
  EXPECT_EQ(reading.records, records);
  EXPECT_EQ(reading.end_offset, text.size());
}

TEST_F(ObjectSourceTest, TrustsNoErrorLineWhoseChecksumDiffers) {
  const std::string good = R"({"raw_data":"YWJj","raw_xxh64":"44bc2cf5ad770999"})";
  EXPECT_EQ(Read(kErrorPath, good + "\n", FileFormat::kErrorObject).records,
            std::vector<std::string>{"abc"});
  const std::string firehose = R"({"errorCode":"c","rawData":"YWJj","lambdaArn":"f"})";
  EXPECT_EQ(Read(kErrorPath, firehose + "\n", FileFormat::kErrorObject).records,
            std::vector<std::string>{"abc"})
      << "what a Lambda transform left behind, here or in Firehose";
  for (const char* bad : {R"({"raw_data":"YWJk","raw_xxh64":"44bc2cf5ad770999"})",
                          R"({"raw_data":"YWJj","raw_xxh64":"44bc2cf5ad770998"})",
                          R"({"raw_data":"YWJj","raw_xxh64":""})", R"({"raw_data":"YWJ"})",
                          R"({"raw_data":5})", "{}", "[", "{\"raw_data\":\"YWJj"}) {
    const Reading reading = Read(kErrorPath, good + "\n" + bad, FileFormat::kErrorObject);
    EXPECT_EQ(reading.records.size(), 1u) << bad;
    EXPECT_EQ(KindOf(reading.status), ErrorKind::kCorrupt) << bad;
    EXPECT_THAT(reading.status.message(), ::testing::HasSubstr(kErrorPath));
  }
}

// docs/internals/seal.md, S2
TEST_F(ObjectSourceTest, NoFlippedBitOfASealedErrorLineGoesUnnoticed) {
  std::string line = R"({"reason":"why","raw_data":"YWJj","raw_xxh64":"44bc2cf5ad770999",)";
  base::AppendJsonSeal(0, "}", &line);
  line += "\n";
  EXPECT_EQ(Read(kErrorPath, line, FileFormat::kErrorObject).records,
            std::vector<std::string>{"abc"});
  for (size_t bit = 0; bit < 8 * line.size(); ++bit) {
    std::string changed = line;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const Reading reading = Read(kErrorPath, changed, FileFormat::kErrorObject);
    EXPECT_EQ(KindOf(reading.status), ErrorKind::kCorrupt) << bit;
    EXPECT_THAT(reading.status.message(), ::testing::HasSubstr(kErrorPath));
  }
}

// What a replay promises, for everything the simulator invents.
TEST(RawLineOfTheSimulator, BringsEveryChangeBack) {
  for (const auto shape : {record::RecordShape::kStreams, record::RecordShape::kKinesis}) {
    const auto simulator = Simulator::Make({.seed = 11,
                                            .changes = 3'000,
                                            .shape = shape,
                                            .duplicates = 0.05,
                                            .disorder_micros = 60'000'000,
                                            .odd_types = 0.3,
                                            .added_attributes = 9});
    ASSERT_TRUE(simulator.ok());
    transform::RoundTrip round_trip;
    record::RecordBlock block;
    while ((*simulator)->ReadBlock(&block).ValueOrDie()) {
      for (const auto& entry : block.entries)
        ASSERT_EQ(round_trip.Check(block.bytes(entry)), "");
    }
    EXPECT_GE(round_trip.checked(), 3'000);
    EXPECT_EQ(round_trip.CompareRows(), "");
  }
}

}  // namespace
}  // namespace tapelake::source
