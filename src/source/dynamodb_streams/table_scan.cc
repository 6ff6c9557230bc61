#include "source/dynamodb_streams/table_scan.h"

#include <algorithm>
#include <charconv>
#include <future>
#include <optional>
#include <utility>

#include "base/json.h"
#include "record/record_block.h"
#include "source/pull/json_slices.h"

namespace tapelake::source {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kBackOffMicrosMin = 200'000;
constexpr int64_t kBackOffMicrosMax = 20'000'000;
constexpr std::string_view kBeginning = "scan";
constexpr std::string_view kOf = "-of-";
constexpr int kSegmentsMax = 1'000;

/// The number in all of `text`; 0: it is none.
int NumberIn(std::string_view text) {
  int number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? number : 0;
}

}  // namespace

Status AppendScanRecord(std::string_view item, const DynamodbTable& table, int64_t micros,
                        std::string* out) {
  std::string keys;
  TAPELAKE_RETURN_NOT_OK(VisitMembers(item, [&](std::string_view name, std::string_view value) {
    std::string quoted = "\"" + std::string(name) + "\"";
    const auto plain = TextOf(quoted);
    if (!plain.ok() || std::ranges::find(table.keys, *plain) == table.keys.end()) {
      return Status::OK();
    }
    keys += (keys.empty() ? "" : ",") + quoted + ":" + std::string(value);
    return Status::OK();
  }));
  std::string millis = std::to_string(micros % kMicrosPerSecond / 1'000);
  millis.insert(0, 3 - millis.size(), '0');
  *out += R"({"eventName":"INSERT","eventVersion":"1.1","eventSource":"aws:dynamodb",)"
          R"("dynamodb":{"ApproximateCreationDateTime":)";
  *out += std::to_string(micros / kMicrosPerSecond) + "." + millis;
  *out += R"(,"Keys":{)" + keys + R"(},"NewImage":)";
  *out += item;
  *out += R"(,"SequenceNumber":")";
  *out += kScanSequence;
  *out += R"(","StreamViewType":"NEW_AND_OLD_IMAGES"}})";
  return Status::OK();
}

TableScan::TableScan(std::shared_ptr<io::aws::JsonClient> client, io::Clock& clock,
                     io::Random& random, std::string table, DynamodbTable described,
                     const std::string& prefix, const std::map<std::string, record::LogMark>& marks)
    : client_(std::move(client)),
      clock_(clock),
      random_(random),
      table_(std::move(table)),
      described_(std::move(described)) {
  const std::string begin = prefix + "/";
  int count = kSegments;
  for (const auto& [source, mark] : marks) {
    if (source.starts_with(begin)) count = NumberIn(source.substr(source.rfind('-') + 1));
  }
  for (int number = 1; number <= std::min(count, kSegmentsMax); ++number) {
    segments_.push_back(
        {.source_id = begin + std::to_string(number) + std::string(kOf) + std::to_string(count),
         .number = number,
         .count = count});
  }
  for (const auto& [source, mark] : marks) {
    if (wrong_mark_.ok() && source.starts_with(begin)) wrong_mark_ = TakeMark(source, mark);
  }
}

Status TableScan::TakeMark(std::string_view name, const record::LogMark& mark) {
  const auto segment = std::ranges::find(segments_, name, &Segment::source_id);
  const std::string_view text = mark.text;
  const bool is_place = text == kBeginning || text.starts_with(std::string(kBeginning) + " {");
  if (segment == segments_.end() || !is_place) {
    return MakeError(ErrorKind::kCorrupt, "mark of '" + std::string(name) + "', '" + mark.text +
                                              "', is no place in a scan");
  }
  if (text != kBeginning) segment->after = text.substr(kBeginning.size() + 1);
  segment->items = mark.offset;
  segment->ended = mark.at_end;
  return Status::OK();
}

std::vector<PullMark> TableScan::Beginnings() const {
  std::vector<PullMark> marks;
  for (const Segment& segment : segments_) {
    marks.push_back({.source_id = segment.source_id,
                     .mark = {.offset = 0, .text = std::string(kBeginning)},
                     .fresh = true});
  }
  return marks;
}

bool TableScan::done() const {
  return ready_.empty() && std::ranges::all_of(segments_, &Segment::ended);
}

PullFigures TableScan::figures() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return published_;
}

Result<io::aws::JsonAnswer> TableScan::Ask(const Segment& segment) const {
  std::string body;
  base::JsonWriter writer(&body);
  writer.BeginObject().Key("TableName").String(table_).Key("ConsistentRead").Bool(true);
  writer.Key("Segment").Int(segment.number - 1).Key("TotalSegments").Int(segment.count);
  if (!segment.after.empty()) writer.Key("ExclusiveStartKey").Raw(segment.after);
  writer.EndObject();
  const io::aws::JsonCall call{.operation = "Scan", .body = body, .tries_max = 2};
  TAPELAKE_ASSIGN_OR_RAISE(io::aws::JsonAnswer answer, client_->Call(call));
  if (!answer.ok()) return WithContext(client_->ErrorOf(call, answer), "table '" + table_ + "'");
  return answer;
}

/// Ask for the next pages of all segments that are due, at the same time.
void TableScan::ReadRound() {
  const int64_t now = clock_.SteadyMicros();
  std::vector<Segment*> due;
  std::vector<std::future<Result<io::aws::JsonAnswer>>> calls;
  for (Segment& segment : segments_) {
    if (segment.ended || segment.due_micros > now) continue;
    due.push_back(&segment);
    calls.push_back(std::async(std::launch::async, [this, &segment] { return Ask(segment); }));
  }
  // All of them first: calls use the same randomness as Fail().
  std::vector<Result<io::aws::JsonAnswer>> answers;
  for (auto& call : calls)
    answers.push_back(call.get());
  for (size_t i = 0; i < due.size(); ++i) {
    Status taken = answers[i].status();
    if (taken.ok()) taken = TakeAnswer(*answers[i], due[i]);
    if (!taken.ok()) Fail(taken, due[i]);
  }
}

void TableScan::Fail(const Status& failure, Segment* segment) {
  KindOf(failure) == ErrorKind::kThrottled ? ++now_.throttled : ++now_.failures;
  if (KindOf(failure) != ErrorKind::kThrottled) now_.last_failure = failure.message();
  segment->pause_micros =
      std::clamp(2 * segment->pause_micros, kBackOffMicrosMin, kBackOffMicrosMax);
  segment->due_micros =
      clock_.SteadyMicros() +
      static_cast<int64_t>(random_.Below(static_cast<uint64_t>(segment->pause_micros)));
}

Status TableScan::TakeAnswer(const io::aws::JsonAnswer& answer, Segment* segment) {
  std::string_view items = "[]";
  std::string after;
  TAPELAKE_RETURN_NOT_OK(
      VisitMembers(answer.body, [&](std::string_view name, std::string_view value) {
        if (name == "Items") items = value;
        if (name == "LastEvaluatedKey" && value != "null") after = value;
        return Status::OK();
      }));
  PullBatch batch{.source_id = segment->source_id,
                  .place = "DynamoDB table " + table_ + ", segment " +
                           std::to_string(segment->number) + " of its scan"};
  record::RecordBlock& block = batch.block;
  const int64_t wall = clock_.WallMicros();
  uint64_t count = segment->items;
  TAPELAKE_RETURN_NOT_OK(VisitItems(items, [&](std::string_view item) -> Status {
    const size_t begin = block.buffer.size();
    TAPELAKE_RETURN_NOT_OK(AppendScanRecord(item, described_, wall, &block.buffer));
    block.entries.push_back({begin, block.buffer.size() - begin, count++});
    return Status::OK();
  }));
  block.buffer.append(record::kRecordPaddingBytes, ' ');
  block.end_offset = count;
  const auto mark = [segment](bool fresh) {
    std::string text(kBeginning);
    if (!segment->after.empty()) text += " " + segment->after;
    return PullMark{
        .source_id = segment->source_id,
        .mark = {.offset = segment->items, .text = std::move(text), .at_end = segment->ended},
        .fresh = fresh};
  };
  if (std::exchange(segment->fresh, false)) batch.marks.push_back(mark(true));
  segment->items = count;
  segment->after = std::move(after);
  segment->ended = segment->after.empty();
  segment->pause_micros = 0;
  segment->due_micros = 0;
  batch.marks.push_back(mark(false));
  if (block.entries.empty()) batch.source_id.clear();
  ready_.push_back(std::move(batch));
  return Status::OK();
}

Result<bool> TableScan::Read(PullBatch* batch) {
  *batch = PullBatch();
  TAPELAKE_RETURN_NOT_OK(wrong_mark_);
  if (ready_.empty()) ReadRound();
  const bool brought = !ready_.empty();
  if (brought) {
    *batch = std::move(ready_.front());
    ready_.pop_front();
  }
  now_.parts = std::ranges::count(segments_, false, &Segment::ended);
  const std::lock_guard<std::mutex> lock(mutex_);
  published_ = now_;
  return brought;
}

}  // namespace tapelake::source
