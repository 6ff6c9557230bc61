#include "query/shell/sql_text.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tapelake::query {
namespace {

std::vector<std::string> Texts(const std::string& script) {
  std::vector<std::string> texts;
  for (const ScriptPiece& piece : SplitScript(script))
    texts.push_back(piece.text);
  return texts;
}

using Strings = std::vector<std::string>;

TEST(SplitScript, CutsAtSemicolonsOutsideQuotesAndComments) {
  EXPECT_EQ(Texts("SELECT 1; SELECT 2"), (Strings{"SELECT 1", "SELECT 2"}));
  EXPECT_EQ(Texts("SELECT ';', 'it''s;';x"), (Strings{"SELECT ';', 'it''s;'", "x"}));
  EXPECT_EQ(Texts("SELECT \"a;\"\"b\";x"), (Strings{"SELECT \"a;\"\"b\"", "x"}));
  EXPECT_EQ(Texts("SELECT E'\\';';x"), (Strings{"SELECT E'\\';'", "x"}));
  EXPECT_EQ(Texts("SELECT name'\\';x"), (Strings{"SELECT name'\\'", "x"}));
  EXPECT_EQ(Texts("SELECT 1 -- a;b\n+2;x"), (Strings{"SELECT 1 -- a;b\n+2", "x"}));
  EXPECT_EQ(Texts("SELECT /* ; /* ; */ ; */ 1;x"), (Strings{"SELECT /* ; /* ; */ ; */ 1", "x"}));
  EXPECT_EQ(Texts("SELECT $$a;b$$, $t$;$$;$t$;x"), (Strings{"SELECT $$a;b$$, $t$;$$;$t$", "x"}));
  EXPECT_EQ(Texts("SELECT $1;x"), (Strings{"SELECT $1", "x"}));
}

TEST(SplitScript, LeavesOutBlanksAndCommentsAlone) {
  EXPECT_EQ(Texts(" \n;;-- only a comment\n/* another */;"), Strings{});
  EXPECT_EQ(Texts(""), Strings{});
}

TEST(SplitScript, KnowsWhetherTheLastStatementIsEnded) {
  EXPECT_TRUE(SplitScript("SELECT 1;").back().ended);
  EXPECT_TRUE(SplitScript("SELECT 1; -- done").back().ended);
  EXPECT_FALSE(SplitScript("SELECT 1").back().ended);
  EXPECT_FALSE(SplitScript("SELECT ';").back().ended);
  EXPECT_FALSE(SplitScript("SELECT 1 -- ;").back().ended);
  EXPECT_FALSE(SplitScript("SELECT 1; SELECT /* ;").back().ended);
}

TEST(SplitScript, CountsLinesFromOne) {
  const auto pieces = SplitScript("-- head\nSELECT 1;\n\n  SELECT\n2;\n.tables  \nSELECT 3");
  ASSERT_EQ(pieces.size(), 4U);
  EXPECT_EQ(pieces[0].first_line, 2);
  EXPECT_EQ(pieces[1].first_line, 4);
  EXPECT_EQ(pieces[1].text, "SELECT\n2");
  EXPECT_EQ(pieces[2].first_line, 6);
  EXPECT_EQ(pieces[3].first_line, 7);
}

TEST(SplitScript, TakesDotCommandsOnlyAtTheStartOfALine) {
  const auto pieces = SplitScript(".schema a.b;\nSELECT 1\n.5;\nSELECT t\n.column;.tables");
  ASSERT_EQ(pieces.size(), 4U);
  EXPECT_TRUE(pieces[0].dot_command);
  EXPECT_EQ(pieces[0].text, ".schema a.b;");
  EXPECT_EQ(pieces[1].text, "SELECT 1\n.5");
  EXPECT_EQ(pieces[2].text, "SELECT t\n.column");
  EXPECT_FALSE(pieces[3].dot_command);
}

}  // namespace
}  // namespace tapelake::query
