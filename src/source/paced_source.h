#pragma once

/// A source slowed down to the speed at which its records were made.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "io/clock.h"
#include "record/record_block.h"

namespace tapelake::source {

struct PaceOptions {
  /// How many seconds of recorded time pass in one second: 1 = as recorded. Must be above 0.
  double speed = 1;
  /// Longest time a ReadBlock blocks when nothing is due; then it returns true with no entries, so
  /// that the caller can be interrupted.
  int64_t wait_micros_max = 100'000;
};

/// Hands out the records of another source when their time has come, counted from the first record.
/// Records that are older than those before them (disorder), or tell no time, are due at once.
/// One thread.
class PacedSource : public record::RecordSource {
 public:
  /// Take `inner` over. `clock` must outlive the source. Errors: kInvalid (speed).
  static Result<std::unique_ptr<PacedSource>> Make(std::unique_ptr<record::RecordSource> inner,
                                                   const PaceOptions& options, io::Clock& clock);

  /// See RecordSource; sleeps on the clock. Errors: those of `inner`.
  Result<bool> ReadBlock(record::RecordBlock* block) override;

 private:
  PacedSource(std::unique_ptr<record::RecordSource> inner, const PaceOptions& options,
              io::Clock& clock)
      : inner_(std::move(inner)), options_(options), clock_(clock) {}

  Result<bool> Refill();
  int64_t DueMicros(size_t entry);

  std::unique_ptr<record::RecordSource> inner_;
  const PaceOptions options_;
  io::Clock& clock_;
  record::RecordBlock pending_;
  size_t next_entry_ = 0;
  std::optional<int64_t> first_record_micros_;
  int64_t begin_micros_ = 0;  // steady time at which the first record was due
};

/// The creation time of a wire record, microseconds; nothing if it tells none. Looks for the member
/// only, does not parse the record: what it returns for damaged records has no meaning.
std::optional<int64_t> CreationMicros(std::string_view record);

}  // namespace tapelake::source
