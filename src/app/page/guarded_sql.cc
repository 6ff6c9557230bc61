#include "app/page/guarded_sql.h"

#include <chrono>
#include <utility>

#include "io/local_socket.h"
#include "query/metrics.h"
#include "query/shell/sql_text.h"

namespace tapelake::app {
namespace {

constexpr std::chrono::milliseconds kLook{50};
constexpr size_t kCopyBytes = size_t{256} << 10;

/// Whether a path stays below a directory: it begins there and steps nowhere back.
bool IsBelow(const std::string& path, const std::string& directory) {
  return path.starts_with(directory + "/") && (path + "/").find("/../") == std::string::npos;
}

/// Tables of one lake only: `hudi('PATH')` reads with our own code, which DuckDB does not watch.
class ConfinedProvider : public query::SnapshotProvider {
 public:
  ConfinedProvider(query::SnapshotProvider& tables, std::string lake_path)
      : tables_(tables), lake_path_(std::move(lake_path)) {}

  Result<std::string> TimelineVersion(const std::string& path) override {
    TAPELAKE_RETURN_NOT_OK(Check(path));
    return tables_.TimelineVersion(path);
  }
  Result<query::TableSnapshot> Resolve(const std::string& path) override {
    TAPELAKE_RETURN_NOT_OK(Check(path));
    return tables_.Resolve(path);
  }
  Result<query::TableSnapshot> ResolveUnderHot(const std::string& path,
                                               const std::string& instant) override {
    TAPELAKE_RETURN_NOT_OK(Check(path));
    return tables_.ResolveUnderHot(path, instant);
  }
  Result<query::TableSnapshot> ResolvePast(const std::string& path,
                                           const query::PastQuery& query) override {
    TAPELAKE_RETURN_NOT_OK(Check(path));
    return tables_.ResolvePast(path, query);
  }
  Result<std::unique_ptr<hudi::TableView>> View(const std::string& path) override {
    TAPELAKE_RETURN_NOT_OK(Check(path));
    return tables_.View(path);
  }
  Status CheckFiles(const std::string& path, const query::TableSnapshot& snapshot) override {
    return tables_.CheckFiles(path, snapshot);
  }
  Result<std::vector<query::LogLayers>> ReadLogs(const std::string& path,
                                                 const query::TableSnapshot& snapshot) override {
    return tables_.ReadLogs(path, snapshot);
  }

 private:
  Status Check(const std::string& path) const {
    if (IsBelow(path, lake_path_)) return Status::OK();
    return MakeError(ErrorKind::kInvalid, "'" + path + "' is no table of this lake");
  }

  query::SnapshotProvider& tables_;
  const std::string lake_path_;
};

/// The one statement of a text.
Result<std::string> OneStatement(const std::string& sql) {
  const std::vector<query::ScriptPiece> pieces = query::SplitScript(sql);
  if (pieces.size() == 1 && !pieces.front().dot_command) return pieces.front().text;
  return MakeError(ErrorKind::kInvalid, pieces.empty()
                                            ? "there is no SQL statement to run"
                                            : "one SQL statement at a time, and no dot commands");
}

}  // namespace

class GuardedSql::Place {
 public:
  Place(GuardedSql* owner, std::unique_ptr<query::Session> session, const StatementBounds& bounds)
      : owner_(owner),
        session_(std::move(session)),
        entered_micros_(owner->world_.clock.SteadyMicros()) {
    const std::scoped_lock lock(owner_->mutex_);
    running_ = owner_->running_.insert(owner_->running_.end(),
                                       {.session = session_.get(),
                                        .deadline_micros = entered_micros_ + bounds.timeout_micros,
                                        .abandoned = bounds.abandoned});
  }
  ~Place() {
    const std::scoped_lock lock(owner_->mutex_);
    owner_->running_.erase(running_);
    --owner_->entered_;
    owner_->changed_.notify_all();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  query::Session& session() { return *session_; }
  int64_t entered_micros() const { return entered_micros_; }
  Ending ending() const {
    const std::scoped_lock lock(owner_->mutex_);
    return running_->ending;
  }

 private:
  GuardedSql* owner_;
  std::unique_ptr<query::Session> session_;
  const int64_t entered_micros_;
  std::list<Running>::iterator running_;
};

GuardedSql::GuardedSql(GuardedSqlOptions options, query::HotProvider* hot)
    : options_(std::move(options)),
      hot_(hot),
      tables_(world_.table_environment(), {.check_files = options_.check_files}),
      confined_(std::make_unique<ConfinedProvider>(tables_, options_.lake_path)),
      watcher_([this] { Watch(); }) {}

GuardedSql::~GuardedSql() {
  Stop();
  watcher_.join();
}

void GuardedSql::Stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return entered_ == 0; });
}

// A session takes no notice of an interrupt between two of its statements, so it is told again.
void GuardedSql::Watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_ || entered_ > 0) {
    if (entered_ == 0) {
      changed_.wait(lock);
    } else {
      changed_.wait_for(lock, kLook);
    }
    const int64_t now = world_.clock.SteadyMicros();
    for (Running& running : running_) {
      if (running.abandoned != nullptr && *running.abandoned) {
        running.ending = Ending::kAbandoned;
      } else if (now >= running.deadline_micros) {
        running.ending = Ending::kLate;
      }
      if (running.ending != Ending::kByItself || stopping_) running.session->Interrupt();
    }
  }
}

Result<std::unique_ptr<GuardedSql::Place>> GuardedSql::Enter(const StatementBounds& bounds) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return MakeError(ErrorKind::kShuttingDown, "the pipeline is ending");
    if (entered_ >= options_.statements_max) {
      return MakeError(ErrorKind::kThrottled, std::to_string(entered_) +
                                                  " statements are running already\nhint: wait for "
                                                  "one to end");
    }
    ++entered_;
    changed_.notify_all();
  }
  auto session = query::Session::Open(*confined_, world_.files,
                                      {.lake_path = options_.lake_path,
                                       .thread_count = options_.threads,
                                       .memory_bytes_max = options_.memory_bytes_max,
                                       .hot = hot_,
                                       .lake_only = true});
  if (!session.ok()) {
    const std::scoped_lock lock(mutex_);
    --entered_;
    changed_.notify_all();
    return session.status();
  }
  return std::make_unique<Place>(this, std::move(*session), bounds);
}

/// Count a statement that ran. One that was ended says why.
Status GuardedSql::Finish(const Status& status, const Place& place) {
  const bool interrupted = KindOf(status) == ErrorKind::kShuttingDown;
  const Ending ending = interrupted ? place.ending() : Ending::kByItself;
  if (options_.metrics != nullptr) {
    const int64_t micros = world_.clock.SteadyMicros() - place.entered_micros();
    const std::string outcome = status.ok()                    ? "ok"
                                : ending == Ending::kLate      ? "timeout"
                                : ending == Ending::kAbandoned ? "abandoned"
                                                               : "error";
    options_.metrics->GetCounter(query::kStatements, {outcome}).Add();
    options_.metrics->GetHistogram(query::kStatementDuration)
        .Observe(static_cast<double>(micros) / 1e6);
  }
  if (ending == Ending::kAbandoned) {
    return MakeError(ErrorKind::kUnavailable, "the client of this statement has gone");
  }
  if (ending == Ending::kByItself) return status;
  return MakeError(ErrorKind::kThrottled,
                   "the statement took too long and was stopped\nhint: ask for fewer rows or days, "
                   "or raise dashboard.sql_timeout");
}

Result<query::TextRows> GuardedSql::Run(const std::string& sql, int64_t rows_max,
                                        const StatementBounds& bounds) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string statement, OneStatement(sql));
  TAPELAKE_ASSIGN_OR_RAISE(const auto place, Enter(bounds));
  auto rows = place->session().FetchRows({.sql = statement}, rows_max);
  TAPELAKE_RETURN_NOT_OK(Finish(rows.status(), *place));
  return rows;
}

Status GuardedSql::ExportCsv(const std::string& sql, const StatementBounds& bounds,
                             io::ByteOutput& out) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string statement, OneStatement(sql));
  TAPELAKE_ASSIGN_OR_RAISE(const auto place, Enter(bounds));
  return Finish(place->session().ExportCsv(
                    {.sql = statement}, [&out](std::string_view text) { return out.Write(text); }),
                *place);
}

Status GuardedSql::ExportParquet(const std::string& sql, const StatementBounds& bounds,
                                 io::ByteOutput& out) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string statement, OneStatement(sql));
  TAPELAKE_ASSIGN_OR_RAISE(const auto place, Enter(bounds));
  const std::string folder = io::JoinPath(options_.lake_path, ".tapelake/exports");
  TAPELAKE_RETURN_NOT_OK(world_.files.CreateDirectories(folder));
  const std::string path =
      io::JoinPath(folder, std::to_string(io::ProcessId()) + "-" + std::to_string(++exports_));
  Status status = Finish(place->session().ExportParquet({.sql = statement}, path), *place);
  if (status.ok()) status = CopyOut(path, out);
  const Status deleted = world_.files.DeleteFile(path);
  if (!status.ok() || KindOf(deleted) == ErrorKind::kNotFound) return status;
  return deleted;
}

Status GuardedSql::CopyOut(const std::string& path, io::ByteOutput& out) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto file, world_.files.OpenForRead(path));
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
  std::string buffer(kCopyBytes, '\0');
  for (int64_t at = 0; at < size;) {
    TAPELAKE_ASSIGN_OR_RAISE(const int64_t count,
                             file->ReadAt(at, static_cast<int64_t>(kCopyBytes), buffer.data()));
    if (count == 0) return MakeError(ErrorKind::kUnavailable, path + " was cut while it was read");
    TAPELAKE_RETURN_NOT_OK(
        out.Write(std::string_view(buffer).substr(0, static_cast<size_t>(count))));
    at += count;
  }
  return Status::OK();
}

}  // namespace tapelake::app
