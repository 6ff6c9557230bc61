// Avro datums to rows. The bytes may be anything: every count and length is held against what is
// left of them before memory is taken.

#include <arrow/array/builder_base.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/util/checked_cast.h>
#include <arrow/util/decimal.h>
#include <arrow/util/utf8.h>

#include <algorithm>
#include <limits>

#include "hudi/format/avro_datum.h"
#include "hudi/format/avro_schema.h"
#include "hudi/format/avro_type.h"
#include "hudi/format/byte_codec.h"

namespace tapelake::hudi {
namespace {

using arrow::internal::checked_cast;
using Kind = AvroType::Kind;

constexpr size_t kNodesMax = 100'000;         // of a schema with its repeated types written out
constexpr int64_t kFixedBytesMax = 64 << 10;  // a null takes as much memory as a value

/// One place of the schema with the builder that takes its values.
struct Node {
  Kind kind = Kind::kNull;
  bool nullable = false;
  bool is_decimal = false;
  int32_t precision = 0;
  int64_t size_bytes = 0;
  std::vector<bool> null_branches;  // of a union; empty: no union
  std::vector<std::string> symbols;
  std::vector<Node> children;
  std::string path;
  std::shared_ptr<arrow::DataType> type;
  arrow::ArrayBuilder* builder = nullptr;  // nullptr: the column is skipped
};

class NodeMaker {
 public:
  Result<Node> Make(const AvroType& avro, const arrow::Field& field, const std::string& path) {
    if (++count_ > kNodesMax) return Invalid(path, "the schema has too many fields");
    const AvroType* type = &avro;
    Node node;
    node.path = path;
    node.type = field.type();
    node.nullable = field.nullable();
    if (avro.kind == Kind::kUnion) {
      for (const auto& branch : avro.inner) {
        node.null_branches.push_back(branch->kind == Kind::kNull);
        if (branch->kind != Kind::kNull) type = branch.get();
      }
    }
    node.kind = type->kind;
    node.symbols = type->symbols;
    node.size_bytes = type->size_bytes;
    if (node.size_bytes > kFixedBytesMax) return Invalid(path, "a fixed of more than 64 KiB");
    if (field.type()->id() == arrow::Type::DECIMAL128) {
      node.is_decimal = true;
      node.precision = checked_cast<const arrow::DecimalType&>(*field.type()).precision();
    }
    TAPELAKE_RETURN_NOT_OK(AddChildren(*type, &node));
    return node;
  }

 private:
  static Status Invalid(const std::string& path, const std::string& why) {
    return MakeError(ErrorKind::kInvalid, "field '" + path + "': " + why);
  }

  Status AddChildren(const AvroType& type, Node* node) {
    switch (type.kind) {
      case Kind::kRecord:
        for (size_t i = 0; i < type.fields.size(); ++i) {
          const arrow::Field& field = *node->type->field(static_cast<int>(i));
          TAPELAKE_RETURN_NOT_OK(
              Add(*type.fields[i].type, field, node->path + "." + field.name(), node));
        }
        return Status::OK();
      case Kind::kArray:
        return Add(*type.inner[0], *node->type->field(0), node->path, node);
      case Kind::kMap: {
        const auto& map = checked_cast<const arrow::MapType&>(*node->type);
        return Add(*type.inner[0], *map.item_field(), node->path, node);
      }
      default:
        return Status::OK();
    }
  }

  Status Add(const AvroType& type, const arrow::Field& field, const std::string& path,
             Node* parent) {
    TAPELAKE_ASSIGN_OR_RAISE(auto child, Make(type, field, path));
    parent->children.push_back(std::move(child));
    return Status::OK();
  }

  size_t count_ = 0;
};

void AttachBuilder(arrow::ArrayBuilder* builder, Node* node) {
  node->builder = builder;
  switch (node->kind) {
    case Kind::kRecord:
      for (size_t i = 0; i < node->children.size(); ++i) {
        AttachBuilder(builder->child(static_cast<int>(i)), &node->children[i]);
      }
      break;
    case Kind::kArray:
      AttachBuilder(checked_cast<arrow::ListBuilder*>(builder)->value_builder(),
                    &node->children[0]);
      break;
    case Kind::kMap:
      AttachBuilder(checked_cast<arrow::MapBuilder*>(builder)->item_builder(), &node->children[0]);
      break;
    default:
      break;
  }
}

/// Reads values into builders. After the first failure it is good for nothing but error().
class ValueDecoder {
 public:
  explicit ValueDecoder(std::string_view datum) : reader_(datum) {}

  bool at_end() const { return reader_.at_end(); }
  size_t offset() const { return reader_.offset(); }
  const Node* failed() const { return failed_; }
  const Status& builder_status() const { return status_; }

  bool Decode(const Node& node) {
    if (node.null_branches.empty()) return Value(node) || Fail(node);
    int64_t branch = 0;
    if (!reader_.AvroLong(&branch) || branch < 0 ||
        branch >= static_cast<int64_t>(node.null_branches.size())) {
      return Fail(node);
    }
    if (!node.null_branches[static_cast<size_t>(branch)]) return Value(node) || Fail(node);
    if (!node.nullable) return Fail(node);
    return node.builder == nullptr || Keep(node.builder->AppendNull()) || Fail(node);
  }

 private:
  bool Fail(const Node& node) {
    if (failed_ == nullptr) failed_ = &node;
    return false;
  }
  bool Keep(Status status) {
    if (status.ok()) return true;
    status_ = std::move(status);
    return false;
  }

  bool Value(const Node& node) {
    switch (node.kind) {
      case Kind::kBoolean:
        return Boolean(node);
      case Kind::kInt:
        return Int(node);
      case Kind::kLong:
        return Long(node);
      case Kind::kFloat:
        return Floating<arrow::FloatBuilder, float>(node);
      case Kind::kDouble:
        return Floating<arrow::DoubleBuilder, double>(node);
      case Kind::kBytes:
      case Kind::kString:
      case Kind::kFixed:
        return Bytes(node);
      case Kind::kEnum:
        return Symbol(node);
      case Kind::kRecord:
        return Record(node);
      case Kind::kArray:
        return Array(node);
      case Kind::kMap:
        return Map(node);
      default:
        return false;
    }
  }

  // Builders were made for their node's type; a checked cast would look that up for every value.
  template <typename Builder, typename Value>
  bool Put(const Node& node, Value value) {
    if (node.builder == nullptr) return true;
    return Keep(static_cast<Builder*>(node.builder)->Append(value));
  }

  bool Boolean(const Node& node) {
    std::string_view raw;
    if (!reader_.Raw(1, &raw) || static_cast<uint8_t>(raw[0]) > 1) return false;
    return Put<arrow::BooleanBuilder>(node, raw[0] == 1);
  }

  bool Int(const Node& node) {
    int64_t value = 0;
    if (!reader_.AvroLong(&value) || value != static_cast<int32_t>(value)) return false;
    const int32_t narrow = static_cast<int32_t>(value);
    switch (node.type->id()) {
      case arrow::Type::DATE32:
        return Put<arrow::Date32Builder>(node, narrow);
      case arrow::Type::TIME32:
        return Put<arrow::Time32Builder>(node, narrow);
      default:
        return Put<arrow::Int32Builder>(node, narrow);
    }
  }

  bool Long(const Node& node) {
    int64_t value = 0;
    if (!reader_.AvroLong(&value)) return false;
    switch (node.type->id()) {
      case arrow::Type::TIMESTAMP:
        return Put<arrow::TimestampBuilder>(node, value);
      case arrow::Type::TIME64:
        return Put<arrow::Time64Builder>(node, value);
      default:
        return Put<arrow::Int64Builder>(node, value);
    }
  }

  template <typename Builder, typename Number>
  bool Floating(const Node& node) {
    Number number = 0;
    return reader_.LittleEndian(&number) && Put<Builder>(node, number);
  }

  bool Bytes(const Node& node) {
    std::string_view bytes;
    const bool read = node.kind == Kind::kFixed
                          ? reader_.Raw(static_cast<uint64_t>(node.size_bytes), &bytes)
                          : reader_.AvroBytes(&bytes);
    if (!read) return false;
    if (node.is_decimal) return Decimal(node, bytes);
    if (node.kind == Kind::kFixed) return Put<arrow::FixedSizeBinaryBuilder>(node, bytes);
    if (node.kind == Kind::kBytes) return Put<arrow::BinaryBuilder>(node, bytes);
    if (!arrow::util::ValidateUTF8(bytes)) return false;
    return Put<arrow::StringBuilder>(node, bytes);
  }

  bool Decimal(const Node& node, std::string_view bytes) {
    const auto decimal = arrow::Decimal128::FromBigEndian(
        reinterpret_cast<const uint8_t*>(bytes.data()),
        static_cast<int32_t>(std::min<size_t>(bytes.size(), std::numeric_limits<int32_t>::max())));
    if (!decimal.ok() || !decimal->FitsInPrecision(node.precision)) return false;
    return Put<arrow::Decimal128Builder>(node, *decimal);
  }

  bool Symbol(const Node& node) {
    int64_t index = 0;
    if (!reader_.AvroLong(&index) || index < 0 ||
        index >= static_cast<int64_t>(node.symbols.size())) {
      return false;
    }
    return Put<arrow::StringBuilder>(node,
                                     std::string_view(node.symbols[static_cast<size_t>(index)]));
  }

  bool Record(const Node& node) {
    if (node.builder != nullptr &&
        !Keep(static_cast<arrow::StructBuilder*>(node.builder)->Append())) {
      return false;
    }
    for (const Node& child : node.children) {
      if (!Decode(child)) return false;
    }
    return true;
  }

  bool Array(const Node& node) {
    if (node.builder != nullptr &&
        !Keep(static_cast<arrow::ListBuilder*>(node.builder)->Append())) {
      return false;
    }
    int64_t count = 0;
    do {
      if (!reader_.AvroBlockCount(&count)) return false;
      for (int64_t i = 0; i < count; ++i) {
        if (!Decode(node.children[0])) return false;
      }
    } while (count > 0);
    return true;
  }

  bool Map(const Node& node) {
    auto* builder =
        node.builder == nullptr ? nullptr : static_cast<arrow::MapBuilder*>(node.builder);
    if (builder != nullptr && !Keep(builder->Append())) return false;
    int64_t count = 0;
    do {
      if (!reader_.AvroBlockCount(&count)) return false;
      for (int64_t i = 0; i < count; ++i) {
        std::string_view key;
        if (!reader_.AvroBytes(&key) || !arrow::util::ValidateUTF8(key)) return false;
        if (builder != nullptr &&
            !Keep(static_cast<arrow::StringBuilder*>(builder->key_builder())->Append(key))) {
          return false;
        }
        if (!Decode(node.children[0])) return false;
      }
    } while (count > 0);
    return true;
  }

  ByteReader reader_;
  const Node* failed_ = nullptr;
  Status status_;
};

}  // namespace

class AvroRowDecoder::Impl {
 public:
  Status Init(std::string_view schema_json, const std::vector<std::string>* columns) {
    arrow::util::InitializeUTF8();
    TAPELAKE_ASSIGN_OR_RAISE(const auto avro, ParseAvroType(schema_json));
    TAPELAKE_ASSIGN_OR_RAISE(const auto all, ParseAvroSchema(schema_json));
    NodeMaker maker;
    arrow::FieldVector kept;
    for (int i = 0; i < all->num_fields(); ++i) {
      const auto& field = all->field(i);
      TAPELAKE_ASSIGN_OR_RAISE(
          auto node, maker.Make(*avro->fields[static_cast<size_t>(i)].type, *field, field->name()));
      nodes_.push_back(std::move(node));
      if (columns != nullptr && std::ranges::find(*columns, field->name()) == columns->end()) {
        continue;
      }
      kept.push_back(field);
      TAPELAKE_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(field->type()));
      AttachBuilder(builder.get(), &nodes_.back());
      builders_.push_back(std::move(builder));
    }
    schema_ = arrow::schema(std::move(kept));
    return Status::OK();
  }

  Status Append(std::string_view datum) {
    ValueDecoder decoder(datum);
    for (const Node& node : nodes_) {
      if (!decoder.Decode(node)) return RowError(decoder);
    }
    if (!decoder.at_end()) {
      return MakeError(ErrorKind::kCorrupt, "Avro record " + std::to_string(row_count_) +
                                                ": bytes after its last field, at offset " +
                                                std::to_string(decoder.offset()));
    }
    ++row_count_;
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Finish() {
    arrow::ArrayVector columns(builders_.size());
    for (size_t i = 0; i < builders_.size(); ++i) {
      TAPELAKE_RETURN_NOT_OK(builders_[i]->Finish(&columns[i]));
    }
    const int64_t rows = row_count_;
    row_count_ = 0;
    return arrow::RecordBatch::Make(schema_, rows, std::move(columns));
  }

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  int64_t row_count() const { return row_count_; }

 private:
  Status RowError(const ValueDecoder& decoder) const {
    const std::string place =
        "Avro record " + std::to_string(row_count_) + ", field '" + decoder.failed()->path + "'";
    if (!decoder.builder_status().ok()) return WithContext(decoder.builder_status(), place);
    return MakeError(ErrorKind::kCorrupt, place + ": the bytes before offset " +
                                              std::to_string(decoder.offset()) +
                                              " are none of its values");
  }

  std::shared_ptr<arrow::Schema> schema_;
  std::vector<Node> nodes_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
  int64_t row_count_ = 0;
};

AvroRowDecoder::AvroRowDecoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AvroRowDecoder::~AvroRowDecoder() = default;
AvroRowDecoder::AvroRowDecoder(AvroRowDecoder&&) noexcept = default;
AvroRowDecoder& AvroRowDecoder::operator=(AvroRowDecoder&&) noexcept = default;

Result<AvroRowDecoder> AvroRowDecoder::Make(std::string_view writer_schema_json) {
  auto impl = std::make_unique<Impl>();
  TAPELAKE_RETURN_NOT_OK(impl->Init(writer_schema_json, nullptr));
  return AvroRowDecoder(std::move(impl));
}

Result<AvroRowDecoder> AvroRowDecoder::Make(std::string_view writer_schema_json,
                                            const std::vector<std::string>& columns) {
  auto impl = std::make_unique<Impl>();
  TAPELAKE_RETURN_NOT_OK(impl->Init(writer_schema_json, &columns));
  return AvroRowDecoder(std::move(impl));
}

const std::shared_ptr<arrow::Schema>& AvroRowDecoder::schema() const {
  return impl_->schema();
}
Status AvroRowDecoder::Append(std::string_view datum) {
  return impl_->Append(datum);
}
int64_t AvroRowDecoder::row_count() const {
  return impl_->row_count();
}
Result<std::shared_ptr<arrow::RecordBatch>> AvroRowDecoder::Finish() {
  return impl_->Finish();
}

}  // namespace tapelake::hudi
