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

std::unique_ptr<ShardLog> DynamodbLog::MakeStream() const {
  ShardLogOptions options{.prefix = "dynamodb_streams:" + name_ + "@",
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

Result<bool> DynamodbLog::TryToBegin(PullBatch* batch) {
  if (clock_.SteadyMicros() < begin_due_micros_) return false;
  const Result<bool> begun = Begin(batch);
  if (begun.ok()) {
    if (phase_ == Phase::kBegin) begin_due_micros_ = clock_.SteadyMicros() + kBeginPauseMicros;
    return begun;
  }
  if (!options_.patient && IsWrongSetting(begun.status())) return begun;
  ++beginning_.failures;
  beginning_.last_failure = begun.status().message();
  begin_due_micros_ = clock_.SteadyMicros() + kBeginPauseMicros;
  return false;
}

Result<bool> DynamodbLog::Begin(PullBatch* batch) {
  if (!options_.first_load) {
    stream_ = MakeStream();
    phase_ = Phase::kStream;
    return stream_->Read(batch);
  }
  TAPELAKE_ASSIGN_OR_RAISE(DynamodbTable table,
                           DescribeDynamodbTable(*clients_.tables, options_.table));
  const std::string prefix = "dynamodb_scan:" + name_ + "@" + table.incarnation;
  const bool begun = std::ranges::any_of(
      marks_, [&prefix](const auto& mark) { return mark.first.starts_with(prefix + "/"); });
  scan_ = std::make_unique<TableScan>(clients_.tables, clock_, random_, options_.table,
                                      std::move(table), prefix, marks_);
  scan_from_micros_ = clock_.WallMicros();
  if (!begun) return FixPlaces(batch);
  phase_ = Phase::kScan;
  return false;
}

/// The places of the stream and the beginnings of the scan are handed out together, before any
/// item: the first commit that has an item has all of them.
Result<bool> DynamodbLog::FixPlaces(PullBatch* batch) {
  const std::unique_ptr<ShardLog> stream = MakeStream();
  TAPELAKE_ASSIGN_OR_RAISE(const bool listed, stream->ReadListing(batch));
  beginning_ = FiguresAfter(beginning_, stream->figures());
  if (!listed) return false;
  for (PullMark& mark : scan_->Beginnings())
    batch->marks.push_back(std::move(mark));
  Keep(*batch);
  phase_ = Phase::kScan;
  return true;
}

Result<bool> DynamodbLog::Read(PullBatch* batch) {
  *batch = PullBatch();
  Result<bool> brought = false;
  if (phase_ == Phase::kBegin) {
    brought = TryToBegin(batch);
  } else if (phase_ == Phase::kScan && scan_->done()) {
    // A log of its own from the marks: it says if they were left alone for too long.
    stream_ = MakeStream();
    phase_ = Phase::kStream;
    brought = stream_->Read(batch);
  } else if (phase_ == Phase::kScan) {
    brought = scan_->Read(batch);
    if (brought.ok()) Keep(*batch);
  } else {
    brought = stream_->Read(batch);
  }
  Publish();
  return brought;
}

void DynamodbLog::Publish() {
  PullFigures now;
  if (stream_ != nullptr) {
    now = stream_->figures();
  } else if (scan_ != nullptr) {
    now = scan_->figures();
    // Until the stream is read, all that was written since is behind.
    now.lag_micros = std::max<int64_t>(0, clock_.WallMicros() - scan_from_micros_);
  }
  now = FiguresAfter(beginning_, std::move(now));
  const std::lock_guard<std::mutex> lock(mutex_);
  published_ = std::move(now);
}

PullFigures DynamodbLog::figures() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return published_;
}

}  // namespace tapelake::source
