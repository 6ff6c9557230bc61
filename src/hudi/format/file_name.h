#pragma once

/// Names of data files, file groups and partition directories (docs/internals/hudi-v6.md, sections
/// 6 to 8 and 11). Pure but for the randomness passed in; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/random.h"

namespace tapelake::hudi {

inline constexpr std::string_view kMetadataFolder = ".hoodie";
inline constexpr std::string_view kPropertiesFileName = "hoodie.properties";
inline constexpr std::string_view kPartitionMetadataFileName = ".hoodie_partition_metadata";
inline constexpr std::string_view kDefaultPartitionValue = "__HIVE_DEFAULT_PARTITION__";

/// `<file_id>_<write_token>_<instant>.<extension>`.
struct BaseFileName {
  std::string file_id;
  std::string write_token;  ///< Three numbers, `<task>-<stage>-<attempt>`.
  std::string instant;
  std::string extension = "parquet";

  bool operator==(const BaseFileName&) const = default;
};

/// nullopt for anything that is no base file (side files, temporaries, log files).
std::optional<BaseFileName> ParseBaseFileName(std::string_view name);

std::string FormatBaseFileName(const BaseFileName& name);

/// `.<file_id>_<base_instant>.log.<version>_<write_token>[.cdc]`.
struct LogFileName {
  std::string file_id;
  std::string base_instant;
  int64_t version = 1;
  std::string write_token;  ///< Empty in names of very old writers.
  bool is_cdc = false;      ///< A change-data log beside a copy-on-write base file.

  bool operator==(const LogFileName&) const = default;
};

/// nullopt for anything that is no log file.
std::optional<LogFileName> ParseLogFileName(std::string_view name);

std::string FormatLogFileName(const LogFileName& name);

/// A new file id `<uuid>-0` (random UUID, version 4).
std::string NewFileId(io::Random& random);

/// A new file id of a bucket: its number in 8 digits in place of the UUID's first 8 characters.
/// `bucket` must be below 100,000,000.
std::string NewBucketFileId(uint32_t bucket, io::Random& random);

/// The bucket a file id names: its first 8 characters as a number; nullopt if they are not digits
/// (the group was made by another index).
std::optional<uint32_t> BucketOfFileId(std::string_view file_id);

/// How partition directories are named.
struct PartitionPathStyle {
  bool hive_style = true;  ///< `field=value` rather than `value`.
  bool urlencode = false;  ///< Escape as EscapePathPart does.
};

/// One directory name for one partition field; an empty value becomes kDefaultPartitionValue.
/// Errors: kInvalid, naming the value, if without urlencode it could not be a directory name:
/// it holds `/` or NUL, is `.` or `..`, or (without hive style) starts with `.`.
Result<std::string> PartitionPathPart(std::string_view field, std::string_view value,
                                      const PartitionPathStyle& style);

/// Percent-escape (upper-case hex) control characters, DEL and `" # % ' * / : = ? \ { [ ] ^`.
std::string EscapePathPart(std::string_view text);

/// Content of kPartitionMetadataFileName: the instant that created the partition and the number of
/// components of its path.
std::string FormatPartitionMetadata(std::string_view instant, int depth);

}  // namespace tapelake::hudi
