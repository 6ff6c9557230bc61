#include "hudi/format/avro_value.h"

#include <charconv>

#include "base/seal.h"
#include "hudi/format/byte_codec.h"

namespace tapelake::hudi {
namespace {

using Kind = AvroType::Kind;

constexpr std::string_view kContainerMagic{"Obj\x01", 4};
/// Between the blocks of a container; any 16 bytes will do.
constexpr std::string_view kSyncMarker = "tapelake-sync-01";
constexpr size_t kSyncBytes = 16;
/// The seal's pair in the head of a container, up to its digits: two texts of 17 and 16 bytes.
constexpr std::string_view kSealMark = "\x22tapelake.checksum\x20";

Status Corrupt(const std::string& place, const std::string& why) {
  return MakeError(ErrorKind::kCorrupt,
                   "Avro value" + (place.empty() ? "" : " '" + place + "'") + ": " + why);
}

std::string Below(const std::string& place, std::string_view name) {
  return place.empty() ? std::string(name) : place + "." + std::string(name);
}

class ValueEncoder {
 public:
  explicit ValueEncoder(std::string* out) : out_(*out) {}

  Status Encode(const AvroType& type, const AvroValue& value, const std::string& place) {
    switch (type.kind) {
      case Kind::kNull:
        return Status::OK();
      case Kind::kUnion:
        return Union(type, value, place);
      case Kind::kRecord:
        return Record(type, value, place);
      case Kind::kArray:
      case Kind::kMap:
        return Items(type, value, place);
      case Kind::kEnum:
        return Symbol(type, value, place);
      default:
        return Scalar(type, value, place);
    }
  }

 private:
  Status Union(const AvroType& type, const AvroValue& value, const std::string& place) {
    for (size_t i = 0; i < type.inner.size(); ++i) {
      if ((type.inner[i]->kind == Kind::kNull) != value.is_null()) continue;
      AppendAvroLong(static_cast<int64_t>(i), &out_);
      return Encode(*type.inner[i], value, place);
    }
    return Corrupt(place, "no branch of the union takes it");
  }

  Status Record(const AvroType& type, const AvroValue& value, const std::string& place) {
    static const AvroValue kNothing;
    if (!value.is_null() && !std::holds_alternative<AvroValue::Members>(value.value)) {
      return Corrupt(place, "not a record");
    }
    for (const AvroField& field : type.fields) {
      const AvroValue* member = value.Find(field.name);
      TAPELAKE_RETURN_NOT_OK(
          Encode(*field.type, member == nullptr ? kNothing : *member, Below(place, field.name)));
    }
    return Status::OK();
  }

  Status Items(const AvroType& type, const AvroValue& value, const std::string& place) {
    if (type.kind == Kind::kArray) {
      if (const auto* list = std::get_if<AvroValue::List>(&value.value)) {
        if (!list->empty()) AppendAvroLong(static_cast<int64_t>(list->size()), &out_);
        for (const AvroValue& item : *list) {
          TAPELAKE_RETURN_NOT_OK(Encode(*type.inner[0], item, place + "[]"));
        }
      } else if (!value.is_null()) {
        return Corrupt(place, "not a list");
      }
    } else {
      if (const auto* members = std::get_if<AvroValue::Members>(&value.value)) {
        if (!members->empty()) AppendAvroLong(static_cast<int64_t>(members->size()), &out_);
        for (const auto& [key, item] : *members) {
          AppendAvroBytes(key, &out_);
          TAPELAKE_RETURN_NOT_OK(Encode(*type.inner[0], item, Below(place, key)));
        }
      } else if (!value.is_null()) {
        return Corrupt(place, "not a map");
      }
    }
    AppendAvroLong(0, &out_);
    return Status::OK();
  }

  Status Symbol(const AvroType& type, const AvroValue& value, const std::string& place) {
    const auto* text = std::get_if<std::string>(&value.value);
    for (size_t i = 0; text != nullptr && i < type.symbols.size(); ++i) {
      if (type.symbols[i] != *text) continue;
      AppendAvroLong(static_cast<int64_t>(i), &out_);
      return Status::OK();
    }
    return Corrupt(place, "none of the symbols of its enum");
  }

  Status Scalar(const AvroType& type, const AvroValue& value, const std::string& place) {
    switch (type.kind) {
      case Kind::kBoolean: {
        const auto* flag = std::get_if<bool>(&value.value);
        if (flag == nullptr && !value.is_null()) return Corrupt(place, "not a boolean");
        out_.push_back(flag != nullptr && *flag ? 1 : 0);
        return Status::OK();
      }
      case Kind::kInt:
      case Kind::kLong: {
        const auto* number = std::get_if<int64_t>(&value.value);
        if (number == nullptr && !value.is_null()) return Corrupt(place, "not an integer");
        const int64_t bits = number == nullptr ? 0 : *number;
        if (type.kind == Kind::kInt && bits != static_cast<int32_t>(bits)) {
          return Corrupt(place, std::to_string(bits) + " has more than 32 bits");
        }
        AppendAvroLong(bits, &out_);
        return Status::OK();
      }
      case Kind::kFloat:
        return Floating<float>(value, place);
      case Kind::kDouble:
        return Floating<double>(value, place);
      default:
        return Bytes(type, value, place);
    }
  }

  template <typename Number>
  Status Floating(const AvroValue& value, const std::string& place) {
    double number = 0;
    if (const auto* floating = std::get_if<double>(&value.value)) {
      number = *floating;
    } else if (const auto* integer = std::get_if<int64_t>(&value.value)) {
      number = static_cast<double>(*integer);
    } else if (!value.is_null()) {
      return Corrupt(place, "not a number");
    }
    const Number narrow = static_cast<Number>(number);
    out_.append(reinterpret_cast<const char*>(&narrow), sizeof(narrow));
    return Status::OK();
  }

  Status Bytes(const AvroType& type, const AvroValue& value, const std::string& place) {
    static const std::string kEmpty;
    const auto* text = std::get_if<std::string>(&value.value);
    if (text == nullptr && !value.is_null()) return Corrupt(place, "not a text");
    const std::string& bytes = text == nullptr ? kEmpty : *text;
    if (type.kind != Kind::kFixed) {
      AppendAvroBytes(bytes, &out_);
    } else if (static_cast<int64_t>(bytes.size()) == type.size_bytes) {
      out_.append(bytes);
    } else {
      return Corrupt(place, "not of the fixed size");
    }
    return Status::OK();
  }

  std::string& out_;
};

class ValueDecoder {
 public:
  explicit ValueDecoder(std::string_view datum) : reader_(datum) {}

  bool at_end() const { return reader_.at_end(); }

  Status Decode(const AvroType& type, const std::string& place, AvroValue* out) {
    switch (type.kind) {
      case Kind::kUnion: {
        int64_t branch = 0;
        if (!reader_.AvroLong(&branch) || branch < 0 ||
            branch >= static_cast<int64_t>(type.inner.size())) {
          return Bad(place);
        }
        return Decode(*type.inner[static_cast<size_t>(branch)], place, out);
      }
      case Kind::kRecord:
        return Record(type, place, out);
      case Kind::kArray:
        return List(type, place, out);
      case Kind::kMap:
        return Map(type, place, out);
      default:
        return Scalar(type, out) ? Status::OK() : Bad(place);
    }
  }

 private:
  Status Bad(const std::string& place) const {
    return Corrupt(place, "the bytes before offset " + std::to_string(reader_.offset()) +
                              " are none of its type");
  }

  Status Record(const AvroType& type, const std::string& place, AvroValue* out) {
    AvroValue::Members members;
    for (const AvroField& field : type.fields) {
      members.emplace_back(field.name, AvroValue());
      TAPELAKE_RETURN_NOT_OK(Decode(*field.type, Below(place, field.name), &members.back().second));
    }
    out->value = std::move(members);
    return Status::OK();
  }

  Status List(const AvroType& type, const std::string& place, AvroValue* out) {
    AvroValue::List list;
    int64_t count = 0;
    do {
      if (!reader_.AvroBlockCount(&count)) return Bad(place);
      for (int64_t i = 0; i < count; ++i) {
        TAPELAKE_RETURN_NOT_OK(Decode(*type.inner[0], place, &list.emplace_back()));
      }
    } while (count > 0);
    out->value = std::move(list);
    return Status::OK();
  }

  Status Map(const AvroType& type, const std::string& place, AvroValue* out) {
    AvroValue::Members members;
    int64_t count = 0;
    do {
      if (!reader_.AvroBlockCount(&count)) return Bad(place);
      for (int64_t i = 0; i < count; ++i) {
        std::string_view key;
        if (!reader_.AvroBytes(&key)) return Bad(place);
        members.emplace_back(key, AvroValue());
        TAPELAKE_RETURN_NOT_OK(Decode(*type.inner[0], place, &members.back().second));
      }
    } while (count > 0);
    out->value = std::move(members);
    return Status::OK();
  }

  bool Scalar(const AvroType& type, AvroValue* out) {
    int64_t number = 0;
    std::string_view bytes;
    switch (type.kind) {
      case Kind::kNull:
        return true;
      case Kind::kBoolean:
        if (!reader_.Raw(1, &bytes)) return false;
        out->value = bytes[0] != 0;
        return true;
      case Kind::kInt:
      case Kind::kLong:
        if (!reader_.AvroLong(&number)) return false;
        out->value = number;
        return true;
      case Kind::kFloat:
        return Floating<float>(out);
      case Kind::kDouble:
        return Floating<double>(out);
      case Kind::kEnum:
        if (!reader_.AvroLong(&number) || number < 0 ||
            number >= static_cast<int64_t>(type.symbols.size())) {
          return false;
        }
        out->value = type.symbols[static_cast<size_t>(number)];
        return true;
      case Kind::kFixed:
        if (!reader_.Raw(static_cast<uint64_t>(type.size_bytes), &bytes)) return false;
        out->value = std::string(bytes);
        return true;
      default:
        if (!reader_.AvroBytes(&bytes)) return false;
        out->value = std::string(bytes);
        return true;
    }
  }

  template <typename Number>
  bool Floating(AvroValue* out) {
    Number number = 0;
    if (!reader_.LittleEndian(&number)) return false;
    out->value = static_cast<double>(number);
    return true;
  }

  ByteReader reader_;
};

/// The key/value pairs at the head of a container.
bool ReadContainerHead(ByteReader* reader, std::string* schema, std::string* codec) {
  int64_t count = 0;
  do {
    if (!reader->AvroBlockCount(&count)) return false;
    for (int64_t i = 0; i < count; ++i) {
      std::string_view key;
      std::string_view value;
      if (!reader->AvroBytes(&key) || !reader->AvroBytes(&value)) return false;
      if (key == "avro.schema") *schema = value;
      if (key == "avro.codec") *codec = value;
    }
  } while (count > 0);
  return true;
}

}  // namespace

const AvroValue* AvroValue::Find(std::string_view name) const {
  const auto* members = std::get_if<Members>(&value);
  if (members == nullptr) return nullptr;
  for (const auto& [key, member] : *members) {
    if (key == name) return &member;
  }
  return nullptr;
}

AvroValue AvroValue::TextOrNull(std::string_view text) {
  return text.empty() ? AvroValue() : Text(text);
}

AvroValue AvroValue::TextList(const std::vector<std::string>& texts) {
  List list;
  for (const std::string& text : texts)
    list.push_back(Text(text));
  return {std::move(list)};
}

Status EncodeAvroValue(const AvroType& type, const AvroValue& value, std::string* out) {
  return ValueEncoder(out).Encode(type, value, "");
}

Result<AvroValue> DecodeAvroValue(const AvroType& type, std::string_view datum) {
  ValueDecoder decoder(datum);
  AvroValue value;
  TAPELAKE_RETURN_NOT_OK(decoder.Decode(type, "", &value));
  if (!decoder.at_end()) return Corrupt("", "bytes after its end");
  return value;
}

AvroValue AvroValueOfJson(const base::JsonValue& json) {
  using Type = base::JsonValue::Type;
  switch (json.type()) {
    case Type::kNull:
      return {};
    case Type::kBool:
      return {json.boolean()};
    case Type::kString:
      return AvroValue::Text(json.text());
    case Type::kNumber: {
      const std::string& text = json.text();
      const char* end = text.data() + text.size();
      int64_t number = 0;
      const auto whole = std::from_chars(text.data(), end, number);
      if (whole.ec == std::errc() && whole.ptr == end) return {number};
      double floating = 0;
      std::from_chars(text.data(), end, floating);
      return {floating};
    }
    case Type::kArray: {
      AvroValue::List list;
      for (const base::JsonValue& item : json.items())
        list.push_back(AvroValueOfJson(item));
      return {std::move(list)};
    }
    case Type::kObject:
      break;
  }
  AvroValue::Members members;
  for (const base::JsonValue::Member& member : json.members()) {
    members.emplace_back(member.key, AvroValueOfJson(member.value));
  }
  return {std::move(members)};
}

Result<std::string> FormatAvroContainer(const AvroType& type, const AvroValue& record) {
  std::string datum;
  TAPELAKE_RETURN_NOT_OK(EncodeAvroValue(type, record, &datum));
  std::string file(kContainerMagic);
  AppendAvroLong(2, &file);  // one block of two pairs, the seal first: so its place is known
  file += kSealMark;
  const size_t digits_at = file.size();
  file += base::kOpenSeal;
  AppendAvroBytes("avro.schema", &file);
  AppendAvroBytes(FormatAvroType(type), &file);
  AppendAvroLong(0, &file);
  file += kSyncMarker;
  AppendAvroLong(1, &file);  // records in the block
  AppendAvroBytes(datum, &file);
  file += kSyncMarker;
  base::Seal(0, digits_at, &file);
  return file;
}

Result<AvroValue> ParseAvroContainer(std::string_view file) {
  if (base::JudgeSeal(file, kContainerMagic.size() + 1, kSealMark) == base::SealState::kBroken) {
    return MakeError(ErrorKind::kCorrupt, "Avro container: its checksum is wrong");
  }
  if (!file.starts_with(kContainerMagic)) {
    return MakeError(ErrorKind::kCorrupt, "no Avro object container file");
  }
  ByteReader reader(file.substr(kContainerMagic.size()));
  std::string schema;
  std::string codec;
  std::string_view marker;
  if (!ReadContainerHead(&reader, &schema, &codec) || !reader.Raw(kSyncBytes, &marker)) {
    return MakeError(ErrorKind::kCorrupt, "Avro container: the head is cut");
  }
  if (!codec.empty() && codec != "null") {
    return MakeError(ErrorKind::kInvalid, "Avro container: codec '" + codec + "' is not read");
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto type, ParseAvroType(schema));
  int64_t count = 0;
  std::string_view block;
  if (!reader.AvroLong(&count) || count != 1 || !reader.AvroBytes(&block)) {
    return MakeError(ErrorKind::kCorrupt, "Avro container: it does not hold one record");
  }
  std::string_view end_marker;
  if (!reader.Raw(kSyncBytes, &end_marker) || end_marker != marker) {
    return MakeError(ErrorKind::kCorrupt, "Avro container: the block does not end with the marker");
  }
  return DecodeAvroValue(*type, block);
}

}  // namespace tapelake::hudi
