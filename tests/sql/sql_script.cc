#include "tests/sql/sql_script.h"

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace tapelake::sqltest {
namespace {

std::vector<std::string> Words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;)
    words.push_back(std::move(word));
  return words;
}

class FileParser {
 public:
  explicit FileParser(const std::string& path) : path_(path), file_(path) {
    if (!file_) throw std::runtime_error("cannot read " + path);
  }

  std::vector<Step> Parse() {
    while (NextLine()) {
      if (line_.empty() || line_[0] == '#') continue;
      Step step{.line = number_, .words = Words(line_)};
      const std::string keyword = step.words[0];
      step.words.erase(step.words.begin());
      if (keyword == "table") {
        step.kind = Step::Kind::kTable;
        Require(step.words.size() == 2, "table DATABASE.NAME GOLDEN");
      } else if (keyword == "golden") {
        step.kind = Step::Kind::kGolden;
        Require(step.words.size() == 1, "golden NAME");
      } else if (keyword == "statement") {
        ReadStatement(&step);
      } else if (keyword == "query") {
        ReadQuery(&step);
      } else {
        Require(false, "table, golden, statement or query");
      }
      steps_.push_back(std::move(step));
    }
    Require(!steps_.empty(), "at least one step");
    return std::move(steps_);
  }

 private:
  bool NextLine() {
    ++number_;
    return static_cast<bool>(std::getline(file_, line_));
  }

  void Require(bool holds, const std::string& what) const {
    if (!holds) {
      throw std::runtime_error(path_ + ":" + std::to_string(number_) + ": expected " + what);
    }
  }

  void AddSqlLine(Step* step) { step->sql += (step->sql.empty() ? "" : "\n") + line_; }

  void ReadStatement(Step* step) {
    step->kind = Step::Kind::kStatement;
    const std::string header = line_;
    Require(!step->words.empty() && (step->words[0] == "ok" || step->words[0] == "error"),
            "statement ok, or statement error TEXT");
    if (step->words[0] == "error") {
      const size_t text = header.find("error") + 6;
      Require(text < header.size(), "the error's text");
      step->expected.push_back(header.substr(text));
    }
    while (NextLine() && !line_.empty())
      AddSqlLine(step);
    Require(!step->sql.empty(), "SQL");
  }

  void ReadQuery(Step* step) {
    step->kind = Step::Kind::kQuery;
    Require(step->words.size() == 1, "query FORMAT");
    while (NextLine() && !line_.starts_with("----")) {
      Require(!line_.empty(), "---- before an empty line");
      AddSqlLine(step);
    }
    const std::vector<std::string> rule = Words(line_);
    if (rule.size() == 3 && rule[1] == "golden") {
      step->match = Step::Match::kGolden;
      step->expected.push_back(rule[2]);
      return;
    }
    Require(rule.size() == 1 || (rule.size() == 2 && rule[1] == "contains"),
            "----, ---- contains, or ---- golden FILE");
    if (rule.size() == 2) step->match = Step::Match::kContains;
    while (NextLine() && !line_.empty())
      step->expected.push_back(line_);
    Require(!step->sql.empty() && !step->expected.empty(), "SQL and a result");
  }

  std::string path_;
  std::ifstream file_;
  std::string line_;
  int number_ = 0;
  std::vector<Step> steps_;
};

}  // namespace

std::vector<Step> ParseTestFile(const std::string& path) {
  return FileParser(path).Parse();
}

}  // namespace tapelake::sqltest
