// What delivery costs per change: on the collecting thread, and on its own.
//
//   delivery_bench EVENTS LAKE ROUNDS
//
// Reads the records of EVENTS (NDJSON) and delivers them ROUNDS times into LAKE, in one thread, so
// that each part can be timed. Prints one JSON line; times are nanoseconds of CPU per record.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "delivery/delivery.h"
#include "io/clock.h"
#include "io/local_file_system.h"
#include "source/file_source.h"
#include "transform/ndjson_writer.h"

namespace tapelake {
namespace {

constexpr int64_t kBlocksKept = 64;
const std::string kSource = "bench";

struct Timing {
  int64_t records = 0;
  int64_t parse_nanos = 0;   // parse alone
  int64_t format_nanos = 0;  // parse and write the raw line into one buffer
  int64_t add_nanos = 0;     // parse and Delivery::Add
  int64_t step_nanos = 0;    // Delivery::Step until there is nothing to do
};

class Bench {
 public:
  explicit Bench(delivery::Delivery& delivery)
      : delivery_(delivery), writer_(transform::LineForm::kReplayable) {}

  Status Deliver(const record::RecordBlock& block) {
    timing_.parse_nanos += Time([&] {
      for (const auto& entry : block.entries)
        refused_ += parser_.Parse(block.bytes(entry)) != transform::ParseError::kNone;
    });
    timing_.format_nanos += Time([&] {
      for (const auto& entry : block.entries) {
        if (parser_.Parse(block.bytes(entry)) != transform::ParseError::kNone) continue;
        buffer_.resize(std::max(buffer_.size(), writer_.BytesMax(parser_.change())));
        writer_.Write(parser_.change(), buffer_.data());
      }
    });
    timing_.add_nanos += Time([&] {
      for (const auto& entry : block.entries) {
        if (parser_.Parse(block.bytes(entry)) == transform::ParseError::kNone)
          delivery_.Add(
              parser_.change(),
              {.source = kSource, .offset = offset_, .place = "bench", .raw = block.bytes(entry)});
        ++offset_;
      }
      delivery_.Advance(kSource, offset_);
    });
    timing_.records += static_cast<int64_t>(block.entries.size());
    return Work(/*flush=*/false);
  }

  Status Work(bool flush) {
    Status status = delivery_.Cut(flush);
    timing_.step_nanos += Time([&] {
      for (bool more = true; more && status.ok();) {
        const Result<bool> worked = delivery_.Step();
        status = worked.status();
        more = worked.ok() && *worked;
      }
    });
    return status;
  }

  const Timing& timing() const { return timing_; }

 private:
  static int64_t CpuNanos() { return int64_t{std::clock()} * (1'000'000'000 / CLOCKS_PER_SEC); }

  template <typename Part>
  static int64_t Time(Part part) {
    const int64_t begin = CpuNanos();
    part();
    return CpuNanos() - begin;
  }

  delivery::Delivery& delivery_;
  transform::RecordParser parser_;
  const transform::NdjsonWriter writer_;
  std::string buffer_;
  uint64_t offset_ = 0;
  int64_t refused_ = 0;
  Timing timing_;
};

void Report(const Timing& timing, const delivery::DeliveryCounts& counts) {
  const auto per_record = [&](int64_t nanos) {
    return static_cast<double>(nanos) / static_cast<double>(timing.records);
  };
  std::printf(
      "{\"records\":%lld,\"parse_ns\":%.0f,\"format_ns\":%.0f,\"add_ns\":%.0f,\"step_ns\":%.0f,"
      "\"raw_objects\":%lld,\"raw_bytes_per_line\":%.1f}\n",
      static_cast<long long>(timing.records), per_record(timing.parse_nanos),
      per_record(timing.format_nanos - timing.parse_nanos),
      per_record(timing.add_nanos - timing.parse_nanos), per_record(timing.step_nanos),
      static_cast<long long>(counts.raw_objects),
      static_cast<double>(counts.raw_bytes) / static_cast<double>(counts.lines));
}

Status Run(const std::string& events, const std::string& lake, int rounds) {
  io::LocalFileSystem files;
  io::SystemClock clock;
  TAPELAKE_ASSIGN_OR_RAISE(const auto source,
                           source::OpenFileSource(files, events, source::FileSourceOptions(), 0));
  std::vector<record::RecordBlock> blocks(1);
  while (blocks.size() <= kBlocksKept) {
    TAPELAKE_ASSIGN_OR_RAISE(const bool more, source->ReadBlock(&blocks.back()));
    if (!more) break;
    blocks.emplace_back();
  }
  TAPELAKE_RETURN_NOT_OK(files.CreateDirectories(lake));
  TAPELAKE_ASSIGN_OR_RAISE(
      const auto delivery,
      delivery::Delivery::Open(files, clock, record::TableDefinition(), {.lake_path = lake}));
  Bench bench(*delivery);
  for (int round = 0; round < rounds; ++round) {
    for (const record::RecordBlock& block : blocks)
      TAPELAKE_RETURN_NOT_OK(bench.Deliver(block));
  }
  TAPELAKE_RETURN_NOT_OK(bench.Work(/*flush=*/true));
  Report(bench.timing(), delivery->counts());
  return Status::OK();
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: delivery_bench EVENTS LAKE ROUNDS\n");
    return 2;
  }
  const tapelake::Status status = tapelake::Run(argv[1], argv[2], std::atoi(argv[3]));
  if (!status.ok()) std::fprintf(stderr, "delivery_bench: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
