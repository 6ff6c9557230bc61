#include "app/key_events.h"

#include <algorithm>
#include <memory>

#include "base/json.h"
#include "delivery/object_list.h"
#include "hudi/format/instant.h"
#include "record/record_block.h"
#include "source/files/object_source.h"
#include "transform/record_parser.h"

namespace tapelake::app {
namespace {

class EventSearch {
 public:
  EventSearch(io::FileSystem& files, const std::string& key) : files_(files), key_(key) {
    base::AppendJsonString(key, &quoted_key_);
  }

  /// Failures of one object do not hide the others.
  void Search(const std::string& object, bool is_error) {
    ++found_.objects;
    const Status status = SearchObject(object, is_error);
    if (!status.ok()) found_.failures.push_back(status);
  }

  KeyEvents Take() { return std::move(found_); }

 private:
  Status SearchObject(const std::string& object, bool is_error) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto source,
                             source::OpenObjectSource(files_, object, is_error, 0));
    record::RecordBlock block;
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const bool more, source->ReadBlock(&block));
      for (const record::RecordBlock::Entry& entry : block.entries)
        Look(object, is_error, entry.offset, block.bytes(entry));
      if (!more) return Status::OK();
    }
  }

  void Look(const std::string& object, bool is_error, uint64_t offset, std::string_view bytes) {
    // Most records are of other keys: they need not be parsed.
    if (bytes.find(quoted_key_) == std::string_view::npos) return;
    KeyEvent event{.object = object, .offset = offset, .is_error = is_error};
    if (!is_error) {
      if (parser_.Parse(bytes) != transform::ParseError::kNone) return;
      const record::Change& change = parser_.change();
      const bool is_of_key = std::ranges::any_of(
          change.keys, [this](const auto& attribute) { return attribute.text == key_; });
      if (!is_of_key) return;
      event.event = record::EventNameText(change.event);
      event.change_time_micros = change.change_time_micros;
      event.sequence_number = change.sequence_number;
    }
    found_.events.push_back(std::move(event));
  }

  io::FileSystem& files_;
  const std::string& key_;
  std::string quoted_key_;
  transform::RecordParser parser_;
  KeyEvents found_;
};

}  // namespace

Result<KeyEvents> FindKeyEvents(World& world, const std::string& lake_path,
                                const std::string& stream, const std::string& key,
                                const delivery::LayoutOptions& layout) {
  const delivery::ObjectRange all{.lake_path = lake_path,
                                  .stream = stream,
                                  .from_micros = 0,
                                  .to_micros = hudi::kInstantMicrosMax,
                                  .layout = layout};
  EventSearch search(world.files, key);
  TAPELAKE_ASSIGN_OR_RAISE(const auto raw, delivery::ListRawObjects(world.files, all));
  for (const std::string& object : raw)
    search.Search(object, /*is_error=*/false);
  TAPELAKE_ASSIGN_OR_RAISE(const auto errors, delivery::ListErrorObjects(world.files, all, ""));
  for (const std::string& object : errors)
    search.Search(object, /*is_error=*/true);
  return search.Take();
}

}  // namespace tapelake::app
