#include "hudi/format/avro_schema.h"

#include <gtest/gtest.h>

namespace tapelake::hudi {
namespace {

const auto kMicrosUtc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");

std::shared_ptr<arrow::Schema> EveryType() {
  return arrow::schema({
      arrow::field("s", arrow::utf8()),
      arrow::field("required", arrow::utf8(), false),
      arrow::field("b", arrow::boolean()),
      arrow::field("i", arrow::int32()),
      arrow::field("l", arrow::int64()),
      arrow::field("f", arrow::float32()),
      arrow::field("d", arrow::float64()),
      arrow::field("y", arrow::binary()),
      arrow::field("date", arrow::date32()),
      arrow::field("t", kMicrosUtc),
      arrow::field("dec", arrow::decimal128(38, 18)),
      arrow::field("list", arrow::list(arrow::field("element", arrow::decimal128(9, 2)))),
      arrow::field("map", arrow::map(arrow::utf8(), arrow::field("value", arrow::int64()))),
      arrow::field("struct", arrow::struct_({arrow::field("dec", arrow::decimal128(18, 8)),
                                             arrow::field("n", arrow::int32(), false)})),
  });
}

TEST(AvroSchema, WritesSparksForm) {
  const auto schema = arrow::schema({arrow::field("transaction_id", arrow::utf8()),
                                     arrow::field("timestamp", kMicrosUtc),
                                     arrow::field("price", arrow::decimal128(18, 8)),
                                     arrow::field("seq", arrow::int64(), false)});
  EXPECT_EQ(FormatAvroSchema(*schema, AvroRecordName::OfTable("t")).ValueOrDie(),
            R"({"type":"record","name":"t_record","namespace":"hoodie.t","fields":[)"
            R"({"name":"transaction_id","type":["null","string"],"default":null},)"
            R"({"name":"timestamp","type":["null",{"type":"long",)"
            R"("logicalType":"timestamp-micros"}],"default":null},)"
            R"({"name":"price","type":["null",{"type":"fixed","name":"fixed",)"
            R"("namespace":"hoodie.t.t_record.price",)"
            R"("size":8,"logicalType":"decimal","precision":18,"scale":8}],"default":null},)"
            R"({"name":"seq","type":"long"}]})");
}

TEST(AvroSchema, MetaColumnsStandFirstWithAnEmptyDoc) {
  const auto schema = WithMetaColumns(arrow::schema({arrow::field("a", arrow::int32())}));
  const std::string json = FormatAvroSchema(*schema, AvroRecordName::OfTable("t")).ValueOrDie();
  EXPECT_NE(
      json.find(
          R"([{"name":"_hoodie_commit_time","type":["null","string"],"doc":"","default":null})"),
      std::string::npos)
      << json;
  EXPECT_EQ(schema->num_fields(), 6);
  EXPECT_EQ(schema->field(4)->name(), "_hoodie_file_name");
  EXPECT_TRUE(WithMetaColumns(schema)->Equals(*schema));
  EXPECT_EQ(WithoutMetaColumns(schema)->field_names(), (std::vector<std::string>{"a"}));
}

TEST(AvroSchema, EveryTypeSurvivesARoundTrip) {
  const auto schema = EveryType();
  const auto json = FormatAvroSchema(*schema, AvroRecordName::OfTable("t"));
  ASSERT_TRUE(json.ok()) << json.status().ToString();
  const auto parsed = ParseAvroSchema(*json);
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_TRUE((*parsed)->Equals(*schema)) << (*parsed)->ToString();
}

TEST(AvroSchema, DecimalTakesTheFewestBytes) {
  EXPECT_EQ(DecimalFixedSize(1), 1);
  EXPECT_EQ(DecimalFixedSize(2), 1);
  EXPECT_EQ(DecimalFixedSize(3), 2);
  EXPECT_EQ(DecimalFixedSize(9), 4);
  EXPECT_EQ(DecimalFixedSize(18), 8);
  EXPECT_EQ(DecimalFixedSize(19), 9);
  EXPECT_EQ(DecimalFixedSize(38), 16);
}

TEST(AvroSchema, ReadsEveryFormOfAType) {
  const auto parsed = ParseAvroSchema(R"({"type":"record","name":"r","fields":[
      {"name":"null_last","type":["string","null"]},
      {"name":"alone","type":["long"]},
      {"name":"wrapped","type":{"type":{"type":"string"}}},
      {"name":"bytes_decimal",
       "type":{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}},
      {"name":"whole_decimal","type":{"type":"bytes","logicalType":"decimal","precision":10}},
      {"name":"millis","type":{"type":"long","logicalType":"timestamp-millis"}},
      {"name":"local","type":{"type":"long","logicalType":"local-timestamp-micros"}},
      {"name":"time","type":{"type":"int","logicalType":"time-millis"}},
      {"name":"time_us","type":{"type":"long","logicalType":"time-micros"}},
      {"name":"uuid","type":{"type":"string","logicalType":"uuid"}},
      {"name":"odd","type":{"type":"long","logicalType":"of-another-world"}},
      {"name":"e","type":{"type":"enum","name":"Side","symbols":["BUY"]}},
      {"name":"e2","type":"Side"},
      {"name":"fixed","type":{"type":"fixed","name":"x.Sixteen","size":16}},
      {"name":"fixed2","type":["null","x.Sixteen"]},
      {"name":"java","type":{"type":"string","avro.java.string":"String"}}]})");
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_TRUE((*parsed)->Equals(*arrow::schema({
      arrow::field("null_last", arrow::utf8()),
      arrow::field("alone", arrow::int64(), false),
      arrow::field("wrapped", arrow::utf8(), false),
      arrow::field("bytes_decimal", arrow::decimal128(10, 2), false),
      arrow::field("whole_decimal", arrow::decimal128(10, 0), false),
      arrow::field("millis", arrow::timestamp(arrow::TimeUnit::MILLI, "UTC"), false),
      arrow::field("local", arrow::timestamp(arrow::TimeUnit::MICRO), false),
      arrow::field("time", arrow::time32(arrow::TimeUnit::MILLI), false),
      arrow::field("time_us", arrow::time64(arrow::TimeUnit::MICRO), false),
      arrow::field("uuid", arrow::utf8(), false),
      arrow::field("odd", arrow::int64(), false),
      arrow::field("e", arrow::utf8(), false),
      arrow::field("e2", arrow::utf8(), false),
      arrow::field("fixed", arrow::fixed_size_binary(16), false),
      arrow::field("fixed2", arrow::fixed_size_binary(16)),
      arrow::field("java", arrow::utf8(), false),
  }))) << (*parsed)->ToString();
}

TEST(AvroSchema, WhatHudiCannotHoldIsRefusedByFieldName) {
  const std::shared_ptr<arrow::Field> cases[] = {
      arrow::field("ns", arrow::timestamp(arrow::TimeUnit::NANO, "UTC")),
      arrow::field("no_zone", arrow::timestamp(arrow::TimeUnit::MICRO)),
      arrow::field("u", arrow::uint64()),
      arrow::field("wide", arrow::decimal256(50, 2)),
      arrow::field("negative", arrow::decimal128(9, -1)),
      arrow::field("scale", arrow::decimal128(9, 10)),
      arrow::field("a-b", arrow::utf8()),
      arrow::field("1a", arrow::utf8()),
      arrow::field("größe", arrow::utf8()),
      arrow::field("", arrow::utf8()),
      arrow::field("A", arrow::utf8()),
      arrow::field("m", arrow::map(arrow::int32(), arrow::utf8())),
      arrow::field("inner", arrow::struct_({arrow::field("x.y", arrow::utf8())})),
  };
  for (const auto& field : cases) {
    const auto schema = arrow::schema({arrow::field("a", arrow::utf8()), field});
    const auto json = FormatAvroSchema(*schema, AvroRecordName::OfTable("t"));
    ASSERT_FALSE(json.ok()) << field->ToString();
    EXPECT_EQ(KindOf(json.status()), ErrorKind::kInvalid);
    EXPECT_NE(json.status().message().find("field '" + field->name()), std::string::npos)
        << json.status().message();
  }
}

TEST(AvroSchema, UnreadableSchemasNameTheField) {
  const struct {
    const char* type;
    const char* named;
  } cases[] = {
      {R"(["string","long"])", "field 'x'"},
      {R"(["null"])", "field 'x'"},
      {R"([])", "field 'x'"},
      {R"("Unknown")", "'Unknown'"},
      {R"("r")", "contains itself"},
      {R"({"type":"array"})", "field 'x'"},
      {R"({"type":"map","values":"Nope"})", "'Nope'"},
      {R"({"type":"fixed","name":"f"})", "field 'x'"},
      {R"({"type":"fixed","name":"f","size":0})", "field 'x'"},
      {R"({"type":"fixed","size":4})", "field 'x'"},
      {R"({"type":"bytes","logicalType":"decimal","precision":39})", "decimal(39,0)"},
      {R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":5})", "decimal(4,5)"},
      {R"({"logicalType":"date"})", "field 'x'"},
      {R"(7)", "field 'x'"},
      {R"({"type":"record","name":"i","fields":[{"name":"y","type":7}]})", "field 'x.y'"},
  };
  for (const auto& one : cases) {
    const auto parsed =
        ParseAvroSchema(R"({"type":"record","name":"r","fields":[{"name":"x","type":)" +
                        std::string(one.type) + "}]}");
    ASSERT_FALSE(parsed.ok()) << one.type;
    EXPECT_EQ(KindOf(parsed.status()), ErrorKind::kInvalid) << one.type;
    EXPECT_NE(parsed.status().message().find(one.named), std::string::npos)
        << parsed.status().message();
  }
}

TEST(AvroSchema, WhatIsNoRecordIsCorrupt) {
  for (const char* json : {"", "{", "7", "\"string\"", "{\"type\":\"array\",\"items\":\"int\"}",
                           "{\"type\":\"record\",\"name\":\"r\"}",
                           "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"x\"}]}",
                           "{\"type\":\"record\",\"name\":\"r\",\"fields\":[7]}"}) {
    EXPECT_EQ(KindOf(ParseAvroSchema(json).status()), ErrorKind::kCorrupt) << json;
  }
}

TEST(AvroSchema, RecordNameIsALegalAvroName) {
  EXPECT_EQ(AvroRecordName::OfTable("my-table.x").name, "my_table_x_record");
  EXPECT_EQ(AvroRecordName::OfTable("1t").name_space, "hoodie._1t");
  EXPECT_EQ(AvroRecordName::OfTable("").name, "__record");
}

}  // namespace
}  // namespace tapelake::hudi
