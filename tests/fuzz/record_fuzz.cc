/// Mutation fuzzing of transform's parser; see README.md.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/json.h"
#include "record/record_block.h"
#include "record/table_definition.h"
#include "tests/fuzz/fuzz_arguments.h"
#include "transform/ndjson_writer.h"
#include "transform/record_parser.h"
#include "transform/row_builder.h"
#include "transform/testing_round_trip.h"

namespace tapelake {
namespace {

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  size_t Below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }

  /// One or two changes, small and large.
  std::string Mutate(const std::vector<std::string>& seeds) {
    std::string text = seeds[Below(seeds.size())];
    for (size_t i = 1 + Below(2); i > 0 && !text.empty(); --i)
      Change(seeds, &text);
    if (Below(20) == 0) {
      std::string encoded;
      base::AppendBase64(text, &encoded);
      return encoded;
    }
    return text;
  }

 private:
  void Change(const std::vector<std::string>& seeds, std::string* text) {
    static const std::vector<std::string> kPieces = {
        "\"",      "\\",
        "{",       "}",
        "[",       "]",
        ":",       ",",
        "\\u0000", "\\ud83d",
        "\\\"",    "null",
        "true",    "-",
        "1E400",   "\"S\"",
        "\"N\"",   "\"M\":{",
        "\"L\":[", "{\"NULL\":true}",
        " ",       "\t",
        "\r",      std::string(1, '\0'),
        "\xff",    "\xe2\x82",
        "\f",      "NewImage",
        "0",       "9999999999999999999999999999999999999999",
        "=",       "/"};
    const size_t at = Below(text->size());
    switch (Below(16)) {
      case 0:
        (*text)[at] = static_cast<char>(Below(256));
        return;
      case 1:
      case 2:
      case 3:
        (*text)[at] = static_cast<char>(' ' + Below(95));
        return;
      case 4:
      case 5:
        text->erase(at, 1 + Below(8));
        return;
      case 6:
      case 7:
      case 8:
        text->insert(at, kPieces[Below(kPieces.size())]);
        return;
      case 9:
      case 10: {
        const std::string piece = text->substr(at, 1 + Below(60));
        text->insert(Below(text->size()), piece);
        return;
      }
      case 11:
      case 12:
      case 13: {
        const std::string& other = seeds[Below(seeds.size())];
        text->replace(at, 1 + Below(20), other.substr(Below(other.size()), 1 + Below(40)));
        return;
      }
      case 14:
        text->resize(at);
        return;
      default:
        (*text)[at] = static_cast<char>('0' + Below(10));
    }
  }

  std::mt19937_64 random_;
};

class Checker {
 public:
  Checker()
      : rows_(
            transform::RowBuilder::Make(record::CryptoTransactionsTable(), nullptr).ValueOrDie()) {}

  /// Return what promise `text` broke; nullptr if none.
  const char* Check(const std::string& text) {
    const size_t room = text.size() + record::kRecordPaddingBytes;
    const std::unique_ptr<char[]> buffer(new char[room]);
    text.copy(buffer.get(), text.size());
    std::memset(buffer.get() + text.size(), '}', record::kRecordPaddingBytes);
    const auto error = parser_.Parse({buffer.get(), text.size()});
    if (error != transform::ParseError::kNone) {
      ++refused;
      return parser_.reason().empty() ? "a refusal has no reason" : nullptr;
    }
    ++accepted;
    if (text.front() == '{' && !IsJson(text)) return "accepted, but no JSON";
    line_.clear();
    writer_.Append(parser_.change(), &line_);
    if (line_.empty() || line_.back() != '\n') return "the row line has no end";
    if (!IsJson(line_)) return "the row line is no JSON";
    difference_ = round_trip_.Check(text);
    if (!difference_.empty()) return difference_.c_str();
    return CheckRow();
  }

  int64_t accepted = 0;
  int64_t refused = 0;

 private:
  /// The other parser reads numbers as doubles and refuses those beyond them: 1E400 is JSON all the
  /// same.
  static bool IsJson(const std::string& text) {
    const auto parsed = base::ParseJson(text);
    return parsed.ok() ||
           parsed.status().message().find("Problem while parsing a number") != std::string::npos;
  }

  const char* CheckRow() {
    const record::Change& change = parser_.change();
    rows_->KeyOf(change);
    if (rows_->PartitionOf(change.image()).empty()) return nullptr;
    if (!rows_->Append(change, 1).ok()) return "the row cannot be appended";
    if (rows_->row_count() < 1000) return nullptr;
    difference_ = round_trip_.CompareRows();
    if (!difference_.empty()) return difference_.c_str();
    const auto batch = rows_->Finish();
    if (!batch.ok() || !(*batch)->ValidateFull().ok()) return "the batch is not valid";
    return nullptr;
  }

  transform::RecordParser parser_;
  transform::NdjsonWriter writer_;
  std::unique_ptr<transform::RowBuilder> rows_;
  transform::RoundTrip round_trip_;
  std::string difference_;
  std::string line_;
};

int Run(uint64_t seed, int64_t rounds, const std::vector<std::string>& seeds) {
  Mutator mutator(seed);
  Checker checker;
  for (int64_t round = 0; round < rounds; ++round) {
    const std::string text = mutator.Mutate(seeds);
    const char* broken = text.empty() ? nullptr : checker.Check(text);
    if (broken == nullptr) continue;
    std::string encoded;
    base::AppendBase64(text, &encoded);
    std::fprintf(stderr, "seed %llu round %lld: %s\n%s\n", static_cast<unsigned long long>(seed),
                 static_cast<long long>(round), broken, encoded.c_str());
    return 1;
  }
  std::printf("seed %llu: %lld accepted, %lld refused\n", static_cast<unsigned long long>(seed),
              static_cast<long long>(checker.accepted), static_cast<long long>(checker.refused));
  return checker.accepted > 0 && checker.refused > 0 ? 0 : 1;
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  const tapelake::FuzzArguments arguments = tapelake::ParseFuzzArguments(argc, argv);
  std::vector<std::string> seeds;
  for (const std::string& path : arguments.rest) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      if (!line.empty()) seeds.push_back(line);
    }
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "usage: record_fuzz [--seed N] [--rounds N] FILE.ndjson...\n");
    return 2;
  }
  return tapelake::Run(arguments.seed, arguments.rounds, seeds);
}
