// What one change costs in each step of the pipeline, by itself, on one thread.
//
//   pipeline_stages [CHANGES]
//
// Prints one JSON line: stage -> microseconds of CPU (user and system) per change. `hash` holds MD5
// for the shard, and the hashes for the recent-change index and the bucket; `encode` grouping by
// file group, Avro and the write of the log files; `log` that MD5 again, zstd and fdatasync.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "bench/cpu_times.h"
#include "delivery/delivery.h"
#include "hudi/format/bucket_hash.h"
#include "ingest/recent_changes.h"
#include "ingest/table_ingest.h"
#include "io/local_file_system.h"
#include "io/random.h"
#include "record/record_block.h"
#include "source/simulator.h"
#include "stream/shard_map.h"
#include "stream/stream.h"
#include "transform/ndjson_writer.h"
#include "transform/record_parser.h"

namespace tapelake {
namespace {

constexpr size_t kBatch = 500;
constexpr int64_t kChangesPerCommit = 100'000;
constexpr uint32_t kBuckets = 4;
const std::string kSource = "bench";

template <typename T>
T Must(Result<T> result) {
  if (result.ok()) return std::move(result).ValueUnsafe();
  std::fprintf(stderr, "pipeline_stages: %s\n", result.status().message().c_str());
  std::exit(1);
}
void Must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "pipeline_stages: %s\n", status.message().c_str());
  std::exit(1);
}

/// Adds up the CPU of the steps of one stage.
class Stage {
 public:
  explicit Stage(const char* name) : name_(name) {}
  template <typename Work>
  void Run(const Work& work) {
    const bench::CpuTimes begin = bench::CpuNow();
    work();
    micros_ += (bench::CpuNow() - begin).all_micros();
  }
  std::string Json(int64_t changes) const {
    char text[80];
    std::snprintf(text, sizeof(text), "\"%s\": %.3f", name_,
                  micros_ / static_cast<double>(changes));
    return text;
  }

 private:
  const char* name_;
  double micros_ = 0;
};

struct World {
  io::LocalFileSystem files;
  io::SystemClock clock;
  io::SystemRandom random;
};

std::vector<record::RecordBlock> MakeBlocks(int64_t changes) {
  auto simulator = Must(source::Simulator::Make({.seed = 5, .changes = changes}));
  std::vector<record::RecordBlock> blocks;
  while (true) {
    record::RecordBlock block;
    if (!Must(simulator->ReadBlock(&block))) return blocks;
    blocks.push_back(std::move(block));
  }
}

/// The key of every change, which is also the partition key of its put.
std::vector<std::string> KeysOf(const std::vector<record::RecordBlock>& blocks) {
  transform::RecordParser parser;
  std::vector<std::string> keys;
  for (const auto& block : blocks) {
    for (const auto& entry : block.entries) {
      const auto error = parser.Parse(block.bytes(entry));
      keys.emplace_back(error == transform::ParseError::kNone ? parser.change().keys.front().text
                                                              : "-");
    }
  }
  return keys;
}

void RunHash(const std::vector<std::string>& keys, Stage* hash) {
  const stream::ShardMap shards(stream::StreamOptions().shard_count);
  uint64_t sum = 0;
  hash->Run([&] {
    for (const std::string& key : keys) {
      sum += shards.ShardOf(key) + ingest::RecentChanges::KeyHash()(key) +
             hudi::BucketOfHash(hudi::BucketHash(key), kBuckets);
    }
  });
  [[maybe_unused]] const volatile uint64_t used = sum;  // or no hash would be needed
}

void RunParser(const std::vector<record::RecordBlock>& blocks, Stage* parse, Stage* line) {
  transform::RecordParser parser;
  const transform::NdjsonWriter writer;
  parse->Run([&] {
    for (const auto& block : blocks) {
      for (const auto& entry : block.entries)
        (void)parser.Parse(block.bytes(entry));
    }
  });
  std::string out;
  line->Run([&] {
    for (const auto& block : blocks) {
      (void)parser.Parse(block.bytes(block.entries.front()));
      for (size_t i = 0; i < block.entries.size(); ++i)
        writer.Append(parser.change(), &out);
      out.clear();
    }
  });
}

void RunLog(World& world, const std::string& folder, const std::vector<record::RecordBlock>& blocks,
            const std::vector<std::string>& keys, Stage* log) {
  stream::OpenReport report;
  auto stream =
      Must(stream::Stream::Open(world.files, world.clock, folder + "/stream", "s", {}, &report));
  auto key = keys.begin();
  log->Run([&] {
    for (const auto& block : blocks) {
      std::vector<stream::PutEntry> entries;
      for (const auto& entry : block.entries) {
        entries.push_back({.partition_key = *key++, .data = block.bytes(entry)});
        if (entries.size() < kBatch) continue;
        (void)Must(stream->Append(std::exchange(entries, {})));
        Must(stream->Sync());
      }
      if (entries.empty()) continue;
      (void)Must(stream->Append(entries));
      Must(stream->Sync());
    }
  });
}

void RunIngest(World& world, const std::string& folder,
               const std::vector<record::RecordBlock>& blocks, Stage* decide, Stage* encode) {
  hudi::TableEnvironment environment{world.files, world.clock, world.random};
  auto ingest = Must(ingest::TableIngest::Open(environment, record::CryptoTransactionsTable(),
                                               {.lake_path = folder + "/lake", .threads = 1}));
  transform::RecordParser parser;
  const auto commit = [&] { encode->Run([&] { (void)Must(ingest->Commit()); }); };
  for (const auto& block : blocks) {
    decide->Run([&] {
      for (const auto& entry : block.entries) {
        if (parser.Parse(block.bytes(entry)) != transform::ParseError::kNone) continue;
        if (!ingest->Check(parser.change()).refused()) Must(ingest->Take(parser.change()).status());
      }
      ingest->Advance("bench", block.end_offset);
    });
    if (ingest->pending_records() >= kChangesPerCommit) commit();
  }
  commit();
}

void RunDelivery(World& world, const std::string& folder,
                 const std::vector<record::RecordBlock>& blocks, Stage* add, Stage* compress) {
  auto delivery =
      Must(delivery::Delivery::Open(world.files, world.clock, record::CryptoTransactionsTable(),
                                    {.lake_path = folder + "/lake", .stream = "s"}));
  transform::RecordParser parser;
  for (const auto& block : blocks) {
    add->Run([&] {
      for (const auto& entry : block.entries) {
        if (parser.Parse(block.bytes(entry)) != transform::ParseError::kNone) continue;
        delivery->Add(parser.change(), {.source = kSource,
                                        .offset = entry.offset,
                                        .place = "bench",
                                        .raw = block.bytes(entry)});
      }
      delivery->Advance(kSource, block.end_offset);
      Must(delivery->Cut(/*flush=*/false));
    });
    compress->Run([&] {
      while (Must(delivery->Step())) {
      }
    });
  }
  Must(delivery->Cut(/*flush=*/true));
  compress->Run([&] {
    while (!delivery->idle())
      (void)Must(delivery->Step());
  });
}

int Run(int64_t changes) {
  World world;
  std::string folder = (std::filesystem::temp_directory_path() / "tapelake-stages-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  const std::vector<record::RecordBlock> blocks = MakeBlocks(changes);
  const std::vector<std::string> keys = KeysOf(blocks);
  Stage parse("parse"), hash("hash"), log("log"), encode("encode"), compress("compress");
  Stage line("line"), decide("parse + hash + decide + row"), add("parse + line + hand over");
  RunParser(blocks, &parse, &line);
  RunHash(keys, &hash);
  RunLog(world, folder, blocks, keys, &log);
  RunIngest(world, folder, blocks, &decide, &encode);
  RunDelivery(world, folder, blocks, &add, &compress);
  std::filesystem::remove_all(folder);
  std::string json;
  for (const Stage* stage : {&parse, &hash, &log, &encode, &compress, &line, &decide, &add})
    json += (json.empty() ? "{" : ", ") + stage->Json(std::ssize(keys));
  std::printf("%s}\n", json.c_str());
  return 0;
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  return tapelake::Run(argc > 1 ? std::atoll(argv[1]) : 300'000);
}
