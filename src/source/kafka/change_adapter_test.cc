#include "source/kafka/change_adapter.h"

#include <gmock/gmock.h>

#include "record/record_block.h"
#include "transform/record_parser.h"

namespace tapelake::source {
namespace {

using ::testing::HasSubstr;

/// What transform makes of a record.
class Adapted : public ::testing::Test {
 protected:
  std::string Wire(ChangeAdapterOptions options, const KafkaRecord& record) {
    std::string out = "before ";
    ChangeAdapter adapter("orders", std::move(options));
    appended_ = adapter.Append(record, &out);
    EXPECT_EQ(out.substr(0, 7), "before ");
    return out.substr(7);
  }
  transform::ParseError Parse(ChangeAdapterOptions options, const KafkaRecord& record) {
    wire_ = Wire(std::move(options), record);
    const size_t size = wire_.size();
    wire_.append(record::kRecordPaddingBytes, ' ');
    return parser_.Parse(std::string_view(wire_).substr(0, size));
  }
  std::string TypedOf(const std::vector<record::Attribute>& image, std::string_view name) {
    for (const record::Attribute& attribute : image) {
      if (attribute.name == name) return std::string(attribute.typed_json);
    }
    return "absent";
  }
  const record::Change& change() const { return parser_.change(); }

  bool appended_ = false;
  std::string wire_;
  transform::RecordParser parser_;
  ChangeAdapterOptions json_ = {.format = KafkaFormat::kJson,
                                .operation_field = "op",
                                .order_field = "version",
                                .key_attribute = "id"};
  ChangeAdapterOptions rows_ = {.format = KafkaFormat::kJson, .key_attribute = "id"};
  ChangeAdapterOptions debezium_ = {.format = KafkaFormat::kDebezium, .key_attribute = "id"};
};

TEST_F(Adapted, DynamodbJsonStaysAsItIs) {
  EXPECT_EQ(Wire({}, {.value = " {\"eventName\": 1} "}), " {\"eventName\": 1} ");
  EXPECT_EQ(Wire({}, {.key = "k"}), "") << "a tombstone is an empty record, which is refused";
  EXPECT_TRUE(appended_);
}

TEST_F(Adapted, JsonBecomesARecordOfTheStreamsShape) {
  ASSERT_EQ(
      Parse(json_, {.value = R"({"op":"insert","version":12,"id":7,"price":0.1000000000000000055,)"
                             R"("big":12345678901234567890123,"name":"k\u00e9 \"q\"","on":true,)"
                             R"("none":null,"list":[1,"a"],"map":{"x":1E5}})",
                    .partition = 3,
                    .offset = 45,
                    .timestamp_millis = 1'795'352'700'123}),
      transform::ParseError::kNone)
      << parser_.reason() << wire_;
  EXPECT_EQ(change().shape, record::RecordShape::kStreams);
  EXPECT_EQ(change().event, record::EventName::kInsert);
  EXPECT_EQ(change().event_id, "orders-3-45");
  EXPECT_EQ(change().sequence_number, "120000000000000000045");
  EXPECT_EQ(change().change_time_micros, 1'795'352'700'123'000);
  const auto& image = change().new_image;
  EXPECT_EQ(TypedOf(image, "id"), R"({"S":"7"})") << "record keys are texts";
  EXPECT_EQ(TypedOf(image, "price"), R"({"N":"0.1000000000000000055"})") << "every digit";
  EXPECT_EQ(TypedOf(image, "big"), R"({"N":"12345678901234567890123"})");
  EXPECT_EQ(TypedOf(image, "name"), "{\"S\":\"k\u00e9 \\\"q\\\"\"}");
  EXPECT_EQ(TypedOf(image, "on"), R"({"BOOL":true})");
  EXPECT_EQ(TypedOf(image, "none"), R"({"NULL":true})");
  EXPECT_EQ(TypedOf(image, "list"), R"({"L":[{"N":"1"},{"S":"a"}]})");
  EXPECT_EQ(TypedOf(image, "map"), R"({"M":{"x":{"N":"1E5"}}})");
  EXPECT_EQ(TypedOf(image, "version"), R"({"N":"12"})") << "a column like others";
  EXPECT_EQ(TypedOf(image, "op"), "absent") << "it is no value of the row";
}

TEST_F(Adapted, QuotedNumbersOfNumberColumnsAreNumbers) {
  json_.number_attributes = {"price", "note"};
  ASSERT_EQ(Parse(json_, {.value = R"({"op":"u","version":"1","id":"a","price":"12.50","note":"x",)"
                                   R"("other":"12.50"})"}),
            transform::ParseError::kNone);
  EXPECT_EQ(TypedOf(change().new_image, "price"), R"({"N":"12.50"})");
  EXPECT_EQ(TypedOf(change().new_image, "note"), R"({"S":"x"})");
  EXPECT_EQ(TypedOf(change().new_image, "other"), R"({"S":"12.50"})");
}

TEST_F(Adapted, OperationsOfJsonHaveTheirUsualWords) {
  const std::vector<std::pair<std::string, record::EventName>> words = {
      {"c", record::EventName::kInsert},      {"INSERT", record::EventName::kInsert},
      {"Update", record::EventName::kModify}, {"upsert", record::EventName::kModify},
      {"d", record::EventName::kRemove},      {"DELETE", record::EventName::kRemove}};
  for (const auto& [word, event] : words) {
    const std::string value = R"({"op":")" + word + R"(","version":1,"id":"a"})";
    ASSERT_EQ(Parse(json_, {.value = value}), transform::ParseError::kNone) << word;
    EXPECT_EQ(change().event, event) << word;
    EXPECT_EQ(change().image().size(), 2u) << word;
  }
}

TEST_F(Adapted, OperationAndOrderMayLieDeeper) {
  json_.operation_field = "meta.op";
  json_.order_field = "meta.at";
  ASSERT_EQ(Parse(json_, {.value = R"({"meta":{"op":"d","at":"2026-11-22T18:00:00.5Z"},"id":"a"})",
                          .offset = 1}),
            transform::ParseError::kNone);
  EXPECT_EQ(change().sequence_number, "1795370400500000" + std::string(18, '0') + "1");
}

TEST_F(Adapted, EqualOrdersStayAsThePartitionHasThem) {
  const std::string value = R"({"op":"u","version":"0007","id":"a"})";
  ASSERT_EQ(Parse(json_, {.value = value, .offset = 9}), transform::ParseError::kNone);
  const std::string first(change().sequence_number);
  ASSERT_EQ(Parse(json_, {.value = value, .offset = 10}), transform::ParseError::kNone);
  EXPECT_EQ(change().sequence_number.size(), first.size());
  EXPECT_GT(change().sequence_number, first);
  EXPECT_EQ(first, "7" + std::string(18, '0') + "9");
}

TEST_F(Adapted, WhatMakesNoSenseIsHandedOnAsItCame) {
  for (const char* value :
       {"", "no json", "[]", "{\"op\":\"x\",\"version\":1,\"id\":\"a\"}",
        R"({"op":5,"version":1,"id":"a"})", R"({"version":1,"id":"a"})", R"({"op":"c","id":"a"})",
        R"({"op":"c","version":-1,"id":"a"})", R"({"op":"c","version":1.5,"id":"a"})",
        R"({"op":"c","version":"soon","id":"a"})",
        R"({"op":"c","version":1234567890123456789012,"id":"a"})",
        R"({"op":"c","version":null,"id":"a"})", R"({"op":"c","version":1,"id":"a"} more)",
        R"({"op":"c","version":1,"id":"\ud800"})", R"({"op":"c","version":1,"id":nul})"}) {
    const auto error = Parse(json_, {.value = value});
    EXPECT_NE(error, transform::ParseError::kNone) << value;
    EXPECT_TRUE(appended_);
    EXPECT_EQ(wire_.substr(0, wire_.size() - record::kRecordPaddingBytes), value);
  }
  const std::string deep = R"({"op":"c","version":1,"id":)" + std::string(5'000, '[') + "1" +
                           std::string(5'000, ']') + "}";
  EXPECT_NE(Parse(json_, {.value = deep}), transform::ParseError::kNone);
}

TEST_F(Adapted, RowsWithoutOperationsAreOrderedByOffsetAndDeletedByTombstones) {
  ASSERT_EQ(Parse(rows_, {.key = "a", .value = R"({"id":"a","x":1})", .offset = 100}),
            transform::ParseError::kNone);
  EXPECT_EQ(change().event, record::EventName::kModify);
  EXPECT_EQ(change().sequence_number, "100");
  const std::vector<std::pair<std::string, std::string>> keys = {
      {"a", "a"},
      {"\"a\"", "a"},
      {"17", "17"},
      {R"({"id":"a"})", "a"},
      {R"({"id":17})", "17"},
      {R"({"schema":{},"payload":{"id":"a"}})", "a"},
      {R"({"schema":{},"payload":"a"})", "a"}};
  for (const auto& [key, id] : keys) {
    ASSERT_EQ(Parse(rows_, {.key = key, .offset = 101}), transform::ParseError::kNone) << key;
    EXPECT_EQ(change().event, record::EventName::kRemove);
    EXPECT_EQ(TypedOf(change().old_image, "id"), R"({"S":")" + id + "\"}") << key;
  }
  for (const auto& key : {std::optional<std::string_view>(), std::optional<std::string_view>(""),
                          std::optional<std::string_view>("[1]")}) {
    EXPECT_NE(Parse(rows_, {.key = key, .offset = 102}), transform::ParseError::kNone);
    EXPECT_TRUE(appended_) << "seen as an error";
  }
}

TEST_F(Adapted, TombstonesBehindToldDeletionsSayNothing) {
  EXPECT_EQ(Wire(json_, {.key = "a"}), "");
  EXPECT_FALSE(appended_);
  EXPECT_EQ(Wire(debezium_, {.key = R"({"id":1})"}), "");
  EXPECT_FALSE(appended_);
}

TEST_F(Adapted, DebeziumEnvelopesWithAndWithoutSchema) {
  const std::string source =
      R"("source":{"connector":"postgresql","lsn":24023128,"ts_ms":1795352700123})";
  const std::string envelope =
      R"({"before":{"id":1,"x":"old"},"after":{"id":1,"x":"new","n":9007199254740993},)" + source +
      R"(,"op":"u","ts_ms":1795352700999})";
  for (const std::string& value :
       {envelope, R"({"schema":{"type":"struct"},"payload":)" + envelope + "}"}) {
    ASSERT_EQ(Parse(debezium_, {.value = value, .offset = 5}), transform::ParseError::kNone);
    EXPECT_EQ(change().event, record::EventName::kModify);
    EXPECT_EQ(change().sequence_number, "24023128" + std::string(18, '0') + "5");
    EXPECT_EQ(change().change_time_micros, 1'795'352'700'123'000);
    EXPECT_EQ(TypedOf(change().new_image, "n"), R"({"N":"9007199254740993"})");
    EXPECT_EQ(TypedOf(change().new_image, "id"), R"({"S":"1"})");
    EXPECT_EQ(TypedOf(change().old_image, "x"), R"({"S":"old"})");
  }
}

TEST_F(Adapted, DebeziumOperations) {
  const std::string end = R"(,"ts_ms":1795352700999})";
  for (const char* letter : {"c", "r"}) {
    ASSERT_EQ(Parse(debezium_, {.value = R"({"before":null,"after":{"id":"a"},"op":")" +
                                         std::string(letter) + "\"" + end}),
              transform::ParseError::kNone);
    EXPECT_EQ(change().event, record::EventName::kInsert);
    EXPECT_FALSE(change().has_old_image);
  }
  ASSERT_EQ(Parse(debezium_, {.value = R"({"before":{"id":"a"},"after":null,"op":"d")" + end}),
            transform::ParseError::kNone);
  EXPECT_EQ(change().event, record::EventName::kRemove);
  ASSERT_EQ(Parse(debezium_, {.key = R"({"schema":{},"payload":{"id":5}})",
                              .value = R"({"before":null,"after":null,"op":"d")" + end}),
            transform::ParseError::kNone)
      << "without a replica identity";
  EXPECT_EQ(TypedOf(change().old_image, "id"), R"({"S":"5"})");
  for (const char* odd : {R"({"op":"t")", R"({"op":"m")", R"({"op":"")", R"({"op":"cr")",
                          R"({"op":"c","after":null)", R"({"op":"d","before":null)"}) {
    EXPECT_NE(Parse(debezium_, {.value = odd + end}), transform::ParseError::kNone) << odd;
    EXPECT_TRUE(appended_);
  }
}

TEST_F(Adapted, ConnectorsOrderByTheirOwnLogs) {
  const auto order = [this](const std::string& source) {
    const std::string value = R"({"after":{"id":"a"},"op":"c","ts_ms":77,"source":)" + source + "}";
    if (Parse(debezium_, {.value = value}) != transform::ParseError::kNone) {
      return std::string("refused");
    }
    const std::string sequence(change().sequence_number);
    return sequence.substr(0, sequence.size() - 19);
  };
  EXPECT_EQ(order(R"({"connector":"mysql","file":"mysql-bin.000042","pos":1034,"ts_ms":5})"),
            "420000001034");
  EXPECT_EQ(order(R"({"connector":"mysql","file":"binlog","pos":1034,"ts_ms":5})"), "refused");
  EXPECT_EQ(order(R"({"connector":"oracle","scn":"1234567890","ts_ms":5})"), "1234567890");
  EXPECT_EQ(order(R"({"connector":"postgresql","lsn":null,"ts_ms":5})"), "refused");
  EXPECT_EQ(order(R"({"connector":"mongodb","ts_ms":5})"), "5");
  EXPECT_EQ(order("null"), "77");
  debezium_.order_field = "source.ts_ms";
  EXPECT_EQ(order(R"({"connector":"postgresql","lsn":9,"ts_ms":5})"), "5");
}

TEST_F(Adapted, AKeyThatIsNoTextIsRefusedFurtherDown) {
  EXPECT_EQ(Parse(rows_, {.key = "\xff\xfe", .offset = 1}), transform::ParseError::kInvalidJson);
  EXPECT_THAT(parser_.reason(), HasSubstr("UTF-8"));
}

}  // namespace
}  // namespace tapelake::source
