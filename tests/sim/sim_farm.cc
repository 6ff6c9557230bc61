#include "tests/sim/sim_farm.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <utility>

namespace tapelake::sim {
namespace {

/// One forked process and what it has said so far.
struct Worker {
  pid_t process = 0;
  int pipe = -1;
  std::string unread;
  uint64_t seed = 0;  // the last one it began
  bool ended = false;
};

void Say(int pipe, const std::string& line) {
  const std::string text = line + "\n";
  for (size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(pipe, text.data() + done, text.size() - done);
    if (written <= 0) std::_Exit(3);
    done += static_cast<size_t>(written);
  }
}

std::string OneLine(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

/// Run one seed; return what is wrong, or nothing.
std::string RunSeed(const SimOptions& options, bool twice, SimReport* report) {
  *report = RunSimulation(options);
  if (!report->status.ok()) return report->status.ToString();
  if (report->deaths < kDeathsMin) {
    return "only " + std::to_string(report->deaths) + " processes died";
  }
  if (!twice) return "";
  const SimReport again = RunSimulation(options);
  return again.trace_hash == report->trace_hash ? "" : "a second run of the seed did other things";
}

/// The life of a forked process: its share of the seeds.
void Work(const CommandLine& line, const std::map<std::string, bool>& points,
          const std::vector<WantedDeath>& aims, uint64_t share, int pipe) {
  PointCoverage coverage;
  for (uint64_t seed = line.first_seed + share; seed <= line.last_seed; seed += line.jobs) {
    Say(pipe, "seed " + std::to_string(seed));
    const uint64_t index = seed - line.first_seed;
    SimOptions options{.seed = seed,
                       .changes = line.changes,
                       .trace = line.trace,
                       .look_always = line.look_always,
                       .points = points,
                       .aims = aims};
    const bool keep = !line.keep_tables.empty() && index % line.every == 0;
    if (keep) options.keep_directory = line.keep_tables + "/" + std::to_string(seed);
    SimReport report;
    const std::string wrong = RunSeed(options, index < line.twice, &report);
    std::ostringstream text;
    text << "done " << report.records << ' ' << report.deaths << ' ' << report.power_losses << ' '
         << report.ended_by_error << ' ' << report.moments << ' ' << keep << ' ' << OneLine(wrong);
    Say(pipe, text.str());
    AddCoverage(report.coverage, &coverage);
  }
  for (const auto& [name, counts] : coverage) {
    std::ostringstream text;
    text << "point " << counts.reached << ' ' << counts.died_before << ' ' << counts.died_torn
         << ' ' << counts.died_after << ' ' << counts.can_be_torn << ' ' << name;
    Say(pipe, text.str());
  }
  Say(pipe, "end");
}

std::string Rest(std::istringstream& words) {
  std::string rest;
  std::getline(words >> std::ws, rest);
  return rest;
}

void TakeLine(const std::string& text, Worker* worker, FarmReport* report) {
  std::istringstream words(text);
  std::string kind;
  words >> kind;
  if (kind == "seed") {
    words >> worker->seed;
  } else if (kind == "end") {
    worker->ended = true;
  } else if (kind == "point") {
    PointCounts counts;
    words >> counts.reached >> counts.died_before >> counts.died_torn >> counts.died_after >>
        counts.can_be_torn;
    (*report).coverage[Rest(words)].Add(counts);
  } else if (kind == "done") {
    SimReport one;
    bool kept = false;
    words >> one.records >> one.deaths >> one.power_losses >> one.ended_by_error >> one.moments >>
        kept;
    ++report->seeds;
    report->records += one.records;
    report->deaths += one.deaths;
    report->power_losses += one.power_losses;
    report->ended_by_error += one.ended_by_error;
    report->moments += one.moments;
    report->tables_kept += kept ? 1 : 0;
    if (const std::string wrong = Rest(words); !wrong.empty()) {
      report->failures.push_back("seed " + std::to_string(worker->seed) + ": " + wrong);
      std::fprintf(stderr, "%s\n", report->failures.back().c_str());
    }
  }
}

/// Read what a worker says; return false at its end.
bool Listen(Worker* worker, FarmReport* report) {
  char buffer[4096];
  const ssize_t got = ::read(worker->pipe, buffer, sizeof(buffer));
  if (got <= 0) return false;
  worker->unread.append(buffer, static_cast<size_t>(got));
  size_t end = 0;
  while ((end = worker->unread.find('\n')) != std::string::npos) {
    TakeLine(worker->unread.substr(0, end), worker, report);
    worker->unread.erase(0, end + 1);
  }
  return true;
}

Status Fork(const CommandLine& line, const std::map<std::string, bool>& points,
            const std::vector<WantedDeath>& aims, std::vector<Worker>* workers) {
  for (uint64_t share = 0; share < line.jobs; ++share) {
    int ends[2];
    if (::pipe(ends) != 0) return MakeError(ErrorKind::kUnavailable, "cannot make a pipe");
    const pid_t process = ::fork();
    if (process < 0) return MakeError(ErrorKind::kUnavailable, "cannot start a process");
    if (process == 0) {
      ::close(ends[0]);
      Work(line, points, aims, share, ends[1]);
      std::_Exit(0);
    }
    ::close(ends[1]);
    workers->push_back({.process = process, .pipe = ends[0]});
  }
  return Status::OK();
}

}  // namespace

Result<FarmReport> RunFarm(const CommandLine& line, const std::map<std::string, bool>& points,
                           const std::vector<WantedDeath>& aims) {
  FarmReport report;
  std::vector<Worker> workers;
  TAPELAKE_RETURN_NOT_OK(Fork(line, points, aims, &workers));
  std::vector<pollfd> polled;
  for (const Worker& worker : workers)
    polled.push_back({.fd = worker.pipe, .events = POLLIN, .revents = 0});
  for (size_t open = workers.size(); open > 0;) {
    if (::poll(polled.data(), polled.size(), -1) < 0) continue;
    for (size_t i = 0; i < workers.size(); ++i) {
      if (polled[i].fd < 0 || polled[i].revents == 0 || Listen(&workers[i], &report)) continue;
      ::close(polled[i].fd);
      polled[i].fd = -1;
      --open;
    }
  }
  for (Worker& worker : workers) {
    ::waitpid(worker.process, nullptr, 0);
    if (worker.ended) continue;
    report.failures.push_back("seed " + std::to_string(worker.seed) + ": the process died");
    std::fprintf(stderr, "%s\n", report.failures.back().c_str());
  }
  report.changes = report.seeds * line.changes;
  return report;
}

}  // namespace tapelake::sim
