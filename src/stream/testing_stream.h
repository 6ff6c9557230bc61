#pragma once

/// A stream in a fake world, for tests.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "stream/stream.h"
#include "testing/fake_clock.h"
#include "testing/fake_file_system.h"

namespace tapelake::stream {

class StreamFixture : public ::testing::Test {
 public:
  static constexpr int64_t kStartMicros = 1'795'370'400'000'000;  // 2026-11-22T18:00:00Z
  static constexpr const char* kDirectory = "/lake/streams/orders";

  Result<std::unique_ptr<Stream>> TryOpen() {
    return Stream::Open(files_, clock_, kDirectory, "orders", options_, &report_);
  }

  std::unique_ptr<Stream> Open() {
    auto stream = TryOpen();
    EXPECT_TRUE(stream.ok()) << stream.status();
    return std::move(stream).ValueOr(nullptr);
  }

  /// Append records (each its own partition key) without syncing.
  static Result<std::vector<RecordPlace>> Append(Stream& stream,
                                                 const std::vector<std::string>& records) {
    std::vector<PutEntry> entries;
    for (const std::string& record : records)
      entries.push_back({record, record});
    return stream.Append(entries);
  }

  /// Write records as one frame that must be durable.
  static void Write(Stream& stream, const std::vector<std::string>& records) {
    ASSERT_TRUE(Append(stream, records).ok());
    ASSERT_TRUE(stream.Sync().ok());
  }

  /// Records "NAME-1" .. "NAME-COUNT".
  static std::vector<std::string> Records(const std::string& name, int count) {
    std::vector<std::string> records;
    for (int i = 1; i <= count; ++i)
      records.push_back(name + "-" + std::to_string(i));
    return records;
  }

  /// Read everything from a record on in pieces; `*status` is how it ended.
  static std::vector<std::string> ReadFrom(Stream& stream, uint64_t sequence, Status* status,
                                           size_t bytes_max = 100) {
    std::vector<std::string> records;
    record::RecordBlock block;
    do {
      *status = stream.Read(sequence, bytes_max, &block);
      if (!status->ok()) break;
      for (const auto& entry : block.entries) {
        EXPECT_EQ(entry.offset, sequence++);
        records.emplace_back(block.bytes(entry));
      }
      EXPECT_EQ(block.end_offset, sequence);
    } while (!block.entries.empty());
    return records;
  }

  static std::vector<std::string> ReadAll(Stream& stream) {
    Status status;
    auto records = ReadFrom(stream, stream.facts().first_sequence, &status);
    EXPECT_TRUE(status.ok()) << status;
    return records;
  }

  static std::string SegmentPath(uint64_t first_sequence) {
    std::string digits = std::to_string(first_sequence);
    digits.insert(0, 20 - digits.size(), '0');
    return std::string(kDirectory) + "/" + digits + ".segment";
  }

  std::vector<std::string> SegmentPaths() {
    std::vector<std::string> paths;
    for (const std::string& path : files_.Paths()) {
      if (path.ends_with(".segment")) paths.push_back(path);
    }
    return paths;
  }

  /// Put other bytes in place of a file, durably.
  void Overwrite(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(files_.ReplaceFile(path, bytes).ok());
  }

  testing::FakeFileSystem files_;
  testing::FakeClock clock_{kStartMicros};
  StreamOptions options_;
  OpenReport report_;
};

}  // namespace tapelake::stream
