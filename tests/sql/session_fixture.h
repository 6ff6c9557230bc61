#pragma once

/// What the tests of query share: a provider of made-up snapshots, Parquet files, CSV results.

#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include "io/local_file_system.h"
#include "query/output/row_writer.h"
#include "query/session.h"
#include "query/snapshot_provider.h"
#include "tests/golden/golden_table.h"

namespace tapelake::query {

/// Answers with the snapshots that a test puts in.
class FakeProvider : public SnapshotProvider {
 public:
  Result<std::string> TimelineVersion(const std::string& path) override {
    if (!snapshots.contains(path)) return MakeError(ErrorKind::kNotFound, "no table at " + path);
    return snapshots[path].instant;
  }
  Result<TableSnapshot> Resolve(const std::string& path) override {
    ++resolved_count;
    const auto broken = failures.find(path);
    return broken == failures.end() ? Result<TableSnapshot>(snapshots[path]) : broken->second;
  }
  Result<TableSnapshot> ResolveUnderHot(const std::string& path, const std::string&) override {
    return Resolve(path);
  }
  Status CheckFiles(const std::string&, const TableSnapshot&) override {
    ++files_checked_count;
    return Status::OK();
  }
  Result<std::vector<LogLayers>> ReadLogs(const std::string& path, const TableSnapshot&) override {
    ++logs_read_count;
    return logs[path];
  }

  std::map<std::string, TableSnapshot> snapshots;
  std::map<std::string, std::vector<LogLayers>> logs;
  std::map<std::string, Status> failures;
  int resolved_count = 0;
  int logs_read_count = 0;
  int files_checked_count = 0;
};

/// Hot rows that a test puts in.
class FakeHot : public HotProvider {
 public:
  Result<hot::HotView> View(const std::string& path) override { return views[path]; }

  std::map<std::string, hot::HotView> views;
};

inline std::shared_ptr<arrow::Array> Int64Array(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

inline std::shared_ptr<arrow::Array> TextArray(const std::vector<std::string>& values) {
  arrow::StringBuilder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

/// Write `columns` to an uncompressed Parquet file with row groups of `group_rows`.
inline void WriteParquet(const std::string& path, const std::shared_ptr<arrow::Schema>& schema,
                         const std::vector<std::shared_ptr<arrow::Array>>& columns,
                         int64_t group_rows = 1000) {
  const auto file = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  const auto properties = parquet::WriterProperties::Builder().disable_dictionary()->build();
  const auto status =
      parquet::arrow::WriteTable(*arrow::Table::Make(schema, columns), arrow::default_memory_pool(),
                                 file, group_rows, properties);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_TRUE(file->Close().ok());
}

//// Spoil the bytes of one column chunk: whoever reads it fails, whoever prunes it does not notice.
inline void SpoilColumnChunk(const std::string& path, int row_group, int column) {
  const auto reader = parquet::ParquetFileReader::OpenFile(path);
  const auto chunk = reader->metadata()->RowGroup(row_group)->ColumnChunk(column);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(chunk->data_page_offset());
  const std::string garbage(static_cast<size_t>(chunk->total_compressed_size()), '\xFF');
  file.write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
}

/// A session over FakeProvider in a folder of its own.
class SessionTest : public testing::Test {
 protected:
  void OpenSession(const std::string& lake_path = "") {
    auto session =
        Session::Open(provider_, files_, {.lake_path = lake_path, .thread_count = 2, .hot = &hot_});
    ASSERT_TRUE(session.ok()) << session.status();
    session_ = session.MoveValueUnsafe();
  }

  /// Run one statement and return its CSV, or "error: MESSAGE".
  std::string Csv(const std::string& sql) {
    std::string out;
    const auto writer = MakeCsvWriter([&out](std::string_view text) {
      out += text;
      return Status::OK();
    });
    const auto outcome = session_->Execute({.sql = sql}, *writer);
    return outcome.ok() ? out : "error: " + outcome.status().message();
  }

  /// Put a table of one file with columns k (bigint) and v (text) under `path`.
  void AddTable(const std::string& path, const std::vector<int64_t>& keys) {
    const std::string file = folder_ + "/" + std::to_string(++file_count_) + ".parquet";
    const auto schema =
        arrow::schema({arrow::field("k", arrow::int64()), arrow::field("v", arrow::utf8())});
    std::vector<std::string> texts;
    for (const int64_t key : keys)
      texts.push_back("v" + std::to_string(key));
    WriteParquet(file, schema, {Int64Array(keys), TextArray(texts)});
    provider_.snapshots[path] = {
        .instant = std::to_string(file_count_), .schema = schema, .file_paths = {file}};
  }

  golden::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
  int file_count_ = 0;
  io::LocalFileSystem files_;
  FakeProvider provider_;
  FakeHot hot_;
  std::unique_ptr<Session> session_;
};

}  // namespace tapelake::query
