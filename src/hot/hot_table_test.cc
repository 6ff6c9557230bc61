#include "hot/hot_table.h"

#include <gtest/gtest.h>

#include <arrow/array.h>
#include <arrow/builder.h>

namespace tapelake::hot {
namespace {

std::shared_ptr<const HotChunk> Chunk(const std::vector<std::string>& texts,
                                      std::vector<HotChange> changes, bool with_note = false) {
  arrow::StringBuilder builder;
  for (const std::string& text : texts)
    EXPECT_TRUE(builder.Append(text).ok());
  const auto array = *builder.Finish();
  arrow::FieldVector fields = {arrow::field("text", arrow::utf8())};
  arrow::ArrayVector columns = {array};
  if (with_note) {
    fields.push_back(arrow::field("note", arrow::utf8()));
    columns.push_back(array);
  }
  auto chunk = std::make_shared<HotChunk>();
  chunk->rows = arrow::RecordBatch::Make(arrow::schema(fields), array->length(), columns);
  chunk->changes = std::move(changes);
  return chunk;
}

std::vector<std::string> Texts(const HotOverlay& overlay, const char* column) {
  std::vector<std::string> texts;
  const auto& array =
      static_cast<const arrow::StringArray&>(*overlay.rows->GetColumnByName(column));
  for (int64_t i = 0; i < array.length(); ++i)
    texts.push_back(array.IsNull(i) ? "null" : array.GetString(i));
  return texts;
}

using Strings = std::vector<std::string>;

TEST(HotTable, TheLastChangeOfAKeyCounts) {
  HotTable table;
  table.Committed("1");
  table.Publish(Chunk({"a1", "b1"}, {{"a", 0}, {"b", 1}}));
  table.Publish(Chunk({"a2"}, {{"a", 0}, {"c", HotChange::kDelete}}));
  const HotOverlay overlay = *MergeHotView(table.View());
  EXPECT_EQ(overlay.instant, "1");
  EXPECT_EQ(Texts(overlay, "text"), (Strings{"b1", "a2"}));
  EXPECT_EQ(overlay.keys, (Strings{"a", "b", "c"}));
}

TEST(HotTable, ADeleteHidesTheKeyAndLeavesNoRow) {
  HotTable table;
  table.Publish(Chunk({"a1"}, {{"a", 0}, {"a", HotChange::kDelete}}));
  const HotOverlay overlay = *MergeHotView(table.View());
  EXPECT_EQ(overlay.rows, nullptr);
  EXPECT_EQ(overlay.keys, (Strings{"a"}));
}

TEST(HotTable, AViewOutlivesTheCommit) {
  HotTable table;
  table.Publish(Chunk({"a1"}, {{"a", 0}}));
  const HotView before = table.View();
  table.Committed("2");
  EXPECT_TRUE(table.View().empty());
  EXPECT_EQ(table.View().instant, "2");
  EXPECT_EQ(Texts(*MergeHotView(before), "text"), (Strings{"a1"}));
}

TEST(HotTable, ColumnsThatCameLaterAreNullBefore) {
  HotTable table;
  table.Publish(Chunk({"a1"}, {{"a", 0}}));
  table.Publish(Chunk({"b1"}, {{"b", 0}}, /*with_note=*/true));
  EXPECT_EQ(Texts(*MergeHotView(table.View()), "note"), (Strings{"null", "b1"}));
}

}  // namespace
}  // namespace tapelake::hot
