// Column chunks copied byte by byte: what the new file says of them, and what is not copied.

#include <gmock/gmock.h>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/page_index.h>
#include <parquet/properties.h>
#include <parquet/size_statistics.h>
#include <parquet/statistics.h>

#include "hudi/writer/chunk_file_writer.h"
#include "io/random.h"

namespace tapelake::hudi {
namespace {

constexpr int64_t kRows = 3'000;
constexpr int64_t kRowGroupRows = 1'000;

std::shared_ptr<arrow::Array> Texts(int64_t distinct, io::Random& random) {
  arrow::StringBuilder builder;
  for (int64_t row = 0; row < kRows; ++row) {
    const auto number = random.Below(static_cast<uint64_t>(distinct));
    EXPECT_TRUE(
        (row % 7 == 0 ? builder.AppendNull() : builder.Append("text-" + std::to_string(number)))
            .ok());
  }
  return *builder.Finish();
}

/// Lists of structs of a number and a text, some null, some empty, some with nulls.
std::shared_ptr<arrow::Array> Lists(io::Random& random) {
  const auto type = arrow::list(arrow::struct_(
      {arrow::field("number", arrow::int32()), arrow::field("text", arrow::utf8())}));
  auto builder = *arrow::MakeBuilder(type);
  auto& lists = static_cast<arrow::ListBuilder&>(*builder);
  auto& structs = static_cast<arrow::StructBuilder&>(*lists.value_builder());
  for (int64_t row = 0; row < kRows; ++row) {
    if (row % 5 == 0) {
      EXPECT_TRUE(lists.AppendNull().ok());
      continue;
    }
    EXPECT_TRUE(lists.Append().ok());
    for (uint64_t i = random.Below(4); i > 0; --i) {
      EXPECT_TRUE(structs.Append().ok());
      EXPECT_TRUE(static_cast<arrow::Int32Builder&>(*structs.field_builder(0))
                      .Append(static_cast<int32_t>(random.Below(100)))
                      .ok());
      auto& text = static_cast<arrow::StringBuilder&>(*structs.field_builder(1));
      EXPECT_TRUE((random.Below(3) == 0 ? text.AppendNull() : text.Append("inner")).ok());
    }
  }
  return *builder->Finish();
}

std::shared_ptr<arrow::Table> SomeTable() {
  io::SeededRandom random(7);
  arrow::Int64Builder numbers;
  for (int64_t row = 0; row < kRows; ++row)
    EXPECT_TRUE(numbers.Append(static_cast<int64_t>(random.Next())).ok());
  arrow::NullBuilder nulls;
  EXPECT_TRUE(nulls.AppendNulls(kRows).ok());
  return arrow::Table::Make(
      arrow::schema({arrow::field("few", arrow::utf8()), arrow::field("many", arrow::utf8()),
                     arrow::field("number", arrow::int64(), /*nullable=*/false),
                     arrow::field("lists", Lists(random)->type()),
                     arrow::field("empty", arrow::utf8())}),
      {Texts(5, random), Texts(1'000'000, random), *numbers.Finish(), Lists(random),
       *arrow::MakeArrayOfNull(arrow::utf8(), kRows)});
}

ParquetSource Open(std::shared_ptr<arrow::Buffer> bytes) {
  auto file = std::make_shared<arrow::io::BufferReader>(std::move(bytes));
  return {file, parquet::ParquetFileReader::Open(file)->metadata()};
}

/// `few` as a dictionary, the rest plain, small pages so that there are several a chunk.
parquet::WriterProperties::Builder Properties() {
  parquet::WriterProperties::Builder builder;
  builder.disable_dictionary()->enable_dictionary("few")->data_pagesize(2'000);
  builder.write_batch_size(100)->max_row_group_length(kRowGroupRows);
  builder.compression("few", parquet::Compression::SNAPPY);
  builder.compression("many", parquet::Compression::ZSTD);
  builder.compression("number", parquet::Compression::GZIP);
  return builder;
}

ParquetSource Write(const arrow::Table& table, parquet::WriterProperties::Builder builder) {
  auto out = *arrow::io::BufferOutputStream::Create();
  EXPECT_TRUE(parquet::arrow::WriteTable(table, arrow::default_memory_pool(), out, kRowGroupRows,
                                         builder.build())
                  .ok());
  return Open(*out->Finish());
}

std::vector<ColumnChunkRef> AllOf(const ParquetSource& source, int row_group) {
  std::vector<ColumnChunkRef> chunks;
  for (int leaf = 0; leaf < source.footer->num_columns(); ++leaf)
    chunks.push_back({&source, row_group, leaf});
  return chunks;
}

/// A file of the row groups of `source` in the order given.
Result<ParquetSource> CopyOf(const ParquetSource& source, const std::vector<int>& row_groups) {
  TAPELAKE_ASSIGN_OR_RAISE(auto out, arrow::io::BufferOutputStream::Create());
  TAPELAKE_ASSIGN_OR_RAISE(const auto writer,
                           ChunkFileWriter::Open(out, source.footer->schema()->schema_root()));
  for (const int row_group : row_groups) {
    TAPELAKE_RETURN_NOT_OK(writer->AppendRowGroup(source.footer->RowGroup(row_group)->num_rows(),
                                                  AllOf(source, row_group)));
  }
  TAPELAKE_RETURN_NOT_OK(writer->Close(arrow::KeyValueMetadata::Make({"who"}, {"the chunk test"})));
  TAPELAKE_ASSIGN_OR_RAISE(auto bytes, out->Finish());
  return Open(std::move(bytes));
}

std::shared_ptr<arrow::Table> Read(const ParquetSource& source) {
  parquet::arrow::FileReaderBuilder builder;
  EXPECT_TRUE(builder.Open(source.file).ok());
  std::unique_ptr<parquet::arrow::FileReader> reader;
  EXPECT_TRUE(builder.Build(&reader).ok());
  return *(*reader->ReadTable())->CombineChunks();
}

int64_t BeginOf(const parquet::ColumnChunkMetaData& chunk) {
  return chunk.has_dictionary_page() ? chunk.dictionary_page_offset() : chunk.data_page_offset();
}

std::string BytesOf(const ParquetSource& source, int64_t offset, int64_t size) {
  return (*source.file->ReadAt(offset, size))->ToString();
}

/// Everything a footer says of a chunk but where it lies.
std::string Described(const parquet::ColumnChunkMetaData& chunk) {
  std::string text = chunk.path_in_schema()->ToDotString();
  text += " " + parquet::TypeToString(chunk.type());
  text += " codec " + std::to_string(static_cast<int>(chunk.compression()));
  for (const int64_t number :
       {chunk.num_values(), chunk.total_compressed_size(), chunk.total_uncompressed_size()})
    text += " " + std::to_string(number);
  for (const auto encoding : chunk.encodings())
    text += " " + parquet::EncodingToString(encoding);
  for (const auto& pages : chunk.encoding_stats()) {
    text += " " + std::to_string(pages.page_type) + ":" +
            parquet::EncodingToString(pages.encoding) + ":" + std::to_string(pages.count);
  }
  if (chunk.is_stats_set()) {
    const auto statistics = chunk.encoded_statistics();
    text += " min " + statistics->min() + " max " + statistics->max() + " nulls " +
            (statistics->has_null_count ? std::to_string(statistics->null_count) : "?");
  }
  if (const auto sizes = chunk.size_statistics(); sizes != nullptr) {
    for (const int64_t number : sizes->definition_level_histogram)
      text += " d" + std::to_string(number);
    for (const int64_t number : sizes->repetition_level_histogram)
      text += " r" + std::to_string(number);
    text += " b" + std::to_string(sizes->unencoded_byte_array_data_bytes.value_or(-1));
  }
  return text;
}

void ExpectSamePages(const ParquetSource& source, int source_group, const ParquetSource& copy,
                     int copy_group, int leaf) {
  const auto from = parquet::ParquetFileReader::Open(source.file);
  const auto to = parquet::ParquetFileReader::Open(copy.file);
  const auto from_group = from->GetPageIndexReader()->RowGroup(source_group);
  const auto to_group = to->GetPageIndexReader()->RowGroup(copy_group);
  const auto from_columns = from_group->GetColumnIndex(leaf);
  const auto to_columns = to_group->GetColumnIndex(leaf);
  ASSERT_EQ(from_columns == nullptr, to_columns == nullptr);
  if (from_columns != nullptr) {
    EXPECT_EQ(from_columns->encoded_min_values(), to_columns->encoded_min_values());
    EXPECT_EQ(from_columns->encoded_max_values(), to_columns->encoded_max_values());
    EXPECT_EQ(from_columns->null_pages(), to_columns->null_pages());
  }
  const auto from_pages = from_group->GetOffsetIndex(leaf);
  const auto to_pages = to_group->GetOffsetIndex(leaf);
  ASSERT_TRUE(from_pages != nullptr && to_pages != nullptr);
  ASSERT_EQ(from_pages->page_locations().size(), to_pages->page_locations().size());
  EXPECT_EQ(from_pages->unencoded_byte_array_data_bytes(),
            to_pages->unencoded_byte_array_data_bytes());
  for (size_t page = 0; page < from_pages->page_locations().size(); ++page) {
    const auto& old_place = from_pages->page_locations()[page];
    const auto& new_place = to_pages->page_locations()[page];
    EXPECT_EQ(old_place.first_row_index, new_place.first_row_index);
    ASSERT_EQ(old_place.compressed_page_size, new_place.compressed_page_size);
    EXPECT_EQ(BytesOf(source, old_place.offset, old_place.compressed_page_size),
              BytesOf(copy, new_place.offset, new_place.compressed_page_size));
  }
}

TEST(ChunkFileWriter, ChunksAreTheSameBytesAndTheFooterSaysTheSameOfThem) {
  const auto table = SomeTable();
  const ParquetSource source = Write(*table, Properties());
  ASSERT_EQ(source.footer->num_row_groups(), 3);
  const std::vector<int> order = {2, 0, 1, 2};
  const ParquetSource copy = *CopyOf(source, order);
  ASSERT_EQ(copy.footer->num_row_groups(), 4);
  EXPECT_EQ(copy.footer->num_rows(), 4 * kRowGroupRows);
  EXPECT_EQ(*copy.footer->key_value_metadata()->Get("who"), "the chunk test");
  for (int group = 0; group < 4; ++group) {
    const int from = order[static_cast<size_t>(group)];
    const auto old_group = source.footer->RowGroup(from);
    const auto new_group = copy.footer->RowGroup(group);
    EXPECT_EQ(new_group->num_rows(), old_group->num_rows());
    EXPECT_EQ(new_group->total_compressed_size(), old_group->total_compressed_size());
    EXPECT_EQ(new_group->total_byte_size(), old_group->total_byte_size());
    EXPECT_EQ(new_group->file_offset(), BeginOf(*new_group->ColumnChunk(0)));
    for (int leaf = 0; leaf < copy.footer->num_columns(); ++leaf) {
      const auto old_chunk = old_group->ColumnChunk(leaf);
      const auto new_chunk = new_group->ColumnChunk(leaf);
      EXPECT_EQ(Described(*new_chunk), Described(*old_chunk));
      EXPECT_EQ(BytesOf(copy, BeginOf(*new_chunk), new_chunk->total_compressed_size()),
                BytesOf(source, BeginOf(*old_chunk), old_chunk->total_compressed_size()));
      ExpectSamePages(source, from, copy, group, leaf);
    }
  }
  const auto expected = *arrow::ConcatenateTables(
      {table->Slice(2000, 1000), table->Slice(0, 2000), table->Slice(2000, 1000)});
  EXPECT_TRUE(Read(copy)->Equals(**expected->CombineChunks()));
}

TEST(ChunkFileWriter, ACopyOfACopyIsTheSame) {
  const ParquetSource source = Write(*SomeTable(), Properties());
  const ParquetSource once = *CopyOf(source, {0, 1, 2});
  const ParquetSource twice = *CopyOf(once, {0, 1, 2});
  EXPECT_EQ(BytesOf(once, 0, *once.file->GetSize()), BytesOf(twice, 0, *twice.file->GetSize()));
}

TEST(ChunkFileWriter, AFileMayHaveNoRowGroup) {
  const ParquetSource source = Write(*SomeTable(), Properties());
  EXPECT_EQ(CopyOf(source, {})->footer->num_rows(), 0);
}

TEST(ChunkFileWriter, WhatTheFooterCouldNotSayIsNotCopied) {
  const auto can_copy = [](parquet::WriterProperties::Builder properties, int leaf) {
    const ParquetSource source = Write(*SomeTable(), std::move(properties));
    return CanCopyChunk({&source, 0, leaf});
  };
  EXPECT_TRUE(can_copy(Properties(), 0));
  auto delta = Properties();
  delta.encoding("many", parquet::Encoding::DELTA_BYTE_ARRAY);
  delta.encoding("number", parquet::Encoding::DELTA_BINARY_PACKED);
  EXPECT_FALSE(can_copy(delta, 1));
  EXPECT_TRUE(can_copy(delta, 2));
}

TEST(ChunkFileWriter, AChunkOutsideItsFileIsCorrupt) {
  const ParquetSource source = Write(*SomeTable(), Properties());
  const ParquetSource cut = {arrow::io::BufferReader::FromString(BytesOf(source, 0, 1'000)),
                             source.footer};
  EXPECT_EQ(KindOf(CopyOf(cut, {0}).status()), ErrorKind::kCorrupt);
  // All pages are there, their index is not.
  const auto last = source.footer->RowGroup(2);
  const auto chunk = last->ColumnChunk(source.footer->num_columns() - 1);
  const int64_t pages_end = BeginOf(*chunk) + chunk->total_compressed_size();
  const ParquetSource without_index = {
      arrow::io::BufferReader::FromString(BytesOf(source, 0, pages_end)), source.footer};
  EXPECT_EQ(KindOf(CopyOf(without_index, {2}).status()), ErrorKind::kCorrupt);
}

/// Whatever a footer or page index claims, copying ends with an error or a file that can be opened.
TEST(ChunkFileWriter, DamagedFootersAndIndexesDoNoHarm) {
  const ParquetSource source = Write(*SomeTable(), Properties());
  const int64_t size = *source.file->GetSize();
  const auto last = source.footer->RowGroup(2);
  const auto chunk = last->ColumnChunk(source.footer->num_columns() - 1);
  const int64_t pages_end = BeginOf(*chunk) + chunk->total_compressed_size();
  io::SeededRandom random(11);
  int copied = 0;
  int refused = 0;
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes = BytesOf(source, 0, size);
    for (uint64_t i = random.Below(3) + 1; i > 0; --i) {
      const auto place =
          static_cast<uint64_t>(pages_end) + random.Below(static_cast<uint64_t>(size - pages_end));
      bytes[place] = static_cast<char>(random.Next());
    }
    try {
      const ParquetSource damaged = Open(arrow::Buffer::FromString(std::move(bytes)));
      for (const auto& ref : AllOf(damaged, 0))
        (void)CanCopyChunk(ref);
      const auto copy = CopyOf(damaged, {0, 1, 2});
      ++(copy.ok() ? copied : refused);
    } catch (const parquet::ParquetException&) {
      ++refused;  // Arrow does not open it
    }
  }
  EXPECT_GT(copied, 100);
  EXPECT_GT(refused, 100);
}

TEST(ChunkFileWriter, AChunkOfAnotherNumberOfValuesIsCorrupt) {
  const ParquetSource source = Write(*SomeTable(), Properties());
  auto out = *arrow::io::BufferOutputStream::Create();
  const auto writer = *ChunkFileWriter::Open(out, source.footer->schema()->schema_root());
  EXPECT_EQ(KindOf(writer->AppendRowGroup(kRowGroupRows - 1, AllOf(source, 0))),
            ErrorKind::kCorrupt);
  EXPECT_EQ(KindOf(writer->AppendRowGroup(kRowGroupRows, {})), ErrorKind::kInternal);
}

}  // namespace
}  // namespace tapelake::hudi
