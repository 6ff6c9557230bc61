#include "serve/http/event_sink.h"

#include <gtest/gtest.h>

namespace tapelake::serve {
namespace {

TEST(Event, IsLinesAndAnEmptyOne) {
  std::string text;
  AppendEvent({.name = "update", .id = "e-12", .data = R"({"a":"\n"})"}, &text);
  AppendEvent({.name = "idle", .data = "{}"}, &text);
  EXPECT_EQ(text,
            "id: e-12\nevent: update\ndata: {\"a\":\"\\n\"}\n\n"
            "event: idle\ndata: {}\n\n");
}

}  // namespace
}  // namespace tapelake::serve
