// Rows over files, as SQL sees them: made-up overlays over real Parquet files.

#include "query/overlay.h"

#include <gmock/gmock.h>

#include <arrow/json/from_string.h>

#include "hudi/format/avro_schema.h"
#include "tests/sql/session_fixture.h"

namespace tapelake::query {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kData =
    "SELECT * EXCLUDE (_hoodie_commit_time, _hoodie_commit_seqno, _hoodie_record_key, "
    "_hoodie_partition_path, _hoodie_file_name) FROM hudi('/t') ORDER BY ALL";

/// `n` null columns of text.
arrow::ArrayVector Nulls(int n, int64_t rows) {
  return arrow::ArrayVector(static_cast<size_t>(n), *arrow::MakeArrayOfNull(arrow::utf8(), rows));
}

/// A table of key k and text v, and merged logs over its files.
class OverlayTest : public SessionTest {
 protected:
  OverlayTest() {
    provider_.snapshots["/t"].schema =
        arrow::schema({arrow::field("k", arrow::utf8()), arrow::field("v", arrow::utf8())});
    provider_.snapshots["/t"].keys.record_key_field = "k";
  }

  TableSnapshot& snapshot() { return provider_.snapshots["/t"]; }

  std::shared_ptr<arrow::RecordBatch> Rows(const std::vector<std::string>& keys,
                                           const std::string& text) {
    const auto rows = static_cast<int64_t>(keys.size());
    arrow::ArrayVector columns = Nulls(5, rows);
    columns[2] = TextArray(keys);
    columns.push_back(TextArray(keys));
    columns.push_back(TextArray(std::vector<std::string>(keys.size(), text)));
    return arrow::RecordBatch::Make(hudi::WithMetaColumns(snapshot().schema), rows, columns);
  }

  /// A base file of these keys, all with v = `text`. Returns its path.
  std::string File(const std::vector<std::string>& keys, const std::string& text,
                   int64_t group_rows = 1000) {
    const std::string path = folder_ + "/" + std::to_string(++file_count_) + ".parquet";
    const auto rows = Rows(keys, text);
    WriteParquet(path, rows->schema(), rows->columns(), group_rows);
    return path;
  }

  /// Merged logs that say v = `text` for `keys`, and that `deleted` are gone.
  std::shared_ptr<const hudi::LogOverlay> Logs(const std::vector<std::string>& keys,
                                               const std::string& text,
                                               const std::vector<std::string>& deleted = {}) {
    auto overlay = std::make_shared<hudi::LogOverlay>();
    overlay->rows = Rows(keys, text);
    auto bytes = std::make_shared<std::string>();
    bytes->reserve(1 << 20);
    for (const auto* list : {&keys, &deleted}) {
      for (const std::string& key : *list) {
        const size_t begin = bytes->size();
        bytes->append(key);
        overlay->keys.emplace(bytes->data() + begin, key.size());
      }
    }
    overlay->key_bytes = bytes;
    return overlay;
  }

  /// Let a slice have these logs over this file (empty: none).
  void AddSlice(const std::string& path,
                std::vector<std::shared_ptr<const hudi::LogOverlay>> levels) {
    provider_.logs["/t"].push_back({.base_file_path = path, .levels = std::move(levels)});
    snapshot().logged_slices.emplace_back();
    snapshot().instant += "x";
  }

  void AddHot(const std::vector<std::string>& keys, const std::string& text,
              const std::vector<std::string>& deleted = {}) {
    auto chunk = std::make_shared<hot::HotChunk>();
    const auto rows = Rows(keys, text);
    chunk->rows =
        arrow::RecordBatch::Make(snapshot().schema, rows->num_rows(),
                                 {rows->GetColumnByName("k"), rows->GetColumnByName("v")});
    for (size_t i = 0; i < keys.size(); ++i)
      chunk->changes.push_back({keys[i], static_cast<int64_t>(i)});
    for (const std::string& key : deleted)
      chunk->changes.push_back({key, hot::HotChange::kDelete});
    hot_.views["/t"].chunks.push_back(std::move(chunk));
  }
};

TEST_F(OverlayTest, LogsHideRowsOfTheirBaseFileAndAddTheirOwn) {
  AddSlice(File({"a", "b", "c"}, "base"), {Logs({"a", "d"}, "log", {"b"})});
  OpenSession();
  EXPECT_EQ(Csv(kData), "k,v\na,log\nc,base\nd,log\n");
  EXPECT_EQ(Csv("SELECT count(*) AS n FROM hudi('/t')"), "n\n3\n");
  EXPECT_EQ(Csv("SELECT v FROM hudi('/t') WHERE k = 'b'"), "v\n");
}

TEST_F(OverlayTest, LogsOfOneSliceDoNotHideTheSameKeyInAnotherFile) {
  AddSlice(File({"a", "b"}, "one"), {Logs({}, "", {"a"})});
  AddSlice(File({"a", "b"}, "two"), {Logs({"b"}, "log")});
  snapshot().file_paths = {File({"a", "b"}, "three")};
  OpenSession();
  EXPECT_EQ(Csv(kData), "k,v\na,three\na,two\nb,log\nb,one\nb,three\n");
}

TEST_F(OverlayTest, LaterRunsOfLogsHideEarlierOnes) {
  AddSlice(
      File({"a", "b", "c", "d"}, "base"),
      {Logs({"a", "b"}, "first", {"d"}), Logs({"b", "d"}, "second", {"c"}), Logs({}, "", {"a"})});
  OpenSession();
  EXPECT_EQ(Csv(kData), "k,v\nb,second\nd,second\n");
}

TEST_F(OverlayTest, SlicesMayHaveNoBaseFileAndLogsNoRow) {
  AddSlice("", {Logs({"a"}, "log")});
  AddSlice("", {Logs({}, "", {"b"})});
  AddSlice(File({"c"}, "base"), {Logs({}, "")});
  OpenSession();
  EXPECT_EQ(Csv(kData), "k,v\na,log\nc,base\n");
}

TEST_F(OverlayTest, HotRowsHideWhateverIsStoredUnderTheirKeys) {
  AddSlice(File({"a", "b", "c"}, "base"), {Logs({"b", "d", "e"}, "log")});
  snapshot().file_paths = {File({"x", "y", "a"}, "plain")};
  AddHot({"a", "d", "n"}, "hot", {"e", "y"});
  OpenSession();
  EXPECT_EQ(Csv(kData), "k,v\na,hot\nb,log\nc,base\nd,hot\nn,hot\nx,plain\n");
  EXPECT_EQ(Csv("SELECT count(*) AS n FROM hudi('/t')"), "n\n6\n");
  hot_.views.clear();
  EXPECT_EQ(Csv(kData), "k,v\na,base\na,plain\nb,log\nc,base\nd,log\ne,log\nx,plain\ny,plain\n");
}

TEST_F(OverlayTest, HotRowsLieOverTablesWithoutFiles) {
  AddHot({"a"}, "hot");
  AddHot({"a"}, "hotter", {"b"});
  OpenSession();
  EXPECT_EQ(Csv(kData), "k,v\na,hotter\n");
}

TEST_F(OverlayTest, HotRowsShowKeyAndPartitionPathAndNoCommit) {
  snapshot().keys.partition_field = "v";
  snapshot().keys.style.hive_style = true;
  AddHot({"a", "b"}, "2026-11-22");
  OpenSession();
  EXPECT_EQ(Csv("SELECT _hoodie_commit_time t, _hoodie_commit_seqno s, _hoodie_record_key k, "
                "_hoodie_partition_path p, _hoodie_file_name f FROM hudi('/t') ORDER BY k"),
            "t,s,k,p,f\n\\N,\\N,a,v=2026-11-22,\\N\n\\N,\\N,b,v=2026-11-22,\\N\n");
}

TEST_F(OverlayTest, ColumnsThatOnlyHotRowsHaveAreNullElsewhere) {
  AddSlice(File({"a", "b"}, "base"), {Logs({"b"}, "log")});
  auto chunk = std::make_shared<hot::HotChunk>();
  chunk->rows = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("k", arrow::utf8()), arrow::field("v", arrow::utf8()),
                     arrow::field("n", arrow::int64())}),
      1, {TextArray({"c"}), TextArray({"hot"}), Int64Array({7})});
  chunk->changes = {{"c", 0}};
  hot_.views["/t"].chunks = {chunk};
  OpenSession();
  EXPECT_EQ(Csv(kData), "k,v,n\na,base,\\N\nb,log,\\N\nc,hot,7\n");
}

TEST_F(OverlayTest, HotViewsAreTakenOncePerStatement) {
  AddHot({"a"}, "hot");
  OpenSession();
  EXPECT_EQ(Csv("SELECT count(*) AS n FROM hudi('/t') l JOIN hudi('/t') r USING (k)"), "n\n1\n");
  EXPECT_EQ(provider_.logs_read_count, 1);
  EXPECT_EQ(Csv("SELECT k FROM hudi('/t')"), "k\na\n");
  EXPECT_EQ(provider_.logs_read_count, 1) << "nothing changed";
  AddHot({"b"}, "hot");
  EXPECT_EQ(Csv("SELECT k FROM hudi('/t') ORDER BY k"), "k\na\nb\n");
  EXPECT_EQ(provider_.resolved_count, 1);
}

TEST_F(OverlayTest, OverlaysAreLetGoOnceAStatementDidWithoutThem) {
  AddSlice(File({"a", "b"}, "base"), {Logs({"a"}, "log")});
  const std::weak_ptr<const hudi::LogOverlay> logs = provider_.logs["/t"][0].levels[0];
  OpenSession();
  EXPECT_EQ(Csv("SELECT v FROM hudi('/t') WHERE k = 'a'"), "v\nlog\n");
  provider_.logs.clear();
  EXPECT_FALSE(logs.expired());
  EXPECT_EQ(Csv("SELECT 1 AS a"), "a\n1\n");
  EXPECT_EQ(Csv("SELECT 1 AS a"), "a\n1\n");
  EXPECT_TRUE(logs.expired());
}

TEST_F(OverlayTest, StatementsThatNameNoTableReadNoLogs) {
  AddSlice(File({"a"}, "base"), {Logs({"a"}, "log")});
  OpenSession();
  EXPECT_EQ(Csv("SELECT 1 AS a"), "a\n1\n");
  EXPECT_EQ(provider_.logs_read_count, 0);
}

TEST_F(OverlayTest, PreparedStatementsSeeTheNewestToo) {
  AddSlice(File({"a", "b"}, "base"), {Logs({"a"}, "first")});
  OpenSession();
  EXPECT_EQ(Csv("PREPARE q AS SELECT k, v FROM hudi('/t') ORDER BY k"), "");
  provider_.logs["/t"][0].levels = {Logs({"a"}, "second")};
  snapshot().instant = "later";
  EXPECT_EQ(Csv("SELECT v FROM hudi('/t') WHERE k = 'a'"), "v\nsecond\n");
  EXPECT_EQ(Csv("EXECUTE q"), "k,v\na,second\nb,base\n");
}

TEST_F(OverlayTest, ManyRowsComeInManyChunks) {
  std::vector<std::string> keys;
  for (int i = 0; i < 10'000; ++i)
    keys.push_back("key-that-is-long-enough-" + std::to_string(i));
  const std::vector<std::string> newer(keys.begin() + 3'000, keys.begin() + 8'000);
  AddSlice(File(keys, "base"), {Logs(keys, "first"), Logs(newer, "second")});
  OpenSession();
  EXPECT_EQ(Csv("SELECT v, count(*) AS n, min(k) AS least FROM hudi('/t') GROUP BY v ORDER BY v"),
            "v,n,least\nfirst,5000,key-that-is-long-enough-0\n"
            "second,5000,key-that-is-long-enough-3000\n");
  EXPECT_EQ(Csv("SELECT count(*) AS n FROM hudi('/t')"), "n\n10000\n");
}

TEST_F(OverlayTest, FiltersAndProjectionsReachFilesUnderLogs) {
  AddSlice(File({"a", "b", "k", "l"}, "base", 2), {Logs({"a"}, "log")});
  const std::string& path = provider_.logs["/t"][0].base_file_path;
  SpoilColumnChunk(path, 1, 5);  // k of the second row group
  SpoilColumnChunk(path, 0, 6);  // v
  OpenSession();
  EXPECT_EQ(Csv("SELECT k FROM hudi('/t') WHERE k < 'c' ORDER BY k"), "k\na\nb\n");
  EXPECT_THAT(Csv("SELECT k FROM hudi('/t') WHERE k > 'c'"), HasSubstr("error: "));
  EXPECT_THAT(Csv("SELECT v FROM hudi('/t') WHERE k < 'c'"), HasSubstr("error: "));
}

TEST_F(OverlayTest, KeysAreReadOnceForARowGroup) {
  AddSlice(File({"a", "b", "k", "l"}, "base", 2), {Logs({"a", "l"}, "log")});
  const std::string& path = provider_.logs["/t"][0].base_file_path;
  OpenSession();
  EXPECT_EQ(Csv("SELECT k, v FROM hudi('/t') WHERE k < 'c' ORDER BY k"), "k,v\na,log\nb,base\n");
  SpoilColumnChunk(path, 0, 2);  // the keys of both row groups
  SpoilColumnChunk(path, 1, 2);
  EXPECT_EQ(Csv("SELECT k, v FROM hudi('/t') WHERE k < 'c' ORDER BY k"), "k,v\na,log\nb,base\n");
  EXPECT_THAT(Csv("SELECT v FROM hudi('/t')"), AllOf(HasSubstr("error: "), HasSubstr(path)));
}

TEST_F(OverlayTest, RowsOfManyRowGroupsAreFoundByTheirPlace) {
  std::vector<std::string> keys;
  std::vector<std::string> newer;
  for (int i = 0; i < 5'000; ++i) {
    keys.push_back("k" + std::to_string(i));
    if (i % 7 == 0) newer.push_back(keys.back());
  }
  AddSlice(File(keys, "base", 130), {Logs(newer, "log")});
  OpenSession();
  EXPECT_EQ(Csv("SELECT count(*) AS n, count(*) FILTER (v = 'log') AS logged, count(DISTINCT k) AS "
                "k, count(*) FILTER ((v = 'log') <> (substr(k, 2)::int % 7 = 0)) AS wrong FROM "
                "hudi('/t')"),
            "n,logged,k,wrong\n5000,715,5000,0\n");
}

TEST_F(OverlayTest, WhatWasLearnedOfAFileOutlivesTheOverlay) {
  AddSlice(File({"a", "b"}, "base"), {Logs({"a"}, "log")});
  const std::string& path = provider_.logs["/t"][0].base_file_path;
  HiddenRowsCache cache;
  const auto known = cache.Under(path, provider_.logs["/t"][0].levels);
  provider_.logs["/t"][0].hidden_rows = known;
  OpenSession();
  EXPECT_EQ(Csv(kData), "k,v\na,log\nb,base\n");
  SpoilColumnChunk(path, 0, 2);  // the keys
  EXPECT_EQ(Csv("SELECT 1 AS a"), "a\n1\n");
  EXPECT_EQ(Csv("SELECT 1 AS a"), "a\n1\n");
  EXPECT_EQ(Csv(kData), "k,v\na,log\nb,base\n");
  EXPECT_EQ(cache.Under(path, provider_.logs["/t"][0].levels), known);
  AddHot({"b"}, "hot");
  EXPECT_THAT(Csv(kData), HasSubstr("error: ")) << "hot keys hide more than was learned";
}

TEST_F(OverlayTest, OtherLogsHideOtherRows) {
  HiddenRowsCache cache;
  const auto one = Logs({"a"}, "log");
  const auto two = Logs({"b"}, "log");
  const auto known = cache.Under("/f", {one});
  EXPECT_EQ(cache.Under("/f", {one}), known);
  EXPECT_NE(cache.Under("/g", {one}), known);
  EXPECT_NE(cache.Under("/f", {one, two}), known);
  auto gone = cache.Under("/h", {Logs({"c"}, "log")});
  EXPECT_NE(cache.Under("/h", {Logs({"c"}, "log")}), gone);
}

TEST_F(OverlayTest, FilesThatTheOverlayDoesNotKnowAreAnError) {
  AddSlice(File({"a"}, "base"), {Logs({"a"}, "log")});
  OpenSession();
  int overlay_count = 0;
  const auto hidden = [&](const std::string& file_and_row) {
    EXPECT_EQ(Csv("SELECT k FROM hudi('/t')"), "k\na\n");
    const std::string id = std::to_string(++overlay_count);
    return Csv("SELECT tapelake_hidden(" + id + ", " + file_and_row + ")");
  };
  const std::string path = "'" + provider_.logs["/t"][0].base_file_path + "'";
  EXPECT_THAT(hidden(path + ", 0"), HasSubstr("\nTrue\n"));
  EXPECT_THAT(hidden("'/other.parquet', 0"), HasSubstr("no such file"));
  EXPECT_THAT(hidden(path + ", 1"), HasSubstr("has no row 1"));
  EXPECT_THAT(Csv("SELECT tapelake_hidden(99, 'x', 0)"), HasSubstr("no such overlay"));
  EXPECT_THAT(Csv("SELECT tapelake_hidden(range, 'x', 0) FROM range(3)"),
              HasSubstr("must be a constant"));
  EXPECT_THAT(Csv("SELECT * FROM tapelake_overlay(99)"), HasSubstr("no such overlay"));
}

TEST_F(OverlayTest, EveryTypeIsTheSameInFilesAndLogs) {
  const auto us = arrow::TimeUnit::MICRO;
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::string>> values = {
      {arrow::boolean(), "[true, null, false]"},
      {arrow::int32(), "[-2147483648, null, 7]"},
      {arrow::int64(), "[-9223372036854775808, null, 7]"},
      {arrow::float32(), "[1.5, null, -0.25]"},
      {arrow::float64(), "[1.5, null, -1e300]"},
      {arrow::utf8(), R"(["short", null, "longer than twelve bytes, ümlaut"])"},
      {arrow::binary(), R"(["ab", null, "longer than twelve bytes"])"},
      {arrow::fixed_size_binary(3), R"(["abc", null, "xyz"])"},
      {arrow::date32(), "[0, null, 20779]"},
      {arrow::time64(us), "[0, null, 86399999999]"},
      {arrow::timestamp(us), "[0, null, 1795370400000001]"},
      {arrow::timestamp(us, "UTC"), "[0, null, 1795370400000001]"},
      {arrow::decimal128(4, 2), R"(["-99.99", null, "0.01"])"},
      {arrow::decimal128(9, 4), R"(["-99999.9999", null, "0.0001"])"},
      {arrow::decimal128(18, 8), R"(["-9999999999.99999999", null, "0.00000001"])"},
      {arrow::decimal128(38, 18),
       R"(["-99999999999999999999.999999999999999999", null, "1.000000000000000000"])"},
      {arrow::list(arrow::utf8()), R"([["a", null], null, []])"},
      {arrow::map(arrow::utf8(), arrow::int64()), R"([[["a", 1], ["b", null]], null, []])"},
      {arrow::struct_({arrow::field("x", arrow::int32()),
                       arrow::field("y", arrow::list(arrow::decimal128(18, 8)))}),
       R"([{"x": 1, "y": ["1.50000000", null]}, null, {"x": null, "y": null}])"}};
  const auto key_field = arrow::field("k", arrow::utf8());
  arrow::FieldVector fields = {key_field};
  arrow::ArrayVector columns = {TextArray({"a", "b", "c"})};
  for (size_t i = 0; i < values.size(); ++i) {
    fields.push_back(arrow::field("c" + std::to_string(i), values[i].first));
    columns.push_back(
        arrow::json::ArrayFromJSONString(values[i].first, values[i].second).ValueOrDie());
  }
  auto& stored = provider_.snapshots["/stored"];
  stored.schema = arrow::schema(fields);
  arrow::ArrayVector all = Nulls(5, 3);
  all.insert(all.end(), columns.begin(), columns.end());
  const auto rows = arrow::RecordBatch::Make(hudi::WithMetaColumns(stored.schema), 3, all);
  const std::string path = folder_ + "/types.parquet";
  WriteParquet(path, rows->schema(), rows->columns());
  stored.file_paths = {path};

  auto overlay = std::make_shared<hudi::LogOverlay>();
  overlay->rows = rows;
  provider_.snapshots["/logged"] = {.instant = "", .schema = stored.schema, .file_paths = {}};
  provider_.snapshots["/logged"].logged_slices.emplace_back();
  provider_.logs["/logged"] = {{.base_file_path = "", .levels = {overlay}}};
  provider_.snapshots["/both"] = stored;
  provider_.snapshots["/both"].logged_slices.emplace_back();
  provider_.logs["/both"] = provider_.logs["/logged"];
  OpenSession();
  const std::string expected = Csv("SELECT * FROM hudi('/stored') ORDER BY k");
  EXPECT_THAT(expected, HasSubstr("99999999999999999999.999999999999999999"));
  EXPECT_EQ(Csv("SELECT * FROM hudi('/logged') ORDER BY k"), expected);
  const std::string types =
      Csv("SELECT column_name, column_type FROM (DESCRIBE FROM hudi('/stored'))");
  EXPECT_EQ(Csv("SELECT column_name, column_type FROM (DESCRIBE FROM hudi('/logged'))"), types);
  EXPECT_EQ(Csv("SELECT column_name, column_type FROM (DESCRIBE FROM hudi('/both'))"), types);
  EXPECT_EQ(Csv("SELECT DISTINCT * FROM hudi('/both') ORDER BY k"), expected);
  const std::string plan = Csv("EXPLAIN SELECT * FROM hudi('/logged')");
  EXPECT_THAT(plan, HasSubstr("TAPELAKE_OVERLAY"));
  EXPECT_THAT(plan, Not(HasSubstr("CAST"))) << "Arrow's types are those of the files";
}

}  // namespace
}  // namespace tapelake::query
