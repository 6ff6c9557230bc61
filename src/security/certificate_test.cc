#include "security/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time.h"

namespace tapelake::security {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kNow = 1'795'374'124'000'000;  // 2026-11-22T19:02:04Z

class CertificateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = MakeAuthority(random_, kNow);
    ASSERT_TRUE(made.ok()) << made.status();
    authority_ = *made;
  }
  Result<CertifiedKey> Certify(const std::vector<std::string>& hosts) {
    return MakeServerCertificate(authority_, hosts, random_, kNow);
  }

  io::SeededRandom random_{1};
  CertifiedKey authority_;
};

TEST_F(CertificateTest, SaysForWhomAndWhenItIs) {
  const auto made = Certify({"localhost", "*.lake.internal", "127.0.0.1", "2001:db8::1"});
  ASSERT_TRUE(made.ok()) << made.status();
  const auto facts = ReadCertificate(made->certificate_pem);
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_THAT(facts->hosts,
              ElementsAre("localhost", "*.lake.internal", "127.0.0.1", "2001:db8::1"));
  EXPECT_EQ(facts->not_before_micros, kNow - 3'600 * base::kMicrosPerSecond);
  EXPECT_EQ(facts->not_after_micros, kNow + kServerCertificateDays * base::kMicrosPerDay);
  EXPECT_TRUE(CheckValidity(*facts, kNow).ok());
  EXPECT_THAT(CheckValidity(*facts, facts->not_after_micros + 1).message(),
              HasSubstr("it ended at 2029-02-24 19:02:04 UTC"));
  EXPECT_THAT(CheckValidity(*facts, facts->not_before_micros - 1).message(),
              HasSubstr("not good before 2026-11-22 18:02:04 UTC"));
}

TEST_F(CertificateTest, OneTextHoldsTheKeyAndItsCertificate) {
  const auto made = Certify({"localhost"});
  ASSERT_TRUE(made.ok()) << made.status();
  const auto read = ReadCertifiedKey(made->ToPem());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->key_pem, made->key_pem);
  EXPECT_EQ(read->certificate_pem, made->certificate_pem);
  EXPECT_THAT(made->key_pem, HasSubstr("BEGIN PRIVATE KEY"));
  for (const char* wrong : {"", "x", "-----BEGIN CERTIFICATE-----\n"})
    EXPECT_EQ(KindOf(ReadCertifiedKey(wrong).status()), ErrorKind::kCorrupt) << wrong;
}

TEST_F(CertificateTest, NoTwoAreTheSame) {
  const auto one = Certify({"localhost"});
  const auto other = Certify({"localhost"});
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_NE(one->key_pem, other->key_pem);
  EXPECT_NE(one->certificate_pem, other->certificate_pem);
}

TEST_F(CertificateTest, RefusesWhatIsNoHost) {
  for (const char* host :
       {"", "lake.internal:4566", "[::1]", "a,DNS:b", "a b", "-a", "a-", "a..b", ".a", "a.", "*",
        "*.com", "a.*.b", "1.2.3", "1.2.3.256", "https://a", "a\nb", "\xc3\xa4.internal"}) {
    EXPECT_FALSE(IsCertificateHost(host)) << host;
    const auto made = Certify({"localhost", host});
    EXPECT_EQ(KindOf(made.status()), ErrorKind::kInvalid) << host;
    EXPECT_THAT(made.status().message(), HasSubstr("is no name or address of a host"));
  }
  EXPECT_FALSE(IsCertificateHost(std::string(64, 'a')));
  EXPECT_TRUE(IsCertificateHost(std::string(63, 'a')));
  EXPECT_EQ(KindOf(Certify({}).status()), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(Certify(std::vector<std::string>(kCertificateHostsMax + 1, "a")).status()),
            ErrorKind::kInvalid);
}

TEST_F(CertificateTest, RefusesAnAuthorityThatIsNone) {
  const auto other = MakeAuthority(random_, kNow);
  ASSERT_TRUE(other.ok()) << other.status();
  for (const CertifiedKey& wrong : {CertifiedKey{}, CertifiedKey{authority_.certificate_pem, ""},
                                    CertifiedKey{"", authority_.key_pem},
                                    CertifiedKey{authority_.certificate_pem, other->key_pem}}) {
    const auto made = MakeServerCertificate(wrong, {"localhost"}, random_, kNow);
    EXPECT_EQ(KindOf(made.status()), ErrorKind::kCorrupt);
  }
}

TEST_F(CertificateTest, KnowsItsKey) {
  const auto one = Certify({"localhost"});
  const auto other = Certify({"localhost"});
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_TRUE(CheckKey(one->certificate_pem, one->key_pem).ok());
  EXPECT_TRUE(CheckKey(one->ToPem(), one->ToPem()).ok());
  EXPECT_THAT(CheckKey(one->certificate_pem, other->key_pem).message(), HasSubstr("another one's"));
  for (const std::string& none : {std::string(), one->certificate_pem, std::string("x")})
    EXPECT_THAT(CheckKey(one->certificate_pem, none).message(), HasSubstr("cannot be used"));
}

TEST_F(CertificateTest, RefusesTextThatIsNoCertificate) {
  for (const char* text :
       {"", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"})
    EXPECT_EQ(KindOf(ReadCertificate(text).status()), ErrorKind::kInvalid) << text;
}

}  // namespace
}  // namespace tapelake::security
