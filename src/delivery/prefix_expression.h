#pragma once

/// Firehose's prefix expressions: `year=!{timestamp:yyyy}/pair=!{partitionKeyFromQuery:pair}/`.
/// Pure.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <absl/time/time.h>

#include "base/status.h"

namespace tapelake::delivery {

/// A time zone by its IANA name; empty: UTC. Errors: kInvalid, naming it (a zone that this machine
/// does not know, `localtime`).
Result<absl::TimeZone> FindTimeZone(const std::string& name);

/// No value of a partition key is longer in a path; longer ones cannot be delivered.
inline constexpr size_t kPartitionValueBytesMax = 100;

/// What expressions stand for in the path of one object.
struct PrefixValues {
  int64_t micros = 0;                ///< Of all timestamps.
  std::string_view error_type = {};  ///< Of an error object.
  /// Path-safe values of the partition keys, in the order in which they were declared; behind them
  /// those of a function, in the order of function_keys().
  std::vector<std::string_view> partition = {};
  /// Random strings follow from it: the same object has the same ones whenever it is written.
  std::string_view seed = {};
};

/// Text with expressions, which evaluates to the front of an object's path below its target:
/// folders and, behind the last slash, how the object's own name begins.
///
/// - `!{timestamp:PATTERN}`: letters y u M d D H h m s S a E of Java's DateTimeFormatter, as it
///   writes them in English; text in single quotes, `''`, and signs stand for themselves.
/// - `!{firehose:random-string}`: 11 letters and digits, others at each place.
/// - `!{firehose:error-output-type}`: only in prefixes of error objects.
/// - `!{partitionKeyFromQuery:NAME}`: only of declared keys, only in prefixes of objects.
/// - `!{partitionKeyFromLambda:NAME}`: only in prefixes of objects; to name it is to declare it.
///
/// Immutable; any thread.
class PrefixExpression {
 public:
  enum class Use : uint8_t {
    kObjects,  ///< Raw objects: no error type.
    kErrors,   ///< Error objects: no partition keys.
    kBackup,   ///< Source records: neither.
  };
  struct Options {
    Use use = Use::kObjects;
    std::vector<std::string> partition_keys = {};  ///< Declared names.
    absl::TimeZone zone = absl::UTCTimeZone();
  };

  /// Errors: kInvalid, naming the expression, letter or folder that is wrong and what would be
  /// right. A prefix has at most 1,024 characters and a slash at least; no folder is empty, starts
  /// with `.` or can become longer than a file system takes.
  static Result<PrefixExpression> Parse(std::string_view text, const Options& options);

  /// The path's front. Values must be there for all that HasXxx() says.
  std::string Evaluate(const PrefixValues& values) const;

  bool has_expressions() const { return has_expressions_; }
  bool has_timestamp() const { return has_timestamp_; }
  bool has_error_type() const { return has_error_type_; }
  /// Whether the declared key at `index` is used.
  bool UsesKey(size_t index) const;

  /// The names of the keys that a Lambda function gives, each once, as they are used.
  const std::vector<std::string>& function_keys() const { return function_keys_; }

  const std::string& text() const { return text_; }
  /// Upper bound of what stands behind the last slash.
  size_t name_bytes_max() const { return name_bytes_max_; }

  /// What wildcards of Glob() are: any characters but slashes, one at least.
  static constexpr char kWild = '\x01';

  /// The front of any object's path: a wildcard for all that is not known before its name is.
  std::string Glob() const;
  /// Likewise for an object of that time and, if there is one, error type.
  std::string Glob(int64_t micros, std::string_view error_type) const;

 private:
  enum class Kind : uint8_t { kText, kTime, kErrorType, kRandom, kKey };
  struct Piece {
    Kind kind = Kind::kText;
    std::string text = {};  ///< Of kText.
    char letter = 0;        ///< Of kTime; `count` of them.
    size_t count = 0;
    size_t key = 0;  ///< Of kKey: which value of PrefixValues::partition.
  };
  friend class PrefixParser;

  PrefixExpression() = default;
  void AppendTime(const Piece& piece, const absl::TimeZone::CivilInfo& time,
                  std::string* out) const;
  Status CheckFolders();

  std::string text_;
  std::vector<Piece> pieces_;
  std::vector<std::string> function_keys_;
  absl::TimeZone zone_;
  bool has_expressions_ = false;
  bool has_timestamp_ = false;
  bool has_error_type_ = false;
  size_t name_bytes_max_ = 0;
};

/// Whether `text` is what `glob` allows.
bool GlobMatches(std::string_view glob, std::string_view text);

}  // namespace tapelake::delivery
