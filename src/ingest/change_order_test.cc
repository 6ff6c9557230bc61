#include "ingest/change_order.h"

#include <gtest/gtest.h>

namespace tapelake::ingest {
namespace {

using record::AttributeType;
using record::Change;
using record::EventName;
using record::RecordShape;

Change KinesisChange(int64_t micros, std::string_view id, std::string_view old_status,
                     std::string_view new_status) {
  Change change;
  change.shape = RecordShape::kKinesis;
  change.event_id = id;
  change.change_time_micros = micros;
  change.event = EventName::kModify;
  if (old_status.empty()) change.event = EventName::kInsert;
  if (new_status.empty()) change.event = EventName::kRemove;
  const auto image = [](std::string_view status) {
    std::vector<record::Attribute> attributes(2);
    attributes[0] = {.name = "id", .type = AttributeType::kString, .text = "a"};
    attributes[1] = {.name = "status", .type = AttributeType::kString, .text = status};
    return attributes;
  };
  change.has_old_image = !old_status.empty();
  change.has_new_image = !new_status.empty();
  if (change.has_old_image) change.old_image = image(old_status);
  if (change.has_new_image) change.new_image = image(new_status);
  return change;
}

OrderVerdict Place(const Change& known, const Change& incoming) {
  return PlaceChange(known.shape, OrderOf(known), IdentityOf(known), OrderOf(incoming),
                     IdentityOf(incoming));
}

TEST(Sequence, ComparesAsNumbersOfAnyLength) {
  EXPECT_EQ(StripLeadingZeros("000120"), "120");
  EXPECT_EQ(StripLeadingZeros("000"), "0");
  EXPECT_LT(CompareSequence("99", "100"), 0);
  EXPECT_GT(CompareSequence("340282366920938463463374607431768211457", "2"), 0);
  EXPECT_EQ(CompareSequence("7", "7"), 0);
}

TEST(StreamsOrder, IsTheSequenceNumberWhateverTheTime) {
  Change first;
  first.shape = RecordShape::kStreams;
  first.sequence_number = "000009";
  first.change_time_micros = 500;
  Change second = first;
  second.sequence_number = "10";
  second.change_time_micros = 400;
  EXPECT_EQ(Place(first, second), OrderVerdict::kNewer);
  EXPECT_EQ(Place(second, first), OrderVerdict::kStale);
  EXPECT_EQ(Place(first, first), OrderVerdict::kDuplicate);
}

TEST(KinesisOrder, IsTheCreationTime) {
  const Change first = KinesisChange(100, "e1", "", "PENDING");
  const Change second = KinesisChange(200, "e2", "PENDING", "SUCCESS");
  EXPECT_EQ(Place(first, second), OrderVerdict::kNewer);
  EXPECT_EQ(Place(second, first), OrderVerdict::kStale);
  EXPECT_EQ(Place(second, second), OrderVerdict::kDuplicate);
}

TEST(KinesisOrder, SettlesTiesByTheOldImage) {
  const Change insert = KinesisChange(100, "e1", "", "PENDING");
  const Change modify = KinesisChange(100, "e2", "PENDING", "SUCCESS");
  const Change remove = KinesisChange(100, "e3", "SUCCESS", "");
  const Change again = KinesisChange(100, "e4", "", "PENDING");
  EXPECT_EQ(Place(insert, modify), OrderVerdict::kNewer);
  EXPECT_EQ(Place(modify, insert), OrderVerdict::kStale);
  EXPECT_EQ(Place(modify, remove), OrderVerdict::kNewer);
  EXPECT_EQ(Place(remove, modify), OrderVerdict::kStale);
  EXPECT_EQ(Place(remove, again), OrderVerdict::kNewer);
}

TEST(KinesisOrder, AnUnsettledTieGoesToTheLaterArrival) {
  const Change one = KinesisChange(100, "e1", "A", "B");
  const Change other = KinesisChange(100, "e2", "C", "D");
  EXPECT_EQ(Place(one, other), OrderVerdict::kNewer);
  EXPECT_EQ(Place(other, one), OrderVerdict::kNewer);
}

TEST(Identity, DoesNotDependOnTheOrderOfAttributes) {
  Change one = KinesisChange(100, "e1", "", "PENDING");
  Change other = one;
  std::swap(other.new_image[0], other.new_image[1]);
  EXPECT_EQ(IdentityOf(one).new_hash, IdentityOf(other).new_hash);
  other.new_image[0].text = "SUCCESS";
  EXPECT_NE(IdentityOf(one).new_hash, IdentityOf(other).new_hash);
}

}  // namespace
}  // namespace tapelake::ingest
