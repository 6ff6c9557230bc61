#include "transform/filter.h"

#include <string_view>

#include "base/base64.h"
#include "transform/line_reader.h"
#include "transform/ndjson_writer.h"
#include "transform/output_buffer.h"
#include "transform/payload_transformer.h"
#include "transform/record_parser.h"

namespace tapelake::transform {
namespace {

constexpr size_t kFlushBytes = 256 << 10;
constexpr size_t kPayloadBytesMax = size_t{64} << 20;  // Lambda's own limit is 6 MiB

bool IsBlankLine(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// What both kinds of lines share: reading, flushing, error lines, lines over the limit.
class Filter {
 public:
  Filter(io::ByteInput& input, io::ByteOutput& output, io::ByteOutput& errors,
         const FilterOptions& options, size_t line_bytes_max)
      : options_(options),
        input_(input),
        lines_(input, line_bytes_max),
        rows_(output),
        errors_(errors) {}
  virtual ~Filter() = default;

  Result<FilterCounts> Run() {
    for (bool more = true; more;) {
      if (!input_.Ready(/*wait_micros=*/0)) TAPELAKE_RETURN_NOT_OK(FlushAll());
      TAPELAKE_ASSIGN_OR_RAISE(more, lines_.Fill());
      for (LineReader::Line line; lines_.Next(&line);) {
        Take(line);
        if (rows_.size() >= kFlushBytes) TAPELAKE_RETURN_NOT_OK(rows_.Flush());
        if (errors_.size() >= kFlushBytes) TAPELAKE_RETURN_NOT_OK(errors_.Flush());
      }
    }
    TAPELAKE_RETURN_NOT_OK(FlushAll());
    counts_.records = counts_.rows + counts_.errors;
    counts_.bytes_in = static_cast<int64_t>(lines_.bytes_read());
    counts_.bytes_out = static_cast<int64_t>(rows_.total_bytes());
    return counts_;
  }

 protected:
  virtual void TakeLine(const LineReader::Line& line) = 0;

  void CountError(ParseError error) {
    ++counts_.errors;
    ++counts_.errors_by_type[std::string(ParseErrorText(error))];
  }

  /// `base64`: raw is base64 text already and goes into the line as it is.
  void WriteError(ParseError error, std::string_view reason, uint64_t offset, std::string_view raw,
                  bool base64 = false) {
    CountError(error);
    const ErrorPlace place{.source = options_.source, .offset = offset};
    scratch_.clear();
    AppendErrorLineStart(error, reason, place, &scratch_);
    if (base64) {
      scratch_.append(raw);
    } else {
      base::AppendBase64(raw, &scratch_);
    }
    scratch_.append(kErrorLineEnd);
    errors_.Append(scratch_);
  }

  const FilterOptions& options_;
  io::ByteInput& input_;
  LineReader lines_;
  OutputBuffer rows_;
  OutputBuffer errors_;
  FilterCounts counts_;

 private:
  Status FlushAll() {
    TAPELAKE_RETURN_NOT_OK(rows_.Flush());
    return errors_.Flush();
  }

  void Take(const LineReader::Line& line) {
    if (line.complete && !in_long_line_) [[likely]] {
      if (!IsBlankLine(line.text)) TakeLine(line);
      return;
    }
    TakePiece(line);
  }

  /// A line over the limit becomes an error line as it comes, so that it need not fit into memory.
  void TakePiece(const LineReader::Line& line) {
    scratch_.clear();
    if (!in_long_line_) {
      CountError(ParseError::kTooLarge);
      AppendErrorLineStart(ParseError::kTooLarge, "the line is longer than the record limit",
                           {.source = options_.source, .offset = line.offset}, &scratch_);
    }
    piece_rest_.append(line.text);
    const size_t whole = line.complete ? piece_rest_.size() : piece_rest_.size() / 3 * 3;
    base::AppendBase64(std::string_view(piece_rest_).substr(0, whole), &scratch_);
    piece_rest_.erase(0, whole);
    if (line.complete) scratch_.append(kErrorLineEnd);
    errors_.Append(scratch_);
    in_long_line_ = !line.complete;
  }

  std::string scratch_;
  std::string piece_rest_;  // up to two bytes that wait for a third
  bool in_long_line_ = false;
};

NdjsonWriter MakeWriter(const FilterOptions& options) {
  return options.table == nullptr ? NdjsonWriter() : NdjsonWriter(*options.table);
}

class RecordFilter final : public Filter {
 public:
  RecordFilter(io::ByteInput& input, io::ByteOutput& output, io::ByteOutput& errors,
               const FilterOptions& options)
      : Filter(input, output, errors, options, kRecordBytesMax), writer_(MakeWriter(options)) {}

 private:
  void TakeLine(const LineReader::Line& line) override {
    const ParseError error = parser_.Parse(line.text);
    if (error != ParseError::kNone) [[unlikely]] {
      WriteError(error, parser_.reason(), line.offset, line.text);
      return;
    }
    ++counts_.rows;
    const record::Change& change = parser_.change();
    rows_.Commit(writer_.Write(change, rows_.Reserve(writer_.BytesMax(change))));
  }

  RecordParser parser_;
  const NdjsonWriter writer_;
};

class PayloadFilter final : public Filter {
 public:
  PayloadFilter(io::ByteInput& input, io::ByteOutput& output, io::ByteOutput& errors,
                const FilterOptions& options)
      : Filter(input, output, errors, options, kPayloadBytesMax),
        writer_(MakeWriter(options)),
        transformer_(writer_, [this](ParseError error, const std::string& reason,
                                     std::string_view data) { TakeRecord(error, reason, data); }) {}

 private:
  void TakeLine(const LineReader::Line& line) override {
    line_ = line;
    const size_t errors_before = errors_.size();
    const FilterCounts counts_before = counts_;
    const ParseError error = transformer_.Transform(line.text, &rows_);
    if (error == ParseError::kNone) return;
    errors_.Truncate(errors_before);
    counts_ = counts_before;
    WriteError(error, transformer_.reason(), line.offset, line.text);
  }

  void TakeRecord(ParseError error, const std::string& reason, std::string_view data) {
    if (error == ParseError::kNone) {
      ++counts_.rows;
      return;
    }
    const bool in_line =
        data.data() >= line_.text.data() && data.data() < line_.text.data() + line_.text.size();
    const auto inside = in_line ? static_cast<uint64_t>(data.data() - line_.text.data()) : 0;
    WriteError(error, reason, line_.offset + inside, data, base::IsBase64(data));
  }

  const NdjsonWriter writer_;
  PayloadTransformer transformer_;
  LineReader::Line line_;
};

}  // namespace

Result<FilterCounts> RunFilter(io::ByteInput& input, io::ByteOutput& output, io::ByteOutput& errors,
                               const FilterOptions& options) {
  if (options.payload) return PayloadFilter(input, output, errors, options).Run();
  return RecordFilter(input, output, errors, options).Run();
}

}  // namespace tapelake::transform
