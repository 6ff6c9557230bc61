#include "io/aws/xml.h"

#include <gtest/gtest.h>

namespace tapelake::io::aws {
namespace {

TEST(Xml, ReadsElementsTextAndEntities) {
  const auto root = ParseXml(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- hello -->\n"
      "<s3:List xmlns:s3='a>b'><Key a=\"x/>\">a&amp;b&#xE4;&#8364;<![CDATA[<raw>&]]></Key>"
      "<Empty/><Key>second</Key> tail </s3:List>\n");
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(root->name, "List");
  EXPECT_EQ(root->text, " tail ");
  ASSERT_EQ(root->children.size(), 3u);
  EXPECT_EQ(root->TextOf("Key"), "a&b\xC3\xA4\xE2\x82\xAC<raw>&");
  ASSERT_NE(root->Find("Empty"), nullptr);
  EXPECT_EQ(root->Find("Empty")->text, "");
  EXPECT_EQ(root->Find("None"), nullptr);
  EXPECT_EQ(root->TextOf("None"), "");
}

TEST(Xml, RefusesWhatIsNotWellFormed) {
  for (const char* text :
       {"", "text", "<a>", "<a></b>", "<a><b></a></b>", "<a>&unknown;</a>", "<a>&#0;</a>",
        "<a>&#xD800;</a>", "<a>&amp</a>", "<a", "<a x='", "< a/>", "<a/><b/>", "<a><!-- </a>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "<a><!ELEMENT b></a>", "</a>"}) {
    const auto root = ParseXml(text);
    ASSERT_FALSE(root.ok()) << text;
    EXPECT_EQ(KindOf(root.status()), ErrorKind::kCorrupt) << text;
  }
}

TEST(Xml, BoundsTheDepth) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i)
    deep += "<a>";
  EXPECT_EQ(KindOf(ParseXml(deep).status()), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace tapelake::io::aws
