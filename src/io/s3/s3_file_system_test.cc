#include "io/s3/s3_file_system.h"

#include <gmock/gmock.h>

#include <memory>

#include <arrow/buffer.h>
#include "io/s3/s3_streams.h"
#include "testing/fake_clock.h"
#include "testing/fake_s3.h"

namespace tapelake::io {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::FakeS3;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr int64_t kNow = 1'795'370'400'000'000;  // 2026-11-22T18:00:00Z

class FixedKeys : public aws::CredentialSource {
 public:
  Result<aws::Credentials> Get() override { return FakeS3::Keys(); }
  void Refuse(const aws::Credentials&) override { ++refused; }
  int refused = 0;
};

class S3FileSystemTest : public ::testing::Test {
 protected:
  S3FileSystemTest() { Open({}); }

  void Open(S3Settings settings, bool on_aws = false) {
    if (!on_aws) settings.endpoint = "http://127.0.0.1:9000";
    settings.region = "eu-west-1";
    settings.addressing = on_aws ? "virtual" : "path";
    client_ = std::make_unique<S3Client>(
        S3Environment{.http = server_, .credentials = keys_, .clock = clock_, .random = random_},
        settings);
    files_ = std::make_unique<S3FileSystem>(*client_, marks_);
  }

  /// Let `fault` happen to the first `count` requests of `method`.
  void FailFirst(int count, const std::string& method, const FakeS3::Fault& fault) {
    server_.SetFaults([left = count, method, fault](const HttpRequest& request) mutable {
      if (request.method != method || left == 0) return FakeS3::Fault();
      --left;
      return fault;
    });
  }
  void Write(const std::string& path, const std::string& content) {
    const Status written = files_->ReplaceFile(path, content);
    EXPECT_TRUE(written.ok()) << written;
  }
  std::string ContentOf(const std::string& place) {
    const auto objects = server_.objects();
    const auto found = objects.find(place);
    return found == objects.end() ? "(none)" : found->second.content;
  }
  std::vector<std::string> Names(const std::string& directory) {
    const auto names = files_->ListNames(directory);
    EXPECT_TRUE(names.ok()) << names.status();
    return names.ValueOr(std::vector<std::string>());
  }
  static void ExpectKind(const Status& status, ErrorKind kind, const std::string& said) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(KindOf(status), kind) << status;
    EXPECT_THAT(status.message(), HasSubstr(said));
  }

  static FakeS3::Fault Answers(int status, const std::string& code) {
    return {.answer = FakeS3::Failure(status, code)};
  }

  FakeS3 server_;
  FixedKeys keys_;
  testing::FakeClock clock_{kNow};
  SeededRandom random_{1};
  SeededRandom marks_{2};
  std::unique_ptr<S3Client> client_;
  std::unique_ptr<S3FileSystem> files_;
};

TEST_F(S3FileSystemTest, WritesReadsAndDeletesWholeFiles) {
  Write("s3://bucket/a b/x=1/+&.txt", "content");
  EXPECT_EQ(*files_->ReadFile("s3a://bucket/a b/x=1/+&.txt"), "content");
  Write("s3://bucket/a b/x=1/+&.txt", "other");
  EXPECT_EQ(ContentOf("bucket/a b/x=1/+&.txt"), "other");
  const auto info = files_->GetInfo("s3://bucket/a b/x=1/+&.txt");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->name, "+&.txt");
  EXPECT_EQ(info->size_bytes, 5);
  EXPECT_EQ(info->modified_micros, kNow);
  ASSERT_TRUE(files_->DeleteFile("s3://bucket/a b/x=1/+&.txt").ok());
  ExpectKind(files_->DeleteFile("s3://bucket/a b/x=1/+&.txt"), ErrorKind::kNotFound, "+&.txt");
  ExpectKind(files_->ReadFile("s3://bucket/none").status(), ErrorKind::kNotFound,
             "s3://bucket/none");
  ExpectKind(files_->ReadFile("s3://no-such-bucket/x").status(), ErrorKind::kInvalid,
             "NoSuchBucket");
  ExpectKind(files_->ReadFile("s3://bucket").status(), ErrorKind::kInvalid, "a bucket");
}

TEST_F(S3FileSystemTest, ReadsPiecesOfTheVersionThatWasOpened) {
  Write("s3://bucket/file", "0123456789");
  const auto file = *files_->OpenForRead("s3://bucket/file");
  EXPECT_EQ(*file->GetSize(), 10);
  char piece[4] = {};
  EXPECT_EQ(*file->ReadAt(3, 4, piece), 4);
  EXPECT_EQ(std::string(piece, 4), "3456");
  EXPECT_EQ((*file->ReadAt(8, 100))->ToString(), "89");
  EXPECT_EQ((*file->ReadAt(10, 5))->ToString(), "");
  EXPECT_FALSE(file->ReadAt(11, 1).ok());
  EXPECT_EQ((*file->Read(2))->ToString(), "01");
  EXPECT_EQ((*file->Read(2))->ToString(), "23");
  ASSERT_TRUE(file->Seek(9).ok());
  EXPECT_EQ((*file->Read(2))->ToString(), "9");
}

TEST_F(S3FileSystemTest, FetchesBlocksAndNoticesThatTheFileWasReplaced) {
  std::string content;
  for (int i = 0; static_cast<int64_t>(content.size()) < 3 * kS3BlockBytes; ++i)
    content += std::to_string(i) + ",";
  Write("s3://bucket/file", content);
  const auto file = *files_->OpenForRead("s3://bucket/file");
  const auto expect = [&](int64_t at, int64_t size) {
    EXPECT_TRUE((*file->ReadAt(at, size))->ToString() ==
                content.substr(static_cast<size_t>(at), static_cast<size_t>(size)))
        << at;
  };
  const size_t before = server_.requests().size();
  const auto fetches = [&] { return server_.requests().size() - before; };
  for (const int64_t at : {1000, 1100, 500'000, 1'000'000})
    expect(at, 1000);
  EXPECT_EQ(fetches(), 1u);
  expect(900'000, 500'000);  // goes on beyond the block
  EXPECT_EQ(fetches(), 2u);
  expect(100, 2 * kS3BlockBytes);  // larger than a block
  expect(1'000'000, 1000);
  EXPECT_EQ(fetches(), 3u) << "and the block was kept";
  expect(3 * kS3BlockBytes - 10, 1000);
  Write("s3://bucket/file", content);
  ExpectKind(file->ReadAt(0, 4).status(), ErrorKind::kConflict, "s3://bucket/file");
}

TEST_F(S3FileSystemTest, BigFilesGoUpInPartsAndAppearWhenClosed) {
  std::string content;
  for (int i = 0; static_cast<int64_t>(content.size()) < 2 * kS3PartBytes + 1000; ++i)
    content += std::to_string(i) + ",";
  const auto stream = *files_->OpenForWrite("s3://bucket/big");
  for (size_t at = 0; at < content.size(); at += 1'000'003)
    ASSERT_TRUE(stream->Write(content.substr(at, 1'000'003)).ok());
  EXPECT_EQ(*stream->Tell(), static_cast<int64_t>(content.size()));
  EXPECT_THAT(server_.objects(), IsEmpty());
  ASSERT_TRUE(stream->Close().ok());
  EXPECT_EQ(ContentOf("bucket/big"), content);
  EXPECT_EQ(server_.open_uploads(), 0u);
  EXPECT_THAT(server_.requests(), SizeIs(5)) << "begin, three parts, complete";
}

TEST_F(S3FileSystemTest, AFileOfOnePartIsOneRequest) {
  const auto stream = *files_->OpenForWrite("s3://bucket/small");
  ASSERT_TRUE(stream->Write(std::string(kS3PartBytes, 'x')).ok());
  ASSERT_TRUE(stream->Close().ok());
  EXPECT_THAT(server_.requests(), ElementsAre("PUT bucket/small"));
}

TEST_F(S3FileSystemTest, AStreamThatIsNotClosedLeavesNothing) {
  {
    const auto stream = *files_->OpenForWrite("s3://bucket/big");
    ASSERT_TRUE(stream->Write(std::string(kS3PartBytes + 1, 'x')).ok());
    EXPECT_EQ(server_.open_uploads(), 1u);
  }
  EXPECT_EQ(server_.open_uploads(), 0u);
  EXPECT_THAT(server_.objects(), IsEmpty());
}

TEST_F(S3FileSystemTest, AnUploadWhoseLastAnswerWasLostIsDone) {
  const auto stream = *files_->OpenForWrite("s3://bucket/big");
  ASSERT_TRUE(stream->Write(std::string(kS3PartBytes + 1, 'x')).ok());
  FailFirst(1, "POST", {.lose_answer = true});
  const Status closed = stream->Close();
  EXPECT_TRUE(closed.ok()) << closed;
  EXPECT_THAT(server_.objects(), ElementsAre(Key("bucket/big")));
}

TEST_F(S3FileSystemTest, AnUploadThatIsGoneIsDoneOnlyIfTheObjectIsOurs) {
  Write("s3://bucket/big", "of somebody else");
  const auto gone = [this](bool done) {
    const auto stream = *files_->OpenForWrite("s3://bucket/big");
    EXPECT_TRUE(stream->Write(std::string(kS3PartBytes + 1, 'x')).ok());
    bool first = true;
    // The HTTP client sent the end of the upload twice by itself.
    server_.SetFaults([&, done](const HttpRequest& request) {
      if (request.method != "POST" || !std::exchange(first, false)) return FakeS3::Fault{};
      if (done) (void)server_.Send(request);
      return FakeS3::Fault{.answer = FakeS3::Failure(404, "NoSuchUpload")};
    });
    const Status closed = stream->Close();
    server_.SetFaults(nullptr);
    return closed;
  };
  EXPECT_FALSE(gone(false).ok());
  EXPECT_EQ(ContentOf("bucket/big"), "of somebody else");
  const Status closed = gone(true);
  EXPECT_TRUE(closed.ok()) << closed;
  EXPECT_EQ(ContentOf("bucket/big").size(), size_t{kS3PartBytes + 1});
}

TEST_F(S3FileSystemTest, ListsAllPagesAndTellsDirectoriesFromFiles) {
  server_.page_size = 7;
  for (int i = 100; i < 150; ++i)
    Write("s3://bucket/t/f" + std::to_string(i), std::string(static_cast<size_t>(i), 'x'));
  for (int i = 0; i < 20; ++i)
    Write("s3://bucket/t/dir" + std::to_string(i) + "/deep/x", "");
  Write("s3://bucket/t/dir1", "a file beside the directory of that name");
  Write("s3://bucket/other", "");
  const auto list = files_->List("s3://bucket/t/");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_THAT(*list, SizeIs(71));
  EXPECT_EQ(std::ranges::count_if(*list, &FileInfo::is_directory), 20);
  EXPECT_TRUE(std::ranges::is_sorted(*list, {}, &FileInfo::name));
  EXPECT_EQ(list->back().name, "f149");
  EXPECT_EQ(list->back().size_bytes, 149);
  EXPECT_EQ(list->back().modified_micros, kNow);
  EXPECT_THAT(Names("s3://bucket"), ElementsAre("other", "t"));
  EXPECT_THAT(Names("s3://bucket/t/dir7"), ElementsAre("deep"));
  ExpectKind(files_->ListNames("s3://no-such-bucket/t").status(), ErrorKind::kInvalid,
             "NoSuchBucket");
  ExpectKind(files_->Exists("s3://no-such-bucket/t").status(), ErrorKind::kInvalid, "NoSuchBucket");
}

TEST_F(S3FileSystemTest, ADirectoryIsThereWhileSomethingLiesInItOrItWasMadeHere) {
  EXPECT_FALSE(*files_->Exists("s3://bucket/a/b"));
  ExpectKind(files_->ListNames("s3://bucket/a/b").status(), ErrorKind::kNotFound, "a/b");
  ASSERT_TRUE(files_->CreateDirectories("s3://bucket/a/b/c").ok());
  EXPECT_THAT(server_.objects(), IsEmpty());
  EXPECT_TRUE(*files_->Exists("s3://bucket/a/b"));
  EXPECT_TRUE(files_->GetInfo("s3://bucket/a/b/c")->is_directory);
  EXPECT_THAT(Names("s3://bucket/a/b/c"), IsEmpty());
  Write("s3://bucket/d/e/f", "");
  Write("s3://bucket/d/e/", "");  // names the object `d/e`
  EXPECT_TRUE(*files_->Exists("s3://bucket/d"));
  EXPECT_FALSE(*files_->Exists("s3://bucket/d/e/f/g"));
  EXPECT_TRUE(*files_->Exists("s3://bucket"));
  ASSERT_TRUE(files_->DeleteDirectory("s3://bucket/a").ok());
  EXPECT_FALSE(*files_->Exists("s3://bucket/a/b/c"));
  ASSERT_TRUE(files_->DeleteDirectory("s3://bucket/a").ok()) << "fine if absent";
}

TEST_F(S3FileSystemTest, DeletesADirectoryWithAllBelowIt) {
  server_.page_size = 3;
  for (int i = 0; i < 10; ++i)
    Write("s3://bucket/t/a/" + std::to_string(i) + "/x", "");
  Write("s3://bucket/ta", "");
  Write("s3://bucket/t/ab", "");
  ASSERT_TRUE(files_->DeleteDirectory("s3://bucket/t/a").ok());
  EXPECT_THAT(server_.objects(), ElementsAre(Key("bucket/t/ab"), Key("bucket/ta")));
}

TEST_F(S3FileSystemTest, CreatesOnlyWhatIsNotThere) {
  ASSERT_TRUE(files_->CreateIfAbsent("s3://bucket/commit", "first").ok());
  ExpectKind(files_->CreateIfAbsent("s3://bucket/commit", "first"), ErrorKind::kAlreadyExists,
             "s3://bucket/commit");
  EXPECT_EQ(ContentOf("bucket/commit"), "first");
}

TEST_F(S3FileSystemTest, ALostAnswerIsSettledByLooking) {
  ASSERT_TRUE(files_->CreateIfAbsent("s3://bucket/zero", "").ok());
  FailFirst(1, "PUT", {.lose_answer = true});
  const Status ours = files_->CreateIfAbsent("s3://bucket/one", "");
  EXPECT_TRUE(ours.ok()) << ours;
  FailFirst(1, "PUT", Answers(500, "InternalError"));
  EXPECT_TRUE(files_->CreateIfAbsent("s3://bucket/two", "").ok());
  Write("s3://bucket/three", "");  // another writer's, with the same bytes
  FailFirst(1, "PUT", {.lose_answer = true});
  ExpectKind(files_->CreateIfAbsent("s3://bucket/three", ""), ErrorKind::kAlreadyExists, "three");
}

TEST_F(S3FileSystemTest, WhatCannotBeSettledIsUnknown) {
  ASSERT_TRUE(files_->CreateIfAbsent("s3://bucket/zero", "").ok());
  FailFirst(100, "PUT", {.answer = FakeS3::Failure(500, "InternalError")});
  ExpectKind(files_->CreateIfAbsent("s3://bucket/x", ""), ErrorKind::kUnknownOutcome,
             "InternalError");
  EXPECT_EQ(ContentOf("bucket/x"), "(none)");
  server_.SetFaults([](const HttpRequest&) { return FakeS3::Fault{.lose_answer = true}; });
  ExpectKind(files_->CreateIfAbsent("s3://bucket/x", ""), ErrorKind::kUnknownOutcome, "reset");
  server_.SetFaults(nullptr);
  EXPECT_EQ(ContentOf("bucket/x"), "");
  server_.SetFaults([](const HttpRequest&) { return FakeS3::Fault{.lose_request = true}; });
  ExpectKind(files_->CreateIfAbsent("s3://bucket/y", ""), ErrorKind::kUnavailable, "refused");
}

TEST_F(S3FileSystemTest, AConflictOfTwoCreationsIsTriedAgain) {
  ASSERT_TRUE(files_->CreateIfAbsent("s3://bucket/zero", "").ok());
  FailFirst(2, "PUT", Answers(409, "ConditionalRequestConflict"));
  EXPECT_TRUE(files_->CreateIfAbsent("s3://bucket/x", "").ok());
}

TEST_F(S3FileSystemTest, AServerThatOverwritesIsRefused) {
  server_.honours_conditions = false;
  ExpectKind(files_->CreateIfAbsent("s3://bucket/x", "a"), ErrorKind::kInvalid, "If-None-Match");
  EXPECT_EQ(ContentOf("bucket/x"), "a");
}

TEST_F(S3FileSystemTest, PassingFailuresAreBornePatiently) {
  Write("s3://bucket/x", "content");
  for (const auto& fault :
       {Answers(500, "InternalError"), Answers(503, "SlowDown"), Answers(429, "TooMany"),
        Answers(400, "RequestTimeout"), FakeS3::Fault{.lose_request = true},
        FakeS3::Fault{.lose_answer = true}}) {
    for (const char* method : {"GET", "HEAD", "PUT", "DELETE"}) {
      FailFirst(S3Client::kTriesMax - 1, method, fault);
      EXPECT_EQ(files_->ReadFile("s3://bucket/x").ValueOr(""), "content");
      EXPECT_TRUE(files_->OpenForRead("s3://bucket/x").ok());
      EXPECT_THAT(Names("s3://bucket"), ElementsAre("x"));
      Write("s3://bucket/y", "");
      EXPECT_TRUE(files_->DeleteFile("s3://bucket/y").ok());
    }
  }
  FailFirst(S3Client::kTriesMax, "GET", Answers(503, "SlowDown"));
  ExpectKind(files_->ReadFile("s3://bucket/x").status(), ErrorKind::kUnavailable,
             "S3 GET 's3://bucket/x': status 503, SlowDown: as told (after 7 tries)");
}

TEST_F(S3FileSystemTest, PausesGrowAreRandomAndHeedTheServer) {
  FailFirst(S3Client::kTriesMax, "GET", {.lose_request = true});
  (void)files_->ReadFile("s3://bucket/x");
  const int64_t waited = clock_.SteadyMicros();
  EXPECT_GT(waited, 300'000);
  EXPECT_LT(waited, 6'300'000);
  FakeS3::Fault slow = Answers(503, "SlowDown");
  slow.answer->headers.push_back({"retry-after", "3"});
  FailFirst(1, "GET", slow);
  (void)files_->ReadFile("s3://bucket/x");
  EXPECT_GE(clock_.SteadyMicros() - waited, 3'000'000);
}

TEST_F(S3FileSystemTest, LastingFailuresAreToldAtOnce) {
  FailFirst(1, "GET", Answers(403, "AccessDenied"));
  ExpectKind(files_->ReadFile("s3://bucket/x").status(), ErrorKind::kUnauthorized,
             "AccessDenied: as told");
  FailFirst(1, "PUT", Answers(400, "InvalidArgument"));
  ExpectKind(files_->ReplaceFile("s3://bucket/x", ""), ErrorKind::kInvalid, "InvalidArgument");
  EXPECT_THAT(server_.requests(), SizeIs(2));
}

TEST_F(S3FileSystemTest, ExpiredKeysAreRenewedOnce) {
  Write("s3://bucket/x", "content");
  FailFirst(1, "GET", Answers(400, "ExpiredToken"));
  EXPECT_EQ(*files_->ReadFile("s3://bucket/x"), "content");
  EXPECT_EQ(keys_.refused, 1);
  FailFirst(2, "GET", Answers(400, "ExpiredToken"));
  ExpectKind(files_->ReadFile("s3://bucket/x").status(), ErrorKind::kInvalid, "ExpiredToken");
}

TEST_F(S3FileSystemTest, TheServersClockCounts) {
  Write("s3://bucket/x", "content");
  clock_.SetWall(kNow + 3'600'000'000);
  std::vector<std::string> dates;
  server_.SetFaults([&](const HttpRequest& request) -> FakeS3::Fault {
    const auto date = std::ranges::find(request.headers, "x-amz-date", &HttpHeader::name);
    dates.push_back(date->value);
    if (date->value.starts_with("20261122T18")) return {};
    return Answers(403, "RequestTimeTooSkewed");
  });
  EXPECT_EQ(files_->ReadFile("s3://bucket/x").ValueOr(""), "content");
  EXPECT_EQ(files_->ReadFile("s3://bucket/x").ValueOr(""), "content");
  EXPECT_THAT(dates, SizeIs(3)) << "learned once";
}

TEST_F(S3FileSystemTest, ABucketOfAwsIsFollowedToItsRegion) {
  Open({}, /*on_aws=*/true);
  std::vector<std::string> urls;
  server_.SetFaults([&](const HttpRequest& request) {
    urls.push_back(request.url);
    HttpResponse elsewhere = FakeS3::Failure(301, "PermanentRedirect");
    elsewhere.headers.push_back({"x-amz-bucket-region", "us-west-2"});
    const bool there = request.url.find("us-west-2") != std::string::npos;
    return FakeS3::Fault{.answer =
                             there ? HttpResponse{.status = 200, .body = "content"} : elsewhere};
  });
  EXPECT_EQ(files_->ReadFile("s3://bucket/a/b").ValueOr(""), "content");
  EXPECT_EQ(files_->ReadFile("s3://dotted.bucket/a").ValueOr(""), "content");
  EXPECT_THAT(urls, ElementsAre("https://bucket.s3.eu-west-1.amazonaws.com/a/b",
                                "https://bucket.s3.us-west-2.amazonaws.com/a/b",
                                "https://s3.eu-west-1.amazonaws.com/dotted.bucket/a",
                                "https://s3.us-west-2.amazonaws.com/dotted.bucket/a"));
}

TEST_F(S3FileSystemTest, EveryWriteAsksForTheEncryptionThatIsConfigured) {
  Open({.encryption = "aws:kms", .kms_key_id = "arn:key"});
  Write("s3://bucket/put", "x");
  ASSERT_TRUE(files_->CreateIfAbsent("s3://bucket/created", "x").ok());
  const auto stream = *files_->OpenForWrite("s3://bucket/parts");
  ASSERT_TRUE(stream->Write(std::string(kS3PartBytes + 1, 'x')).ok());
  ASSERT_TRUE(stream->Close().ok());
  const auto objects = server_.objects();
  EXPECT_THAT(objects, SizeIs(3));
  for (const auto& [place, object] : objects) {
    EXPECT_THAT(object.headers,
                AllOf(Contains(Pair("x-amz-server-side-encryption", "aws:kms")),
                      Contains(Pair("x-amz-server-side-encryption-aws-kms-key-id", "arn:key"))))
        << place;
  }
}

TEST_F(S3FileSystemTest, AnEncryptionKeyThatIsNotThereIsNoMissingFile) {
  Open({.encryption = "aws:kms", .kms_key_id = "arn:key"});
  for (const auto& [status, code] : {std::pair(404, "kms:KeyNotFound"),  // MinIO
                                     std::pair(400, "KMS.NotFoundException")}) {
    FailFirst(1, "PUT", Answers(status, code));
    const Status written = files_->ReplaceFile("s3://bucket/x", "");
    ExpectKind(written, ErrorKind::kInvalid, code);
    ExpectKind(written, ErrorKind::kInvalid, "the key is 'arn:key'");
  }
}

TEST_F(S3FileSystemTest, RefusesWhatS3CannotDo) {
  ExpectKind(files_->OpenForAppend("s3://bucket/x").status(), ErrorKind::kInvalid, "appended");
  ExpectKind(files_->Lock("s3://bucket/x").status(), ErrorKind::kInvalid, "locked");
  EXPECT_TRUE(files_->SyncDirectory("s3://bucket/x").ok());
}

TEST_F(S3FileSystemTest, AListingThatMakesNoSenseIsAnError) {
  for (const char* body : {"", "no xml", "<R><IsTruncated>true</IsTruncated></R>",
                           "<R><Contents><Key>t/x</Key></Contents></R>",
                           "<R><Contents><Key>elsewhere</Key><Size>1</Size></Contents></R>"}) {
    server_.SetFaults([body](const HttpRequest&) {
      return FakeS3::Fault{.answer = HttpResponse{.status = 200, .body = body}};
    });
    ExpectKind(files_->List("s3://bucket/t").status(), ErrorKind::kCorrupt, "");
  }
}

}  // namespace
}  // namespace tapelake::io
