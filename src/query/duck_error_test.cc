#include "query/duck_error.h"

#include <gtest/gtest.h>

namespace tapelake::query {
namespace {

TEST(DuckError, CountsLinesFromTheStartOfTheScript) {
  const Status moved = DuckError("Binder Error: no x\n\nLINE 2:   x\n          ^", 99);
  EXPECT_EQ(moved.message(), "Binder Error: no x\n\nLINE 100:   x\n            ^");
  const Status kept = DuckError("Binder Error: no x\n\nLINE 2: x\n        ^", 1);
  EXPECT_EQ(kept.message(), "Binder Error: no x\n\nLINE 2: x\n        ^");
}

TEST(DuckError, GivesEachMessageItsKind) {
  EXPECT_EQ(KindOf(DuckError("Parser Error: x", 1)), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(DuckError("IO Error: No files found that match", 1)), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf(DuckError("IO Error: Could not read", 1)), ErrorKind::kUnavailable);
  EXPECT_EQ(KindOf(DuckError("Out of Memory Error: x", 1)), ErrorKind::kThrottled);
  EXPECT_EQ(KindOf(DuckError("INTERRUPT Error: Interrupted!", 1)), ErrorKind::kShuttingDown);
  EXPECT_EQ(KindOf(DuckError("INTERNAL Error: x", 1)), ErrorKind::kInternal);
  EXPECT_EQ(KindOf(DuckError(nullptr, 1)), ErrorKind::kInvalid);
}

TEST(DuckError, NamesTheExactProductWhereAPlainOneOverflows) {
  const std::string message = DuckError(
                                  "Out of Range Error: Overflow in multiplication of DECIMAL(38) "
                                  "(1 * 2). You might want to add an explicit cast",
                                  1)
                                  .message();
  EXPECT_NE(message.find("cast\nhint: exact_product(a, b)"), std::string::npos) << message;
  EXPECT_NE(message.find("notional"), std::string::npos) << message;
}

TEST(DuckError, CutsStackTraces) {
  EXPECT_EQ(DuckError("INTERNAL Error: x\n\nStack Trace:\n\n0  f()", 1).message(),
            "INTERNAL Error: x");
}

TEST(WithoutSystemGuess, KeepsGuessesOfUserTables) {
  EXPECT_EQ(WithoutSystemGuess("no t!\nDid you mean \"pg_tables\"?\n\nLINE 1"), "no t!\n\nLINE 1");
  EXPECT_EQ(WithoutSystemGuess("no t!\nDid you mean \"trades\"?\n"),
            "no t!\nDid you mean \"trades\"?\n");
}

}  // namespace
}  // namespace tapelake::query
