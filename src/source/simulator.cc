#include "source/simulator.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/time.h"
#include "source/simulation/emission_queue.h"
#include "source/simulation/expected_table.h"
#include "source/simulation/random_draws.h"
#include "source/simulation/table_history.h"
#include "source/wire/event_json.h"

namespace tapelake::source {
namespace {

constexpr size_t kBlockRecordsMax = 10'000;
constexpr size_t kBlockBytesMax = 4 << 20;
constexpr double kDefaultSpanSeconds = 30 * 3600;
constexpr int64_t kDefaultAddedAfterChanges = 5'000;
constexpr int64_t kDuplicateDelayMicros = 60 * base::kMicrosPerSecond;
constexpr double kExpiredRemoves = 0.3;

Status OutOfRange(const char* option, const std::string& value, const char* range) {
  return MakeError(ErrorKind::kInvalid, "simulator option " + std::string(option) + " = " + value +
                                            " is out of range " + range);
}

Status CheckShare(const char* option, double value) {
  if (value >= 0 && value <= 1) return Status::OK();
  return OutOfRange(option, std::to_string(value), "0..1");
}

Status CheckOptions(const SimulatorOptions& options) {
  TAPELAKE_RETURN_NOT_OK(CheckShare("duplicates", options.duplicates));
  TAPELAKE_RETURN_NOT_OK(CheckShare("disorder_fraction", options.disorder_fraction));
  TAPELAKE_RETURN_NOT_OK(CheckShare("odd_types", options.odd_types));
  if (options.changes < 0) {
    return OutOfRange("changes", std::to_string(options.changes), "0 (no end) and above");
  }
  if (options.disorder_micros < 0 || options.disorder_micros > base::kMicrosPerDay) {
    return OutOfRange("disorder", std::to_string(options.disorder_micros) + " us", "0..1 day");
  }
  if (options.history_micros < 0 || options.history_micros > 366 * base::kMicrosPerDay) {
    return OutOfRange("history", std::to_string(options.history_micros) + " us", "0..366 days");
  }
  if (options.added_attributes < 0 ||
      options.added_attributes > static_cast<int>(kAddedAttributesMax)) {
    return OutOfRange("added_attributes", std::to_string(options.added_attributes), "0..9");
  }
  if (!(options.changes_per_second >= 0 && options.changes_per_second <= 1e6)) {
    return OutOfRange("changes_per_second", std::to_string(options.changes_per_second),
                      "0 (automatic)..1000000");
  }
  if (options.changes == 0 && options.changes_per_second == 0) {
    return MakeError(ErrorKind::kInvalid,
                     "a simulation without end (changes = 0) needs changes_per_second");
  }
  return Status::OK();
}

TableHistoryOptions HistoryOptions(const SimulatorOptions& options, bool live) {
  const double derived_rate = static_cast<double>(options.changes) / kDefaultSpanSeconds;
  return {
      .seed = options.seed,
      .start_micros = options.start_micros,
      .changes_per_second =
          options.changes_per_second > 0 ? options.changes_per_second : derived_rate,
      .odd_types = options.odd_types,
      .added_attributes = static_cast<size_t>(options.added_attributes),
      .added_after_changes = options.changes > 0 ? options.changes / 2 : kDefaultAddedAfterChanges,
      .forget_settled_rows = live};
}

}  // namespace

class Simulator::Impl {
 public:
  Impl(const SimulatorOptions& options, io::Clock* clock)
      : options_(options),
        clock_(clock),
        live_begin_micros_(clock != nullptr ? clock->SteadyMicros() : 0),
        history_(HistoryOptions(options, clock != nullptr)),
        id_random_(options.seed ^ 0x6576'656e'7420'6964),
        delay_random_(options.seed ^ 0x0064'656c'6179'2121) {}

  bool ReadBlock(record::RecordBlock* block);

  const SimulatorOptions options_;
  io::Clock* const clock_;  // nullptr: simulated time
  const int64_t live_begin_micros_;
  TableHistory history_;
  SimulatorCounts counts_;

 private:
  static bool Full(const record::RecordBlock& block) {
    return block.entries.size() >= kBlockRecordsMax || block.buffer.size() >= kBlockBytesMax;
  }
  int64_t HorizonMicros() const;
  void Make(const TableChange& change, record::RecordBlock* block);
  void Count(const TableChange& change);
  void Emit(std::string_view record, record::RecordBlock* block);
  void EmitHeld(int64_t until_micros, record::RecordBlock* block);
  void Hold(int64_t change_micros, int64_t bound_micros, std::string record);

  io::SeededRandom id_random_;
  io::SeededRandom delay_random_;
  EmissionQueue held_;
  std::string record_;
};

// Up to which moment things have happened.
int64_t Simulator::Impl::HorizonMicros() const {
  if (clock_ == nullptr) return std::numeric_limits<int64_t>::max();
  return options_.start_micros + options_.history_micros +
         (clock_->SteadyMicros() - live_begin_micros_);
}

bool Simulator::Impl::ReadBlock(record::RecordBlock* block) {
  block->Clear();
  const int64_t horizon = HorizonMicros();
  bool more = true;
  while (!Full(*block)) {
    more = options_.changes == 0 || counts_.changes < options_.changes;
    const int64_t next = more ? history_.NextMicros() : std::numeric_limits<int64_t>::max();
    // Held-back records due before the next change come first; at the end, all of them.
    EmitHeld(std::min(next, horizon), block);
    if (Full(*block)) break;
    if (!more || next > horizon) break;
    if (const std::optional<TableChange> change = history_.Step()) Make(*change, block);
  }
  block->end_offset = static_cast<uint64_t>(counts_.events);
  if (block->entries.empty()) return more || !held_.empty();
  block->buffer.append(record::kRecordPaddingBytes, '\0');
  return true;
}

void Simulator::Impl::Make(const TableChange& change, record::RecordBlock* block) {
  Count(change);
  ChangeEvent event{.event = change.event,
                    .change_micros = change.change_micros,
                    .sequence = change.sequence,
                    .event_id_high = id_random_.Next(),
                    .event_id_low = id_random_.Next()};
  if (!change.new_image.empty()) event.new_image = &change.new_image;
  if (!change.old_image.empty()) event.old_image = &change.old_image;
  event.expired = change.event == record::EventName::kRemove && Chance(id_random_, kExpiredRemoves);
  record_.clear();
  AppendEventJson(options_.shape, event, &record_);

  if (Chance(delay_random_, options_.duplicates)) {
    ++counts_.duplicates;
    const bool disorder = options_.disorder_micros > 0;
    Hold(change.change_micros, disorder ? options_.disorder_micros : kDuplicateDelayMicros,
         record_);
  }
  if (options_.disorder_micros > 0 && Chance(delay_random_, options_.disorder_fraction)) {
    ++counts_.late;
    Hold(change.change_micros, options_.disorder_micros, record_);
  } else {
    Emit(record_, block);
  }
}

void Simulator::Impl::Count(const TableChange& change) {
  ++counts_.changes;
  switch (change.event) {
    case record::EventName::kInsert:
      ++counts_.inserts;
      break;
    case record::EventName::kModify:
      ++counts_.modifies;
      break;
    case record::EventName::kRemove:
      ++counts_.removes;
      break;
  }
  counts_.moves = history_.counts().moves;
  counts_.odd = history_.counts().odd;
  counts_.rows = history_.table().live_rows();
}

void Simulator::Impl::Emit(std::string_view record, record::RecordBlock* block) {
  block->entries.push_back({.begin = block->buffer.size(),
                            .size = record.size(),
                            .offset = static_cast<uint64_t>(counts_.events++)});
  block->buffer.append(record);
  block->buffer.push_back('\n');
}

void Simulator::Impl::EmitHeld(int64_t until_micros, record::RecordBlock* block) {
  while (!held_.empty() && held_.due_micros() <= until_micros && !Full(*block)) {
    Emit(held_.Pop(), block);
  }
}

void Simulator::Impl::Hold(int64_t change_micros, int64_t bound_micros, std::string record) {
  const int64_t delay =
      1 + static_cast<int64_t>(delay_random_.Below(static_cast<uint64_t>(bound_micros)));
  held_.Push(change_micros + delay, std::move(record));
}

Simulator::Simulator() = default;
Simulator::~Simulator() = default;

Result<std::unique_ptr<Simulator>> Simulator::Make(const SimulatorOptions& options) {
  TAPELAKE_RETURN_NOT_OK(CheckOptions(options));
  std::unique_ptr<Simulator> simulator(new Simulator());
  simulator->impl_ = std::make_unique<Impl>(options, nullptr);
  return simulator;
}

Result<std::unique_ptr<Simulator>> Simulator::MakeLive(const SimulatorOptions& options,
                                                       io::Clock& clock) {
  TAPELAKE_RETURN_NOT_OK(CheckOptions(options));
  if (options.changes_per_second == 0) {
    return MakeError(ErrorKind::kInvalid, "a live simulation needs changes_per_second");
  }
  SimulatorOptions live = options;
  live.start_micros = clock.WallMicros() - options.history_micros;
  std::unique_ptr<Simulator> simulator(new Simulator());
  simulator->impl_ = std::make_unique<Impl>(live, &clock);
  return simulator;
}

Result<bool> Simulator::ReadBlock(record::RecordBlock* block) {
  return impl_->ReadBlock(block);
}

Status Simulator::WriteExpected(io::FileSystem& files, const std::string& path) const {
  if (impl_->clock_ != nullptr) {
    return MakeError(ErrorKind::kInvalid,
                     "a live simulation keeps no whole table to write as expected");
  }
  return WriteExpectedTable(impl_->history_.table(),
                            {.shape = impl_->options_.shape, .added = impl_->history_.added_seen()},
                            files, path);
}

const SimulatorCounts& Simulator::counts() const {
  return impl_->counts_;
}

}  // namespace tapelake::source
