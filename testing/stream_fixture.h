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

namespace tapelake::testing {

class StreamFixture : public ::testing::Test {
 public:
  static constexpr int64_t kStartMicros = 1'795'370'400'000'000;  // 2026-11-22T18:00:00Z
  static constexpr const char* kDirectory = "/lake/streams/orders";

  Result<std::unique_ptr<stream::Stream>> TryOpen() {
    return stream::Stream::Open(files_, clock_, kDirectory, "orders", options_, &report_);
  }

  std::unique_ptr<stream::Stream> Open() {
    auto log = TryOpen();
    EXPECT_TRUE(log.ok()) << log.status();
    return std::move(log).ValueOr(nullptr);
  }

  /// Append records (each its own partition key) without syncing.
  static Result<std::vector<stream::RecordPlace>> Append(stream::Stream& log,
                                                         const std::vector<std::string>& records) {
    std::vector<stream::PutEntry> entries;
    for (const std::string& record : records)
      entries.push_back({record, record});
    return log.Append(entries);
  }

  /// Write records as one frame that must be durable.
  static void Write(stream::Stream& log, const std::vector<std::string>& records) {
    ASSERT_TRUE(Append(log, records).ok());
    ASSERT_TRUE(log.Sync().ok());
  }

  /// Records "NAME-1" .. "NAME-COUNT".
  static std::vector<std::string> Records(const std::string& name, int count) {
    std::vector<std::string> records;
    for (int i = 1; i <= count; ++i)
      records.push_back(name + "-" + std::to_string(i));
    return records;
  }

  /// Read everything from a record on in pieces; `*status` is how it ended.
  static std::vector<std::string> ReadFrom(stream::Stream& log, uint64_t sequence, Status* status,
                                           size_t bytes_max = 100) {
    std::vector<std::string> records;
    record::RecordBlock block;
    do {
      *status = log.Read(sequence, bytes_max, &block);
      if (!status->ok()) break;
      for (const auto& entry : block.entries) {
        EXPECT_EQ(entry.offset, sequence++);
        records.emplace_back(block.bytes(entry));
      }
      EXPECT_EQ(block.end_offset, sequence);
    } while (!block.entries.empty());
    return records;
  }

  static std::vector<std::string> ReadAll(stream::Stream& log) {
    Status status;
    auto records = ReadFrom(log, log.facts().first_sequence, &status);
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

  FakeFileSystem files_;
  FakeClock clock_{kStartMicros};
  stream::StreamOptions options_;
  stream::OpenReport report_;
};

}  // namespace tapelake::testing
