#include "transform/row_builder.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transform/testing_records.h"

namespace tapelake::transform {
namespace {

using record::ColumnKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

record::TableDefinition Table() {
  record::TableDefinition table;
  table.name = "t";
  table.key_column = "key";
  table.time_column = "at";
  table.columns = {{.name = "key", .attribute = "id", .kind = ColumnKind::kString},
                   {.name = "at", .attribute = "at", .kind = ColumnKind::kTimestamp},
                   {.name = "price",
                    .attribute = "price",
                    .kind = ColumnKind::kDecimal,
                    .precision = 10,
                    .scale = 2}};
  return table;
}

record::TableDefinition TableWith(const std::string& name, ColumnKind kind,
                                  const std::string& attribute = "v") {
  record::TableDefinition table = Table();
  table.columns.push_back({.name = name, .attribute = attribute, .kind = kind});
  return table;
}

std::vector<std::string> Names(const arrow::Schema& schema) {
  return schema.field_names();
}

/// A builder that is fed with images; `id` and `at` are added to each.
class Rows {
 public:
  explicit Rows(const record::TableDefinition& table = Table(),
                const std::shared_ptr<arrow::Schema>& stored = nullptr)
      : builder_(RowBuilder::Make(table, stored).ValueOrDie()) {}

  Rows& Add(const std::string& members) {
    const std::string image = R"({"id":{"S":"k"},"at":{"S":"2024-05-01T10:00:00.000001Z"})" +
                              (members.empty() ? "" : "," + members) + "}";
    return AddRecord(StreamsRecord(image));
  }
  Rows& AddRecord(const std::string& record) {
    EXPECT_EQ(parsed_.Parse(record), ParseError::kNone) << parsed_.reason();
    const auto row = builder_->Append(parsed_.change(), ++sequence_);
    EXPECT_TRUE(row.ok()) << row.status().ToString();
    return *this;
  }

  RowBuilder& builder() { return *builder_; }
  const std::shared_ptr<arrow::RecordBatch>& Finish() {
    batch_ = builder_->Finish().ValueOrDie();
    EXPECT_TRUE(batch_->ValidateFull().ok());
    return batch_;
  }

  /// Cell as text; "null" for null. Finishes first if need be.
  std::string Cell(const std::string& column, int64_t row = 0) {
    if (batch_ == nullptr) Finish();
    const auto array = batch_->GetColumnByName(column);
    if (array == nullptr) return "no column";
    return array->IsNull(row) ? "null" : array->GetScalar(row).ValueOrDie()->ToString();
  }

 private:
  std::unique_ptr<RowBuilder> builder_;
  ParsedRecord parsed_{"{}"};
  int64_t sequence_ = 0;
  std::shared_ptr<arrow::RecordBatch> batch_;
};

/// What becomes of one value in a declared column `v` and in `_rescued`.
std::pair<std::string, std::string> Stored(ColumnKind kind, const std::string& value) {
  Rows rows(TableWith("v", kind));
  rows.Add("\"v\":" + value);
  return {rows.Cell("v"), rows.Cell("_rescued")};
}
std::string Fits(ColumnKind kind, const std::string& value) {
  const auto [cell, rescued] = Stored(kind, value);
  EXPECT_EQ(rescued, "null") << value;
  return cell;
}
std::string Rescued(ColumnKind kind, const std::string& value) {
  const auto [cell, rescued] = Stored(kind, value);
  EXPECT_EQ(cell, "null") << value;
  return rescued;
}

TEST(RowBuilder, PutsDeclaredThenDiscoveredThenOwnColumns) {
  Rows rows;
  rows.Add(R"("z":{"S":"x"},"price":{"N":"1.5"},"a":{"N":"2"})").Add(R"("b":{"BOOL":true})");
  EXPECT_THAT(Names(*rows.builder().schema()),
              ElementsAre("key", "at", "price", "z", "a", "b", "event_date", "_rescued",
                          "_change_time", "_change_sequence", "_change_seq"));
  EXPECT_EQ(rows.builder().row_count(), 2);
  EXPECT_GT(rows.builder().memory_bytes(), 0);
  EXPECT_TRUE(rows.Finish()->schema()->Equals(rows.builder().schema()));
  EXPECT_EQ(rows.Cell("key"), "k");
  EXPECT_EQ(rows.Cell("price"), "1.50");
  EXPECT_EQ(rows.Cell("price", 1), "null");
  EXPECT_EQ(rows.Cell("z", 1), "null");
  EXPECT_EQ(rows.Cell("a"), "2.000000000000000000");
  EXPECT_EQ(rows.Cell("b"), "null");
  EXPECT_EQ(rows.Cell("b", 1), "true");
  EXPECT_EQ(rows.Cell("event_date"), "2024-05-01");
  EXPECT_EQ(rows.Cell("_change_time"), "2025-10-09 08:53:20.500000Z");
  EXPECT_EQ(rows.Cell("_change_sequence"), "21");
  EXPECT_EQ(rows.Cell("_change_seq", 1), "2");
  EXPECT_EQ(rows.Cell("_rescued"), "null");
}

TEST(RowBuilder, KeepsItsColumnsAfterFinish) {
  Rows rows;
  rows.Add(R"("z":{"S":"x"})").Finish();
  EXPECT_EQ(rows.builder().row_count(), 0);
  rows.Add("");
  EXPECT_EQ(rows.Finish()->num_rows(), 1);
  EXPECT_EQ(rows.Cell("z"), "null");
  EXPECT_EQ(rows.Cell("_change_seq"), "2");
}

TEST(RowBuilder, LeavesTheSequenceOfTheKinesisShapeNull) {
  Rows rows;
  rows.AddRecord(KinesisRecord(R"({"id":{"S":"k"},"at":{"S":"1969-12-31T23:59:59Z"}})", "REMOVE"));
  EXPECT_EQ(rows.Cell("_change_sequence"), "null");
  EXPECT_EQ(rows.Cell("_change_time"), "2025-10-09 08:53:20.000001Z");
  EXPECT_EQ(rows.Cell("event_date"), "1969-12-31");
}

TEST(RowBuilder, StoresValuesThatFitTheirColumn) {
  EXPECT_EQ(Fits(ColumnKind::kString, R"({"S":"\u00e9"})"), "é");
  EXPECT_EQ(Fits(ColumnKind::kString, R"({"NULL":true})"), "null");
  EXPECT_EQ(Fits(ColumnKind::kDecimal, R"({"N":"-99999999999999999999.123456789012345678"})"),
            "-99999999999999999999.123456789012345678");
  EXPECT_EQ(Fits(ColumnKind::kDecimal, R"({"N":"1E-5"})"), "0.000010000000000000");
  EXPECT_EQ(Fits(ColumnKind::kBigint, R"({"N":"-9223372036854775808"})"), "-9223372036854775808");
  EXPECT_EQ(Fits(ColumnKind::kBigint, R"({"N":"5.00E1"})"), "50");
  EXPECT_EQ(Fits(ColumnKind::kDouble, R"({"N":"+0.5"})"), "0.5");
  EXPECT_EQ(Fits(ColumnKind::kBool, R"({"BOOL":false})"), "false");
  EXPECT_EQ(Fits(ColumnKind::kBinary, R"({"B":"AGFi"})"), std::string("\0ab", 3));
  EXPECT_EQ(Fits(ColumnKind::kTimestamp, R"({"S":"2024-05-01T12:00:00.1234560+02:00"})"),
            "2024-05-01 10:00:00.123456Z");
  EXPECT_EQ(Fits(ColumnKind::kTimestampSeconds, R"({"N":"1714557600.25"})"),
            "2024-05-01 10:00:00.250000Z");
  EXPECT_EQ(Fits(ColumnKind::kTimestampMillis, R"({"N":"1714557600001"})"),
            "2024-05-01 10:00:00.001000Z");
  EXPECT_EQ(Fits(ColumnKind::kTimestampMicros, R"({"N":"-1"})"), "1969-12-31 23:59:59.999999Z");
  EXPECT_EQ(Fits(ColumnKind::kDate, R"({"S":"2024-02-29"})"), "2024-02-29");
  EXPECT_EQ(Fits(ColumnKind::kJson, R"({"S":"\u00e9\""})"), R"("é\"")");
  EXPECT_EQ(Fits(ColumnKind::kJson, R"({"N":"+1.0"})"), "1.0");
  EXPECT_EQ(Fits(ColumnKind::kJson, R"({"M":{"b":{"N":"1"},"a":{"SS":["y","x"]}}})"),
            R"({"a":["x","y"],"b":1})");
}

TEST(RowBuilder, RescuesValuesThatDoNotFit) {
  EXPECT_EQ(Rescued(ColumnKind::kString, R"({"N":"1.50"})"), R"({"v":{"N":"1.50"}})");
  EXPECT_EQ(Rescued(ColumnKind::kString, R"({"L":[ {"S":"x"} ]})"), R"({"v":{"L":[ {"S":"x"} ]}})");
  EXPECT_EQ(Rescued(ColumnKind::kDecimal, R"({"S":"a\"\u00e9\n"})"), R"({"v":{"S":"a\"é\n"}})");
  EXPECT_EQ(Rescued(ColumnKind::kDecimal, R"({"N":"123456789012345678901234567890123456789"})"),
            R"({"v":{"N":"123456789012345678901234567890123456789"}})");
  EXPECT_EQ(Rescued(ColumnKind::kDecimal, R"({"N":"0.1234567890123456789"})"),
            R"({"v":{"N":"0.1234567890123456789"}})");
  EXPECT_EQ(Rescued(ColumnKind::kDecimal, R"({"BOOL":true})"), R"({"v":{"BOOL":true}})");
  EXPECT_EQ(Rescued(ColumnKind::kBigint, R"({"N":"1.5"})"), R"({"v":{"N":"1.5"}})");
  EXPECT_EQ(Rescued(ColumnKind::kBigint, R"({"N":"9223372036854775808"})"),
            R"({"v":{"N":"9223372036854775808"}})");
  EXPECT_EQ(Rescued(ColumnKind::kDouble, R"({"N":"1E400"})"), R"({"v":{"N":"1E400"}})");
  EXPECT_EQ(Rescued(ColumnKind::kBool, R"({"S":"true"})"), R"({"v":{"S":"true"}})");
  EXPECT_EQ(Rescued(ColumnKind::kBinary, R"({"S":"AAE="})"), R"({"v":{"S":"AAE="}})");
  EXPECT_EQ(Rescued(ColumnKind::kTimestamp, R"({"S":"2024-05-01T10:00:00.1234567Z"})"),
            R"({"v":{"S":"2024-05-01T10:00:00.1234567Z"}})");
  EXPECT_EQ(Rescued(ColumnKind::kTimestamp, R"({"S":"yesterday"})"), R"({"v":{"S":"yesterday"}})");
  EXPECT_EQ(Rescued(ColumnKind::kTimestamp, R"({"N":"5"})"), R"({"v":{"N":"5"}})");
  EXPECT_EQ(Rescued(ColumnKind::kTimestampMillis, R"({"N":"1.0001"})"), R"({"v":{"N":"1.0001"}})");
  EXPECT_EQ(Rescued(ColumnKind::kTimestampMicros, R"({"N":"1E30"})"), R"({"v":{"N":"1E30"}})");
  EXPECT_EQ(Rescued(ColumnKind::kDate, R"({"S":"2024-05-01T00:00:00Z"})"),
            R"({"v":{"S":"2024-05-01T00:00:00Z"}})");
  EXPECT_EQ(Rescued(ColumnKind::kDate, R"({"S":"2023-02-29"})"), R"({"v":{"S":"2023-02-29"}})");
}

TEST(RowBuilder, SortsRescuedValuesByName) {
  Rows rows;
  rows.Add(R"("price":{"S":"x"},"b-c":{"N":"1"},"B C":{"B":"\/w=="},)"
           R"("b":{"S":"free"},"é":{"NS":["2","1"]})");
  EXPECT_EQ(rows.Cell("_rescued"),
            R"({"B C":{"B":"/w=="},"b-c":{"N":"1"},"price":{"S":"x"},"é":{"NS":["2","1"]}})");
  EXPECT_EQ(rows.Cell("b"), "free");
  EXPECT_EQ(rows.builder().rescued_values(), 4);
}

TEST(RowBuilder, DiscoversColumnsByTheTypeOfTheFirstValue) {
  Rows rows;
  rows.Add(R"("s":{"S":"x"},"n":{"N":"1"},"t":{"BOOL":true},"y":{"B":"AAE="},)"
           R"("m":{"M":{}},"ss":{"SS":["b","a"]},"o":{"NULL":true})");
  rows.Add(R"("n":{"S":"late"},"s":{"N":"5"},"o":{"N":"7"})");
  const auto schema = rows.builder().schema();
  EXPECT_TRUE(schema->GetFieldByName("n")->type()->Equals(arrow::decimal128(38, 18)));
  EXPECT_TRUE(schema->GetFieldByName("t")->type()->Equals(arrow::boolean()));
  EXPECT_TRUE(schema->GetFieldByName("y")->type()->Equals(arrow::binary()));
  EXPECT_TRUE(schema->GetFieldByName("m")->type()->Equals(arrow::utf8()));
  EXPECT_EQ(rows.Cell("ss"), R"(["a","b"])");
  EXPECT_EQ(rows.Cell("m"), "{}");
  EXPECT_EQ(rows.Cell("n", 1), "null");
  EXPECT_EQ(rows.Cell("_rescued", 1), R"({"n":{"S":"late"},"s":{"N":"5"}})");
  EXPECT_EQ(rows.Cell("o"), "null");
  EXPECT_EQ(rows.Cell("o", 1), "7.000000000000000000");
}

TEST(RowBuilder, DoesNotDependOnWhetherTextOrNestedValuesCameFirst) {
  Rows text_first;
  text_first.Add(R"("v":{"S":"x"})").Add(R"("v":{"L":[{"N":"1"}]})");
  Rows nested_first;
  nested_first.Add(R"("v":{"L":[{"N":"1"}]})").Add(R"("v":{"S":"x"})");
  EXPECT_EQ(text_first.Cell("v", 0), nested_first.Cell("v", 1));
  EXPECT_EQ(text_first.Cell("v", 1), nested_first.Cell("v", 0));
  EXPECT_EQ(text_first.Cell("v", 1), "[1]");
}

TEST(RowBuilder, RescuesNamesThatNoColumnMayHave) {
  for (const char* name :
       {"", "1a", "a b", "a.b", "naïve", "_hoodie_x", "_HOODIE_record_key", "EVENT_DATE",
        "_rescued", "_change_seq", "Price", "KEY", "key", "x;drop", "a\\u0000"}) {
    Rows rows;
    rows.Add("\"" + std::string(name) + R"(":{"S":"v"})");
    EXPECT_EQ(rows.builder().schema()->num_fields(), 8) << name;
    EXPECT_THAT(rows.Cell("_rescued"), HasSubstr(R"({"S":"v"}})")) << name;
    EXPECT_EQ(rows.Cell("key"), "k") << name;
  }
}

TEST(RowBuilder, BoundsTheNumberOfDiscoveredColumns) {
  Rows rows;
  std::string members;
  for (int i = 0; i < 600; ++i)
    members += (i == 0 ? "\"c" : ",\"c") + std::to_string(i) + R"(":{"N":"1"})";
  rows.Add(members).Add(members);
  EXPECT_EQ(rows.builder().schema()->num_fields(), static_cast<int>(8 + kDiscoveredColumnsMax));
  EXPECT_EQ(rows.Cell("c511", 1), "1.000000000000000000");
  EXPECT_THAT(rows.Cell("_rescued", 1), HasSubstr(R"("c512":{"N":"1"})"));
  EXPECT_EQ(rows.builder().rescued_values(), 2 * 88);
}

TEST(RowBuilder, StepsIntoMaps) {
  record::TableDefinition table = TableWith("risk", ColumnKind::kBigint, "meta.risk");
  table.columns.push_back({.name = "deep", .attribute = "meta.a.b", .kind = ColumnKind::kString});
  Rows rows(table);
  rows.Add(R"("meta":{"M":{"risk":{"N":"11"},"a":{"M":{"b":{"S":"\u00e9"}}}}})");
  rows.Add(R"("meta":{"M":{"risk":{"S":"high"},"a":{"S":"no map"}}})");
  rows.Add(R"("meta":{"S":"no map"})");
  EXPECT_EQ(rows.Cell("risk"), "11");
  EXPECT_EQ(rows.Cell("deep"), "é");
  EXPECT_EQ(rows.Cell("meta"), R"({"a":{"b":"é"},"risk":11})");
  EXPECT_EQ(rows.Cell("risk", 1), "null");
  EXPECT_EQ(rows.Cell("deep", 1), "null");
  EXPECT_EQ(rows.Cell("_rescued", 1), R"({"meta.risk":{"S":"high"}})");
  EXPECT_EQ(rows.Cell("risk", 2), "null");
  EXPECT_EQ(rows.Cell("meta", 2), "no map");
}

TEST(RowBuilder, GivesOneAttributeToSeveralColumns) {
  record::TableDefinition table = TableWith("price_text", ColumnKind::kJson, "price");
  Rows rows(table);
  rows.Add(R"("price":{"N":"1.234"})");
  EXPECT_EQ(rows.Cell("price"), "null");
  EXPECT_EQ(rows.Cell("price_text"), "1.234");
  EXPECT_EQ(rows.Cell("_rescued"), R"({"price":{"N":"1.234"}})");
}

TEST(RowBuilder, TakesStoredColumnsAsDiscovered) {
  Rows first;
  first.Add(R"("z":{"S":"x"},"a":{"N":"2"})");
  const auto stored = first.builder().schema();
  Rows rows(Table(), stored);
  EXPECT_TRUE(rows.builder().schema()->Equals(stored));
  rows.Add(R"("a":{"N":"3"},"z":{"M":{}},"new":{"BOOL":true})");
  EXPECT_EQ(rows.Cell("a"), "3.000000000000000000");
  EXPECT_EQ(rows.Cell("z"), "{}");
  EXPECT_EQ(rows.Cell("new"), "true");
}

TEST(RowBuilder, CarriesStoredColumnsItCannotFill) {
  const auto stored =
      arrow::schema({arrow::field("_hoodie_record_key", arrow::utf8()),
                     arrow::field("key", arrow::utf8()), arrow::field("odd", arrow::int32())});
  Rows rows(Table(), stored);
  rows.Add(R"("odd":{"N":"3"})");
  EXPECT_EQ(rows.Cell("odd"), "null");
  EXPECT_EQ(rows.Cell("_rescued"), R"({"odd":{"N":"3"}})");
  EXPECT_EQ(rows.Cell("_hoodie_record_key"), "no column");
}

TEST(RowBuilder, RefusesAnotherStoredType) {
  for (const char* column : {"price", "event_date"}) {
    const auto stored = arrow::schema({arrow::field(column, arrow::int32())});
    const auto made = RowBuilder::Make(Table(), stored);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(KindOf(made.status()), ErrorKind::kConflict);
    EXPECT_THAT(made.status().message(), HasSubstr(column));
    EXPECT_THAT(made.status().message(), HasSubstr("int32"));
  }
}

TEST(RowBuilder, FindsTheKeyInTheImageElseInKeys) {
  Rows rows;
  const auto key = [&rows](const std::string& image, const std::string& event = "INSERT") {
    std::string record = KinesisRecord(image, event);
    const ParsedRecord parsed(record);
    return std::string(rows.builder().KeyOf(parsed.change()));
  };
  EXPECT_EQ(key(R"({"id":{"S":"image\n"}})"), "image\n");
  EXPECT_EQ(key(R"({"id":{"S":"old"}})", "REMOVE"), "old");
  EXPECT_EQ(key(R"({"x":{"S":"1"}})"), "k");
  EXPECT_EQ(key(R"({"id":{"N":"1"}})"), "");
  EXPECT_EQ(key(R"({"id":{"S":""}})"), "");
}

TEST(RowBuilder, KnowsThePartitionOfAnImage) {
  Rows text;
  Rows numbers([] {
    record::TableDefinition table = Table();
    table.columns[1].kind = ColumnKind::kTimestampMillis;
    return table;
  }());
  const auto partition = [](Rows& rows, const std::string& value) {
    const ParsedRecord parsed(KinesisRecord(R"({"x":{"S":"1"},"at":)" + value + "}"));
    EXPECT_EQ(parsed.error(), ParseError::kNone) << value;
    return std::string(rows.builder().PartitionOf(parsed.change().new_image));
  };
  EXPECT_EQ(partition(text, R"({"S":"2024-05-01T23:59:59.9999999Z"})"), "2024-05-01");
  EXPECT_EQ(partition(text, R"({"S":"2024-05-01T23:59:59-01:00"})"), "2024-05-02");
  EXPECT_EQ(partition(text, R"({"S":"0001-01-01"})"), "0001-01-01");
  EXPECT_EQ(partition(text, R"({"S":"0001-01-01T00:00:00+01:00"})"), "");
  EXPECT_EQ(partition(text, R"({"S":"9999-12-31T23:59:59Z"})"), "9999-12-31");
  EXPECT_EQ(partition(text, R"({"S":"now"})"), "");
  EXPECT_EQ(partition(text, R"({"N":"5"})"), "");
  EXPECT_EQ(partition(text, R"({"NULL":true})"), "");
  EXPECT_EQ(partition(numbers, R"({"N":"-0.00001"})"), "1969-12-31");
  EXPECT_EQ(partition(numbers, R"({"N":"86400000"})"), "1970-01-02");
  EXPECT_EQ(partition(numbers, R"({"N":"1E60"})"), "");
  const ParsedRecord without(KinesisRecord("{}"));
  EXPECT_EQ(text.builder().PartitionOf(without.change().new_image), "");
}

TEST(RowBuilder, StoresTheRowOfATimeFinerThanAMicrosecond) {
  Rows rows;
  rows.AddRecord(KinesisRecord(R"({"id":{"S":"k"},"at":{"S":"2024-05-01T10:00:00.0000001Z"}})"));
  EXPECT_EQ(rows.Cell("at"), "null");
  EXPECT_EQ(rows.Cell("event_date"), "2024-05-01");
  EXPECT_EQ(rows.Cell("_rescued"), R"({"at":{"S":"2024-05-01T10:00:00.0000001Z"}})");
}

TEST(RowBuilder, FollowsAttributesThatChangeTheirPlaces) {
  Rows rows;
  for (int i = 0; i < 50; ++i) {
    const std::string n = std::to_string(i);
    rows.Add(i % 2 == 0 ? R"("a":{"S":"a)" + n + R"("},"b":{"S":"b)" + n + "\"}"
                        : R"("b":{"S":"b)" + n + R"("},"c":{"S":"c"},"a":{"S":"a)" + n + "\"}");
  }
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(rows.Cell("a", i), "a" + std::to_string(i));
    EXPECT_EQ(rows.Cell("b", i), "b" + std::to_string(i));
    EXPECT_EQ(rows.Cell("c", i), i % 2 == 0 ? "null" : "c");
  }
}

}  // namespace
}  // namespace tapelake::transform
