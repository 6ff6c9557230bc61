#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "io/host.h"
#include "io/local_file_system.h"
#include "io/random.h"

namespace tapelake::io {
namespace {

class LocalFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tapelake-io-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::string Path(std::string_view name) const { return JoinPath(root_, name); }

  std::string root_;
  LocalFileSystem files_;
};

TEST_F(LocalFiles, CreateIfAbsentNeverOverwrites) {
  ASSERT_TRUE(files_.CreateIfAbsent(Path("a"), "one").ok());
  const Status second = files_.CreateIfAbsent(Path("a"), "two");
  EXPECT_EQ(KindOf(second), ErrorKind::kAlreadyExists);
  EXPECT_EQ(files_.ReadFile(Path("a")).ValueOrDie(), "one");
  EXPECT_EQ(files_.List(root_).ValueOrDie().size(), 1u) << "a temporary file was left behind";
}

TEST_F(LocalFiles, ReplaceDropsTheStaleHadoopChecksum) {
  ASSERT_TRUE(files_.CreateIfAbsent(Path("p"), "one").ok());
  ASSERT_TRUE(files_.CreateIfAbsent(Path(".p.crc"), "x").ok());
  ASSERT_TRUE(files_.ReplaceFile(Path("p"), "two").ok());
  EXPECT_EQ(files_.ReadFile(Path("p")).ValueOrDie(), "two");
  EXPECT_FALSE(files_.Exists(Path(".p.crc")).ValueOrDie());
}

TEST_F(LocalFiles, ErrorsNamePathAndReason) {
  const auto missing = files_.ReadFile(Path("nowhere"));
  EXPECT_EQ(KindOf(missing.status()), ErrorKind::kNotFound);
  EXPECT_NE(missing.status().message().find("nowhere"), std::string::npos);
}

TEST_F(LocalFiles, WhatCannotBeCreatedSaysWhy) {
  const auto created = files_.OpenForWrite("no such folder/file");
  EXPECT_EQ(KindOf(created.status()), ErrorKind::kNotFound);
  EXPECT_EQ(created.status().message(),
            "cannot create 'no such folder/file': No such file or directory");
}

TEST_F(LocalFiles, ListsSortedWithSizes) {
  ASSERT_TRUE(files_.CreateDirectories(Path("d/e")).ok());
  ASSERT_TRUE(files_.CreateIfAbsent(Path("c"), "123").ok());
  const auto listed = files_.List(root_).ValueOrDie();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].name, "c");
  EXPECT_EQ(listed[0].size_bytes, 3);
  EXPECT_TRUE(listed[1].is_directory);
}

TEST(Paths, JoinAndSplit) {
  EXPECT_EQ(JoinPath("a/", "/b"), "a/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(ParentPath("a/b/c"), "a/b");
  EXPECT_EQ(FileName("a/b/c"), "c");
}

TEST(SeededRandomTest, RepeatsItself) {
  SeededRandom first(7);
  SeededRandom second(7);
  SeededRandom other(8);
  EXPECT_EQ(first.Next(), second.Next());
  EXPECT_NE(first.Next(), other.Next());
  for (int i = 0; i < 1000; ++i)
    EXPECT_LT(first.Below(10), 10u);
}

TEST(Host, KnowsProcessAndDisk) {
  const Result<ProcessFigures> process = ReadProcessFigures();
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_GT(process->resident_bytes, 1 << 20);
  EXPECT_GE(process->open_files, 3);
  EXPECT_GT(process->cpu_micros, 0);
  const Result<DiskFigures> disk = ReadDiskFigures(".");
  ASSERT_TRUE(disk.ok()) << disk.status();
  EXPECT_GT(disk->total_bytes, disk->free_bytes);
  EXPECT_EQ(KindOf(ReadDiskFigures("./no such folder").status()), ErrorKind::kNotFound);
}

}  // namespace
}  // namespace tapelake::io
