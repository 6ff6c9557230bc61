#include "serve/http/asset_store.h"

#include <gtest/gtest.h>

#include "delivery/testing_gunzip.h"

namespace tapelake::serve {

const AssetTable& TestPage();

namespace {

std::string FieldOf(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.fields) {
    if (key == name) return value;
  }
  return "";
}

TEST(EmbeddedAssets, HoldTheFilesOfTheFolder) {
  const Asset* page = TestPage().Find("/");
  ASSERT_NE(page, nullptr);
  EXPECT_TRUE(page->bytes.starts_with("<!doctype html>"));
  EXPECT_TRUE(page->bytes.ends_with("aaa\n"));
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_FALSE(page->immutable);
  const Asset* script = TestPage().Find("/assets/app-Ab3_x-91.js");
  ASSERT_NE(script, nullptr);
  EXPECT_EQ(script->bytes, "export {};\n");
  EXPECT_TRUE(script->gzip.empty());
  EXPECT_TRUE(script->immutable);
  EXPECT_EQ(TestPage().Find("/index.html"), nullptr);
  EXPECT_EQ(TestPage().Find("/assets"), nullptr);
  EXPECT_EQ(TestPage().Find(""), nullptr);
}

TEST(EmbeddedAssets, HoldWhatCompressesCompressed) {
  const Asset* page = TestPage().Find("/");
  ASSERT_FALSE(page->gzip.empty());
  EXPECT_EQ(delivery::Gunzip(std::string(page->gzip)), page->bytes);
}

TEST(ServeAsset, CompressesForWhoTakesIt) {
  const Asset& page = *TestPage().Find("/");
  HttpRequest request;
  request.fields = {{"accept-encoding", "br, gzip;q=0.5"}};
  EXPECT_EQ(ServeAsset(page, request).lasting_body, page.gzip);
  EXPECT_EQ(FieldOf(ServeAsset(page, request), "Content-Encoding"), "gzip");
  for (const char* encodings : {"", "br", "gzip;q=0", "gzip; q=0.0", "xgzip"}) {
    request.fields = {{"accept-encoding", encodings}};
    EXPECT_EQ(ServeAsset(page, request).lasting_body, page.bytes) << encodings;
    EXPECT_EQ(FieldOf(ServeAsset(page, request), "Content-Encoding"), "") << encodings;
  }
}

TEST(ServeAsset, SaysHowLongItMayBeKept) {
  HttpRequest request;
  const HttpResponse page = ServeAsset(*TestPage().Find("/"), request);
  EXPECT_EQ(FieldOf(page, "Cache-Control"), "no-cache");
  const HttpResponse script = ServeAsset(*TestPage().Find("/assets/app-Ab3_x-91.js"), request);
  EXPECT_EQ(FieldOf(script, "Cache-Control"), "public, max-age=31536000, immutable");
}

TEST(ServeAsset, SendsNothingToWhoHasIt) {
  const Asset& page = *TestPage().Find("/");
  HttpRequest request;
  request.fields = {{"if-none-match", "\"other\", W/" + std::string(page.etag)}};
  const HttpResponse response = ServeAsset(page, request);
  EXPECT_EQ(response.status, 304);
  EXPECT_TRUE(response.lasting_body.empty());
  EXPECT_EQ(FieldOf(response, "ETag"), page.etag);
  request.fields = {{"if-none-match", "\"other\""}};
  EXPECT_EQ(ServeAsset(page, request).status, 200);
}

}  // namespace
}  // namespace tapelake::serve
