// What a stream does with records that are to be encrypted.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "stream/frame_cipher.h"
#include "stream/segment.h"
#include "stream/stream_metadata.h"
#include "testing/fake_key_management.h"
#include "testing/stream_fixture.h"

namespace tapelake::stream {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using testing::FakeKeyManagement;
using ::testing::HasSubstr;
using ::testing::Not;

class EncryptionTest : public testing::StreamFixture {
 protected:
  EncryptionTest() {
    options_.keys = keys_;
    options_.compression = Compression::kNone;
    options_.tail_bytes_max = 0;  // readers go to the files
  }

  std::string Stored() {
    std::string bytes;
    for (const std::string& path : SegmentPaths())
      bytes += files_.ReadFile(path).ValueOr("");
    return bytes;
  }

  std::shared_ptr<FakeKeyManagement> keys_ = std::make_shared<FakeKeyManagement>();
};

TEST_F(EncryptionTest, StoresNothingThatCanBeReadWithoutTheKey) {
  for (const Compression compression : {Compression::kNone, Compression::kZstd}) {
    options_.compression = compression;
    auto stream = Open();
    ASSERT_TRUE(stream->SetEncryption(FakeKeyManagement::kKey).ok());
    EXPECT_EQ(stream->encryption_key(), FakeKeyManagement::kKey);
    const uint64_t before = stream->facts().next_sequence;
    Write(*stream, {"wallet 0xabc", "wallet 0xdef"});
    EXPECT_THAT(Stored(), Not(HasSubstr("wallet")));
    Status status;
    EXPECT_THAT(ReadFrom(*stream, before, &status), ElementsAre("wallet 0xabc", "wallet 0xdef"));
    stream = Open();
    EXPECT_EQ(stream->encryption_key(), FakeKeyManagement::kKey);
    EXPECT_THAT(ReadFrom(*stream, before, &status), ElementsAre("wallet 0xabc", "wallet 0xdef"));
    EXPECT_TRUE(status.ok()) << status;
  }
}

TEST_F(EncryptionTest, BeginsAndEndsWithTheNextRecord) {
  auto stream = Open();
  Write(*stream, {"plain 1"});
  ASSERT_TRUE(Append(*stream, {"secret 1"}).ok());
  ASSERT_TRUE(stream->SetEncryption(FakeKeyManagement::kKey).ok());
  ASSERT_TRUE(stream->Sync().ok());
  Write(*stream, {"secret 2"});
  ASSERT_TRUE(stream->SetEncryption("").ok());
  Write(*stream, {"plain 2"});
  EXPECT_THAT(Stored(),
              AllOf(HasSubstr("plain 1"), HasSubstr("plain 2"), Not(HasSubstr("secret"))));
  stream = Open();
  EXPECT_EQ(stream->encryption_key(), "");
  EXPECT_THAT(ReadAll(*stream), ElementsAre("plain 1", "secret 1", "secret 2", "plain 2"));
}

TEST_F(EncryptionTest, EachSegmentAndEachOpeningHasADataKey) {
  options_.segment_bytes_max = 500;
  auto stream = Open();
  ASSERT_TRUE(stream->SetEncryption(FakeKeyManagement::kKey).ok());
  const size_t before = keys_->made();
  std::vector<std::string> all;
  for (int i = 0; stream->facts().segments < 4; ++i) {
    all.push_back("record " + std::to_string(i));
    Write(*stream, {all.back()});
  }
  EXPECT_EQ(keys_->made(), before + 4);
  stream.reset();
  stream = Open();
  all.push_back("and one more");
  Write(*stream, {all.back()});
  EXPECT_EQ(keys_->made(), before + 5);
  EXPECT_THAT(ReadAll(*stream), ElementsAreArray(all));
}

TEST_F(EncryptionTest, TheSameRecordsNeverLookTheSame) {
  const auto stream = Open();
  ASSERT_TRUE(stream->SetEncryption(FakeKeyManagement::kKey).ok());
  Write(*stream, {"a record as long as some others"});
  Write(*stream, {"a record as long as some others"});
  const std::string bytes = Stored();
  const size_t half = (bytes.size() - kSegmentHeaderBytes) / 2;
  const std::string first = bytes.substr(kSegmentHeaderBytes + kFrameHeaderBytes + 40, 40);
  EXPECT_NE(first, bytes.substr(kSegmentHeaderBytes + half + kFrameHeaderBytes + 40, 40));
}

TEST_F(EncryptionTest, WithoutTheKeyNothingIsWrittenAndTheStreamStays) {
  const auto stream = Open();
  EXPECT_EQ(KindOf(stream->SetEncryption("alias/mine")), ErrorKind::kNotFound);
  EXPECT_EQ(stream->encryption_key(), "");
  ASSERT_TRUE(stream->SetEncryption(FakeKeyManagement::kKey).ok());
  keys_->SetAway(true);
  ASSERT_TRUE(Append(*stream, {"a"}).ok());
  EXPECT_EQ(KindOf(stream->Sync()), ErrorKind::kNotFound);
  EXPECT_EQ(stream->facts().next_sequence, 1u);
  keys_->SetAway(false);
  Write(*stream, {"b"});
  EXPECT_THAT(ReadAll(*stream), ElementsAre("b"));
}

TEST_F(EncryptionTest, WithoutTheKeyNoOtherOneBegins) {
  auto stream = Open();
  Write(*stream, {"plain"});
  ASSERT_TRUE(stream->SetEncryption(FakeKeyManagement::kKey).ok());
  stream.reset();
  keys_->SetAway(true);
  const auto opened = TryOpen();
  EXPECT_EQ(KindOf(opened.status()), ErrorKind::kUnauthorized) << opened.status();
  EXPECT_THAT(opened.status().message(), AllOf(HasSubstr("stream 'orders' is to be encrypted"),
                                               HasSubstr(EncryptionPath(kDirectory))));
  const auto described = DescribeStream(files_, kDirectory);
  ASSERT_TRUE(described.ok()) << described.status();
  EXPECT_EQ(described->encryption_key, FakeKeyManagement::kKey);
  options_.keys = nullptr;
  EXPECT_EQ(KindOf(TryOpen().status()), ErrorKind::kUnauthorized);
}

TEST_F(EncryptionTest, SaysWhichRecordsItCannotReadWithoutTheKey) {
  auto stream = Open();
  Write(*stream, {"plain"});
  ASSERT_TRUE(stream->SetEncryption(FakeKeyManagement::kKey).ok());
  Write(*stream, {"secret"});
  ASSERT_TRUE(stream->SetEncryption("").ok());
  for (const bool no_keys : {false, true}) {
    keys_->SetAway(true);
    if (no_keys) options_.keys = nullptr;
    stream = Open();
    EXPECT_EQ(stream->facts().next_sequence, 3u);
    Status status;
    EXPECT_THAT(ReadFrom(*stream, 1, &status), ElementsAre("plain"));
    EXPECT_EQ(KindOf(status), ErrorKind::kUnauthorized) << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr(SegmentPath(1)), HasSubstr("offset")));
  }
}

TEST_F(EncryptionTest, ADamagedFileOfItIsNoReasonToWriteInTheClear) {
  Open()->SetEncryption(FakeKeyManagement::kKey).ok();
  const std::string path = EncryptionPath(kDirectory);
  const std::string whole = files_.ReadFile(path).ValueOr("");
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    Overwrite(path, damaged);
    const auto opened = TryOpen();
    EXPECT_EQ(KindOf(opened.status()), ErrorKind::kCorrupt) << i;
    EXPECT_THAT(opened.status().message(), HasSubstr(path));
  }
}

TEST_F(EncryptionTest, AFailedChangeChangesNothing) {
  const auto stream = Open();
  files_.SetBefore([](testing::FakeFileSystem::Step, const std::string& path) {
    return path.ends_with("encryption") ? MakeError(ErrorKind::kUnavailable, "no luck")
                                        : Status::OK();
  });
  EXPECT_EQ(KindOf(stream->SetEncryption(FakeKeyManagement::kKey)), ErrorKind::kUnavailable);
  files_.SetBefore(nullptr);
  Write(*stream, {"plain"});
  EXPECT_THAT(Stored(), HasSubstr("plain"));
}

TEST_F(EncryptionTest, IsSwitchedWhileRecordsAreWrittenAndRead) {
  options_.segment_bytes_max = 2000;
  auto stream = Open();
  std::atomic<bool> over = false;
  std::vector<std::thread> switches;
  for (const char* key : {FakeKeyManagement::kKey, ""}) {
    switches.emplace_back([&, key] {
      while (!over)
        EXPECT_TRUE(stream->SetEncryption(key).ok());
    });
  }
  std::vector<std::string> all;
  for (int i = 0; i < 200; ++i) {
    all.push_back("record " + std::to_string(i));
    Write(*stream, {all.back()});
    if (i % 50 == 49) {
      EXPECT_THAT(ReadAll(*stream), ElementsAreArray(all));
    }
  }
  over = true;
  for (std::thread& thread : switches)
    thread.join();
  const std::string last = stream->encryption_key();
  stream.reset();
  stream = Open();
  EXPECT_EQ(stream->encryption_key(), last);
  EXPECT_THAT(ReadAll(*stream), ElementsAreArray(all));
}

// A frame's checksums are no secret: who can write the file can make them fit.
TEST(FrameCipherTest, DecryptsAFrameOnlyAsItsOwn) {
  constexpr uint64_t kSalt = 7;
  const auto keys = std::make_shared<FakeKeyManagement>();
  FrameEncryptor encryptor(keys, "orders");
  ASSERT_TRUE(encryptor.UseKey(FakeKeyManagement::kKey, 1).ok());
  FrameHeader header{.first_sequence = 5,
                     .record_count = 2,
                     .raw_bytes = 12,
                     .arrival_micros = 99,
                     .offset = 4096};
  const auto encrypted = encryptor.Encrypt("some records", kSalt, &header);
  ASSERT_TRUE(encrypted.ok()) << encrypted.status();
  const std::string stored(*encrypted + kFrameHeaderBytes, header.stored_bytes);
  const FrameDecryptor decryptor(keys, "orders");
  EXPECT_EQ(decryptor.Decrypt(header, kSalt, stored).ValueOr(""), "some records");
  std::vector<FrameHeader> others(6, header);
  others[0].first_sequence = 6;
  others[1].record_count = 1;
  others[2].raw_bytes = 13;
  others[3].arrival_micros = 98;
  others[4].offset = 8192;
  others[5].compression = 1;
  for (const FrameHeader& other : others) {
    EXPECT_EQ(KindOf(decryptor.Decrypt(other, kSalt, stored).status()), ErrorKind::kCorrupt);
  }
  EXPECT_EQ(KindOf(decryptor.Decrypt(header, kSalt + 1, stored).status()), ErrorKind::kCorrupt);
  EXPECT_EQ(KindOf(FrameDecryptor(keys, "trades").Decrypt(header, kSalt, stored).status()),
            ErrorKind::kCorrupt);
  for (size_t size = 0; size < stored.size(); ++size) {
    EXPECT_FALSE(decryptor.Decrypt(header, kSalt, stored.substr(0, size)).ok()) << size;
  }
}

}  // namespace
}  // namespace tapelake::stream
