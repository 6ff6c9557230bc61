#include "lambda/batch_handler.h"

#include "base/base64.h"

namespace tapelake::lambda {
namespace {

constexpr size_t kRecordsBetweenLooks = 32;  // at the clock

}  // namespace

Status BatchHandler::Answer(const Event& event, const Deadline& deadline, std::string* answer,
                            Refusals* refusals) {
  rows_.clear();
  errors_.clear();
  const size_t taken = TakeRecords(event, deadline, refusals);
  if (!errors_.empty()) {
    TAPELAKE_RETURN_NOT_OK(errors_target_->Send(errors_, deadline.LeftMicros()));
  }
  if (!rows_.empty()) TAPELAKE_RETURN_NOT_OK(rows_target_.Send(rows_, deadline.LeftMicros()));
  answer->assign("{\"batchItemFailures\":[");
  for (size_t i = taken; i < event.records.size(); ++i) {
    if (i > taken) answer->push_back(',');
    answer->append("{\"itemIdentifier\":").append(event.records[i].id).append("}");
  }
  answer->append("]}");
  return Status::OK();
}

/// Return how many records, from the first on, need not come again.
size_t BatchHandler::TakeRecords(const Event& event, const Deadline& deadline, Refusals* refusals) {
  for (size_t i = 0; i < event.records.size(); ++i) {
    if (i % kRecordsBetweenLooks == 0 && deadline.LeftMicros() <= kSendMicros) {
      refusals->Add(i, "deadline", "the deadline is near: it and all after it come again");
      return i;
    }
    if (!TakeRecord(event, i, refusals)) return i;
  }
  return event.records.size();
}

bool BatchHandler::TakeRecord(const Event& event, size_t index, Refusals* refusals) {
  const EventRecord& record = event.records[index];
  const transform::ParseError error = parser_.Parse(record.data);
  if (error == transform::ParseError::kNone) [[likely]] {
    writer_.Append(parser_.change(), &rows_);
    return true;
  }
  refusals->Add(index, error, parser_.reason());
  if (errors_target_ == nullptr) return false;
  AppendError(error, event, record);
  return true;
}

void BatchHandler::AppendError(transform::ParseError error, const Event& event,
                               const EventRecord& record) {
  std::string source(event.source);
  source.append("#").append(record.id.substr(1, record.id.size() - 2));
  const transform::ErrorPlace place{.source = source};
  if (!base::IsBase64(record.data)) {
    transform::AppendErrorLine(error, parser_.reason(), place, record.data, &errors_);
    return;
  }
  transform::AppendErrorLineStart(error, parser_.reason(), place, &errors_);
  errors_.append(record.data).append(transform::kErrorLineEnd);
}

}  // namespace tapelake::lambda
