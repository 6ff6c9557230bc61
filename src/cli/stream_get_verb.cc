#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>
#include <optional>

#include "app/attached_stream.h"
#include "app/interrupt.h"
#include "app/replay_job.h"
#include "cli/file_flags.h"
#include "cli/report.h"
#include "cli/verb.h"

namespace tapelake::cli {
namespace {

constexpr const char* kFirst = "first";

/// A sequence number is all digits; no time is.
std::optional<uint64_t> ParseSequence(const std::string& text) {
  uint64_t sequence = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, sequence);
  if (error != std::errc() || parsed != end || sequence == 0) return std::nullopt;
  return sequence;
}

class StreamGetCommand : public Command {
 public:
  void Declare(Options& options) override {
    DeclareLake(options, &lake_);
    options.Text(
        {.name = "--from",
         .placeholder = "PLACE",
         .sentence = "Where to begin: `first` (the oldest record kept), a sequence number, "
                     "or a time in UTC, the first record that arrived then or later."},
        &from_);
    options.Integer({.name = "--limit",
                     .placeholder = "N",
                     .sentence = "End after so many records; default is all that are durable when "
                                 "it starts."},
                    1, std::numeric_limits<int64_t>::max(), &limit_);
    options.Positional({.name = "",
                        .placeholder = "NAME",
                        .sentence = "The stream, as 'stream list' names it.",
                        .required = true},
                       &name_);
  }

  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(
        const auto stream,
        app::AttachedStream::Open(context.world, lake_.value_or(context.config.lake.path),
                                  context.config.stream, name_.front()));
    app::CatchInterrupts();
    TAPELAKE_ASSIGN_OR_RAISE(uint64_t next, FindPlace(*stream));
    TAPELAKE_ASSIGN_OR_RAISE(const serve::TailReply newest,
                             stream->Read(serve::TailRequest::kNewest));
    int64_t left = limit_.value_or(std::numeric_limits<int64_t>::max());
    while (left > 0 && next != newest.next_sequence) {
      if (app::Interrupted()) return app::kExitInterrupted;
      TAPELAKE_ASSIGN_OR_RAISE(serve::TailReply reply, stream->Read(next));
      const uint64_t first = reply.next_sequence - reply.records.size();
      if (reply.records.empty() || first >= newest.next_sequence) break;
      next = std::min(reply.next_sequence, newest.next_sequence);
      reply.records.resize(static_cast<size_t>(next - first));
      for (const std::string& record : reply.records) {
        if (left-- == 0) break;
        Print(record + "\n");
      }
      TAPELAKE_RETURN_NOT_OK(FlushOutput());
    }
    return kExitOk;
  }

 private:
  Result<uint64_t> FindPlace(app::AttachedStream& stream) const {
    if (from_ == kFirst) return serve::TailRequest::kOldest;
    if (const auto sequence = ParseSequence(from_)) return *sequence;
    if (const auto time = app::ParseReplayTime(from_)) return stream.SequenceAtTime(*time);
    return MakeError(ErrorKind::kInvalid, "'" + from_ + "' is no place in a stream" +
                                              "\nhint: give 'first', a sequence number, or a time "
                                              "in UTC like 2026-11-22T09 or 2026-11-22T09:30:00");
  }

  std::optional<std::string> lake_;
  std::string from_ = kFirst;
  std::optional<int64_t> limit_;
  std::vector<std::string> name_;
};

}  // namespace

std::unique_ptr<Command> MakeStreamGetCommand() {
  return std::make_unique<StreamGetCommand>();
}

}  // namespace tapelake::cli
