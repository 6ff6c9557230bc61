#include "serve/aws/cbor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "serve/http/target.h"

namespace tapelake::serve {
namespace {

constexpr uint8_t kBreak = 0xff;

/// The major types of RFC 8949, section 3.1.
enum Major : uint8_t {
  kUnsigned = 0,
  kNegative = 1,
  kByteString = 2,
  kTextString = 3,
  kArray = 4,
  kMap = 5,
  kTag = 6,
  kSimple = 7,
};

/// A half-precision float (RFC 8949, appendix D).
double HalfToDouble(uint16_t half) {
  const int exponent = (half >> 10) & 0x1f;
  const int mantissa = half & 0x3ff;
  double value = 0;
  if (exponent == 0) {
    value = std::ldexp(mantissa, -24);
  } else if (exponent != 31) {
    value = std::ldexp(mantissa + 1024, exponent - 25);
  } else {
    value = mantissa == 0 ? std::numeric_limits<double>::infinity()
                          : std::numeric_limits<double>::quiet_NaN();
  }
  return (half & 0x8000) != 0 ? -value : value;
}

class Parser {
 public:
  explicit Parser(std::string_view bytes) : bytes_(bytes) {}

  Result<CborValue> ParseAll() {
    CborValue value;
    TAPELAKE_RETURN_NOT_OK(Parse(0, &value));
    if (at_ != bytes_.size()) return Invalid("bytes are left after the value");
    return value;
  }

 private:
  /// The first byte of a value and the number that follows it.
  struct Head {
    uint8_t major = 0;
    uint8_t info = 0;
    uint64_t argument = 0;
    bool indefinite = false;
  };

  Status Invalid(const std::string& what) const {
    return MakeError(ErrorKind::kInvalid,
                     "not valid CBOR at byte " + std::to_string(at_) + ": " + what);
  }

  size_t left() const { return bytes_.size() - at_; }
  bool AtBreak() const { return left() > 0 && static_cast<uint8_t>(bytes_[at_]) == kBreak; }

  Result<Head> ReadHead() {
    if (left() == 0) return Invalid("it ends too early");
    const auto first = static_cast<uint8_t>(bytes_[at_++]);
    Head head{.major = static_cast<uint8_t>(first >> 5), .info = static_cast<uint8_t>(first & 31)};
    if (head.info < 24) {
      head.argument = head.info;
    } else if (head.info < 28) {
      const size_t size = size_t{1} << (head.info - 24);
      if (left() < size) return Invalid("it ends too early");
      for (size_t i = 0; i < size; ++i)
        head.argument = head.argument << 8 | static_cast<uint8_t>(bytes_[at_++]);
    } else if (head.info == 31) {
      head.indefinite = true;
    } else {
      return Invalid("reserved additional information");
    }
    return head;
  }

  Status Parse(int depth, CborValue* value) {
    if (depth > kCborDepthMax) return Invalid("nested too deep");
    if (++values_ > kCborValuesMax) {
      return Invalid("more than " + std::to_string(kCborValuesMax) + " values");
    }
    TAPELAKE_ASSIGN_OR_RAISE(Head head, ReadHead());
    while (head.major == kTag && !head.indefinite) {
      if (++values_ > kCborValuesMax) return Invalid("too many tags");
      TAPELAKE_ASSIGN_OR_RAISE(head, ReadHead());
    }
    switch (head.major) {
      case kUnsigned:
      case kNegative:
        return TakeInteger(head, value);
      case kByteString:
      case kTextString:
        return TakeString(head, value);
      case kArray:
        return TakeArray(head, depth, value);
      case kMap:
        return TakeMap(head, depth, value);
      case kSimple:
        return TakeSimple(head, value);
      default:
        return Invalid("a tag of indefinite length");
    }
  }

  Status TakeInteger(const Head& head, CborValue* value) {
    if (head.indefinite) return Invalid("a number of indefinite length");
    const bool negative = head.major == kNegative;
    if (head.argument > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      value->type = CborValue::Type::kDouble;
      value->number = static_cast<double>(head.argument);
      if (negative) value->number = -1 - value->number;
      return Status::OK();
    }
    value->type = CborValue::Type::kInteger;
    value->integer = static_cast<int64_t>(head.argument);
    if (negative) value->integer = -1 - value->integer;
    return Status::OK();
  }

  Status AppendString(const Head& head, std::string* text) {
    if (head.argument > left()) return Invalid("a string passes the end");
    text->append(bytes_.substr(at_, head.argument));
    at_ += head.argument;
    return Status::OK();
  }

  Status TakeString(const Head& head, CborValue* value) {
    value->type = head.major == kTextString ? CborValue::Type::kText : CborValue::Type::kBytes;
    if (!head.indefinite) TAPELAKE_RETURN_NOT_OK(AppendString(head, &value->text));
    while (head.indefinite && !AtBreak()) {
      TAPELAKE_ASSIGN_OR_RAISE(const Head piece, ReadHead());
      if (piece.major != head.major || piece.indefinite) {
        return Invalid("a string holds something else than its pieces");
      }
      TAPELAKE_RETURN_NOT_OK(AppendString(piece, &value->text));
    }
    if (head.indefinite) ++at_;
    if (head.major == kTextString && !IsUtf8(value->text)) return Invalid("text is not UTF-8");
    return Status::OK();
  }

  Status TakeArray(const Head& head, int depth, CborValue* value) {
    value->type = CborValue::Type::kArray;
    for (uint64_t i = 0; head.indefinite ? !AtBreak() : i < head.argument; ++i) {
      value->items.emplace_back();
      TAPELAKE_RETURN_NOT_OK(Parse(depth + 1, &value->items.back()));
    }
    if (head.indefinite) ++at_;
    return Status::OK();
  }

  Status TakeMap(const Head& head, int depth, CborValue* value) {
    value->type = CborValue::Type::kMap;
    for (uint64_t i = 0; head.indefinite ? !AtBreak() : i < head.argument; ++i) {
      CborValue key;
      TAPELAKE_RETURN_NOT_OK(Parse(depth + 1, &key));
      if (key.type != CborValue::Type::kText) return Invalid("a key of a map is no text");
      value->members.emplace_back();
      value->members.back().key = std::move(key.text);
      TAPELAKE_RETURN_NOT_OK(Parse(depth + 1, &value->members.back().value));
    }
    if (head.indefinite) ++at_;
    return Status::OK();
  }

  Status TakeSimple(const Head& head, CborValue* value) {
    switch (head.info) {
      case 20:
      case 21:
        value->type = CborValue::Type::kBool;
        value->boolean = head.info == 21;
        return Status::OK();
      case 22:
      case 23:
        return Status::OK();
      case 25:
        value->number = HalfToDouble(static_cast<uint16_t>(head.argument));
        break;
      case 26:
        value->number = std::bit_cast<float>(static_cast<uint32_t>(head.argument));
        break;
      case 27:
        value->number = std::bit_cast<double>(head.argument);
        break;
      default:
        return Invalid(head.indefinite ? "a break where a value must stand" : "a simple value");
    }
    value->type = CborValue::Type::kDouble;
    return Status::OK();
  }

  const std::string_view bytes_;
  size_t at_ = 0;
  size_t values_ = 0;
};

}  // namespace

const CborValue* CborValue::Find(std::string_view key) const {
  const auto found = std::ranges::find(members, key, &Member::key);
  return found == members.end() ? nullptr : &found->value;
}

Result<CborValue> ParseCbor(std::string_view bytes) {
  return Parser(bytes).ParseAll();
}

void CborWriter::Head(unsigned major, uint64_t argument) {
  const auto put = [this, major](unsigned info) {
    out_->push_back(static_cast<char>(major << 5 | info));
  };
  if (argument < 24) return put(static_cast<unsigned>(argument));
  const int bytes = argument <= 0xff ? 1 : argument <= 0xffff ? 2 : argument <= 0xffffffff ? 4 : 8;
  put(24U + static_cast<unsigned>(std::countr_zero(static_cast<unsigned>(bytes))));
  for (int i = bytes - 1; i >= 0; --i)
    out_->push_back(static_cast<char>(argument >> (8 * i)));
}

void CborWriter::Text(std::string_view text) {
  Head(kTextString, text.size());
  out_->append(text);
}

void CborWriter::Bytes(std::string_view bytes) {
  Head(kByteString, bytes.size());
  out_->append(bytes);
}

void CborWriter::Integer(int64_t value) {
  if (value >= 0) return Head(kUnsigned, static_cast<uint64_t>(value));
  Head(kNegative, static_cast<uint64_t>(-1 - value));
}

}  // namespace tapelake::serve
