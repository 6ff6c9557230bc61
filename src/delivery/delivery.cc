#include "delivery/delivery.h"

#include <algorithm>
#include <utility>

#include "delivery/collector.h"
#include "delivery/cut_content.h"
#include "delivery/delivery_state.h"
#include "delivery/publisher.h"

namespace tapelake::delivery {
namespace {

Status CheckOptions(const DeliveryOptions& options) {
  if (options.buffer_bytes > 0 && options.buffer_micros >= 0 &&
      options.waiting_bytes_max >= options.buffer_bytes) {
    return Status::OK();
  }
  return MakeError(ErrorKind::kInvalid,
                   "delivery of '" + options.stream + "': buffer_bytes (" +
                       std::to_string(options.buffer_bytes) + ") and buffer_micros (" +
                       std::to_string(options.buffer_micros) +
                       ") must be positive (the latter may be 0) and waiting_bytes_max (" +
                       std::to_string(options.waiting_bytes_max) + ") at least buffer_bytes");
}

Result<DeliveryState> LoadState(io::FileSystem& files, const DeliveryOptions& options) {
  const std::string path = io::JoinPath(options.lake_path, options.state_path);
  const Result<std::string> content = files.ReadFile(path);
  if (!content.ok()) {
    if (KindOf(content.status()) == ErrorKind::kNotFound) {
      return DeliveryState{.next_id = options.first_id};
    }
    return content.status();
  }
  // Its name may come from a dead process and not be durable yet.
  TAPELAKE_RETURN_NOT_OK(files.SyncDirectory(io::ParentPath(path)));
  Result<DeliveryState> state = ParseState(*content, options.stream);
  if (state.ok()) return state;
  return WithContext(state.status(), "delivery state '" + path + "' is damaged");
}

/// Delete the contents of cuts that are none any more, or never were: a crash left them.
Status DropContents(io::FileSystem& files, const DeliveryOptions& options,
                    const DeliveryState& state) {
  const std::string folder = io::JoinPath(options.lake_path, io::ParentPath(options.state_path));
  const auto names = files.ListNames(folder);
  if (!names.ok()) {
    return KindOf(names.status()) == ErrorKind::kNotFound ? Status::OK() : names.status();
  }
  for (const std::string& name : *names) {
    uint64_t id = 0;
    if (!ParseCutContentName(name, &id)) continue;
    const bool needed =
        std::any_of(state.pending.begin(), state.pending.end(),
                    [id](const Cut& cut) { return cut.id == id && cut.transformed; });
    if (needed) continue;
    const Status deleted = files.DeleteFile(io::JoinPath(folder, name));
    if (!deleted.ok() && KindOf(deleted) != ErrorKind::kNotFound) return deleted;
  }
  return Status::OK();
}

}  // namespace

class Delivery::Impl {
 public:
  Impl(io::FileSystem& files, io::Clock& clock, const DeliveryOptions& options,
       std::shared_ptr<const ObjectLayout> layout, const DeliveryState& state)
      : publisher_(files, clock, options, state),
        collector_(clock, options, std::move(layout), state, publisher_) {}

  Publisher& publisher() { return publisher_; }
  Collector& collector() { return collector_; }

 private:
  Publisher publisher_;
  Collector collector_;
};

Delivery::Delivery(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Delivery::~Delivery() = default;

Result<std::unique_ptr<Delivery>> Delivery::Open(io::FileSystem& files, io::Clock& clock,
                                                 const record::TableDefinition& table,
                                                 const DeliveryOptions& asked) {
  DeliveryOptions options = asked;
  if (options.stream.empty()) options.stream = table.QualifiedName();
  if (options.state_path.empty()) options.state_path = StatePath(options.stream);
  TAPELAKE_RETURN_NOT_OK(CheckOptions(options));
  auto layout = ObjectLayout::Make(options.layout, options.stream);
  if (!layout.ok()) return WithContext(layout.status(), "delivery of '" + options.stream + "'");
  TAPELAKE_ASSIGN_OR_RAISE(const DeliveryState state, LoadState(files, options));
  TAPELAKE_RETURN_NOT_OK(DropContents(files, options, state));
  return std::unique_ptr<Delivery>(
      new Delivery(std::make_unique<Impl>(files, clock, options, std::move(*layout), state)));
}

uint64_t Delivery::DeliveredOffset(const std::string& source) const {
  return impl_->publisher().DeliveredOffset(source);
}
bool Delivery::CanAdd() const {
  return impl_->collector().CanAdd();
}
void Delivery::Add(const record::Change& change, const DeliveredRecord& record) {
  impl_->collector().Add(change, record);
}
void Delivery::AddRecord(const DeliveredRecord& record) {
  impl_->collector().AddRecord(record);
}
void Delivery::AddError(transform::ParseError error, std::string_view reason,
                        const DeliveredRecord& record) {
  impl_->collector().AddError(error, reason, record);
}
void Delivery::Advance(const std::string& source, uint64_t end_offset) {
  impl_->collector().Advance(source, end_offset);
}
Status Delivery::Cut(bool flush) {
  impl_->collector().Cut(flush);
  return Status::OK();
}
Result<bool> Delivery::Step() {
  return impl_->publisher().Step();
}
bool Delivery::idle() const {
  return impl_->collector().idle() && impl_->publisher().idle();
}
DeliveryCounts Delivery::counts() const {
  DeliveryCounts counts = impl_->publisher().counts();
  counts.open_since_micros = impl_->collector().open_since_micros();
  return counts;
}

}  // namespace tapelake::delivery
