// Runs every tests/sql/*.test as one test of its own, through the same code as `tapelake sql`.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "io/clock.h"
#include "io/local_file_system.h"
#include "io/random.h"
#include "query/shell/run_sql.h"
#include "query/shell/sql_shell.h"
#include "tests/golden/golden_table.h"
#include "tests/sql/sql_script.h"

namespace tapelake::sqltest {
namespace {

const std::string kSource = TAPELAKE_SOURCE_DIR;

/// One test file with a lake and a session of its own.
class Runner {
 public:
  Runner()
      : environment_{.files = files_,
                     .clock = clock_,
                     .random = random_,
                     .output =
                         [this](std::string_view text) {
                           output_ += text;
                           return Status::OK();
                         },
                     .notes = [](std::string_view) { return Status::OK(); }} {}

  void Run(const Step& step) {
    switch (step.kind) {
      case Step::Kind::kGolden:
        Unpack(step.words[0]);
        break;
      case Step::Kind::kTable:
        PlaceInLake(step.words[0], Unpack(step.words[1]).path());
        break;
      case Step::Kind::kStatement:
        RunStatement(step);
        break;
      case Step::Kind::kQuery:
        RunQuery(step);
        break;
    }
  }

 private:
  golden::GoldenTable& Unpack(const std::string& name) {
    auto& table = tables_[name];
    if (table == nullptr) table = std::make_unique<golden::GoldenTable>(kSource, name);
    return *table;
  }

  void PlaceInLake(const std::string& qualified, const std::string& path) {
    const size_t dot = qualified.find('.');
    const auto database = std::filesystem::path(lake_.path()) / qualified.substr(0, dot);
    std::filesystem::create_directories(database);
    std::filesystem::copy(path, database / qualified.substr(dot + 1),
                          std::filesystem::copy_options::recursive);
  }

  Status Execute(const std::string& text) {
    if (shell_ == nullptr) {
      auto shell = query::SqlShell::Open(environment_, {.lake_path = lake_.path()});
      if (!shell.ok()) return shell.status();
      shell_ = shell.MoveValueUnsafe();
    }
    output_.clear();
    for (const query::ScriptPiece& piece : query::SplitScript(WithPaths(text))) {
      const Status status = shell_->Run(piece);
      if (!status.ok()) return status;
    }
    return Status::OK();
  }

  // {NAME} is the path of an unpacked golden table, {lake} the lake's.
  std::string WithPaths(std::string text) const {
    Replace("{lake}", lake_.path(), &text);
    for (const auto& [name, table] : tables_)
      Replace("{" + name + "}", table->path(), &text);
    return text;
  }

  static void Replace(const std::string& from, const std::string& to, std::string* text) {
    for (size_t at = text->find(from); at != std::string::npos; at = text->find(from, at)) {
      text->replace(at, from.size(), to);
      at += to.size();
    }
  }

  void RunStatement(const Step& step) {
    const Status status = Execute(step.sql);
    if (step.words[0] == "ok") {
      EXPECT_TRUE(status.ok()) << status.message();
    } else if (status.ok()) {
      ADD_FAILURE() << "did not fail; printed:\n" << output_;
    } else {
      const std::string expected = WithPaths(step.expected[0]);
      EXPECT_NE(status.message().find(expected), std::string::npos)
          << "expected: " << expected << "\nmessage: " << status.message();
    }
  }

  void RunQuery(const Step& step) {
    ASSERT_TRUE(Execute(".format " + step.words[0]).ok());
    const Status status = Execute(step.sql);
    ASSERT_TRUE(status.ok()) << status.message();
    if (step.match == Step::Match::kContains) {
      for (const std::string& part : step.expected) {
        EXPECT_NE(output_.find(part), std::string::npos) << "missing: " << part << "\n" << output_;
      }
      return;
    }
    std::string expected;
    if (step.match == Step::Match::kGolden) {
      std::ifstream file(kSource + "/tests/golden/" + step.expected[0], std::ios::binary);
      ASSERT_TRUE(file) << step.expected[0];
      expected.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    } else {
      for (const std::string& line : step.expected)
        expected += line + "\n";
    }
    EXPECT_EQ(output_, expected);
  }

  golden::TemporaryFolder lake_;
  std::map<std::string, std::unique_ptr<golden::GoldenTable>> tables_;
  io::LocalFileSystem files_;
  io::SystemClock clock_;
  io::SeededRandom random_{1};
  std::string output_;
  query::SqlEnvironment environment_;
  std::unique_ptr<query::SqlShell> shell_;
};

class SqlFile : public testing::Test {
 public:
  explicit SqlFile(std::string path) : path_(std::move(path)) {}

  void TestBody() override {
    Runner runner;
    for (const Step& step : ParseTestFile(path_)) {
      SCOPED_TRACE(path_ + ":" + std::to_string(step.line));
      runner.Run(step);
      // Later steps build on this one.
      if (HasFailure()) return;
    }
  }

 private:
  std::string path_;
};

std::string FileText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(SqlFiles, ReadEveryGoldenTableInEveryModeItHasRowsFor) {
  const std::pair<const char*, const char*> kModes[] = {
      {"snapshot.csv", "golden_snapshots.test"},
      {"ro.csv", "golden_read_optimized.test"},
      {"incremental.csv", "golden_incremental.test"},
  };
  for (const auto& [extension, script] : kModes) {
    const std::string text = FileText(kSource + "/tests/sql/" + script);
    for (const auto& entry : std::filesystem::directory_iterator(kSource + "/tests/golden")) {
      const std::string name = entry.path().filename().string();
      if (!name.ends_with(std::string(".") + extension)) continue;
      EXPECT_NE(text.find("---- golden " + name), std::string::npos) << name << " in " << script;
    }
  }
}

void RegisterFiles() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(kSource + "/tests/sql")) {
    if (entry.path().extension() == ".test") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    const std::string name = std::filesystem::path(path).stem().string();
    testing::RegisterTest("Sql", name.c_str(), nullptr, nullptr, path.c_str(), 1,
                          [path]() -> testing::Test* { return new SqlFile(path); });
  }
  if (paths.empty()) throw std::runtime_error("no test files in tests/sql");
}

}  // namespace
}  // namespace tapelake::sqltest

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  tapelake::sqltest::RegisterFiles();
  return RUN_ALL_TESTS();
}
