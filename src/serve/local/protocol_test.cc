#include "serve/local/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <arrow/builder.h>

#include "serve/local/hot_view_codec.h"

namespace tapelake::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

/// A stream of bytes in memory, read in small pieces.
class Bytes : public io::ByteInput, public io::ByteOutput {
 public:
  Bytes() = default;
  explicit Bytes(std::string text) : text_(std::move(text)) {}

  Result<size_t> Read(char* to, size_t size) override {
    const size_t count = std::min({size, size_t{7}, text_.size() - at_});
    std::copy_n(text_.data() + at_, count, to);
    at_ += count;
    return count;
  }
  bool Ready(int64_t) override { return true; }
  Status Write(std::string_view bytes) override {
    text_ += bytes;
    return Status::OK();
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  size_t at_ = 0;
};

std::string BytesOf(const Message& message) {
  Bytes bytes;
  EXPECT_TRUE(WriteMessage(bytes, message).ok());
  return bytes.text();
}

TEST(Protocol, ReadsTheMessagesItWrote) {
  Bytes bytes(BytesOf({MessageKind::kPing, ""}) + BytesOf({MessageKind::kPut, "body"}));
  const auto first = *ReadMessage(bytes, {});
  EXPECT_EQ(first->kind, MessageKind::kPing);
  const auto second = *ReadMessage(bytes, {});
  EXPECT_EQ(second->kind, MessageKind::kPut);
  EXPECT_EQ(second->body, "body");
  EXPECT_FALSE(ReadMessage(bytes, {})->has_value());
}

TEST(Protocol, RefusesWhatIsNoMessage) {
  const std::string good = BytesOf({MessageKind::kPut, "body"});
  for (size_t size = 1; size < good.size(); ++size) {
    Bytes cut(good.substr(0, size));
    EXPECT_EQ(KindOf(ReadMessage(cut, {}).status()), ErrorKind::kInvalid) << size;
  }
  Bytes http("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(ReadMessage(http, {}).status().message(), HasSubstr("no message"));
  std::string newer = good;
  newer[4] = 2;
  Bytes version(newer);
  EXPECT_THAT(ReadMessage(version, {}).status().message(), HasSubstr("version 2"));
}

TEST(Protocol, BoundsMessagesBeforeReadingThem) {
  Bytes bytes(BytesOf({MessageKind::kPut, std::string(100, 'x')}));
  const auto refused = ReadMessage(bytes, {.body_bytes_max = 99});
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kInvalid);
  EXPECT_THAT(refused.status().message(), HasSubstr("100 bytes"));
}

TEST(Protocol, TakesFromTheBudgetWhatItHolds) {
  const std::string text = BytesOf({MessageKind::kPut, std::string(100, 'x')});
  ByteBudget budget(150);
  Bytes first(text);
  ASSERT_TRUE(ReadMessage(first, {.budget = &budget}).ok());
  Bytes second(text);
  EXPECT_EQ(KindOf(ReadMessage(second, {.budget = &budget}).status()), ErrorKind::kThrottled);
  budget.Give(100);
  Bytes cut(text.substr(0, 50));
  EXPECT_EQ(KindOf(ReadMessage(cut, {.budget = &budget}).status()), ErrorKind::kInvalid);
  Bytes third(text);
  EXPECT_TRUE(ReadMessage(third, {.budget = &budget}).ok());
  EXPECT_FALSE(budget.Take(51));
  EXPECT_TRUE(budget.Take(50));
}

TEST(Protocol, CarriesPutsAndTheirPlaces) {
  const std::vector<stream::PutEntry> entries = {{"key", "data"}, {"", ""}, {"k2", "d2"}};
  const Message put = EncodePut("orders", entries);
  const auto request = DecodePut(put.body);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->stream, "orders");
  ASSERT_THAT(request->entries, SizeIs(3));
  EXPECT_EQ(request->entries[2].partition_key, "k2");
  EXPECT_EQ(request->entries[2].data, "d2");

  const std::vector<stream::RecordPlace> places = {{3, 1}, {0, uint64_t{1} << 63}};
  const auto decoded = DecodePutReply(EncodePutReply(places).body);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ((*decoded)[0].shard, 3U);
  EXPECT_EQ((*decoded)[1].sequence, uint64_t{1} << 63);
}

TEST(Protocol, CarriesErrorsWithTheirKind) {
  const Status error =
      DecodeError(EncodeError(MakeError(ErrorKind::kThrottled, "the log is full")).body);
  EXPECT_EQ(KindOf(error), ErrorKind::kThrottled);
  EXPECT_THAT(error.message(), HasSubstr("the log is full"));
  std::string unknown = EncodeError(MakeError(ErrorKind::kThrottled, "x")).body;
  unknown[0] = 99;
  EXPECT_EQ(KindOf(DecodeError(unknown)), ErrorKind::kInvalid);
}

hot::HotView ExampleView() {
  hot::HotView view{.instant = "20261122180000000", .chunks = {}};
  const auto schema =
      arrow::schema({arrow::field("id", arrow::utf8()), arrow::field("n", arrow::int64())});
  for (int c = 0; c < 2; ++c) {
    arrow::StringBuilder ids;
    arrow::Int64Builder numbers;
    EXPECT_TRUE(ids.AppendValues({"a", "b"}).ok() && numbers.AppendValues({c, 10 + c}).ok());
    auto chunk = std::make_shared<hot::HotChunk>();
    chunk->rows = arrow::RecordBatch::Make(schema, 2, {*ids.Finish(), *numbers.Finish()});
    chunk->changes = {{"a", 0}, {"gone", hot::HotChange::kDelete}, {"b", 1}};
    view.chunks.push_back(std::move(chunk));
  }
  return view;
}

TEST(HotViewCodec, CarriesEveryChunk) {
  const hot::HotView view = ExampleView();
  const auto message = EncodeHotView(view);
  ASSERT_TRUE(message.ok()) << message.status();
  const auto decoded = DecodeHotView(message->body);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->instant, view.instant);
  ASSERT_THAT(decoded->chunks, SizeIs(2));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(decoded->chunks[i]->rows->Equals(*view.chunks[i]->rows));
    ASSERT_THAT(decoded->chunks[i]->changes, SizeIs(3));
    EXPECT_EQ(decoded->chunks[i]->changes[1].key, "gone");
    EXPECT_EQ(decoded->chunks[i]->changes[1].row, hot::HotChange::kDelete);
  }
  EXPECT_TRUE(DecodeHotView(EncodeHotView({})->body)->empty());
}

// Every cut is refused, and no changed byte makes anything but an error or a whole view.
TEST(HotViewCodec, SurvivesCutsAndChangedBytes) {
  const std::string body = EncodeHotView(ExampleView())->body;
  for (size_t size = 0; size < body.size(); ++size)
    EXPECT_EQ(KindOf(DecodeHotView(body.substr(0, size)).status()), ErrorKind::kInvalid);
  for (size_t i = 0; i < body.size(); ++i) {
    std::string changed = body;
    changed[i] = static_cast<char>(changed[i] ^ 0x55);
    const auto decoded = DecodeHotView(changed);
    if (!decoded.ok()) continue;
    for (const auto& chunk : decoded->chunks) {
      for (const hot::HotChange& change : chunk->changes)
        EXPECT_LT(change.row, chunk->rows->num_rows());
    }
  }
}

TEST(Protocol, SurvivesCutsAndChangedBytesOfPuts) {
  const std::vector<stream::PutEntry> entries = {{"key", "data"}, {"k2", "d2"}};
  const std::string body = EncodePut("orders", entries).body;
  for (size_t size = 0; size < body.size(); ++size)
    EXPECT_EQ(KindOf(DecodePut(std::string_view(body).substr(0, size)).status()),
              ErrorKind::kInvalid);
  for (size_t i = 0; i < body.size(); ++i) {
    std::string changed = body;
    changed[i] = static_cast<char>(changed[i] ^ 0xff);
    const auto request = DecodePut(changed);
    if (request.ok()) {
      EXPECT_THAT(request->entries, SizeIs(2));
    }
  }
}

}  // namespace
}  // namespace tapelake::serve
