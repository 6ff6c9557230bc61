#include "serve/aws/member_reader.h"

#include <functional>

#include <gmock/gmock.h>

namespace tapelake::serve {
namespace {

using Need = MemberReader::Need;
using ::testing::HasSubstr;

class MemberReaderTest : public ::testing::Test {
 protected:
  MemberReader Reader(const std::string& json) {
    auto document = WireDocument::Parse(WireFormat::kJson, json);
    EXPECT_TRUE(document.ok()) << document.status();
    document_ = *std::move(document);
    return {document_.root(), &violations_};
  }
  std::string Message() const {
    const auto error = violations_.error();
    return error ? error->type + ": " + error->message : "";
  }

  WireDocument document_;
  Violations violations_;
};

TEST_F(MemberReaderTest, TakesWhatTheModelAllows) {
  MemberReader reader = Reader(
      R"({"Name":"äöü","Kind":"LATEST","Count":3,"On":true,"At":1,"Data":"eA==","L":[{}],"M":{}})");
  EXPECT_EQ(reader.Text("Name", {.characters_max = 3}), "äöü");
  EXPECT_EQ(reader.Choice("Kind", Need::kRequired, {"LATEST", "OTHER"}), "LATEST");
  EXPECT_EQ(reader.Integer("Count", {.min = 3, .max = 3}), 3);
  EXPECT_TRUE(reader.Flag("On"));
  EXPECT_EQ(reader.TimeMicros("At"), 1'000'000);
  EXPECT_EQ(reader.Blob("Data", Need::kRequired, 1), "x");
  EXPECT_EQ(reader.List("L", 1, 1).size(), 1u);
  EXPECT_TRUE(reader.Map("M").IsMap());
  EXPECT_EQ(reader.Text("Absent", {}), std::nullopt);
  EXPECT_FALSE(reader.Flag("Absent"));
  EXPECT_EQ(Message(), "");
}

TEST_F(MemberReaderTest, TakesListsOfTexts) {
  MemberReader reader = Reader(R"({"Keys":["a","bc"],"Mixed":["a",1],"Many":["a","b","c"]})");
  EXPECT_EQ(reader.Texts("Keys", 1, 2, {.characters_max = 2}),
            (std::vector<std::string>{"a", "bc"}));
  EXPECT_TRUE(reader.Texts("Absent", 0, 2, {}).empty());
  EXPECT_EQ(Message(), "");
  reader.Texts("Keys", 1, 2, {.characters_max = 1});
  EXPECT_THAT(Message(), HasSubstr("Value 'bc' at 'keys.2.member' failed"));
  reader.Texts("Many", 1, 2, {.characters_max = 1});
  EXPECT_THAT(Message(), HasSubstr("of 3 items at 'many'"));
  reader.Texts("Mixed", 1, 2, {.characters_max = 1});
  EXPECT_EQ(Message(), "SerializationException: The value at 'mixed.2.member' is not a text.");
}

TEST_F(MemberReaderTest, SaysWhatIsWrongAsAwsDoes) {
  MemberReader reader = Reader(R"({"Limit":10001,"Name":"a b"})");
  reader.Integer("Limit", {.min = 1, .max = 10'000});
  EXPECT_EQ(Message(),
            "ValidationException: 1 validation error detected: Value '10001' at 'limit' failed to "
            "satisfy constraint: Member must have value less than or equal to 10000");
  reader.Text("StreamName", {.need = Need::kRequired});
  reader.Text("Name", {.characters_max = 9, .alphabet = "ab", .pattern = "[ab]+"});
  EXPECT_EQ(Message(),
            "ValidationException: 3 validation errors detected: Value '10001' at 'limit' failed to "
            "satisfy constraint: Member must have value less than or equal to 10000; Value null at "
            "'streamName' failed to satisfy constraint: Member must not be null; Value 'a b' at "
            "'name' failed to satisfy constraint: Member must satisfy regular expression pattern: "
            "[ab]+");
}

TEST_F(MemberReaderTest, NamesOtherTypesFirst) {
  MemberReader reader = Reader(R"({"Limit":"1","Name":1,"L":[1],"Data":"?","M":[]})");
  reader.Text("Absent", {.need = Need::kRequired});
  reader.Integer("Limit", {});
  EXPECT_EQ(Message(), "SerializationException: The value at 'limit' is not an integer.");
  for (const auto& take : std::vector<std::function<void(MemberReader*)>>{
           [](MemberReader* r) { r->Text("Name", {}); },
           [](MemberReader* r) { r->List("L", 0, 9); },
           [](MemberReader* r) { r->List("Name", 0, 9); },
           [](MemberReader* r) { r->Blob("Data", Need::kOptional, 9); },
           [](MemberReader* r) { r->Map("M"); }, [](MemberReader* r) { r->Flag("Name"); },
           [](MemberReader* r) { r->TimeMicros("M"); },
           [](MemberReader* r) { r->Choice("Name", Need::kOptional, {"x"}); }}) {
    Violations violations;
    MemberReader other(document_.root(), &violations);
    take(&other);
    ASSERT_TRUE(violations.error().has_value());
    EXPECT_EQ(violations.error()->type, "SerializationException");
  }
}

TEST_F(MemberReaderTest, BoundsLengthsOfEveryKind) {
  MemberReader reader = Reader(R"({"Name":"","Data":"eHg=","L":[{},{}],"K":"c"})");
  reader.Text("Name", {});
  reader.Blob("Data", Need::kRequired, 1);
  reader.List("L", 3, 9);
  reader.List("L", 0, 1);
  reader.Choice("K", Need::kRequired, {"a", "b"});
  EXPECT_THAT(Message(), HasSubstr("5 validation errors"));
  EXPECT_THAT(Message(), HasSubstr("Value '' at 'name' failed to satisfy constraint: Member must "
                                   "have length greater than or equal to 1"));
  EXPECT_THAT(Message(), HasSubstr("Value of 2 bytes at 'data'"));
  EXPECT_THAT(Message(), HasSubstr("enum value set: [a, b]"));
}

TEST_F(MemberReaderTest, CutsLongValuesAtACharacter) {
  std::string name;
  for (int i = 0; i < 99; ++i)
    name += "x";
  MemberReader reader = Reader("{\"Name\":\"" + name + "äää\"}");
  reader.Text("Name", {});
  EXPECT_THAT(Message(), HasSubstr("Value '" + name + "...' at"));
}

}  // namespace
}  // namespace tapelake::serve
