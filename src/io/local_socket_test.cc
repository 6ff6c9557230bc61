#include "io/local_socket.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "io/file_system.h"

namespace tapelake::io {
namespace {

class LocalSocket : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tapelake-io-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    path_ = root_ + "/socket";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  static std::string ReadAll(LocalConnection& connection) {
    std::string text;
    char bytes[64];
    while (true) {
      const auto count = connection.Read(bytes, sizeof(bytes));
      EXPECT_TRUE(count.ok()) << count.status();
      if (!count.ok() || *count == 0) return text;
      text.append(bytes, *count);
    }
  }

  std::string root_;
  std::string path_;
};

TEST_F(LocalSocket, CarriesBytesBothWays) {
  const auto listener = *LocalListener::Listen(path_);
  std::thread client([&] {
    const auto connection = *ConnectLocal(path_);
    EXPECT_TRUE(connection->Write("question").ok());
    char answer[6];
    EXPECT_EQ(*connection->Read(answer, sizeof(answer)), 6U);
    EXPECT_EQ(std::string(answer, 6), "answer");
  });
  const auto connection = *listener->Accept();
  char question[8];
  EXPECT_EQ(*connection->Read(question, sizeof(question)), 8U);
  EXPECT_TRUE(connection->Write("answer").ok());
  EXPECT_EQ(ReadAll(*connection), "");
  client.join();
}

TEST_F(LocalSocket, LetsOnlyThisUserIn) {
  const mode_t mask = ::umask(0);
  const auto listener = *LocalListener::Listen(path_);
  ::umask(mask);
  struct stat st{};
  ASSERT_EQ(::stat(path_.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600U);
}

TEST_F(LocalSocket, TakesPathsLongerThanAnAddress) {
  std::string directory = root_;
  for (int i = 0; i < 5; ++i)
    directory += "/" + std::string(40, static_cast<char>('a' + i));
  std::filesystem::create_directories(directory);
  const std::string path = directory + "/socket";
  const auto listener = LocalListener::Listen(path);
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_TRUE(ConnectLocal(path).ok());
}

TEST_F(LocalSocket, ReplacesASocketOfTheDeadButNoFile) {
  {
    const auto listener = *LocalListener::Listen(path_);
    std::filesystem::rename(path_, root_ + "/kept");  // as if its process had been killed
  }
  std::filesystem::rename(root_ + "/kept", path_);
  EXPECT_EQ(KindOf(ConnectLocal(path_).status()), ErrorKind::kUnavailable);
  EXPECT_TRUE(LocalListener::Listen(path_).ok());
  std::ofstream(path_) << "precious";
  EXPECT_EQ(KindOf(LocalListener::Listen(path_).status()), ErrorKind::kAlreadyExists);
  EXPECT_EQ(std::filesystem::file_size(path_), 8U);
}

TEST_F(LocalSocket, SaysThatNobodyIsThere) {
  EXPECT_EQ(KindOf(ConnectLocal(path_).status()), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf(LocalListener::Listen(root_ + "/no/socket").status()), ErrorKind::kNotFound);
  {
    const auto listener = *LocalListener::Listen(path_);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(LocalSocket, ShutDownEndsWhoWaits) {
  const auto listener = *LocalListener::Listen(path_);
  std::thread acceptor(
      [&] { EXPECT_EQ(KindOf(listener->Accept().status()), ErrorKind::kShuttingDown); });
  listener->ShutDown();
  acceptor.join();

  const std::string other = root_ + "/other";
  const auto second = *LocalListener::Listen(other);
  const auto client = *ConnectLocal(other);
  const auto server = *second->Accept();
  std::thread reader([&] { EXPECT_EQ(ReadAll(*server), ""); });
  server->ShutDown();
  reader.join();
  EXPECT_EQ(ReadAll(*client), "");
  EXPECT_FALSE(client->Write("x").ok());
}

}  // namespace
}  // namespace tapelake::io
