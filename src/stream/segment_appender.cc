#include "stream/segment_appender.h"

#include <algorithm>
#include <utility>

namespace tapelake::stream {

Status SegmentAppender::Close(const std::string& reason) {
  file_.reset();
  closed_ = MakeError(ErrorKind::kUnknownOutcome,
                      "stream '" + options_.directory +
                          "' is closed to writes until it is opened again: " + reason);
  return closed_;
}

Status SegmentAppender::Resume(const Segment& newest) {
  TAPELAKE_ASSIGN_OR_RAISE(file_, files_.OpenForAppend(newest.path));
  segment_ = newest;
  segment_.index.clear();
  return Status::OK();
}

Status SegmentAppender::Append(std::string_view bytes) {
  const int64_t size_before = file_->size_bytes();
  const Status appended = file_->Append(bytes);
  if (appended.ok()) return appended;
  const Status cut = file_->Truncate(size_before);
  if (cut.ok()) return appended;
  return Close(appended.message() + "; and then: " + cut.message());
}

Status SegmentAppender::WriteSeal() {
  TAPELAKE_RETURN_NOT_OK(closed_);
  if (file_ == nullptr || segment_.sealed || unborn_) return Status::OK();
  char bytes[kSealBytes];
  EncodeSeal({.next_sequence = segment_.next_sequence,
              .newest_arrival_micros = segment_.newest_arrival_micros,
              .offset = segment_.frames_end},
             options_.salt, bytes);
  TAPELAKE_RETURN_NOT_OK(Append({bytes, sizeof(bytes)}));
  segment_.sealed = true;
  return Status::OK();
}

Status SegmentAppender::CutSeal() {
  if (!segment_.sealed) return Status::OK();
  TAPELAKE_RETURN_NOT_OK(file_->Truncate(static_cast<int64_t>(segment_.frames_end)));
  segment_.sealed = false;
  return Status::OK();
}

Status SegmentAppender::FinishSegment() {
  TAPELAKE_RETURN_NOT_OK(WriteSeal());
  const Status synced = file_->Sync();
  if (!synced.ok()) return Close(synced.message());
  return Status::OK();
}

Status SegmentAppender::BeginSegment(uint64_t first_sequence) {
  const std::string path = io::JoinPath(options_.directory, SegmentFileName(first_sequence));
  TAPELAKE_ASSIGN_OR_RAISE(auto file, files_.OpenForAppend(path));
  // A former try may have left something under this name.
  if (file->size_bytes() > 0) TAPELAKE_RETURN_NOT_OK(file->Truncate(0));
  const SegmentHeader header{
      .first_sequence = first_sequence,
      .created_micros = std::max(clock_.WallMicros(), segment_.newest_arrival_micros)};
  char bytes[kSegmentHeaderBytes];
  EncodeSegmentHeader(header, options_.salt, bytes);
  TAPELAKE_RETURN_NOT_OK(file->Append({bytes, sizeof(bytes)}));
  file_ = std::move(file);
  unborn_ = true;
  segment_ = Segment{.path = path,
                     .first_sequence = first_sequence,
                     .next_sequence = first_sequence,
                     .newest_arrival_micros = header.created_micros,
                     .frames_end = kSegmentHeaderBytes};
  return Status::OK();
}

void SegmentAppender::DropUnborn() {
  // Whatever stays of the file is begun anew by the next try, or cut when the stream is opened.
  file_.reset();
  (void)files_.DeleteFile(segment_.path);
  segment_ = {.newest_arrival_micros = segment_.newest_arrival_micros};
  unborn_ = false;
}

Result<uint64_t> SegmentAppender::Prepare(uint64_t first_sequence) {
  TAPELAKE_RETURN_NOT_OK(closed_);
  if (file_ != nullptr && !unborn_ && segment_.frames_end >= options_.segment_bytes_max) {
    TAPELAKE_RETURN_NOT_OK(FinishSegment());
    file_.reset();
  }
  if (file_ == nullptr) {
    TAPELAKE_RETURN_NOT_OK(BeginSegment(first_sequence));
  }
  return segment_.frames_end;
}

Status SegmentAppender::Write(std::string_view frame, const FrameHeader& header) {
  TAPELAKE_RETURN_NOT_OK(closed_);
  TAPELAKE_RETURN_NOT_OK(CutSeal());
  const Status appended = Append(frame);
  if (!appended.ok()) {
    if (unborn_ && file_ != nullptr) DropUnborn();
    return appended;
  }
  Status synced = file_->Sync();
  if (synced.ok() && unborn_) synced = files_.SyncDirectory(options_.directory);
  if (!synced.ok()) {
    // Whether it is durable stays unknown; cut, it is at least not found by who opens next.
    (void)file_->Truncate(static_cast<int64_t>(segment_.frames_end));
    return Close(synced.message());
  }
  unborn_ = false;
  segment_.Add(header);
  segment_.index.clear();
  return Status::OK();
}

}  // namespace tapelake::stream
