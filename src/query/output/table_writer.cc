#include <algorithm>
#include <utility>

#include "query/output/row_writer.h"
#include "query/output/table_layout.h"

namespace tapelake::query {
namespace {

// Widths come from this many rows; later rows may be wider and then push the border out.
constexpr size_t kSampleRows = 1000;

class TableWriter : public RowWriter {
 public:
  TableWriter(TextSink sink, const TableStyle& style) : buffer_(std::move(sink)), style_(style) {}

  Status Begin(const std::vector<ResultColumn>& columns) override {
    columns_ = &columns;
    sample_.clear();
    widths_.clear();
    row_count_ = 0;
    cut_short_ = false;
    plan_ = columns.size() == 2 && columns[0].name == "explain_key" &&
            columns[1].name == "explain_value";
    return Status::OK();
  }

  Result<bool> Append(duckdb_data_chunk chunk) override {
    const std::vector<VectorView> views = ViewChunk(chunk, *columns_);
    const idx_t count = duckdb_data_chunk_get_size(chunk);
    for (idx_t row = 0; row < count; ++row) {
      if (plan_) {
        buffer_.text()->append(views[1].Bytes(row)).push_back('\n');
        continue;
      }
      if (style_.rows_max > 0 && row_count_ == style_.rows_max) {
        cut_short_ = true;
        return false;
      }
      ++row_count_;
      TAPELAKE_RETURN_NOT_OK(AddRow(CellsOf(views, row)));
    }
    return true;
  }

  Status Finish() override {
    if (plan_) return buffer_.Flush();
    if (widths_.empty()) TAPELAKE_RETURN_NOT_OK(StartTable());
    std::string* out = buffer_.text();
    AppendTableRule(widths_, style_.unicode, RuleKind::kBottom, out);
    if (cut_short_) {
      out->append("(first " + std::to_string(row_count_) +
                  " rows; there are more: raise the row limit or choose another format)\n");
    } else {
      out->append("(" + std::to_string(row_count_) + (row_count_ == 1 ? " row)\n" : " rows)\n"));
    }
    return buffer_.Flush();
  }

 private:
  std::vector<TableCell> CellsOf(const std::vector<VectorView>& views, idx_t row) const {
    std::vector<TableCell> cells(views.size());
    for (size_t i = 0; i < views.size(); ++i) {
      cells[i].right = views[i].type().numeric();
      if (views[i].type().id == DUCKDB_TYPE_SQLNULL || views[i].IsNull(row)) {
        cells[i].text = "NULL";
      } else {
        std::string text;
        AppendCellText(views[i], row, &text);
        cells[i].text = PrintableText(text);
      }
    }
    return cells;
  }

  Status AddRow(std::vector<TableCell> cells) {
    if (!widths_.empty()) return WriteRow(cells);
    sample_.push_back(std::move(cells));
    return sample_.size() < kSampleRows ? Status::OK() : StartTable();
  }

  Status StartTable() {
    std::vector<TableCell> header(columns_->size());
    widths_.assign(columns_->size(), 1);
    for (size_t i = 0; i < header.size(); ++i) {
      header[i] = {.text = PrintableText((*columns_)[i].name),
                   .right = (*columns_)[i].type.numeric()};
      widths_[i] = std::max(widths_[i], DisplayWidth(header[i].text));
    }
    for (const auto& cells : sample_) {
      for (size_t i = 0; i < cells.size(); ++i) {
        widths_[i] = std::max(widths_[i], DisplayWidth(cells[i].text));
      }
    }
    if (style_.width_max > 0) FitWidths(style_.width_max, &widths_);
    AppendTableRule(widths_, style_.unicode, RuleKind::kTop, buffer_.text());
    AppendTableLine(header, widths_, style_.unicode, style_.width_max > 0, buffer_.text());
    AppendTableRule(widths_, style_.unicode, RuleKind::kMiddle, buffer_.text());
    for (const auto& cells : sample_)
      TAPELAKE_RETURN_NOT_OK(WriteRow(cells));
    sample_.clear();
    return Status::OK();
  }

  Status WriteRow(const std::vector<TableCell>& cells) {
    AppendTableLine(cells, widths_, style_.unicode, style_.width_max > 0, buffer_.text());
    return buffer_.FlushIfLarge();
  }

  BufferedText buffer_;
  TableStyle style_;
  const std::vector<ResultColumn>* columns_ = nullptr;
  std::vector<std::vector<TableCell>> sample_;
  std::vector<int> widths_;  // empty until the header is written
  int64_t row_count_ = 0;
  bool cut_short_ = false;
  bool plan_ = false;  // the result of EXPLAIN: a drawing, which a cell would spoil
};

}  // namespace

std::unique_ptr<RowWriter> MakeTableWriter(TextSink sink, const TableStyle& style) {
  return std::make_unique<TableWriter>(std::move(sink), style);
}

}  // namespace tapelake::query
