#include "tests/sim/crash_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tapelake::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(CrashPoints, PathsBelongToTheirProtocol) {
  const std::string table = "/lake/crypto/transactions/";
  EXPECT_EQ(FileClassOf("/lake/.tapelake/lock"), "lake/lock");
  EXPECT_EQ(FileClassOf("/lake/.tapelake/streams/s/00000000000000000001.segment"),
            "stream/segment");
  EXPECT_EQ(FileClassOf("/lake/.tapelake/streams/s/stream"), "stream/metadata");
  EXPECT_EQ(FileClassOf("/lake/.tapelake/streams/s/encryption"), "stream/encryption");
  EXPECT_EQ(FileClassOf("/lake/.tapelake/delivery/s/state"), "delivery/state");
  EXPECT_EQ(FileClassOf("/lake/raw/s/2026/11/22/18/s-1-x.ndjson.gz"), "delivery/raw object");
  EXPECT_EQ(FileClassOf("/lake/raw/pair=BTC%2FUSDT"), "delivery/raw folder");
  EXPECT_EQ(FileClassOf("/lake/raw/pair=BTC%2FUSDT/2026/11/22/18/k9-s-1-x.ndjson.gz"),
            "delivery/raw object");
  EXPECT_EQ(FileClassOf("/lake/errors/no-key/2026"), "delivery/error folder");
  EXPECT_EQ(FileClassOf("/lake/source/s/2026/11/22/18/s-1-x.ndjson.gz"), "delivery/backup object");
  EXPECT_EQ(FileClassOf(table + ".hoodie/20261122180000000.deltacommit.inflight"),
            "hudi/deltacommit.inflight");
  EXPECT_EQ(FileClassOf(table + ".hoodie/20261122180000000.commit"), "hudi/commit");
  EXPECT_EQ(FileClassOf(table + ".hoodie/archived/.commits_.archive.1_1-0-1"), "hudi/archive");
  EXPECT_EQ(FileClassOf(table + ".hoodie/.aux/tapelake/state-1-2.json"), "hudi/ingest state");
  EXPECT_EQ(FileClassOf(table + "event_date=2026-11-22"), "hudi/partition folder");
  EXPECT_EQ(FileClassOf(table + "event_date=2026-11-22/.f-0_20261122180000000.log.1_0-0-1"),
            "hudi/log file");
  EXPECT_EQ(FileClassOf(table + "event_date=2026-11-22/.tmp-1-2"), "hudi/temporary");
}

TEST(CrashPoints, WhatNoProtocolKnowsHasNoClass) {
  for (const char* path :
       {"/elsewhere", "/lake/.tapelake/other", "/lake/.tapelake/streams/s/segment.bak",
        "/lake/crypto/transactions/.hoodie/notes.txt", "/lake/crypto/transactions/stray",
        "/lake/crypto/transactions/event_date=2026-11-22/stray.csv"}) {
    EXPECT_EQ(FileClassOf(path), "") << path;
  }
}

TEST(CrashPoints, TheDocumentIsReadBack) {
  PointCoverage coverage;
  coverage["stream/segment append"].can_be_torn = true;
  coverage["stream/segment sync"].reached = 3;
  const auto points = ParsePointDocument(FormatPointDocument(coverage));
  ASSERT_TRUE(points.ok()) << points.status();
  EXPECT_THAT(*points,
              ElementsAre(Pair("stream/segment append", true), Pair("stream/segment sync", false)));
  EXPECT_FALSE(ParsePointDocument("# Crash points\n").ok());
}

}  // namespace
}  // namespace tapelake::sim
