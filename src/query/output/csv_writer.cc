#include <utility>

#include "query/output/row_writer.h"

namespace tapelake::query {
namespace {

constexpr std::string_view kNull = "\\N";

// Quote only where a reader would otherwise take the field apart. A text that looks like our null
// is quoted too, so that a careful reader can tell them apart; others read the same text.
void AppendField(std::string_view text, bool only_field, std::string* out) {
  const bool quote = text.find_first_of(",\"\r\n") != std::string_view::npos || text == kNull ||
                     (text.empty() && only_field);
  if (!quote) {
    out->append(text);
    return;
  }
  out->push_back('"');
  for (const char c : text) {
    if (c == '"') out->push_back('"');
    out->push_back(c);
  }
  out->push_back('"');
}

class CsvWriter : public RowWriter {
 public:
  explicit CsvWriter(TextSink sink) : buffer_(std::move(sink)) {}

  Status Begin(const std::vector<ResultColumn>& columns) override {
    columns_ = &columns;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i != 0) buffer_.text()->push_back(',');
      AppendField(columns[i].name, columns.size() == 1, buffer_.text());
    }
    buffer_.text()->push_back('\n');
    return Status::OK();
  }

  Result<bool> Append(duckdb_data_chunk chunk) override {
    const std::vector<VectorView> views = ViewChunk(chunk, *columns_);
    const idx_t count = duckdb_data_chunk_get_size(chunk);
    for (idx_t row = 0; row < count; ++row) {
      AppendRow(views, row);
      TAPELAKE_RETURN_NOT_OK(buffer_.FlushIfLarge());
    }
    return true;
  }

  Status Finish() override { return buffer_.Flush(); }

 private:
  void AppendRow(const std::vector<VectorView>& views, idx_t row) {
    std::string* out = buffer_.text();
    for (size_t i = 0; i < views.size(); ++i) {
      if (i != 0) out->push_back(',');
      if (views[i].type().id == DUCKDB_TYPE_SQLNULL || views[i].IsNull(row)) {
        out->append(kNull);
      } else if (views[i].type().numeric()) {
        AppendCellText(views[i], row, out);
      } else {
        cell_.clear();
        AppendCellText(views[i], row, &cell_);
        AppendField(cell_, views.size() == 1, out);
      }
    }
    out->push_back('\n');
  }

  BufferedText buffer_;
  std::string cell_;
  const std::vector<ResultColumn>* columns_ = nullptr;
};

}  // namespace

std::unique_ptr<RowWriter> MakeCsvWriter(TextSink sink) {
  return std::make_unique<CsvWriter>(std::move(sink));
}

}  // namespace tapelake::query
