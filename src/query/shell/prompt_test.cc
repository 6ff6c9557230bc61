// Drives the prompt through a pseudo-terminal, as a person would.

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "io/clock.h"
#include "io/local_file_system.h"
#include "io/random.h"
#include "query/shell/run_sql.h"
#include "tests/golden/golden_table.h"

namespace tapelake::query {
namespace {

[[noreturn]] void RunPromptAndExit(const std::string& history_path) {
  ::setenv("TERM", "xterm", 1);
  io::LocalFileSystem files;
  io::SystemClock clock;
  io::SeededRandom random(1);
  const auto print = [](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    return Status::OK();
  };
  const Status status = RunSqlPrompt(
      {.files = files, .clock = clock, .random = random, .output = print, .notes = print}, {},
      history_path);
  ::_exit(status.ok() ? 0 : 1);
}

class PromptTest : public testing::Test {
 protected:
  void SetUp() override {
    child_ = ::forkpty(&terminal_, nullptr, nullptr, nullptr);
    ASSERT_GE(child_, 0);
    if (child_ == 0) RunPromptAndExit(history_path_);
    ASSERT_TRUE(WaitForPrompt());
  }
  void TearDown() override {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    ::close(terminal_);
  }

  void Type(const std::string& keys) {
    ASSERT_EQ(::write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }

  /// Read until `text` has been shown since the last match.
  bool WaitFor(const std::string& text) {
    while (true) {
      const size_t found = shown_.find(text);
      if (found != std::string::npos) {
        shown_.erase(0, found + text.size());
        return true;
      }
      pollfd ready{.fd = terminal_, .events = POLLIN, .revents = 0};
      char buffer[4096];
      if (::poll(&ready, 1, kPatienceMs) != 1) break;
      const ssize_t count = ::read(terminal_, buffer, sizeof(buffer));
      if (count <= 0) break;
      shown_.append(buffer, static_cast<size_t>(count));
    }
    ADD_FAILURE() << "waited for: " << text << "\nshown: " << shown_;
    return false;
  }

  /// The prompt is printed a moment before the terminal passes on single keys; until then it would
  /// keep Ctrl-C and Ctrl-D to itself.
  bool WaitForPrompt(const std::string& prompt = "tapelake> ") {
    if (!WaitFor(prompt)) return false;
    termios modes = {};
    for (int waited_ms = 0; waited_ms < kPatienceMs; ++waited_ms) {
      if (::tcgetattr(terminal_, &modes) == 0 && (modes.c_lflag & ICANON) == 0) return true;
      ::poll(nullptr, 0, 1);
    }
    ADD_FAILURE() << "the prompt does not read keys";
    return false;
  }

  /// Whether `text` has been shown, after a silence of 200 ms.
  bool HasShown(const std::string& text) {
    pollfd ready{.fd = terminal_, .events = POLLIN, .revents = 0};
    char buffer[4096];
    while (::poll(&ready, 1, 200) == 1) {
      const ssize_t count = ::read(terminal_, buffer, sizeof(buffer));
      if (count <= 0) break;
      shown_.append(buffer, static_cast<size_t>(count));
    }
    return shown_.find(text) != std::string::npos;
  }

  int WaitForExit() {
    // The other end closes when the prompt ends; one that waits for more has not understood.
    pollfd ready{.fd = terminal_, .events = POLLIN, .revents = 0};
    char buffer[4096];
    while (::poll(&ready, 1, kPatienceMs) == 1 && ::read(terminal_, buffer, sizeof(buffer)) > 0) {
    }
    if ((ready.revents & POLLHUP) == 0) {
      ADD_FAILURE() << "the prompt did not end";
      return -1;
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child_, &status, 0), child_);
    child_ = 0;
    return status;
  }

  static constexpr int kPatienceMs = 20000;

  golden::TemporaryFolder folder_;
  const std::string history_path_ = folder_.path() + "/history";
  pid_t child_ = 0;
  int terminal_ = -1;
  std::string shown_;
};

TEST_F(PromptTest, CollectsLinesUntilTheSemicolon) {
  Type("SELECT 40 +\n");
  ASSERT_TRUE(WaitForPrompt("...> "));
  Type("2 AS answer;\n");
  ASSERT_TRUE(WaitFor("answer"));
  ASSERT_TRUE(WaitFor(" 42"));
  ASSERT_TRUE(WaitForPrompt());
  Type(".quit\n");
  EXPECT_EQ(WaitForExit(), 0);
  std::ifstream file(history_path_);
  const std::string history{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_NE(history.find("answer;"), std::string::npos) << history;
}

TEST_F(PromptTest, InterruptDropsTheLineAndStopsTheQuery) {
  Type("SELECT dropped");
  ASSERT_TRUE(WaitFor("dropped"));
  Type("\x03");
  ASSERT_TRUE(WaitForPrompt());
  Type("SELECT sum(range) FROM range(99999999999999);\n");
  ASSERT_TRUE(WaitFor("99);"));
  // The statement starts a moment after its line is echoed, and an earlier Ctrl-C finds none.
  for (int attempt = 0; attempt < 50 && !HasShown("interrupted"); ++attempt)
    Type("\x03");
  ASSERT_TRUE(WaitFor("Error: the query was interrupted"));
  Type("SELECT 'still' || ' here' AS t;\n");
  ASSERT_TRUE(WaitFor(" still here"));
  ASSERT_TRUE(WaitForPrompt());
  Type("\x04");
  EXPECT_EQ(WaitForExit(), 0);
}

TEST_F(PromptTest, CompletesAndReportsErrors) {
  Type("SEL\tnothing_like_it;\n");  // the tab adds "ECT "
  ASSERT_TRUE(WaitFor("Error: Binder Error: Referenced column \"nothing_like_it\""));
  ASSERT_TRUE(WaitForPrompt());
  Type(".help\n");
  ASSERT_TRUE(WaitFor(".timing on|off"));
  Type(".quit\n");
  EXPECT_EQ(WaitForExit(), 0);
}

}  // namespace
}  // namespace tapelake::query
