#include "delivery/prefix_expression.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include <absl/time/civil_time.h>
#include <xxhash.h>

namespace tapelake::delivery {
namespace {

constexpr size_t kPrefixCharactersMax = 1024;
constexpr size_t kFolderBytesMax = 255;
constexpr size_t kErrorTypeBytesMax = 40;
constexpr size_t kTimeBytesMax = 9;
constexpr size_t kRandomCharacters = 11;
constexpr size_t kKeyNameCharactersMax = 64;
constexpr std::string_view kRandomAlphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kOpen = "!{";
constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};
constexpr size_t kShortNameBytes = 3;

/// A letter of Java's DateTimeFormatter that we write, and how often it may stand in a row.
struct TimeLetter {
  char letter;
  size_t count_max;
};
constexpr std::array<TimeLetter, 12> kTimeLetters = {{{'y', 4},
                                                      {'u', 4},
                                                      {'M', 4},
                                                      {'d', 2},
                                                      {'D', 3},
                                                      {'H', 2},
                                                      {'h', 2},
                                                      {'m', 2},
                                                      {'s', 2},
                                                      {'S', 9},
                                                      {'a', 1},
                                                      {'E', 4}}};

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void AppendNumber(int64_t number, size_t digits, std::string* out) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%0*lld", static_cast<int>(digits),
                static_cast<long long>(number));
  out->append(buffer);
}

/// Three letters of a name, or from a count of four on all of it.
void AppendName(std::string_view name, size_t count, std::string* out) {
  out->append(count >= 4 ? name : name.substr(0, kShortNameBytes));
}

void AppendRandom(std::string_view seed, size_t place, std::string* out) {
  // Two hashes: eleven characters are more than 64 bits.
  uint64_t low = XXH64(seed.data(), seed.size(), 2 * place);
  uint64_t high = XXH64(seed.data(), seed.size(), 2 * place + 1);
  for (size_t i = 0; i < kRandomCharacters; ++i) {
    uint64_t& from = i % 2 == 0 ? low : high;
    out->push_back(kRandomAlphabet[from % kRandomAlphabet.size()]);
    from /= kRandomAlphabet.size();
  }
}

Status Refuse(std::string_view prefix, const std::string& why) {
  return MakeError(ErrorKind::kInvalid, "prefix '" + std::string(prefix) + "': " + why);
}

}  // namespace

Result<absl::TimeZone> FindTimeZone(const std::string& name) {
  if (name.empty() || name == "UTC") return absl::UTCTimeZone();
  // Names become paths in the machine's database of zones: nothing may lead out of it.
  const bool plain = IsLetter(name.front()) && name.find("..") == name.npos &&
                     name != "localtime" && std::all_of(name.begin(), name.end(), [](char c) {
                       return IsLetter(c) || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
                              c == '-' || c == '/';
                     });
  absl::TimeZone zone;
  if (plain && absl::LoadTimeZone(name, &zone)) return zone;
  return MakeError(ErrorKind::kInvalid, "'" + name +
                                            "' is no time zone that this machine knows\nhint: for "
                                            "example UTC or Asia/Tokyo; zones are in the "
                                            "package tzdata");
}

/// Reads one prefix.
class PrefixParser {
 public:
  PrefixParser(std::string_view text, const PrefixExpression::Options& options)
      : text_(text), options_(options) {}

  Result<PrefixExpression> Parse() {
    result_.text_ = std::string(text_);
    result_.zone_ = options_.zone;
    if (text_.size() > kPrefixCharactersMax) {
      return Refuse(text_, "it has " + std::to_string(text_.size()) + " characters, more than " +
                               std::to_string(kPrefixCharactersMax));
    }
    for (std::string_view rest = text_; !rest.empty();) {
      const size_t open = rest.find(kOpen);
      AddText(rest.substr(0, open));
      if (open == rest.npos) break;
      rest.remove_prefix(open + kOpen.size());
      const size_t close = rest.find('}');
      if (close == rest.npos) {
        return Refuse(text_, "'" + std::string(kOpen) + std::string(rest) + "' has no '}'");
      }
      result_.has_expressions_ = true;
      TAPELAKE_RETURN_NOT_OK(AddExpression(rest.substr(0, close)));
      rest.remove_prefix(close + 1);
    }
    TAPELAKE_RETURN_NOT_OK(result_.CheckFolders());
    return std::move(result_);
  }

 private:
  using Use = PrefixExpression::Use;
  using Kind = PrefixExpression::Kind;

  void AddText(std::string_view text) {
    if (text.empty()) return;
    if (result_.pieces_.empty() || result_.pieces_.back().kind != Kind::kText) {
      result_.pieces_.push_back({.kind = Kind::kText});
    }
    result_.pieces_.back().text.append(text);
  }

  Status AddExpression(std::string_view expression) {
    const size_t colon = expression.find(':');
    const std::string_view space = expression.substr(0, colon);
    const std::string_view value =
        colon == expression.npos ? std::string_view() : expression.substr(colon + 1);
    if (space == "timestamp") return AddTimestamp(value);
    if (space == "firehose") return AddFirehose(value);
    if (space == "partitionKeyFromQuery") return AddKey(value);
    if (space == "partitionKeyFromLambda") return AddFunctionKey(value);
    return Refuse(text_, "'" + std::string(space) +
                             "' is no namespace: timestamp, firehose, partitionKeyFromQuery, "
                             "partitionKeyFromLambda");
  }

  Status AddFirehose(std::string_view value) {
    if (value == "random-string") {
      result_.pieces_.push_back({.kind = Kind::kRandom});
      return Status::OK();
    }
    if (value != "error-output-type") {
      return Refuse(text_, "'firehose:" + std::string(value) +
                               "' is neither random-string nor error-output-type");
    }
    if (options_.use != Use::kErrors) {
      return Refuse(text_, "firehose:error-output-type belongs into the error prefix only");
    }
    result_.has_error_type_ = true;
    result_.pieces_.push_back({.kind = Kind::kErrorType});
    return Status::OK();
  }

  Status AddKey(std::string_view name) {
    if (options_.use != Use::kObjects) {
      return Refuse(text_, "partitionKeyFromQuery belongs into the prefix of raw objects only");
    }
    const auto& keys = options_.partition_keys;
    const auto found = std::find(keys.begin(), keys.end(), name);
    if (found == keys.end()) {
      return Refuse(text_, "the partition key '" + std::string(name) +
                               "' is not declared\nhint: delivery.partition_keys: [" +
                               std::string(name) + "]");
    }
    result_.pieces_.push_back(
        {.kind = Kind::kKey, .key = static_cast<size_t>(found - keys.begin())});
    return Status::OK();
  }

  Status AddFunctionKey(std::string_view name) {
    if (options_.use != Use::kObjects) {
      return Refuse(text_, "partitionKeyFromLambda belongs into the prefix of raw objects only");
    }
    if (name.empty() || name.size() > kKeyNameCharactersMax) {
      return Refuse(text_, "partitionKeyFromLambda needs the name of a key, of at most " +
                               std::to_string(kKeyNameCharactersMax) + " characters");
    }
    auto& keys = result_.function_keys_;
    const auto found = std::find(keys.begin(), keys.end(), name);
    const size_t index = static_cast<size_t>(found - keys.begin());
    if (found == keys.end()) keys.emplace_back(name);
    result_.pieces_.push_back({.kind = Kind::kKey, .key = options_.partition_keys.size() + index});
    return Status::OK();
  }

  Status AddTimestamp(std::string_view pattern) {
    if (pattern.empty()) return Refuse(text_, "timestamp: has no pattern");
    result_.has_timestamp_ = true;
    for (size_t at = 0; at < pattern.size();) {
      const char c = pattern[at];
      if (c == '\'') {
        TAPELAKE_RETURN_NOT_OK(AddQuoted(pattern, &at));
      } else if (IsLetter(c)) {
        const size_t end = std::min(pattern.find_first_not_of(c, at), pattern.size());
        TAPELAKE_RETURN_NOT_OK(AddTimeField(c, end - at));
        at = end;
      } else if (std::string_view("#{}[]").find(c) != std::string_view::npos) {
        return Refuse(text_, "'" + std::string(1, c) + "' of the pattern '" + std::string(pattern) +
                                 "' is not supported outside of quotes");
      } else {
        AddText(pattern.substr(at++, 1));
      }
    }
    return Status::OK();
  }

  /// Text in quotes, in which two quotes are one; two quotes alone are one, too.
  Status AddQuoted(std::string_view pattern, size_t* at) {
    const size_t begin = *at + 1;
    if (pattern.substr(begin, 1) == "'") {
      AddText("'");
      *at = begin + 1;
      return Status::OK();
    }
    for (size_t i = begin; i < pattern.size(); ++i) {
      if (pattern[i] != '\'') {
        AddText(pattern.substr(i, 1));
      } else if (pattern.substr(i + 1, 1) == "'") {
        AddText(pattern.substr(i++, 1));
      } else {
        *at = i + 1;
        return Status::OK();
      }
    }
    return Refuse(text_, "the pattern '" + std::string(pattern) + "' has a quote without an end");
  }

  Status AddTimeField(char letter, size_t count) {
    const auto* known =
        std::find_if(kTimeLetters.begin(), kTimeLetters.end(),
                     [letter](const TimeLetter& one) { return one.letter == letter; });
    const std::string field(count, letter);
    if (letter == 'Y') {
      return Refuse(text_, "'" + field +
                               "' of a timestamp counts years by weeks in Java and is not "
                               "supported\nhint: yyyy is the year of the date");
    }
    if (known == kTimeLetters.end()) {
      return Refuse(text_, "'" + field +
                               "' of a timestamp is not supported\nhint: letters y u M d D H h m s "
                               "S a E; put text in single quotes");
    }
    if (count > known->count_max) {
      return Refuse(text_, "'" + field + "' of a timestamp has more than " +
                               std::to_string(known->count_max) + " letters");
    }
    result_.pieces_.push_back({.kind = Kind::kTime, .letter = letter, .count = count});
    return Status::OK();
  }

  const std::string_view text_;
  const PrefixExpression::Options& options_;
  PrefixExpression result_;
};

Result<PrefixExpression> PrefixExpression::Parse(std::string_view text, const Options& options) {
  return PrefixParser(text, options).Parse();
}

/// Check that whatever it evaluates to stays below its target and fits a file system.
Status PrefixExpression::CheckFolders() {
  std::string folder;  // the literal text of the one at hand, a wildcard for the rest
  size_t bytes = 0;
  bool slash = false;
  for (const Piece& piece : pieces_) {
    if (piece.kind != Kind::kText) {
      folder.push_back(kWild);
      bytes += piece.kind == Kind::kKey         ? kPartitionValueBytesMax
               : piece.kind == Kind::kErrorType ? kErrorTypeBytesMax
               : piece.kind == Kind::kRandom    ? kRandomCharacters
                                                : kTimeBytesMax;
      continue;
    }
    for (const char c : piece.text) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        return Refuse(text_, "it holds a control character");
      }
      if (c != '/') {
        folder.push_back(c);
        ++bytes;
        continue;
      }
      slash = true;
      if (folder.empty()) return Refuse(text_, "a folder has no name");
      if (folder.front() == '.') return Refuse(text_, "a folder's name starts with '.'");
      if (bytes > kFolderBytesMax) {
        return Refuse(text_, "a folder's name may become longer than " +
                                 std::to_string(kFolderBytesMax) + " bytes");
      }
      folder.clear();
      bytes = 0;
    }
  }
  if (!slash) return Refuse(text_, "it names no folder: there is no '/'");
  if (folder.starts_with('.')) return Refuse(text_, "the objects' names start with '.'");
  name_bytes_max_ = bytes;
  return Status::OK();
}

bool PrefixExpression::UsesKey(size_t index) const {
  return std::any_of(pieces_.begin(), pieces_.end(), [index](const Piece& piece) {
    return piece.kind == Kind::kKey && piece.key == index;
  });
}

void PrefixExpression::AppendTime(const Piece& piece, const absl::TimeZone::CivilInfo& time,
                                  std::string* out) const {
  const absl::CivilSecond& civil = time.cs;
  const int hour = civil.hour();
  switch (piece.letter) {
    case 'y':
    case 'u':
      return AppendNumber(piece.count == 2 ? civil.year() % 100 : civil.year(), piece.count, out);
    case 'M':
      if (piece.count <= 2) return AppendNumber(civil.month(), piece.count, out);
      return AppendName(kMonths[static_cast<size_t>(civil.month() - 1)], piece.count, out);
    case 'd':
      return AppendNumber(civil.day(), piece.count, out);
    case 'D':
      return AppendNumber(absl::GetYearDay(civil), piece.count, out);
    case 'H':
      return AppendNumber(hour, piece.count, out);
    case 'h':
      return AppendNumber(hour % 12 == 0 ? 12 : hour % 12, piece.count, out);
    case 'm':
      return AppendNumber(civil.minute(), piece.count, out);
    case 's':
      return AppendNumber(civil.second(), piece.count, out);
    case 'S': {
      std::string digits;
      AppendNumber(absl::ToInt64Nanoseconds(time.subsecond), 9, &digits);
      out->append(digits, 0, piece.count);
      return;
    }
    case 'a':
      out->append(hour < 12 ? "AM" : "PM");
      return;
    default:  // E
      return AppendName(kDays[static_cast<size_t>(absl::GetWeekday(civil))], piece.count, out);
  }
}

std::string PrefixExpression::Evaluate(const PrefixValues& values) const {
  const absl::TimeZone::CivilInfo time = zone_.At(absl::FromUnixMicros(values.micros));
  std::string path;
  for (size_t i = 0; i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    switch (piece.kind) {
      case Kind::kText:
        path.append(piece.text);
        break;
      case Kind::kTime:
        AppendTime(piece, time, &path);
        break;
      case Kind::kErrorType:
        path.append(values.error_type);
        break;
      case Kind::kRandom:
        AppendRandom(values.seed, i, &path);
        break;
      case Kind::kKey:
        path.append(values.partition[piece.key]);
        break;
    }
  }
  return path;
}

std::string PrefixExpression::Glob() const {
  std::string glob;
  for (const Piece& piece : pieces_) {
    if (piece.kind == Kind::kText) {
      glob.append(piece.text);
    } else {
      glob.push_back(kWild);
    }
  }
  return glob;
}

std::string PrefixExpression::Glob(int64_t micros, std::string_view error_type) const {
  const absl::TimeZone::CivilInfo time = zone_.At(absl::FromUnixMicros(micros));
  std::string glob;
  for (const Piece& piece : pieces_) {
    if (piece.kind == Kind::kText) {
      glob.append(piece.text);
    } else if (piece.kind == Kind::kTime && piece.letter != 'S') {
      // Names of objects tell whole seconds: fractions are not known.
      AppendTime(piece, time, &glob);
    } else if (piece.kind == Kind::kErrorType && !error_type.empty()) {
      glob.append(error_type);
    } else {
      glob.push_back(kWild);
    }
  }
  return glob;
}

bool GlobMatches(std::string_view glob, std::string_view text) {
  size_t at = 0;
  size_t in = 0;
  size_t wild = glob.npos;  // the last wildcard passed, and the text behind what it holds so far
  size_t behind = 0;
  while (in < text.size()) {
    if (at < glob.size() && glob[at] == PrefixExpression::kWild && text[in] != '/') {
      wild = at++;
      behind = ++in;
    } else if (at < glob.size() && glob[at] != PrefixExpression::kWild && glob[at] == text[in]) {
      ++at;
      ++in;
    } else if (wild != glob.npos && behind < text.size() && text[behind] != '/') {
      at = wild + 1;
      in = ++behind;
    } else {
      return false;
    }
  }
  return at == glob.size();
}

}  // namespace tapelake::delivery
