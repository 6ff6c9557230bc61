#include <set>
#include <utility>

#include "base/json.h"
#include "query/output/json_text.h"
#include "query/output/row_writer.h"

namespace tapelake::query {
namespace {

class JsonRowWriter : public RowWriter {
 public:
  JsonRowWriter(TextSink sink, bool lines) : buffer_(std::move(sink)), lines_(lines) {}

  Status Begin(const std::vector<ResultColumn>& columns) override {
    columns_ = &columns;
    SetKeys();
    first_ = true;
    if (!lines_) buffer_.text()->push_back('[');
    return Status::OK();
  }

  Result<bool> Append(duckdb_data_chunk chunk) override {
    const std::vector<VectorView> views = ViewChunk(chunk, *columns_);
    const idx_t count = duckdb_data_chunk_get_size(chunk);
    std::string* out = buffer_.text();
    for (idx_t row = 0; row < count; ++row) {
      if (!lines_) out->append(first_ ? "\n" : ",\n");
      first_ = false;
      out->push_back('{');
      for (size_t i = 0; i < views.size(); ++i) {
        out->append(keys_[i]);
        AppendJson(views[i], row, out);
      }
      out->push_back('}');
      if (lines_) out->push_back('\n');
      TAPELAKE_RETURN_NOT_OK(buffer_.FlushIfLarge());
    }
    return true;
  }

  Status Finish() override {
    if (!lines_) buffer_.text()->append(first_ ? "]\n" : "\n]\n");
    return buffer_.Flush();
  }

 private:
  // What stands before each value: `"name":`, from the second on with a comma.
  void SetKeys() {
    keys_.clear();
    std::set<std::string> used;
    for (const ResultColumn& column : *columns_) {
      std::string name = column.name;
      for (int suffix = 1; !used.insert(name).second; ++suffix) {
        name = column.name + "_" + std::to_string(suffix);
      }
      std::string key = keys_.empty() ? "" : ",";
      base::AppendJsonString(name, &key);
      keys_.push_back(key + ":");
    }
  }

  BufferedText buffer_;
  bool lines_;
  bool first_ = true;
  std::vector<std::string> keys_;
  const std::vector<ResultColumn>* columns_ = nullptr;
};

}  // namespace

std::unique_ptr<RowWriter> MakeJsonWriter(TextSink sink, bool lines) {
  return std::make_unique<JsonRowWriter>(std::move(sink), lines);
}

}  // namespace tapelake::query
