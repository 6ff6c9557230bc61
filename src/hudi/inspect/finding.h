#pragma once

/// What can be wrong with a table. Pure.

#include <cstdint>
#include <string>
#include <string_view>

namespace tapelake::hudi {

enum class FindingKind : uint8_t {
  kTableUnreadable = 1,     ///< Its properties, or what decides which files count, cannot be read.
  kInstantUnreadable = 2,   ///< A file of the timeline does not parse, or its checksum is wrong.
  kInstantTwice = 3,        ///< Two actions that write carry one instant.
  kInstantAhead = 4,        ///< An instant is ahead of the clock.
  kInstantDead = 5,         ///< Begun, not completed, and later commits followed.
  kInstantPending = 6,      ///< Begun, and nothing followed: a writer is at work, or it died.
  kSavepointLost = 7,       ///< A savepoint of a commit that is not there.
  kMetadataTableStale = 8,  ///< Readers that list files by it miss commits.
  kStatWrong = 9,           ///< What a commit says of a file contradicts the file's name.
  kFileMissing = 10,        ///< A file that readers need is gone.
  kFileSize = 11,           ///< Its size is not what its commit says.
  kRowCount = 12,           ///< It holds other numbers of rows or deletes than its commit says.
  kFileOrphan = 13,         ///< A data file that belongs to no commit.
  kFileTwice = 14,          ///< Two base files of one file group and instant.
  kFileForeign = 15,        ///< Something in a partition that is no file of a Hudi table.
  kPartitionUnmarked =
      16,                 ///< A partition without `.hoodie_partition_metadata`: Spark sees no row.
  kFileDamaged = 17,      ///< A data file that does not parse, or whose checksum is wrong.
  kFooterWrong = 18,      ///< Key range or key filter in a footer leave out a key of the file.
  kMetaColumnWrong = 19,  ///< A row's `_hoodie_*` column contradicts where the row lies.
  kBucketWrong = 20,      ///< A row in a file group of another bucket than its key's.
  kKeyTwice = 21,         ///< One key in two rows.
  kSequenceWrong = 22,    ///< The column that must grow from commit to commit does not.
};

/// The kind as text, `key-twice`. Part of what the program prints: never renamed.
std::string_view FindingName(FindingKind kind);

/// Notes are worth knowing, but nothing is wrong: kInstantPending and kFileForeign.
bool IsNote(FindingKind kind);

/// One thing that is wrong, and where. What does not apply is empty.
struct Finding {
  FindingKind kind = FindingKind::kTableUnreadable;
  std::string path = {};     ///< Relative to the table's base path.
  std::string instant = {};  ///< The instant whose word does not hold.
  std::string key = {};      ///< A record key.
  std::string what = {};     ///< One sentence.

  bool operator==(const Finding&) const = default;
};

}  // namespace tapelake::hudi
