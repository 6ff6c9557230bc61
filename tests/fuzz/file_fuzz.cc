/// Mutation fuzzing of the parsers of a table's files; see README.md.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/base64.h"
#include "hudi/format/commit_metadata.h"
#include "hudi/format/log_block.h"
#include "hudi/format/service_plans.h"
#include "hudi/format/table_config.h"
#include "hudi/log/log_records.h"
#include "io/local_file_system.h"
#include "tests/fuzz/fuzz_arguments.h"
#include "tests/golden/golden_table.h"

namespace tapelake {
namespace {

using hudi::LogBlockType;

constexpr const char* kTables[] = {"v6_mor_avro_logs",
                                   "v6_mor_parquet_logs",
                                   "v6_mor_bucket",
                                   "v6_mor_compacted_then_logs",
                                   "v6_cow_archive_savepoint_rollback",
                                   "v8_mor_avro_logs"};

Status ReadLogFile(std::string_view bytes) {
  static const std::vector<std::string> kColumns = {"_hoodie_record_key", "price", "quantity"};
  hudi::LogRecordReader records(kColumns);
  TAPELAKE_ASSIGN_OR_RAISE(const auto blocks, hudi::SplitLogBlocks(bytes));
  Status first;
  for (const hudi::LogBlock& block : blocks) {
    Status status;
    if (block.type == LogBlockType::kDelete) {
      status = hudi::ParseDeleteBlockContent(block.content).status();
    } else if (block.type == LogBlockType::kAvroData || block.type == LogBlockType::kParquetData) {
      const auto batch = records.Read(block);
      status = batch.ok() ? (*batch)->ValidateFull() : batch.status();
      if (batch.ok() && !status.ok()) std::abort();  // a batch that lies would crash others
    }
    if (first.ok()) first = status;
  }
  return first;
}

Status ReadArchive(std::string_view bytes) {
  const Status entries = hudi::ParseArchiveFile(bytes).status();
  const auto all = [](const std::string&) { return true; };
  const Status commits = hudi::ParseArchivedCommits(bytes, all).status();
  return entries.ok() ? commits : entries;
}

/// From table version 8 on commits are Avro containers.
Status ReadCommit(std::string_view bytes) {
  return bytes.starts_with("Obj") ? hudi::ParseCommitContainer(bytes).status()
                                  : hudi::ParseCommitMetadata(bytes).status();
}

/// A kind of file: how its names look, and what reads it.
struct Kind {
  const char* name_part;
  std::function<Status(std::string_view bytes)> read;
};

const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kinds = {
      {".commits_.archive", ReadArchive},
      {".log.", ReadLogFile},
      {".compaction.requested",
       [](auto bytes) { return hudi::ParseCompactionPlan(bytes).status(); }},
      {".rollback.requested", [](auto bytes) { return hudi::ParseRollbackPlan(bytes).status(); }},
      {".clean.requested", [](auto bytes) { return hudi::ParseCleanerPlan(bytes).status(); }},
      {"commit", ReadCommit},
      {"hoodie.properties", [](auto bytes) { return hudi::ParseTableConfig(bytes).status(); }},
  };
  return kinds;
}

struct Seed {
  const Kind* kind;
  std::string name;
  std::string bytes;
};

void CollectSeeds(io::LocalFileSystem& files, const std::string& folder, std::vector<Seed>* seeds) {
  for (const io::FileInfo& info : files.List(folder).ValueOrDie()) {
    const std::string path = io::JoinPath(folder, info.name);
    if (info.is_directory) {
      CollectSeeds(files, path, seeds);
      continue;
    }
    if (info.size_bytes == 0 || info.name.ends_with(".crc")) continue;
    const auto kind = std::ranges::find_if(Kinds(), [&info](const Kind& one) {
      return info.name.find(one.name_part) != std::string::npos;
    });
    if (kind == Kinds().end()) continue;
    seeds->push_back({&*kind, info.name, files.ReadFile(path).ValueOrDie()});
  }
}

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  size_t Below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }

  /// One to three changes: bytes, numbers, cuts, moved and doubled pieces.
  std::string Mutate(std::string bytes) {
    for (size_t i = 1 + Below(3); i > 0 && !bytes.empty(); --i)
      Change(&bytes);
    return bytes;
  }

 private:
  void Change(std::string* bytes) {
    static constexpr unsigned char kNumbers[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    const size_t at = Below(bytes->size());
    switch (Below(8)) {
      case 0:
        (*bytes)[at] = static_cast<char>((*bytes)[at] ^ (1 << Below(8)));
        return;
      case 1:
        (*bytes)[at] = static_cast<char>(kNumbers[Below(std::size(kNumbers))]);
        return;
      case 2:  // a length or a count in big-endian, as the formats have them
        for (size_t i = at; i < std::min(bytes->size(), at + 4); ++i)
          (*bytes)[i] = static_cast<char>(kNumbers[Below(std::size(kNumbers))]);
        return;
      case 3:
        bytes->erase(at, 1 + Below(16));
        return;
      case 4:
        bytes->insert(Below(bytes->size()), bytes->substr(at, 1 + Below(200)));
        return;
      case 5:
        bytes->resize(at);
        return;
      case 6:
        bytes->replace(at, 8, bytes->substr(Below(bytes->size()), 8));
        return;
      default:
        (*bytes)[at] = static_cast<char>(Below(256));
    }
  }

  std::mt19937_64 random_;
};

/// Bytes of just the room they take: what reads past them is seen by the sanitizer.
Status ReadTight(const Kind& kind, const std::string& bytes) {
  const std::vector<char> tight(bytes.begin(), bytes.end());
  return kind.read({tight.data(), tight.size()});
}

int Run(const std::string& sources, uint64_t seed, int64_t rounds) {
  io::LocalFileSystem files;
  std::vector<Seed> seeds;
  for (const char* name : kTables) {
    const golden::GoldenTable table(sources, name);
    CollectSeeds(files, table.path(), &seeds);
  }
  for (const Kind& kind : Kinds()) {
    if (std::ranges::any_of(seeds, [&kind](const Seed& one) { return one.kind == &kind; }))
      continue;
    std::fprintf(stderr, "no file whose name has '%s'\n", kind.name_part);
    return 1;
  }
  int64_t read = 0;
  int64_t refused = 0;
  Mutator mutator(seed);
  for (int64_t round = 0; round < rounds; ++round) {
    const Seed& chosen = seeds[mutator.Below(seeds.size())];
    const Status status = ReadTight(*chosen.kind, mutator.Mutate(chosen.bytes));
    ++(status.ok() ? read : refused);
    if (status.ok() || !status.message().empty()) continue;
    std::fprintf(stderr, "seed %llu round %lld: a refusal of a '%s' has no reason\n",
                 static_cast<unsigned long long>(seed), static_cast<long long>(round),
                 chosen.name.c_str());
    return 1;
  }
  std::printf("seed %llu, %zu files: %lld read, %lld refused\n",
              static_cast<unsigned long long>(seed), seeds.size(), static_cast<long long>(read),
              static_cast<long long>(refused));
  return read > 0 && refused > 0 ? 0 : 1;
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  const tapelake::FuzzArguments arguments = tapelake::ParseFuzzArguments(argc, argv);
  if (arguments.rest.size() != 1) {
    std::fprintf(stderr, "usage: file_fuzz [--seed N] [--rounds N] SOURCES\n");
    return 2;
  }
  return tapelake::Run(arguments.rest[0], arguments.seed, arguments.rounds);
}
