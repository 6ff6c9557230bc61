#include "hudi/format/avro_datum.h"

#include <arrow/api.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/datum.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "hudi/format/avro_schema.h"
#include "hudi/format/log_block.h"

namespace tapelake::hudi {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<arrow::Schema> AllTypes() {
  return arrow::schema(
      {arrow::field("_hoodie_record_key", arrow::utf8()),
       arrow::field("flag", arrow::boolean(), false), arrow::field("small", arrow::int32()),
       arrow::field("day", arrow::date32()), arrow::field("seq", arrow::int64(), false),
       arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
       arrow::field("ratio", arrow::float32()), arrow::field("value", arrow::float64()),
       arrow::field("price", arrow::decimal128(18, 8)),
       arrow::field("big", arrow::decimal128(38, 10)), arrow::field("raw", arrow::binary()),
       arrow::field("tags", arrow::list(arrow::field("element", arrow::utf8()))),
       arrow::field("counts", arrow::map(arrow::utf8(), arrow::field("value", arrow::int64()))),
       arrow::field("nested", arrow::struct_({arrow::field("a", arrow::int32()),
                                              arrow::field("b", arrow::utf8())}))});
}

std::string SchemaJson() {
  return *FormatAvroSchema(*AllTypes(), AvroRecordName::OfTable("t"));
}

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

/// Three rows of AllTypes() as the Python package fastavro wrote them: values, nulls, empty values.
std::vector<std::string> Datums() {
  return {FromHex("02046b3101020d02d6c4029693d89fee470280a99ba5d1b6b006020000c03f02000000"
                  "00000002c002fffffee08e04fb35024a4d87c2dc2025c4dc4f93d1493ead15020400ff"
                  "020602027800026a61206c6f6e6765722074657874206f66206d6f7265207468616e20"
                  "33322062797465732c20636f70696564206279206d656d637079000202066f6e650202"
                  "0002020a00"),
          FromHex("0000000001000000000000000000"),
          FromHex("02000002000201000200020000000002000000000000000002000000000000000102ff"
                  "fffffffffffffffffffffdabf41c00020002000200020002027a")};
}

std::shared_ptr<arrow::RecordBatch> Decoded() {
  AvroRowDecoder decoder = *AvroRowDecoder::Make(SchemaJson());
  for (const std::string& datum : Datums())
    EXPECT_EQ(decoder.Append(datum).ToString(), "OK");
  return *decoder.Finish();
}

std::string TextAt(const arrow::RecordBatch& batch, const std::string& column, int64_t row) {
  return (*batch.GetColumnByName(column)->GetScalar(row))->ToString();
}

std::vector<int64_t> AllRows(const arrow::RecordBatch& batch) {
  std::vector<int64_t> rows(static_cast<size_t>(batch.num_rows()));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

/// The datums of all rows, split by their lengths.
std::vector<std::string> Encoded(const arrow::RecordBatch& batch,
                                 const std::shared_ptr<arrow::Schema>& schema) {
  AvroRowEncoder encoder = *AvroRowEncoder::Make(schema);
  std::string records;
  const Status status = encoder.Append(batch, AllRows(batch), &records);
  EXPECT_EQ(status.ToString(), "OK");
  const std::string content =
      FormatAvroBlockContent(static_cast<int32_t>(batch.num_rows()), records);
  const auto views = *SplitAvroBlockContent(content);
  return {views.begin(), views.end()};
}

std::shared_ptr<arrow::RecordBatch> WithColumn(const arrow::RecordBatch& batch,
                                               const std::string& name,
                                               const std::shared_ptr<arrow::Array>& column) {
  const int index = batch.schema()->GetFieldIndex(name);
  const auto field = batch.schema()->field(index)->WithType(column->type());
  return *batch.SetColumn(index, field, column);
}

TEST(AvroRowDecoder, ReadsWhatAnotherImplementationWrote) {
  const auto batch = Decoded();
  ASSERT_TRUE(batch->ValidateFull().ok());
  EXPECT_TRUE(batch->schema()->Equals(*AllTypes()));
  EXPECT_EQ(TextAt(*batch, "small", 0), "-7");
  EXPECT_EQ(TextAt(*batch, "day", 0), "2026-11-22");
  EXPECT_EQ(TextAt(*batch, "seq", 0), "1234567890123");
  EXPECT_EQ(TextAt(*batch, "at", 0), "2026-11-22 10:00:00.123456Z");
  EXPECT_EQ(TextAt(*batch, "ratio", 0), "1.5");
  EXPECT_EQ(TextAt(*batch, "value", 0), "-2.25");
  EXPECT_EQ(TextAt(*batch, "price", 0), "-12345.67890123");
  EXPECT_EQ(TextAt(*batch, "price", 2), "1E-8");
  EXPECT_EQ(TextAt(*batch, "big", 0), "9876543210987654321098765432.0123456789");
  EXPECT_EQ(TextAt(*batch, "big", 2), "-1.0000000000");
  EXPECT_EQ(TextAt(*batch, "counts", 0), "map<string, int64>[{key:string = one, value:int64 = 1}]");
  EXPECT_EQ(TextAt(*batch, "nested", 0), "{a:int32 = 5, b:string = null}");
  for (int i = 0; i < batch->num_columns(); ++i) {
    EXPECT_EQ(batch->column(i)->IsNull(1), batch->schema()->field(i)->nullable());
    EXPECT_FALSE(batch->column(i)->IsNull(2));
  }
}

TEST(AvroRowEncoder, WritesTheBytesAnotherImplementationWrites) {
  EXPECT_EQ(Encoded(*Decoded(), AllTypes()), Datums());
}

TEST(AvroRowEncoder, TakesRowsInTheOrderAskedFor) {
  AvroRowEncoder encoder = *AvroRowEncoder::Make(AllTypes());
  std::string records = "before";
  ASSERT_TRUE(encoder.Append(*Decoded(), std::vector<int64_t>{2, 0, 2}, &records).ok());
  const auto datums = Datums();
  std::string expected = "before";
  for (const size_t row : {2, 0, 2}) {
    expected += std::string(3, '\0') + static_cast<char>(datums[row].size()) + datums[row];
  }
  EXPECT_EQ(records, expected);
}

TEST(AvroRowEncoder, TakesSlices) {
  const auto datums = Datums();
  const auto batch = Decoded();
  EXPECT_EQ(Encoded(*batch->Slice(1), AllTypes()),
            (std::vector<std::string>{datums[1], datums[2]}));
  EXPECT_EQ(Encoded(*batch->Slice(2), AllTypes()), (std::vector<std::string>{datums[2]}));
  // The entries of a map may be a slice of their own.
  const auto twice = *arrow::ConcatenateRecordBatches({batch, batch});
  EXPECT_EQ(Encoded(*twice->Slice(2, 2), AllTypes()),
            (std::vector<std::string>{datums[2], datums[0]}));
}

TEST(AvroRowEncoder, TakesDictionariesOfText) {
  const auto batch = Decoded();
  const auto plain = batch->GetColumnByName("_hoodie_record_key");
  const auto encoded = (*arrow::compute::DictionaryEncode(plain)).make_array();
  for (const auto& index : {arrow::int8(), arrow::uint16(), arrow::int32(), arrow::int64()}) {
    const auto dictionary =
        *arrow::compute::Cast(*encoded, arrow::dictionary(index, arrow::utf8()));
    const auto changed = WithColumn(*batch, "_hoodie_record_key", dictionary);
    EXPECT_EQ(Encoded(*changed, AllTypes()), Datums()) << index->ToString();
    EXPECT_EQ(Encoded(*changed->Slice(2), AllTypes()).front(), Datums()[2]);
  }
}

TEST(AvroRowEncoder, WritesNarrowAndLargeTypesAsTheirAvroForm) {
  auto batch = Decoded();
  for (const auto& [name, type] :
       std::vector<std::pair<std::string, std::shared_ptr<arrow::DataType>>>{
           {"small", arrow::int8()},
           {"small", arrow::int16()},
           {"_hoodie_record_key", arrow::large_utf8()},
           {"raw", arrow::large_binary()}}) {
    const auto column = *arrow::compute::Cast(*batch->GetColumnByName(name), type);
    const auto changed = WithColumn(*batch, name, column);
    EXPECT_EQ(Encoded(*changed, changed->schema()), Datums()) << type->ToString();
  }
}

TEST(AvroRowEncoder, StopsAtTheSizeAskedFor) {
  AvroRowEncoder encoder = *AvroRowEncoder::Make(AllTypes());
  const auto batch = Decoded();
  const auto rows = AllRows(*batch);
  std::string records;
  EXPECT_EQ(*encoder.AppendUpTo(1, *batch, rows, &records), 1u);
  EXPECT_EQ(records.size(), 4 + Datums()[0].size());
  EXPECT_EQ(*encoder.AppendUpTo(1 << 20, *batch, std::span(rows).subspan(1), &records), 2u);
  EXPECT_EQ(*encoder.AppendUpTo(1, *batch, {}, &records), 0u);
}

TEST(AvroRowEncoder, RefusesWhatHasNoForm) {
  const auto schema = arrow::schema({arrow::field("x", arrow::uint64())});
  EXPECT_THAT(AvroRowEncoder::Make(schema).status().message(), HasSubstr("'x'"));
  const auto batch = Decoded();
  AvroRowEncoder encoder = *AvroRowEncoder::Make(AllTypes());
  std::string records = "kept";
  const auto other = WithColumn(*batch, "small", batch->GetColumnByName("seq"));
  const Status type = encoder.Append(*other, AllRows(*batch), &records);
  EXPECT_EQ(KindOf(type), ErrorKind::kInvalid);
  EXPECT_THAT(type.message(), HasSubstr("'small' is int64"));
  EXPECT_EQ(KindOf(encoder.Append(**batch->RemoveColumn(0), {}, &records)), ErrorKind::kInvalid);
  const auto nulls = *arrow::MakeArrayOfNull(arrow::int64(), 3);
  const Status null = encoder.Append(*WithColumn(*batch, "seq", nulls), AllRows(*batch), &records);
  EXPECT_THAT(null.message(), HasSubstr("row 0, column 'seq': a null"));
  EXPECT_EQ(records, "kept");
}

TEST(AvroRowEncoder, RefusesDecimalsWiderThanTheirType) {
  for (const int precision : {9, 18, 20}) {
    const auto schema = arrow::schema({arrow::field("d", arrow::decimal128(precision, 0))});
    AvroRowEncoder encoder = *AvroRowEncoder::Make(schema);
    for (const bool fits : {true, false}) {
      // One bit more than the fixed bytes have, and the most negative number that they hold.
      const int bits = 8 * DecimalFixedSize(precision) - 1;
      const arrow::Decimal128 power = arrow::Decimal128(1) << static_cast<uint32_t>(bits);
      arrow::Decimal128Builder builder(schema->field(0)->type());
      ASSERT_TRUE(builder.Append(fits ? arrow::Decimal128(-power) : power).ok());
      const auto batch = arrow::RecordBatch::Make(schema, 1, {*builder.Finish()});
      std::string records;
      EXPECT_EQ(encoder.Append(*batch, AllRows(*batch), &records).ok(), fits) << precision;
      EXPECT_EQ(records.size(), fits ? 5u + static_cast<size_t>(DecimalFixedSize(precision)) : 0u);
    }
  }
}

TEST(AvroRowDecoder, PassesOverColumnsNotAskedFor) {
  AvroRowDecoder decoder = *AvroRowDecoder::Make(SchemaJson(), {"nested", "no_such_column", "seq"});
  for (const std::string& datum : Datums())
    ASSERT_EQ(decoder.Append(datum).ToString(), "OK");
  const auto batch = *decoder.Finish();
  const auto all = Decoded();
  ASSERT_EQ(batch->num_columns(), 2);
  EXPECT_TRUE(batch->column(0)->Equals(*all->GetColumnByName("seq")));
  EXPECT_TRUE(batch->column(1)->Equals(*all->GetColumnByName("nested")));
}

TEST(AvroRowDecoder, StartsAgainAfterFinish) {
  AvroRowDecoder decoder = *AvroRowDecoder::Make(SchemaJson());
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(decoder.Append(Datums()[0]).ok());
    EXPECT_EQ(decoder.row_count(), 1);
    EXPECT_EQ((*decoder.Finish())->num_rows(), 1);
    EXPECT_EQ(decoder.row_count(), 0);
  }
}

TEST(AvroRowDecoder, ReadsUnionsInEitherOrderAndSymbols) {
  const std::string schema = R"({"type":"record","name":"r","fields":[
      {"name":"a","type":["string","null"]},
      {"name":"e","type":{"type":"enum","name":"E","symbols":["ON","OFF"]}},
      {"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}},
      {"name":"f","type":["null",{"type":"fixed","name":"F","size":2}]},
      {"name":"g","type":["null","F"]}]})";
  AvroRowDecoder decoder = *AvroRowDecoder::Make(schema);
  ASSERT_EQ(decoder
                .Append(FromHex("000278020404d2"
                                "026162"
                                "026869"))
                .ToString(),
            "OK");
  ASSERT_EQ(decoder
                .Append(FromHex("0200"
                                "02ff"
                                "00"
                                "00"))
                .ToString(),
            "OK");
  const auto batch = *decoder.Finish();
  EXPECT_EQ(TextAt(*batch, "a", 0), "x");
  EXPECT_EQ(TextAt(*batch, "a", 1), "null");
  EXPECT_EQ(TextAt(*batch, "e", 0), "OFF");
  EXPECT_EQ(TextAt(*batch, "e", 1), "ON");
  EXPECT_EQ(TextAt(*batch, "d", 1), "-0.01");
  EXPECT_FALSE(batch->GetColumnByName("g")->IsNull(0));
}

TEST(AvroRowDecoder, NamesFieldAndOffsetOfDamage) {
  AvroRowDecoder decoder = *AvroRowDecoder::Make(SchemaJson());
  const Status status = decoder.Append(Datums()[0].substr(0, 20));
  EXPECT_EQ(KindOf(status), ErrorKind::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("field 'at'"));
  decoder = *AvroRowDecoder::Make(SchemaJson());
  EXPECT_THAT(decoder.Append(Datums()[1] + "x").message(), HasSubstr("after its last field"));
}

TEST(AvroRowDecoder, SurvivesEveryCutAndEveryFlippedBit) {
  const std::string schema = SchemaJson();
  for (const std::string& datum : Datums()) {
    for (size_t size = 0; size < datum.size(); ++size) {
      AvroRowDecoder decoder = *AvroRowDecoder::Make(schema);
      EXPECT_EQ(KindOf(decoder.Append(datum.substr(0, size))), ErrorKind::kCorrupt) << size;
    }
    for (size_t bit = 0; bit < 8 * datum.size(); ++bit) {
      std::string changed = datum;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
      AvroRowDecoder decoder = *AvroRowDecoder::Make(schema);
      const Status status = decoder.Append(changed);
      if (status.ok()) {
        EXPECT_TRUE((*decoder.Finish())->ValidateFull().ok()) << bit;
      } else {
        EXPECT_EQ(KindOf(status), ErrorKind::kCorrupt) << status.ToString();
      }
    }
  }
}

TEST(AvroRowDecoder, RefusesSchemasThatAskForMoreThanTheirBytes) {
  const auto refused = [](const std::string& type) {
    return KindOf(AvroRowDecoder::Make(
                      R"({"type":"record","name":"r","fields":[{"name":"a","type":)" + type + "}]}")
                      .status());
  };
  EXPECT_EQ(refused(R"({"type":"array","items":{"type":"record","name":"e","fields":[]}})"),
            ErrorKind::kInvalid);
  EXPECT_EQ(refused(R"({"type":"array","items":"null"})"), ErrorKind::kInvalid);
  EXPECT_EQ(refused(R"(["null",{"type":"fixed","name":"f","size":2000000000}])"),
            ErrorKind::kInvalid);
  EXPECT_EQ(refused(R"(["null","r"])"), ErrorKind::kInvalid);
  std::string deep = "\"int\"";
  for (int i = 0; i < 70; ++i)
    deep = R"({"type":"array","items":)" + deep + "}";
  EXPECT_EQ(refused(deep), ErrorKind::kInvalid);
  // Each record holds the one before it twice: 2^30 fields in a short text.
  std::string wide = R"({"type":"record","name":"r0","fields":[{"name":"x","type":"int"}]})";
  for (int i = 1; i <= 30; ++i) {
    const std::string before = "r" + std::to_string(i - 1);
    wide = R"({"type":"record","name":"r)" + std::to_string(i) +
           R"(","fields":[{"name":"x","type":)" + wide + R"(},{"name":"y","type":")" + before +
           R"("}]})";
  }
  EXPECT_EQ(refused(wide), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace tapelake::hudi
