// Rows to Avro datums: columns are bound to raw pointers once per batch, then encoded row by row.

#include <arrow/array.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/checked_cast.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#ifdef __BMI2__
#include <immintrin.h>
#endif

#include "hudi/format/avro_datum.h"
#include "hudi/format/avro_schema.h"

namespace tapelake::hudi {
namespace {

using arrow::internal::checked_cast;

constexpr char kNullBranch = 0;        // zig-zag of 0
constexpr char kValueBranch = 2;       // zig-zag of 1
constexpr size_t kFixedBytesMax = 24;  // of any value but text and nested ones, branch included
constexpr size_t kRowLengthBytes = 4;

enum class Kind : uint8_t {
  kBoolean,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFloat,
  kDouble,
  kText32,  // 32-bit offsets
  kText64,
  kDecimal,
  kList,
  kMap,
  kStruct,
};

/// One column or nested value: what its type says, and where the current batch has its bytes.
struct Column {
  Kind kind = Kind::kBoolean;
  bool nullable = false;
  uint8_t decimal_bytes = 0;
  uint8_t index_bytes = 0;  // of a dictionary's indices; 0: no dictionary
  const uint8_t* validity = nullptr;
  int64_t offset = 0;
  const uint8_t* values = nullptr;
  const uint8_t* offsets = nullptr;
  const uint8_t* indices = nullptr;
  const uint8_t* dictionary_validity = nullptr;
  int64_t dictionary_offset = 0;
  std::vector<Column> children;
  std::shared_ptr<arrow::DataType> type;
  std::string path;

  template <typename Value>
  Value At(const uint8_t* base, int64_t index) const {
    Value value;
    std::memcpy(&value, base + static_cast<size_t>(index) * sizeof(Value), sizeof(Value));
    return value;
  }
  bool IsNull(int64_t index) const {
    return validity != nullptr && !arrow::bit_util::GetBit(validity, offset + index);
  }
};

Result<Kind> KindOfType(const arrow::DataType& type, const std::string& path) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return Kind::kBoolean;
    case arrow::Type::INT8:
      return Kind::kInt8;
    case arrow::Type::INT16:
      return Kind::kInt16;
    case arrow::Type::INT32:
    case arrow::Type::DATE32:
      return Kind::kInt32;
    case arrow::Type::INT64:
    case arrow::Type::TIMESTAMP:
      return Kind::kInt64;
    case arrow::Type::FLOAT:
      return Kind::kFloat;
    case arrow::Type::DOUBLE:
      return Kind::kDouble;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return Kind::kText32;
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return Kind::kText64;
    case arrow::Type::DECIMAL128:
      return Kind::kDecimal;
    case arrow::Type::LIST:
      return Kind::kList;
    case arrow::Type::MAP:
      return Kind::kMap;
    case arrow::Type::STRUCT:
      return Kind::kStruct;
    default:
      return MakeError(ErrorKind::kInvalid,
                       "field '" + path + "': type " + type.ToString() + " has no Avro form");
  }
}

Result<Column> DescribeColumn(const arrow::Field& field, const std::string& parent) {
  Column column;
  column.path = parent.empty() ? field.name() : parent + "." + field.name();
  column.nullable = field.nullable();
  column.type = field.type();
  TAPELAKE_ASSIGN_OR_RAISE(column.kind, KindOfType(*field.type(), column.path));
  if (column.kind == Kind::kDecimal) {
    const auto& decimal = checked_cast<const arrow::DecimalType&>(*field.type());
    column.decimal_bytes = static_cast<uint8_t>(DecimalFixedSize(decimal.precision()));
  }
  // A map's only child is the struct of its entries: key, then value.
  const auto& inner =
      column.kind == Kind::kMap ? field.type()->field(0)->type()->fields() : field.type()->fields();
  for (const auto& child : inner) {
    TAPELAKE_ASSIGN_OR_RAISE(auto described, DescribeColumn(*child, column.path));
    column.children.push_back(std::move(described));
  }
  if (column.kind == Kind::kMap) column.children.front().nullable = false;
  return column;
}

// ---------------------------------------------------------------- binding

const uint8_t* BufferOf(const arrow::ArrayData& data, size_t index) {
  if (index >= data.buffers.size() || data.buffers[index] == nullptr) return nullptr;
  return data.buffers[index]->data();
}

Status OtherType(const Column& column, const arrow::DataType& type) {
  return MakeError(ErrorKind::kInvalid, "column '" + column.path + "' is " + type.ToString() +
                                            ", not " + column.type->ToString());
}

void BindText(const arrow::ArrayData& data, Column* column) {
  column->offsets = BufferOf(data, 1);
  column->values = BufferOf(data, 2);
}

Status BindDictionary(const arrow::ArrayData& data, Column* column) {
  const auto& type = checked_cast<const arrow::DictionaryType&>(*data.type);
  const bool is_text = column->kind == Kind::kText32 || column->kind == Kind::kText64;
  if (!is_text || !type.value_type()->Equals(*column->type)) return OtherType(*column, type);
  column->index_bytes = static_cast<uint8_t>(
      checked_cast<const arrow::FixedWidthType&>(*type.index_type()).bit_width() / 8);
  column->indices = BufferOf(data, 1);
  column->dictionary_validity =
      data.dictionary->GetNullCount() == 0 ? nullptr : BufferOf(*data.dictionary, 0);
  column->dictionary_offset = data.dictionary->offset;
  BindText(*data.dictionary, column);
  return Status::OK();
}

Status Bind(const arrow::ArrayData& data, Column* column);

Status BindChildren(const arrow::ArrayData& data, Column* column) {
  const arrow::ArrayData& holder = column->kind == Kind::kMap ? *data.child_data[0] : data;
  if (holder.child_data.size() != column->children.size()) return OtherType(*column, *data.type);
  for (size_t i = 0; i < column->children.size(); ++i) {
    TAPELAKE_RETURN_NOT_OK(Bind(*holder.child_data[i], &column->children[i]));
  }
  // Items are counted within the entries, which may themselves be a slice.
  if (column->kind == Kind::kMap) {
    for (Column& child : column->children)
      child.offset += holder.offset;
  }
  return Status::OK();
}

Status Bind(const arrow::ArrayData& data, Column* column) {
  column->offset = data.offset;
  column->validity = data.GetNullCount() == 0 ? nullptr : BufferOf(data, 0);
  column->index_bytes = 0;
  if (data.type->id() == arrow::Type::DICTIONARY) return BindDictionary(data, column);
  if (data.type->id() != column->type->id()) return OtherType(*column, *data.type);
  switch (column->kind) {
    case Kind::kStruct:
    case Kind::kList:
    case Kind::kMap:
      column->offsets = BufferOf(data, 1);
      return BindChildren(data, column);
    case Kind::kText32:
    case Kind::kText64:
      BindText(data, column);
      return Status::OK();
    default:
      if (!data.type->Equals(*column->type)) return OtherType(*column, *data.type);
      column->values = BufferOf(data, 1);
      return Status::OK();
  }
}

// ---------------------------------------------------------------- writing

/// Copy without a call for the short texts that most columns hold.
inline void CopyBytes(const uint8_t* from, size_t size, char* to) {
  if (size > 32) {
    std::memcpy(to, from, size);
  } else if (size >= 16) {
    std::memcpy(to, from, 16);
    std::memcpy(to + size - 16, from + size - 16, 16);
  } else if (size >= 8) {
    std::memcpy(to, from, 8);
    std::memcpy(to + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + size - 4, from + size - 4, 4);
  } else {
    for (size_t i = 0; i < size; ++i)
      to[i] = static_cast<char>(from[i]);
  }
}

/// Put an Avro long, of at most 10 bytes.
inline char* PutLong(int64_t value, char* next) {
  uint64_t rest = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
#ifdef __BMI2__
  if (rest >= 0x80 && rest < uint64_t{1} << 56) {
    constexpr uint64_t kLowBits = 0x7f7f'7f7f'7f7f'7f7f;
    const int last = (std::bit_width(rest) - 1) / 7;  // index of the last byte
    const uint64_t bytes =
        _pdep_u64(rest, kLowBits) | (~kLowBits & ((uint64_t{1} << 8 * last) - 1));
    std::memcpy(next, &bytes, sizeof(bytes));
    return next + last + 1;
  }
#endif
  for (; rest >= 0x80; rest >>= 7)
    *next++ = static_cast<char>(rest | 0x80);
  *next++ = static_cast<char>(rest);
  return next;
}

/// Put the lowest `size` bytes of a number, at most 8, most significant first. 8 bytes are written.
inline char* PutBigEndian(uint64_t value, size_t size, char* next) {
  const uint64_t swapped = __builtin_bswap64(value << (64 - 8 * size));
  std::memcpy(next, &swapped, sizeof(swapped));
  return next + size;
}

/// The output string, grown ahead of what is written. Whoever writes holds the place of the next
/// byte, in a register: stores of bytes could otherwise be stores to a member.
class Sink {
 public:
  /// `slack` bytes are free behind every place that Reserve() returns.
  Sink(std::string* out, size_t slack, size_t expected)
      : out_(out), begin_(out->size()), slack_(slack) {
    out->resize(begin_ + slack + expected);
    end_ = out_->data() + out_->size();
  }

  char* At(size_t offset) { return out_->data() + offset; }
  size_t OffsetOf(const char* next) const { return static_cast<size_t>(next - out_->data()); }
  void Finish(size_t used) { out_->resize(used); }

  /// Return the same place with room for `more` bytes and the slack.
  char* Reserve(size_t more, char* next) {
    if (static_cast<size_t>(end_ - next) < more + slack_) [[unlikely]]
      return Grow(more, next);
    return next;
  }

 private:
  [[gnu::noinline]] char* Grow(size_t more, char* next) {
    const size_t used = OffsetOf(next);
    // By what was written here, not by all there is: pieces may be appended to a long string.
    out_->resize(used + more + slack_ + (used - begin_) / 2);
    end_ = out_->data() + out_->size();
    return out_->data() + used;
  }

  std::string* out_;
  size_t begin_;
  size_t slack_;
  char* end_;
};

/// Encodes the values of bound columns. Every method takes the place of the next byte and returns
/// the place behind what it wrote, or nullptr for a value that has no form.
class ValueEncoder {
 public:
  explicit ValueEncoder(Sink* sink) : sink_(*sink) {}

  char* Encode(const Column& column, int64_t index, char* next) {
    if (column.IsNull(index)) return PutNull(column, next);
    if (column.index_bytes != 0) return PutDictionary(column, index, next);
    if (column.nullable) *next++ = kValueBranch;
    return PutValue(column, column.offset + index, next);
  }

  const Column* failed() const { return failed_; }
  const char* reason() const { return reason_; }

 private:
  char* Fail(const Column& column, const char* reason) {
    failed_ = &column;
    reason_ = reason;
    return nullptr;
  }

  char* PutNull(const Column& column, char* next) {
    if (!column.nullable) return Fail(column, "a null in a column without nulls");
    *next++ = kNullBranch;
    return next;
  }

  char* PutValue(const Column& column, int64_t at, char* next) {
    switch (column.kind) {
      case Kind::kBoolean:
        *next++ = arrow::bit_util::GetBit(column.values, at) ? 1 : 0;
        return next;
      case Kind::kInt8:
        return PutLong(column.At<int8_t>(column.values, at), next);
      case Kind::kInt16:
        return PutLong(column.At<int16_t>(column.values, at), next);
      case Kind::kInt32:
        return PutLong(column.At<int32_t>(column.values, at), next);
      case Kind::kInt64:
        return PutLong(column.At<int64_t>(column.values, at), next);
      case Kind::kFloat:
        std::memcpy(next, column.values + at * 4, 4);
        return next + 4;
      case Kind::kDouble:
        std::memcpy(next, column.values + at * 8, 8);
        return next + 8;
      case Kind::kText32:
        return PutText<int32_t>(column, at, next);
      case Kind::kText64:
        return PutText<int64_t>(column, at, next);
      case Kind::kDecimal:
        return PutDecimal(column, at, next);
      case Kind::kList:
        return PutItems(column, at, /*keys=*/false, next);
      case Kind::kMap:
        return PutItems(column, at, /*keys=*/true, next);
      case Kind::kStruct:
        return PutFields(column, at, next);
    }
    return nullptr;
  }

  template <typename Offset>
  char* PutText(const Column& column, int64_t at, char* next) {
    const Offset begin = column.At<Offset>(column.offsets, at);
    const auto size = static_cast<size_t>(column.At<Offset>(column.offsets, at + 1) - begin);
    next = sink_.Reserve(size, next);
    next = PutLong(static_cast<int64_t>(size), next);
    CopyBytes(column.values + begin, size, next);
    return next + size;
  }

  char* PutDictionary(const Column& column, int64_t index, char* next) {
    const int64_t at = column.offset + index;
    int64_t entry = 0;
    switch (column.index_bytes) {
      case 1:
        entry = column.At<uint8_t>(column.indices, at);
        break;
      case 2:
        entry = column.At<uint16_t>(column.indices, at);
        break;
      case 4:
        entry = column.At<uint32_t>(column.indices, at);
        break;
      default:
        entry = column.At<int64_t>(column.indices, at);
    }
    entry += column.dictionary_offset;
    if (column.dictionary_validity != nullptr &&
        !arrow::bit_util::GetBit(column.dictionary_validity, entry)) {
      return PutNull(column, next);
    }
    if (column.nullable) *next++ = kValueBranch;
    return PutValue(column, entry, next);
  }

  char* PutDecimal(const Column& column, int64_t at, char* next) {
    const uint64_t low = column.At<uint64_t>(column.values, 2 * at);
    const int64_t high = column.At<int64_t>(column.values, 2 * at + 1);
    const size_t size = column.decimal_bytes;
    const bool is_short = size <= 8;
    const int64_t top = is_short ? static_cast<int64_t>(low) : high;
    const int unused_bits = static_cast<int>(64 - 8 * (is_short ? size : size - 8));
    const int64_t cut = static_cast<int64_t>(static_cast<uint64_t>(top) << unused_bits);
    if ((cut >> unused_bits) != top || (is_short && high != top >> 63)) {
      return Fail(column, "a decimal with more digits than the type has");
    }
    if (!is_short) next = PutBigEndian(static_cast<uint64_t>(high), size - 8, next);
    return PutBigEndian(low, is_short ? size : 8, next);
  }

  char* PutFields(const Column& column, int64_t at, char* next) {
    for (const Column& child : column.children) {
      next = Encode(child, at, sink_.Reserve(kFixedBytesMax, next));
      if (next == nullptr) return nullptr;
    }
    return sink_.Reserve(0, next);
  }

  char* PutItems(const Column& column, int64_t at, bool keys, char* next) {
    const int32_t begin = column.At<int32_t>(column.offsets, at);
    const int32_t end = column.At<int32_t>(column.offsets, at + 1);
    if (end > begin) next = PutLong(end - begin, next);
    for (int32_t item = begin; item < end; ++item) {
      next = sink_.Reserve(2 * kFixedBytesMax, next);
      if (keys) next = Encode(column.children[0], item, next);
      if (next != nullptr) next = Encode(column.children[keys ? 1 : 0], item, next);
      if (next == nullptr) return nullptr;
    }
    next = sink_.Reserve(kFixedBytesMax, next);
    *next++ = 0;  // no further block of items
    return next;
  }

  Sink& sink_;
  const Column* failed_ = nullptr;
  const char* reason_ = "";
};

}  // namespace

class AvroRowEncoder::Impl {
 public:
  static Result<std::unique_ptr<Impl>> Make(const arrow::Schema& schema) {
    auto impl = std::make_unique<Impl>();
    for (const auto& field : schema.fields()) {
      TAPELAKE_ASSIGN_OR_RAISE(auto column, DescribeColumn(*field, ""));
      impl->columns_.push_back(std::move(column));
    }
    return impl;
  }

  Result<size_t> Append(size_t bytes_max, const arrow::RecordBatch& batch,
                        std::span<const int64_t> rows, std::string* out) {
    TAPELAKE_RETURN_NOT_OK(BindAll(batch));
    const size_t begin = out->size();
    const size_t slack = kRowLengthBytes + columns_.size() * kFixedBytesMax;
    const size_t expected = rows.size() * (row_bytes_ + row_bytes_ / 8);
    Sink sink(out, slack, std::min(bytes_max, expected));
    ValueEncoder encoder(&sink);
    char* next = sink.At(begin);
    size_t taken = 0;
    while (taken < rows.size() && (taken == 0 || sink.OffsetOf(next) - begin < bytes_max)) {
      next = sink.Reserve(0, next);
      const size_t row_begin = sink.OffsetOf(next);
      next = AppendRow(&encoder, rows[taken], next + kRowLengthBytes);
      const size_t size = next == nullptr ? 0 : sink.OffsetOf(next) - row_begin - kRowLengthBytes;
      if (next == nullptr || size > std::numeric_limits<int32_t>::max()) {
        sink.Finish(row_begin);
        return RowError(encoder, rows[taken]);
      }
      const uint32_t length = __builtin_bswap32(static_cast<uint32_t>(size));
      std::memcpy(sink.At(row_begin), &length, sizeof(length));
      ++taken;
    }
    const size_t used = sink.OffsetOf(next);
    if (taken > 0) row_bytes_ = (used - begin) / taken + 1;
    sink.Finish(used);
    return taken;
  }

 private:
  char* AppendRow(ValueEncoder* encoder, int64_t row, char* next) const {
    for (const Column& column : columns_) {
      next = encoder->Encode(column, row, next);
      if (next == nullptr) break;
    }
    return next;
  }

  Status BindAll(const arrow::RecordBatch& batch) {
    if (static_cast<size_t>(batch.num_columns()) != columns_.size()) {
      return MakeError(ErrorKind::kInvalid, "a batch of " + std::to_string(batch.num_columns()) +
                                                " columns instead of " +
                                                std::to_string(columns_.size()));
    }
    for (size_t i = 0; i < columns_.size(); ++i) {
      const int at = static_cast<int>(i);
      if (batch.column_name(at) != columns_[i].path) {
        return MakeError(ErrorKind::kInvalid, "column '" + batch.column_name(at) +
                                                  "' stands where '" + columns_[i].path +
                                                  "' belongs");
      }
      TAPELAKE_RETURN_NOT_OK(Bind(*batch.column_data(at), &columns_[i]));
    }
    return Status::OK();
  }

  static Status RowError(const ValueEncoder& encoder, int64_t row) {
    const std::string place = "row " + std::to_string(row);
    if (encoder.failed() == nullptr) {
      return MakeError(ErrorKind::kInvalid, place + " takes more than 2 GiB as Avro");
    }
    return MakeError(ErrorKind::kInvalid,
                     place + ", column '" + encoder.failed()->path + "': " + encoder.reason());
  }

  std::vector<Column> columns_;
  size_t row_bytes_ = 512;  // of the last batch on average: how much output to expect
};

AvroRowEncoder::AvroRowEncoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AvroRowEncoder::~AvroRowEncoder() = default;
AvroRowEncoder::AvroRowEncoder(AvroRowEncoder&&) noexcept = default;

Result<AvroRowEncoder> AvroRowEncoder::Make(const std::shared_ptr<arrow::Schema>& schema) {
  TAPELAKE_RETURN_NOT_OK(FormatAvroSchema(*schema, {"row", "row"}).status());
  TAPELAKE_ASSIGN_OR_RAISE(auto impl, Impl::Make(*schema));
  return AvroRowEncoder(std::move(impl));
}

Status AvroRowEncoder::Append(const arrow::RecordBatch& batch, std::span<const int64_t> rows,
                              std::string* out) {
  return AppendUpTo(std::numeric_limits<size_t>::max(), batch, rows, out).status();
}

Result<size_t> AvroRowEncoder::AppendUpTo(size_t bytes_max, const arrow::RecordBatch& batch,
                                          std::span<const int64_t> rows, std::string* out) {
  return impl_->Append(bytes_max, batch, rows, out);
}

}  // namespace tapelake::hudi
