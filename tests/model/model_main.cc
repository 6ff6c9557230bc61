// Runs random lives of tables beside their model: `tapelake_model --help`.

#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/random.h"
#include "tests/model/sequence.h"

namespace tapelake::model {
namespace {

constexpr char kUsage[] =
    R"(usage: tapelake_model (--seeds A..B | --fresh COUNT) [OPTION...]

Lets tables live at random, one life per seed, and compares them with a model after every call.

  --seeds A..B       these seeds
  --fresh COUNT      so many new seeds; says which
  --steps N          calls per life (default 40)
  --jobs N           processes (default 1)
  --keep-tables DIR  write final tables there, each beside its expected CSV ...
  --every K          ... those of every K-th seed (default 1)
  --trace            print every call to stderr
)";
constexpr uint64_t kFreshSeedMax = 1'000'000'000;

struct CommandLine {
  uint64_t first_seed = 0;
  uint64_t last_seed = 0;
  uint64_t jobs = 1;
  uint64_t steps = 40;
  uint64_t every = 1;
  std::string keep_tables;
  bool trace = false;
};

bool ParseNumber(std::string_view text, uint64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && *number > 0;
}

bool SetOption(std::string_view name, std::string_view value, CommandLine* line) {
  if (name == "--keep-tables") {
    line->keep_tables = value;
    return !value.empty();
  }
  if (name == "--seeds") {
    const size_t dots = value.find("..");
    return dots != value.npos && ParseNumber(value.substr(0, dots), &line->first_seed) &&
           ParseNumber(value.substr(dots + 2), &line->last_seed) &&
           line->first_seed <= line->last_seed;
  }
  if (name == "--fresh") {
    uint64_t count = 0;
    if (!ParseNumber(value, &count)) return false;
    io::SystemRandom random;
    line->first_seed = 1 + random.Below(kFreshSeedMax);
    line->last_seed = line->first_seed + count - 1;
    return true;
  }
  const std::map<std::string_view, uint64_t*> numbers = {
      {"--jobs", &line->jobs}, {"--steps", &line->steps}, {"--every", &line->every}};
  const auto number = numbers.find(name);
  return number != numbers.end() && ParseNumber(value, number->second);
}

bool Parse(int count, char** arguments, CommandLine* line) {
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name == "--trace") {
      line->trace = true;
    } else if (i + 1 == count || !SetOption(name, arguments[++i], line)) {
      std::fprintf(stderr, "cannot understand '%s'\n", arguments[i]);
      return false;
    }
  }
  return line->last_seed > 0;
}

/// One process's share of the seeds. Returns how many failed.
int RunShare(const CommandLine& line, uint64_t share, std::FILE* out) {
  std::map<std::string, int64_t> counts;
  int failed = 0;
  for (uint64_t seed = line.first_seed + share; seed <= line.last_seed; seed += line.jobs) {
    SequenceOptions options{
        .seed = seed, .steps = static_cast<int>(line.steps), .trace = line.trace};
    const bool keep = !line.keep_tables.empty() && (seed - line.first_seed) % line.every == 0;
    if (keep) options.keep_directory = line.keep_tables + "/" + std::to_string(seed);
    const SequenceReport report = RunSequence(options);
    for (const auto& [name, number] : report.counts)
      counts[name] += number;
    ++counts["lives"];
    if (keep) ++counts["tables kept"];
    if (report.status.ok()) continue;
    ++failed;
    std::fprintf(stderr, "seed %llu: %s\n", static_cast<unsigned long long>(seed),
                 report.status.ToString().c_str());
  }
  for (const auto& [name, number] : counts)
    std::fprintf(out, "%lld %s\n", static_cast<long long>(number), name.c_str());
  std::fclose(out);
  return failed;
}

struct Worker {
  pid_t process = 0;
  std::FILE* counts = nullptr;
};

Worker StartWorker(const CommandLine& line, uint64_t share) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  const pid_t process = ::fork();
  if (process < 0) std::abort();
  if (process == 0) {
    ::close(ends[0]);
    std::_Exit(RunShare(line, share, ::fdopen(ends[1], "w")) == 0 ? 0 : 1);
  }
  ::close(ends[1]);
  return {.process = process, .counts = ::fdopen(ends[0], "r")};
}

void AddCounts(std::FILE* from, std::map<std::string, int64_t>* counts) {
  char name[200];
  for (long long number = 0; std::fscanf(from, "%lld %199[^\n]", &number, name) == 2;)
    (*counts)[name] += number;
  std::fclose(from);
}

int Main(int count, char** arguments) {
  CommandLine line;
  if (!Parse(count, arguments, &line)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  std::printf("seeds %llu..%llu\n", static_cast<unsigned long long>(line.first_seed),
              static_cast<unsigned long long>(line.last_seed));
  std::fflush(stdout);
  std::vector<Worker> workers;
  for (uint64_t share = 0; share < line.jobs; ++share)
    workers.push_back(StartWorker(line, share));
  std::map<std::string, int64_t> counts;
  bool passed = true;
  for (const Worker& worker : workers) {
    AddCounts(worker.counts, &counts);
    int status = 0;
    passed &= ::waitpid(worker.process, &status, 0) == worker.process && status == 0;
  }
  for (const auto& [name, number] : counts)
    std::printf("%lld %s\n", static_cast<long long>(number), name.c_str());
  std::puts(passed ? "all as the model says" : "FAILED: see above");
  return passed ? 0 : 1;
}

}  // namespace
}  // namespace tapelake::model

int main(int count, char** arguments) {
  return tapelake::model::Main(count, arguments);
}
