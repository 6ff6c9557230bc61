// The durable log alone, timed: put the lines of a file again and again, then read all of it.
//
//   stream_bench bulk INPUT DIRECTORY RECORDS BATCH none|zstd    one writer, a sync per BATCH
//   stream_bench paced INPUT DIRECTORY RECORDS RATE none|zstd    single puts, one due after the
//   other
//
// Prints one JSON line. CPU is that of the process, and of the system for it.

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/cpu_times.h"
#include "io/local_file_system.h"
#include "stream/stream.h"
#include "stream/stream_writer.h"

namespace tapelake {
namespace {

struct Input {
  std::string text;
  std::vector<std::string> keys;
  std::vector<stream::PutEntry> entries;
};

struct Plan {
  std::string directory;
  size_t records = 0;
  size_t batch_or_rate = 0;
  stream::StreamOptions options;
};

Result<Input> ReadInput(io::FileSystem& files, const std::string& path) {
  Input input;
  TAPELAKE_ASSIGN_OR_RAISE(input.text, files.ReadFile(path));
  std::vector<std::string_view> lines;
  for (size_t begin = 0; begin < input.text.size();) {
    const size_t end = std::min(input.text.find('\n', begin), input.text.size());
    lines.push_back(std::string_view(input.text).substr(begin, end - begin));
    begin = end + 1;
  }
  for (size_t i = 0; i < lines.size(); ++i)
    input.keys.push_back("3f8e2a10-0000-4000-8000-" + std::to_string(100'000'000'000 + i));
  for (size_t i = 0; i < lines.size(); ++i)
    input.entries.push_back({input.keys[i], lines[i]});
  return input;
}

/// Read everything back, from files only; returns micros of CPU per record.
Result<double> ReadBack(io::FileSystem& files, io::Clock& clock, const Plan& plan) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto log, stream::Stream::Open(files, clock, plan.directory,
                                                                "bench", plan.options, nullptr));
  const bench::CpuTimes before = bench::CpuNow();
  record::RecordBlock block;
  uint64_t next = 1;
  do {
    TAPELAKE_RETURN_NOT_OK(log->Read(next, 4 << 20, &block));
    next = block.end_offset;
  } while (!block.entries.empty());
  return (bench::CpuNow() - before).all_micros() / static_cast<double>(next - 1);
}

Status Bulk(io::FileSystem& files, io::Clock& clock, const Input& input, const Plan& plan) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto log, stream::Stream::Open(files, clock, plan.directory,
                                                                "bench", plan.options, nullptr));
  const bench::CpuTimes before = bench::CpuNow();
  const int64_t begin = clock.SteadyMicros();
  size_t written = 0;
  for (size_t at = 0; written < plan.records;) {
    const size_t count = std::min(plan.batch_or_rate, input.entries.size() - at);
    TAPELAKE_RETURN_NOT_OK(log->Append(std::span(input.entries).subspan(at, count)).status());
    TAPELAKE_RETURN_NOT_OK(log->Sync());
    written += count;
    at = (at + count) % input.entries.size();
  }
  const auto records = static_cast<double>(written);
  const bench::CpuTimes cpu = bench::CpuNow() - before;
  const auto micros = static_cast<double>(clock.SteadyMicros() - begin);
  TAPELAKE_ASSIGN_OR_RAISE(const double read_cpu, ReadBack(files, clock, plan));
  std::printf(
      "{\"records\":%zu,\"batch\":%zu,\"records_per_s\":%.0f,\"write_user_us_per_record\":%.3f,"
      "\"write_system_us_per_record\":%.3f,"
      "\"read_cpu_us_per_record\":%.3f,\"stored_bytes_per_record\":%.1f}\n",
      written, plan.batch_or_rate, records / micros * 1e6, cpu.user_micros / records,
      cpu.system_micros / records, read_cpu,
      static_cast<double>(log->facts().stored_bytes) / records);
  return Status::OK();
}

Status Paced(io::FileSystem& files, io::Clock& clock, const Input& input, const Plan& plan) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto log, stream::Stream::Open(files, clock, plan.directory,
                                                                "bench", plan.options, nullptr));
  stream::StreamWriter writer(*log);
  std::vector<int64_t> latencies(plan.records);
  std::atomic<size_t> waiting = plan.records;
  std::atomic<size_t> failed = 0;
  const int64_t begin = clock.SteadyMicros();
  std::thread producer([&] {
    for (size_t i = 0; i < plan.records; ++i) {
      const auto due = begin + static_cast<int64_t>(i * 1'000'000 / plan.batch_or_rate);
      clock.Sleep(due - clock.SteadyMicros());
      const auto& entry = input.entries[i % input.entries.size()];
      const Status offered = writer.Offer(
          {&entry, 1}, [&, i, due](const Result<stream::StreamWriter::Places>& places) {
            // counted from when it was due, so that a stall counts for everybody behind it
            latencies[i] = clock.SteadyMicros() - due;
            if (!places.ok()) ++failed;
            --waiting;
          });
      if (offered.ok()) continue;
      ++failed;
      --waiting;
    }
  });
  Status stepped;
  while (waiting > 0 && stepped.ok())
    stepped = writer.Step(1000).status();
  writer.Close();
  producer.join();
  TAPELAKE_RETURN_NOT_OK(stepped);
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&](double share) {
    const auto place = static_cast<size_t>(share * static_cast<double>(plan.records - 1));
    return static_cast<double>(latencies[place]) / 1000;
  };
  std::printf("{\"records\":%zu,\"rate\":%zu,\"put_ms_p50\":%.2f,\"p99\":%.2f,\"max\":%.2f}\n",
              plan.records, plan.batch_or_rate, at(0.5), at(0.99), at(1));
  return failed > 0 ? MakeError(ErrorKind::kUnavailable, "a put failed") : Status::OK();
}

Status Run(const std::vector<std::string>& arguments) {
  io::LocalFileSystem files;
  io::SystemClock clock;
  TAPELAKE_ASSIGN_OR_RAISE(const Input input, ReadInput(files, arguments[1]));
  Plan plan{.directory = arguments[2],
            .records = std::stoul(arguments[3]),
            .batch_or_rate = std::stoul(arguments[4]),
            .options = {}};
  plan.options.compression =
      arguments[5] == "none" ? stream::Compression::kNone : stream::Compression::kZstd;
  return arguments[0] == "bulk" ? Bulk(files, clock, input, plan)
                                : Paced(files, clock, input, plan);
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() != 6 || (arguments[0] != "bulk" && arguments[0] != "paced")) {
    std::fprintf(stderr, "usage: stream_bench bulk|paced INPUT DIRECTORY RECORDS N none|zstd\n");
    return 2;
  }
  const tapelake::Status status = tapelake::Run(arguments);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}
