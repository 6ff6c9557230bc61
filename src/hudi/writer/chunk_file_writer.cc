#include "hudi/writer/chunk_file_writer.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>
#include <parquet/index_location.h>
#include <parquet/page_index.h>
#include <parquet/properties.h>
#include <parquet/size_statistics.h>
#include <parquet/statistics.h>

namespace tapelake::hudi {
namespace {

constexpr int64_t kPieceBytes = 1 << 20;
constexpr int64_t kMagicBytes = 4;

using EncodingCounts = std::map<parquet::Encoding::type, int32_t>;

bool IsCopiedEncoding(parquet::Encoding::type encoding) {
  switch (encoding) {
    case parquet::Encoding::PLAIN:
    case parquet::Encoding::PLAIN_DICTIONARY:
    case parquet::Encoding::RLE_DICTIONARY:
    case parquet::Encoding::RLE:
    case parquet::Encoding::DELTA_BINARY_PACKED:
    case parquet::Encoding::BYTE_STREAM_SPLIT:
      return true;
    default:
      return false;
  }
}

EncodingCounts CountsOf(const parquet::ColumnChunkMetaData& chunk, bool dictionary_pages) {
  EncodingCounts counts;
  for (const parquet::PageEncodingStats& pages : chunk.encoding_stats()) {
    const bool is_dictionary = pages.page_type == parquet::PageType::DICTIONARY_PAGE;
    if (is_dictionary == dictionary_pages) counts[pages.encoding] += pages.count;
  }
  return counts;
}

/// Where the chunk begins: a dictionary, if there is one, comes first.
int64_t BeginOf(const parquet::ColumnChunkMetaData& chunk) {
  const int64_t data = chunk.data_page_offset();
  if (!chunk.has_dictionary_page()) return data;
  const int64_t dictionary = chunk.dictionary_page_offset();
  return dictionary > 0 && dictionary < data ? dictionary : data;
}

/// The footer says of each chunk how it is compressed; the builder takes that from properties.
std::shared_ptr<parquet::WriterProperties> PropertiesOf(const parquet::SchemaDescriptor& schema,
                                                        std::span<const ColumnChunkRef> chunks) {
  parquet::WriterProperties::Builder builder;
  for (size_t leaf = 0; leaf < chunks.size(); ++leaf) {
    const ColumnChunkRef& chunk = chunks[leaf];
    const auto row_group = chunk.source->footer->RowGroup(chunk.row_group);
    builder.compression(schema.Column(static_cast<int>(leaf))->path(),
                        row_group->ColumnChunk(chunk.leaf)->compression());
  }
  return builder.build();
}

Status Corrupt(const parquet::ColumnDescriptor& column, const std::string& what) {
  return MakeError(ErrorKind::kCorrupt, "column '" + column.path()->ToDotString() + "': " + what);
}

/// Return the bytes of a page index; empty if the chunk has none.
Result<std::string> ReadIndex(const ParquetSource& source, const parquet::ColumnDescriptor& column,
                              const std::optional<parquet::IndexLocation>& location) {
  if (!location) return std::string();
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t size, source.file->GetSize());
  const int64_t length = location->length;
  if (location->offset < kMagicBytes || length < 0 || location->offset > size - length) {
    return Corrupt(column, "its page index is said to lie at " + std::to_string(location->offset) +
                               ", outside the file");
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto buffer, source.file->ReadAt(location->offset, length));
  if (buffer->size() != length) return Corrupt(column, "its page index is cut short");
  return buffer->ToString();
}

/// Return the serialized offset index of the chunk that lies at `begin`, with all its pages moved
/// by `shift` bytes.
Result<std::string> ShiftOffsetIndex(const std::string& stored,
                                     const parquet::ColumnDescriptor& column, int64_t begin,
                                     int64_t size, int64_t shift) {
  if (stored.empty()) return stored;
  const auto index = parquet::OffsetIndex::Make(stored.data(), static_cast<int64_t>(stored.size()),
                                                parquet::default_reader_properties());
  const auto& text_bytes = index->unencoded_byte_array_data_bytes();
  const auto& pages = index->page_locations();
  const auto builder = parquet::OffsetIndexBuilder::Make();
  for (size_t i = 0; i < pages.size(); ++i) {
    const parquet::PageLocation& page = pages[i];
    const bool lies_within = page.compressed_page_size >= 0 && page.offset >= begin &&
                             page.offset <= begin + size - page.compressed_page_size;
    if (!lies_within) {
      return Corrupt(column, "its page index names a page at " + std::to_string(page.offset) +
                                 ", outside its chunk");
    }
    builder->AddPage(page.offset + shift, page.compressed_page_size, page.first_row_index,
                     i < text_bytes.size() ? std::optional(text_bytes[i]) : std::nullopt);
  }
  builder->Finish(/*final_position=*/0);
  TAPELAKE_ASSIGN_OR_RAISE(auto out, arrow::io::BufferOutputStream::Create());
  builder->WriteTo(out.get());
  TAPELAKE_ASSIGN_OR_RAISE(const auto bytes, out->Finish());
  return bytes->ToString();
}

/// Say of the chunk at its new place, `shift` bytes further, what its source's footer says of it.
void Describe(const parquet::ColumnChunkMetaData& chunk, int64_t shift,
              parquet::ColumnChunkMetaDataBuilder* target) {
  if (chunk.is_stats_set()) target->SetStatistics(*chunk.encoded_statistics());
  if (const auto sizes = chunk.size_statistics(); sizes != nullptr) {
    target->SetSizeStatistics(*sizes);
  }
  if (chunk.key_value_metadata() != nullptr) {
    target->SetKeyValueMetadata(chunk.key_value_metadata());
  }
  const int64_t data = chunk.data_page_offset();
  const int64_t begin = BeginOf(chunk);
  const bool has_dictionary = begin < data;
  const EncodingCounts data_pages = CountsOf(chunk, /*dictionary_pages=*/false);
  const bool falls_back = has_dictionary && data_pages.contains(parquet::Encoding::PLAIN);
  target->Finish(chunk.num_values(), has_dictionary ? begin + shift : 0,
                 /*index_page_offset=*/-1, data + shift, chunk.total_compressed_size(),
                 chunk.total_uncompressed_size(), has_dictionary, falls_back,
                 CountsOf(chunk, /*dictionary_pages=*/true), data_pages);
}

}  // namespace

bool CanCopyChunk(const ColumnChunkRef& ref) {
  const auto row_group = ref.source->footer->RowGroup(ref.row_group);
  const auto chunk = row_group->ColumnChunk(ref.leaf);
  if (chunk->crypto_metadata() != nullptr || !chunk->file_path().empty()) return false;
  if (chunk->is_geo_stats_set() || chunk->has_index_page()) return false;
  if (chunk->encoding_stats().empty()) return false;
  // Some writers of old did not say where the dictionary begins.
  const bool has_dictionary = BeginOf(*chunk) < chunk->data_page_offset();
  if (has_dictionary == CountsOf(*chunk, /*dictionary_pages=*/true).empty()) return false;
  return std::ranges::all_of(chunk->encoding_stats(), [](const auto& pages) {
    const bool is_copied_page = pages.page_type == parquet::PageType::DATA_PAGE ||
                                pages.page_type == parquet::PageType::DICTIONARY_PAGE;
    return is_copied_page && IsCopiedEncoding(pages.encoding);
  });
}

Result<std::unique_ptr<ChunkFileWriter>> ChunkFileWriter::Open(
    std::shared_ptr<arrow::io::OutputStream> sink, const parquet::schema::NodePtr& schema) {
  std::unique_ptr<ChunkFileWriter> writer(new ChunkFileWriter());
  writer->sink_ = std::move(sink);
  BEGIN_PARQUET_CATCH_EXCEPTIONS
  writer->schema_.Init(schema);
  END_PARQUET_CATCH_EXCEPTIONS
  TAPELAKE_RETURN_NOT_OK(writer->sink_->Write("PAR1", kMagicBytes));
  return writer;
}

Status ChunkFileWriter::AppendRowGroup(int64_t rows, std::span<const ColumnChunkRef> chunks) {
  const Status status = AppendChunks(rows, chunks);
  if (status.ok() || status.detail() != nullptr) return status;
  // What Parquet cannot make sense of is damage of the source.
  return MakeError(status.IsIOError() ? ErrorKind::kCorrupt : KindOf(status), status.message());
}

Status ChunkFileWriter::AppendChunks(int64_t rows, std::span<const ColumnChunkRef> chunks) {
  if (std::ssize(chunks) != schema_.num_columns()) {
    return MakeError(ErrorKind::kInternal, std::to_string(chunks.size()) + " chunks for " +
                                               std::to_string(schema_.num_columns()) + " columns");
  }
  BEGIN_PARQUET_CATCH_EXCEPTIONS
  RowGroup group;
  group.footer = parquet::FileMetaDataBuilder::Make(&schema_, PropertiesOf(schema_, chunks));
  parquet::RowGroupMetaDataBuilder* target = group.footer->AppendRowGroup();
  target->set_num_rows(rows);
  int64_t uncompressed_bytes = 0;
  for (const ColumnChunkRef& chunk : chunks) {
    TAPELAKE_RETURN_NOT_OK(AppendChunk(rows, chunk, target->NextColumnChunk(), &group));
    const auto row_group = chunk.source->footer->RowGroup(chunk.row_group);
    uncompressed_bytes += row_group->ColumnChunk(chunk.leaf)->total_uncompressed_size();
  }
  target->Finish(uncompressed_bytes, static_cast<int16_t>(row_groups_.size()));
  row_groups_.push_back(std::move(group));
  return Status::OK();
  END_PARQUET_CATCH_EXCEPTIONS
}

Status ChunkFileWriter::AppendChunk(int64_t rows, const ColumnChunkRef& ref,
                                    parquet::ColumnChunkMetaDataBuilder* target, RowGroup* group) {
  const auto row_group = ref.source->footer->RowGroup(ref.row_group);
  const auto chunk = row_group->ColumnChunk(ref.leaf);
  const parquet::ColumnDescriptor& column = *target->descr();
  if (column.max_repetition_level() == 0 && chunk->num_values() != rows) {
    return Corrupt(column, std::to_string(chunk->num_values()) + " values in a row group of " +
                               std::to_string(rows) + " rows");
  }
  const int64_t begin = BeginOf(*chunk);
  const int64_t size = chunk->total_compressed_size();
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t file_size, ref.source->file->GetSize());
  if (begin < kMagicBytes || size < 0 || begin > file_size - size) {
    return Corrupt(column, "its chunk of " + std::to_string(size) + " bytes is said to lie at " +
                               std::to_string(begin) + ", outside the file");
  }
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t place, sink_->Tell());
  TAPELAKE_RETURN_NOT_OK(CopyBytes(*ref.source, begin, size));
  const int64_t shift = place - begin;
  Describe(*chunk, shift, target);
  TAPELAKE_ASSIGN_OR_RAISE(auto column_index,
                           ReadIndex(*ref.source, column, chunk->GetColumnIndexLocation()));
  TAPELAKE_ASSIGN_OR_RAISE(auto offset_index,
                           ReadIndex(*ref.source, column, chunk->GetOffsetIndexLocation()));
  TAPELAKE_ASSIGN_OR_RAISE(offset_index,
                           ShiftOffsetIndex(offset_index, column, begin, size, shift));
  group->column_indexes.push_back(std::move(column_index));
  group->offset_indexes.push_back(std::move(offset_index));
  return Status::OK();
}

Status ChunkFileWriter::CopyBytes(const ParquetSource& source, int64_t offset, int64_t size) {
  for (int64_t done = 0; done < size;) {
    const int64_t piece = std::min(kPieceBytes, size - done);
    TAPELAKE_ASSIGN_OR_RAISE(const auto bytes, source.file->ReadAt(offset + done, piece));
    if (bytes->size() != piece) {
      return MakeError(ErrorKind::kCorrupt, "the file became shorter while it was read");
    }
    TAPELAKE_RETURN_NOT_OK(sink_->Write(bytes->data(), piece));
    done += piece;
  }
  return Status::OK();
}

Status ChunkFileWriter::WriteIndexes(parquet::IndexKind kind,
                                     std::vector<std::string> RowGroup::* indexes) {
  for (const RowGroup& group : row_groups_) {
    parquet::IndexLocations locations;
    const std::vector<std::string>& of_group = group.*indexes;
    for (size_t leaf = 0; leaf < of_group.size(); ++leaf) {
      const std::string& bytes = of_group[leaf];
      if (bytes.empty()) continue;
      TAPELAKE_ASSIGN_OR_RAISE(const int64_t place, sink_->Tell());
      TAPELAKE_RETURN_NOT_OK(sink_->Write(bytes.data(), static_cast<int64_t>(bytes.size())));
      locations.push_back(
          {{0, static_cast<int32_t>(leaf)}, {place, static_cast<int32_t>(bytes.size())}});
    }
    group.footer->SetIndexLocations(kind, locations);
  }
  return Status::OK();
}

Status ChunkFileWriter::Close(const std::shared_ptr<const arrow::KeyValueMetadata>& key_values) {
  BEGIN_PARQUET_CATCH_EXCEPTIONS
  TAPELAKE_RETURN_NOT_OK(WriteIndexes(parquet::IndexKind::kColumnIndex, &RowGroup::column_indexes));
  TAPELAKE_RETURN_NOT_OK(WriteIndexes(parquet::IndexKind::kOffsetIndex, &RowGroup::offset_indexes));
  const auto footer =
      parquet::FileMetaDataBuilder::Make(&schema_, parquet::default_writer_properties())
          ->Finish(key_values);
  for (const RowGroup& group : row_groups_)
    footer->AppendRowGroups(*group.footer->Finish());
  parquet::WriteFileMetaData(*footer, sink_.get());
  return Status::OK();
  END_PARQUET_CATCH_EXCEPTIONS
}

}  // namespace tapelake::hudi
