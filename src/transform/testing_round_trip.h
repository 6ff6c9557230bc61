#pragma once

/// What a replay promises, as a check for tests: record -> change -> raw line -> record -> change.

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>

#include "record/record_block.h"
#include "record/table_definition.h"
#include "transform/ndjson_writer.h"
#include "transform/raw_line.h"
#include "transform/record_parser.h"
#include "transform/row_builder.h"

namespace tapelake::transform {

/// Sends records through their raw lines and compares both changes and both rows. One thread.
class RoundTrip {
 public:
  RoundTrip() : sent_rows_(MakeBuilder()), replayed_rows_(MakeBuilder()) {}

  /// Return what differs; empty: nothing, or the record is refused by the parser.
  std::string Check(std::string_view record) {
    if (Parse(record, &sent_, &sent_bytes_) != ParseError::kNone) return "";
    line_.clear();
    writer_.Append(sent_.change(), &line_);
    if (line_.find('\n') != line_.size() - 1) return "the line has not one line end: " + line_;
    const size_t size = line_.size() - 1;
    line_.append(record::kRecordPaddingBytes, ' ');
    record_.clear();
    if (!reader_.AppendRecord(std::string_view(line_).substr(0, size), &record_)) {
      return "the line is refused: " + reader_.reason() + ": " + line_;
    }
    const ParseError error = Parse(record_, &replayed_, &replayed_bytes_);
    if (error != ParseError::kNone) {
      return "the replayed record is refused: " + replayed_.reason() + ": " + line_ + record_;
    }
    ++checked_;
    const std::string difference = Compare();
    return difference.empty() ? difference : difference + ": " + line_ + record_;
  }

  /// Compare the rows of all records checked so far; return what differs.
  std::string CompareRows() {
    const auto sent = sent_rows_->Finish().ValueOrDie();
    const auto replayed = replayed_rows_->Finish().ValueOrDie();
    if (sent->num_rows() != replayed->num_rows()) return "the numbers of rows differ";
    if (sent->num_columns() != replayed->num_columns()) return "the numbers of columns differ";
    for (const auto& field : sent->schema()->fields()) {
      const auto other = replayed->GetColumnByName(field->name());
      if (other == nullptr) return "the column " + field->name() + " is gone";
      if (!sent->GetColumnByName(field->name())->Equals(other)) {
        return "the column " + field->name() + " differs";
      }
    }
    return "";
  }

  /// Records that were no errors.
  int64_t checked() const { return checked_; }

 private:
  static std::unique_ptr<RowBuilder> MakeBuilder() {
    return RowBuilder::Make(record::CryptoTransactionsTable(), nullptr).ValueOrDie();
  }

  static ParseError Parse(std::string_view record, RecordParser* parser, std::string* bytes) {
    bytes->assign(record);
    bytes->append(record::kRecordPaddingBytes, '}');
    return parser->Parse(std::string_view(*bytes).substr(0, record.size()));
  }

  static bool IsTaken(std::string_view name) {
    for (const std::string_view taken : {"event_name", "event_id", "change_time", "position",
                                         "_rescued", "_typed", "_keys", "_old_image"}) {
      if (name == taken) return true;
    }
    return false;
  }

  static bool SameValue(const record::Attribute& a, const record::Attribute& b) {
    return a.type == b.type && a.text == b.text;
  }

  static const record::Attribute* Find(const std::vector<record::Attribute>& image,
                                       std::string_view name) {
    for (const record::Attribute& attribute : image) {
      if (attribute.name == name) return &attribute;
    }
    return nullptr;
  }

  /// The same attributes; those of other names than the line's own also in the same order.
  static bool SameImage(const std::vector<record::Attribute>& a,
                        const std::vector<record::Attribute>& b) {
    size_t place = 0;
    for (const record::Attribute& attribute : a) {
      const record::Attribute* other = Find(b, attribute.name);
      if (other == nullptr || !SameValue(attribute, *other)) return false;
      if (IsTaken(attribute.name)) continue;
      if (place >= b.size() || b[place++].name != attribute.name) return false;
    }
    return a.size() == b.size();
  }

  std::string Compare() {
    const record::Change& a = sent_.change();
    const record::Change& b = replayed_.change();
    if (a.shape != b.shape) return "the shapes differ";
    if (a.event != b.event) return "the events differ";
    if (a.event_id != b.event_id) return "the event ids differ";
    if (a.sequence_number != b.sequence_number) return "the sequence numbers differ";
    if (a.change_time_micros != b.change_time_micros) return "the change times differ";
    if (!SameImage(a.image(), b.image())) return "the images differ";
    if (a.shape == record::RecordShape::kKinesis && a.event != record::EventName::kRemove) {
      if (a.has_old_image != b.has_old_image) return "the old image came or went";
      if (a.has_old_image && !SameOldImage(a.old_image, b.old_image)) return "old images differ";
    }
    for (const record::Attribute& key : a.keys) {
      if (Find(a.image(), key.name) != nullptr) continue;
      const record::Attribute* other = Find(b.keys, key.name);
      if (other == nullptr || !SameValue(key, *other)) return "the keys differ";
    }
    return CompareDecisions();
  }

  static bool SameOldImage(const std::vector<record::Attribute>& a,
                           const std::vector<record::Attribute>& b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (a[i].name != b[i].name || !SameValue(a[i], b[i])) return false;
    }
    return true;
  }

  /// What ingest asks the row builder.
  std::string CompareDecisions() {
    const record::Change& a = sent_.change();
    const record::Change& b = replayed_.change();
    if (sent_rows_->KeyOf(a) != replayed_rows_->KeyOf(b)) return "the record keys differ";
    const std::string_view partition = sent_rows_->PartitionOf(a.image());
    if (partition != replayed_rows_->PartitionOf(b.image())) return "the partitions differ";
    if (partition.empty()) return "";
    sent_rows_->Append(a, checked_).ValueOrDie();
    replayed_rows_->Append(b, checked_).ValueOrDie();
    return "";
  }

  RecordParser sent_;
  RecordParser replayed_;
  std::string sent_bytes_;
  std::string replayed_bytes_;
  NdjsonWriter writer_{LineForm::kReplayable};
  RawLineReader reader_;
  std::string line_;
  std::string record_;
  std::unique_ptr<RowBuilder> sent_rows_;
  std::unique_ptr<RowBuilder> replayed_rows_;
  int64_t checked_ = 0;
};

}  // namespace tapelake::transform
