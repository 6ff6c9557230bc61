#include "source/dynamodb_streams/dynamodb_log.h"

#include <algorithm>
#include <utility>

namespace tapelake::source {
namespace {

constexpr int64_t kMicrosPerMilli = 1'000;
constexpr int64_t kListingMicros = 30'000'000;  // of DescribeStream ten a second, all tables
constexpr int64_t kBytesPerSecond = 4 << 20;
constexpr int64_t kBeginPauseMicros = 1'000'000;

/// `orders` of `arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-...`.
std::string TableOf(const std::string& arn) {
  const size_t begin = arn.find("table/");
  if (begin == std::string::npos) return arn;
  return arn.substr(begin + 6, arn.find('/', begin + 6) - begin - 6);
}

}  // namespace

DynamodbLog::DynamodbLog(Clients clients, io::Clock& clock, io::Random& random,
                         DynamodbLogOptions options, std::map<std::string, record::LogMark> marks)
    : clients_(std::move(clients)),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      name_(options_.table.empty() ? TableOf(options_.stream_arn) : options_.table),
      marks_(std::move(marks)) {}

std::string DynamodbLog::StreamPrefix() const {
  return "dynamodb_streams:" + name_ + "@";
}

bool DynamodbLog::HasMarks(const std::string& prefix) const {
  return std::ranges::any_of(
      marks_, [&prefix](const auto& mark) { return mark.first.starts_with(prefix); });
}

std::unique_ptr<ShardLog> DynamodbLog::MakeStream() const {
  ShardLogOptions options{.prefix = StreamPrefix(),
                          .place = "DynamoDB stream of " + name_,
                          .start = options_.start,
                          .bytes_per_second = kBytesPerSecond,
                          .listing_micros = kListingMicros,
                          .trims_silently = false,
                          .filters_time = true,
                          .patient = options_.patient || phase_ == Phase::kScan};
  if (options_.first_load) {
    options.start = {.kind = ShardPlace::Kind::kTime,
                     .time_millis = (clock_.WallMicros() - kOverlapMicros) / kMicrosPerMilli};
  }
  return std::make_unique<ShardLog>(
      std::make_unique<StreamsApi>(clients_.streams, clients_.tables, options_.table,
                                   options_.stream_arn),
      clock_, random_, std::move(options), marks_);
}

/// What was handed out is where another log would go on.
void DynamodbLog::Keep(const PullBatch& batch) {
  for (const PullMark& news : batch.marks)
    marks_.insert_or_assign(news.source_id, news.mark);
}

/// Have `figures` count what was tried before the scan.
void DynamodbLog::CountBeginning(const PullFigures& figures) {
  const std::lock_guard<std::mutex> lock(mutex_);
  beginning_ = FiguresAfter(beginning_, figures);
}

Result<bool> DynamodbLog::TryToBegin(PullBatch* batch) {
  if (clock_.SteadyMicros() < begin_due_micros_) return false;
  begin_due_micros_ = clock_.SteadyMicros() + kBeginPauseMicros;
  const Result<bool> begun = Begin(batch);
  if (begun.ok() || (!options_.patient && IsWrongSetting(begun.status()))) return begun;
  CountBeginning({.failures = 1, .last_failure = begun.status().message()});
  return false;
}

/// Read the stream from what was handed out so far. A log of its own: it says if the places were
/// left alone for too long.
Result<bool> DynamodbLog::BeginStream(PullBatch* batch) {
  auto stream = MakeStream();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (scan_ != nullptr) beginning_ = FiguresAfter(beginning_, scan_->figures());
    stream_ = std::move(stream);
  }
  phase_ = Phase::kStream;
  return stream_->Read(batch);
}

Result<bool> DynamodbLog::Begin(PullBatch* batch) {
  if (!options_.first_load) return BeginStream(batch);
  TAPELAKE_ASSIGN_OR_RAISE(DynamodbTable table,
                           DescribeDynamodbTable(*clients_.tables, options_.table));
  const std::string prefix = "dynamodb_scan:" + name_ + "@" + table.incarnation;
  // The places of the stream and the beginnings of the scan are handed out together, before any
  // item: the first commit that has an item has all of them. Else a scan cannot be gone on with.
  const bool begun = HasMarks(prefix + "/") && HasMarks(StreamPrefix());
  if (!begun && table.stream_view.empty()) {
    return MakeError(ErrorKind::kInvalid,
                     "the stream of table '" + options_.table +
                         "' is off, so changes during a first load would be lost\nhint: turn it on "
                         "with the view type NEW_AND_OLD_IMAGES");
  }
  const std::map<std::string, record::LogMark> none;
  auto scan = std::make_unique<TableScan>(clients_.tables, clock_, random_, options_.table,
                                          std::move(table), prefix, begun ? marks_ : none);
  if (!begun) {
    TAPELAKE_ASSIGN_OR_RAISE(const bool listed, FixPlaces(batch));
    // A stream that was turned on just now has no shards yet, and so no places.
    if (!listed || (batch->marks.empty() && !HasMarks(StreamPrefix()))) return false;
    for (PullMark& mark : scan->Beginnings())
      batch->marks.push_back(std::move(mark));
    Keep(*batch);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  scan_ = std::move(scan);
  scan_from_micros_ = clock_.WallMicros();
  phase_ = Phase::kScan;
  return !begun;
}

Result<bool> DynamodbLog::FixPlaces(PullBatch* batch) {
  const std::unique_ptr<ShardLog> stream = MakeStream();
  const Result<bool> listed = stream->ReadListing(batch);
  CountBeginning(stream->figures());
  return listed;
}

Result<bool> DynamodbLog::Read(PullBatch* batch) {
  *batch = PullBatch();
  if (phase_ == Phase::kBegin) return TryToBegin(batch);
  if (phase_ == Phase::kStream) return stream_->Read(batch);
  if (scan_->done()) return BeginStream(batch);
  TAPELAKE_ASSIGN_OR_RAISE(const bool brought, scan_->Read(batch));
  Keep(*batch);
  return brought;
}

PullFigures DynamodbLog::figures() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stream_ != nullptr) return FiguresAfter(beginning_, stream_->figures());
  if (scan_ == nullptr) return beginning_;
  PullFigures figures = FiguresAfter(beginning_, scan_->figures());
  // Until the stream is read, all that was written since is behind.
  figures.lag_micros = std::max<int64_t>(0, clock_.WallMicros() - scan_from_micros_);
  return figures;
}

}  // namespace tapelake::source
