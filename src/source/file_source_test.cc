#include "source/file_source.h"

#include <gtest/gtest.h>
#include <zip.h>
#include <zlib.h>
#include <zstd.h>

#include "base/json.h"
#include "io/local_file_system.h"

namespace tapelake::source {
namespace {

std::string Gzip(const std::string& text) {
  z_stream deflating = {};
  deflateInit2(&deflating, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
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

std::string Zstd(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

/// Everything a source gives until its end or its first error.
struct Reading {
  std::vector<std::string> records;
  std::vector<uint64_t> offsets;
  uint64_t end_offset = 0;
  Status status;
};

Reading ReadAll(record::RecordSource& source) {
  Reading reading;
  record::RecordBlock block;
  for (;;) {
    const Result<bool> more = source.ReadBlock(&block);
    reading.status = more.status();
    if (!more.ok() || !*more) return reading;
    EXPECT_GE(block.buffer.size(), record::kRecordPaddingBytes);
    for (const auto& entry : block.entries) {
      reading.records.emplace_back(block.bytes(entry));
      reading.offsets.push_back(entry.offset);
    }
    reading.end_offset = block.end_offset;
  }
}

class FileSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = ::testing::TempDir() + "source-" + info->name() + "-" + std::to_string(getpid());
    ASSERT_TRUE(files_.CreateDirectories(directory_).ok());
  }
  void TearDown() override { EXPECT_TRUE(files_.DeleteDirectory(directory_).ok()); }

  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = io::JoinPath(directory_, name);
    EXPECT_TRUE(files_.CreateDirectories(io::ParentPath(path)).ok());
    EXPECT_TRUE(files_.ReplaceFile(path, content).ok());
    return path;
  }
  std::string WriteZip(const std::string& name, const std::vector<std::string>& contents) {
    const std::string path = io::JoinPath(directory_, name);
    zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    for (size_t i = 0; i < contents.size(); ++i) {
      zip_source_t* entry = zip_source_buffer(archive, contents[i].data(), contents[i].size(), 0);
      zip_file_add(archive, ("part" + std::to_string(i)).c_str(), entry, 0);
    }
    EXPECT_EQ(zip_close(archive), 0);
    return path;
  }
  Result<std::unique_ptr<record::RecordSource>> Open(const std::string& path, uint64_t offset) {
    return OpenFileSource(files_, path, options_, offset);
  }
  Reading Read(const std::string& path, uint64_t offset) {
    auto source = Open(path, offset);
    if (!source.ok()) return {.status = source.status()};
    return ReadAll(**source);
  }

  io::LocalFileSystem files_;
  std::string directory_;
  FileSourceOptions options_;
};

std::string ManyLines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += R"({"n":)" + std::to_string(i) + R"(,"pad":")" +
            std::string(static_cast<size_t>(i * 7919 % 300), 'x') + "\"}\n";
  }
  return text;
}

TEST_F(FileSourceTest, PlainGzipZstdAndZipGiveTheSameRecords) {
  const std::string text = ManyLines(30'000);
  const size_t half = text.size() / 2;  // in the middle of a line
  const Reading plain = Read(Write("a.ndjson", text), 0);
  ASSERT_TRUE(plain.status.ok());
  ASSERT_EQ(plain.records.size(), 30'000u);
  EXPECT_EQ(plain.end_offset, text.size());
  for (size_t i = 0; i < plain.records.size(); ++i) {
    ASSERT_EQ(text.compare(plain.offsets[i], plain.records[i].size(), plain.records[i]), 0);
  }
  // The names lie on purpose: the bytes decide.
  const std::vector<std::string> packed = {
      Write("b.ndjson", Gzip(text)),
      Write("c.zst", Gzip(text.substr(0, half)) + Gzip(text.substr(half))),
      Write("d.ndjson", Gzip(text) + std::string(512, '\0')),
      Write("e.gz", Zstd(text)),
      Write("f", Zstd(text.substr(0, half)) + Zstd("") + Zstd(text.substr(half))),
      WriteZip("g.csv", {text}),
  };
  for (const std::string& path : packed) {
    const Reading reading = Read(path, 0);
    EXPECT_TRUE(reading.status.ok()) << reading.status.ToString();
    EXPECT_EQ(reading.records, plain.records) << path;
    EXPECT_EQ(reading.offsets, plain.offsets) << path;
  }
}

TEST_F(FileSourceTest, TakesEveryLineEndAndPassesOverEmptyLines) {
  const Reading reading = Read(Write("a", "\n{\"a\":1}\r\n\r\n\n  \n{\"b\":2}"), 0);
  EXPECT_EQ(reading.records, (std::vector<std::string>{"{\"a\":1}", "  ", "{\"b\":2}"}));
  EXPECT_EQ(reading.offsets, (std::vector<uint64_t>{1, 13, 16}));
  EXPECT_EQ(reading.end_offset, 23u);
  EXPECT_TRUE(Read(Write("empty", ""), 0).records.empty());
}

TEST_F(FileSourceTest, ContinuesAtTheEndOfEveryBlock) {
  const std::string text = ManyLines(25'000);
  const std::string path = Write("a", Gzip(text));
  const Reading whole = Read(path, 0);
  record::RecordBlock block;
  uint64_t offset = 0;
  std::vector<std::string> records;
  do {  // a new source for every block
    ASSERT_TRUE(Open(path, offset).ValueOrDie()->ReadBlock(&block).ok());
    for (const auto& entry : block.entries)
      records.emplace_back(block.bytes(entry));
    offset = std::max(offset, block.end_offset);
  } while (!block.entries.empty());
  EXPECT_EQ(records, whole.records);
}

TEST_F(FileSourceTest, ContinuesWithWhatAFileHasGrownBy) {
  const std::string before = "{\"a\":1}\n{\"b\":2}";
  const std::string after = "\n{\"c\":3}\n";
  for (const auto& [first, second] : std::vector<std::pair<std::string, std::string>>{
           {before, before + after},
           {Gzip(before), Gzip(before) + Gzip(after)},
           {Zstd(before), Zstd(before) + Zstd(after)}}) {
    const uint64_t offset = Read(Write("a", first), 0).end_offset;
    EXPECT_EQ(offset, before.size());
    const Reading rest = Read(Write("a", second), offset);
    EXPECT_EQ(rest.records, (std::vector<std::string>{"{\"c\":3}"}));
    EXPECT_EQ(rest.offsets[0], before.size() + 1);
  }
}

TEST_F(FileSourceTest, LeavesALineThatIsBeingWrittenIfToldTo) {
  const auto read = [this](const std::string& path, uint64_t offset) {
    auto source = OpenFileSource(files_, path, {.hold_last_line = true}, offset);
    EXPECT_TRUE(source.ok()) << source.status();
    return ReadAll(**source);
  };
  const Reading begun = read(Write("a", "{\"a\":1}\n{\"b\""), 0);
  EXPECT_EQ(begun.records, std::vector<std::string>{"{\"a\":1}"});
  EXPECT_TRUE(begun.status.ok()) << begun.status;
  const std::string path = Write("a", "{\"a\":1}\n{\"b\":2}\n");
  EXPECT_EQ(read(path, begun.end_offset).records, std::vector<std::string>{"{\"b\":2}"});
  EXPECT_TRUE(read(Write("b", "{\"a\""), 0).records.empty());
}

TEST_F(FileSourceTest, RefusesToContinueBeyondTheEnd) {
  for (const std::string& content : {std::string("{}\n"), Gzip("{}\n"), Zstd("{}\n")}) {
    const std::string path = Write("a", content);
    EXPECT_TRUE(Open(path, 3).ok());
    const Status status = Open(path, 4).status();
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
    EXPECT_NE(status.message().find(path), std::string::npos);
  }
}

TEST_F(FileSourceTest, TellsOfDamageAfterAllRecordsBeforeIt) {
  const std::string text = ManyLines(20'000);
  const std::vector<std::string> all = Read(Write("whole", text), 0).records;
  for (std::string packed : {Gzip(text), Zstd(text)}) {
    packed.resize(packed.size() / 2);
    const std::string path = Write("cut", packed);
    auto source = Open(path, 0).ValueOrDie();
    const Reading reading = ReadAll(*source);
    ASSERT_GT(reading.records.size(), 1000u);
    ASSERT_LT(reading.records.size(), all.size());
    EXPECT_TRUE(std::equal(reading.records.begin(), reading.records.end(), all.begin()));
    EXPECT_EQ(KindOf(reading.status), ErrorKind::kCorrupt);
    EXPECT_NE(reading.status.message().find(path), std::string::npos);
    EXPECT_NE(reading.status.message().find("byte " + std::to_string(packed.size())),
              std::string::npos)
        << reading.status.message();
    EXPECT_EQ(KindOf(ReadAll(*source).status), ErrorKind::kCorrupt) << "the error stays";
  }
}

TEST_F(FileSourceTest, TellsOfFlippedBytesAndOfWhatFollowsAMember) {
  const std::string text = ManyLines(5'000);
  std::string flipped = Gzip(text);
  flipped[flipped.size() / 2] ^= 0x55;
  EXPECT_EQ(KindOf(Read(Write("a", flipped), 0).status), ErrorKind::kCorrupt);
  const Reading trailing = Read(Write("b", Gzip(text) + "no gzip"), 0);
  EXPECT_EQ(KindOf(trailing.status), ErrorKind::kCorrupt);
  EXPECT_EQ(trailing.records.size(), 5'000u);
  std::string checksum = Gzip(text);
  checksum[checksum.size() - 6] ^= 0x01;
  EXPECT_EQ(KindOf(Read(Write("c", checksum), 0).status), ErrorKind::kCorrupt);
  EXPECT_EQ(KindOf(Read(Write("d", "PK\x03\x04 and no more"), 0).status), ErrorKind::kCorrupt);
}

TEST_F(FileSourceTest, RefusesAZipOfSeveralFiles) {
  const Status status = Read(WriteZip("a.zip", {"{}\n", "{}\n"}), 0).status;
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_NE(status.message().find("2 files"), std::string::npos);
}

TEST_F(FileSourceTest, CutsALineOverTheLimitAndGoesOn) {
  constexpr size_t kLimit = 16 << 20;
  const std::string longest(kLimit, 'a');
  const std::string too_long(3 * kLimit, 'b');
  const std::string text = "{}\n" + longest + "\n" + too_long + "\n[]\n" + too_long;
  const Reading reading = Read(Write("a", Zstd(text)), 0);
  ASSERT_TRUE(reading.status.ok());
  ASSERT_EQ(reading.records.size(), 5u);
  EXPECT_EQ(reading.records[1].size(), kLimit);
  EXPECT_EQ(reading.records[2].size(), kLimit + 1);
  EXPECT_EQ(reading.records[3], "[]");
  EXPECT_EQ(reading.offsets[2], 3 + kLimit + 1);
  EXPECT_EQ(reading.offsets[3], 3 + kLimit + 1 + too_long.size() + 1);
  EXPECT_EQ(reading.end_offset, text.size());
}

TEST_F(FileSourceTest, IdStaysWhileTheFileGrowsAndChangesWithItsBeginning) {
  const std::string first = FileSourceId(files_, Write("a.ndjson", "{\"a\":1}\n")).ValueOrDie();
  EXPECT_TRUE(first.starts_with("a.ndjson#"));
  EXPECT_EQ(FileSourceId(files_, Write("a.ndjson", "{\"a\":1}\n{\"b\":2}\n")).ValueOrDie(), first);
  EXPECT_EQ(FileSourceId(files_, Write("a.ndjson.gz", Gzip("{\"a\":1}\n"))).ValueOrDie(), first);
  EXPECT_NE(FileSourceId(files_, Write("a.ndjson", "{\"a\":2}\n")).ValueOrDie(), first);
  EXPECT_NE(FileSourceId(files_, Write("b.ndjson", "{\"a\":1}\n")).ValueOrDie(), first);
}

constexpr char kHeader[] = "trade_id,trading_pair,price,quantity,timestamp_ms,is_buyer_maker\n";

TEST_F(FileSourceTest, IdOfDumpsLooksBeyondTheCommonHeader) {
  const std::string one = Write("1/t.csv", kHeader + std::string("1,A/B,1,1,1570752011620,true\n"));
  const std::string two = Write("2/t.csv", kHeader + std::string("2,A/B,1,1,1570752011620,true\n"));
  EXPECT_NE(FileSourceId(files_, one).ValueOrDie(), FileSourceId(files_, two).ValueOrDie());
}

TEST_F(FileSourceTest, MakesTradesOfADumpWithHeader) {
  const std::string path =
      Write("t.csv.gz", Gzip(kHeader + std::string("13519807,XRP/ETH,0.00141342,23.00000000,"
                                                   "1570752011620,true\r\n")));
  const Reading reading = Read(path, 0);
  ASSERT_EQ(reading.records.size(), 1u);
  EXPECT_EQ(reading.offsets[0], sizeof(kHeader) - 1);
  const auto json = base::ParseJson(reading.records[0]).ValueOrDie();
  EXPECT_EQ(json.Find("recordFormat")->text(), "application/json");
  EXPECT_NE(reading.records[0].find(
                R"("ApproximateCreationDateTime":1570752011620000,"Keys":{"transaction_id":)"
                R"({"S":"binance-XRPETH-13519807"}},"NewImage":{"transaction_id":{"S":)"
                R"("binance-XRPETH-13519807"},"timestamp":{"S":"2019-10-11T00:00:11.620000Z"},)"
                R"("exchange":{"S":"binance"},"trading_pair":{"S":"XRP/ETH"},)"
                R"("order_type":{"S":"SELL"},"price":{"N":"0.00141342"},)"
                R"("quantity":{"N":"23.00000000"},"trade_status":{"S":"SUCCESS"}})"),
            std::string::npos)
      << reading.records[0];
}

TEST_F(FileSourceTest, MakesTradesOfTheBinanceForm) {
  options_.exchange = "Kraken";
  options_.shape = record::RecordShape::kStreams;
  const std::string path =
      WriteZip("t.zip", {"42,61000.5,0.1,6100.05,1714600800123,False,True\n"
                         "43,61000.5,0.2,12200.1,1714600800123456,True,True\n"});
  EXPECT_EQ(KindOf(Open(path, 0).status()), ErrorKind::kInvalid);
  EXPECT_NE(Open(path, 0).status().message().find("--pair"), std::string::npos);
  options_.pair = "BTC/USDT";
  const Reading reading = Read(path, 0);
  ASSERT_EQ(reading.records.size(), 2u);
  EXPECT_NE(reading.records[0].find(R"("S":"2024-05-01T22:00:00.123000Z")"), std::string::npos);
  EXPECT_NE(reading.records[0].find(R"("order_type":{"S":"BUY"})"), std::string::npos);
  EXPECT_NE(reading.records[0].find(R"("S":"Kraken-BTCUSDT-42")"), std::string::npos);
  EXPECT_NE(reading.records[1].find(R"("S":"2024-05-01T22:00:00.123456Z")"), std::string::npos);
  EXPECT_NE(reading.records[1].find(R"("ApproximateCreationDateTime":1714600800.0,)"),
            std::string::npos);
  EXPECT_NE(reading.records[1].find("00000000000000000043\",\"SizeBytes\""), std::string::npos);
}

TEST_F(FileSourceTest, HandsRowsOnThatAreNoTrades) {
  const std::vector<std::string> bad = {
      "1,A/B,1,1,1570752011620",           // a field short
      "1,A/B,1,1,1570752011620,true,9",    // one too many
      "x,A/B,1,1,1570752011620,true",      // no id
      "1,A/B,1.0.0,1,1570752011620,true",  // no price
      "1,A/B,1,,1570752011620,true",       // no quantity
      "1,A/B,1,1,soon,true",               // no time
      "1,A/B,1,1,157075201162000000000,true",
      "1,A/B,1,1,1570752011620,maybe",
      "1,,1,1,1570752011620,true",
      "99999999999999999999999,A/B,1,1,1570752011620,true",
      "1," + std::string(70'000, 'A') + ",1,1,1570752011620,true",
  };
  std::string text = kHeader;
  for (const std::string& row : bad)
    text += row + "\n";
  const Reading reading = Read(Write("t.csv", text + "1,A/B,1,1,1570752011620,true\n"), 0);
  ASSERT_EQ(reading.records.size(), bad.size() + 1);
  for (size_t i = 0; i < bad.size(); ++i)
    EXPECT_EQ(reading.records[i], bad[i]);
  EXPECT_TRUE(reading.records.back().starts_with("{\"awsRegion\""));
}

TEST_F(FileSourceTest, ResumesADumpWithoutTakingARowForAHeader) {
  const std::string rows = "1,A/B,1,1,1570752011620,true\n2,A/B,1,1,1570752011620,true\n";
  const std::string path = Write("t.csv", kHeader + rows);
  const Reading rest = Read(path, Read(path, 0).offsets[1]);
  ASSERT_EQ(rest.records.size(), 1u);
  EXPECT_NE(rest.records[0].find("binance-AB-2"), std::string::npos);
}

TEST_F(FileSourceTest, RefusesAnotherFileAsTradeDump) {
  options_.format = FileFormat::kTrades;
  EXPECT_EQ(KindOf(Open(Write("a", "{}\n"), 0).status()), ErrorKind::kInvalid);
}

TEST_F(FileSourceTest, ListsRecordFilesBelowADirectorySorted) {
  for (const char* name : {"b/2.ndjson.gz", "b/1.csv", "a/x/3.jsonl.zst", "a.json", "b/.4.csv",
                           "b/_5.csv", "b/6.parquet", "_c/7.csv", "b/8.csv.zip"}) {
    Write(name, "{}\n");
  }
  std::vector<std::string> expected;
  for (const char* name :
       {"a.json", "a/x/3.jsonl.zst", "b/1.csv", "b/2.ndjson.gz", "b/8.csv.zip"}) {
    expected.push_back(io::JoinPath(directory_, name));
  }
  EXPECT_EQ(ListInputFiles(files_, directory_).ValueOrDie(), expected);
  EXPECT_EQ(ListInputFiles(files_, expected[2]).ValueOrDie(),
            (std::vector<std::string>{expected[2]}));
  EXPECT_EQ(KindOf(ListInputFiles(files_, directory_ + "/none").status()), ErrorKind::kNotFound);
  ASSERT_TRUE(files_.CreateDirectories(directory_ + "/nothing").ok());
  EXPECT_EQ(KindOf(ListInputFiles(files_, directory_ + "/nothing").status()), ErrorKind::kNotFound);
}

TEST_F(FileSourceTest, ChainReadsOneFileAfterTheOtherAndSurvivesADamagedOne) {
  const std::string damaged = Gzip("{\"b\":1}\n");
  auto chain =
      MakeFileChain(files_,
                    {Write("1", "{\"a\":1}\n"), Write("2", damaged.substr(0, damaged.size() - 4)),
                     Write("3", Zstd("{\"c\":1}\n"))},
                    options_);
  Reading reading = ReadAll(*chain);
  EXPECT_EQ(reading.records, (std::vector<std::string>{"{\"a\":1}", "{\"b\":1}"}));
  EXPECT_EQ(KindOf(reading.status), ErrorKind::kCorrupt);
  reading = ReadAll(*chain);
  EXPECT_EQ(reading.records, (std::vector<std::string>{"{\"c\":1}"}));
  EXPECT_TRUE(reading.status.ok());
}

}  // namespace
}  // namespace tapelake::source
