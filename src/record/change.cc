#include "record/change.h"

namespace tapelake::record {

std::string_view EventNameText(EventName name) {
  switch (name) {
    case EventName::kInsert:
      return "INSERT";
    case EventName::kModify:
      return "MODIFY";
    case EventName::kRemove:
      return "REMOVE";
  }
  return "";
}

std::string_view RecordShapeText(RecordShape shape) {
  return shape == RecordShape::kStreams ? "streams" : "kinesis";
}

std::string_view AttributeTypeText(AttributeType type) {
  static constexpr std::string_view kTexts[] = {"",  "S", "N",  "B",  "BOOL", "NULL",
                                                "M", "L", "SS", "NS", "BS"};
  return kTexts[static_cast<size_t>(type)];
}

}  // namespace tapelake::record
