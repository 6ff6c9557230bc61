#pragma once

/// Blocks of log files as bytes (docs/internals/hudi-v6.md, section 11). Pure; any thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"

namespace tapelake::hudi {

enum class LogBlockType : int32_t {
  kCommand = 0,
  kDelete = 1,
  kCorrupt = 2,  ///< Made by readers, never stored.
  kAvroData = 3,
  kHFileData = 4,
  kParquetData = 5,
  kCdcData = 6,
};

/// Keys of a block's header map; numbers as stored.
enum class LogHeaderKey : int32_t {
  kInstantTime = 0,
  kTargetInstantTime = 1,
  kSchema = 2,
  kCommandBlockType = 3,
  kCompactedBlockTimes = 4,
  kRecordPositions = 5,
  kBlockIdentifier = 6,
  kIsPartial = 7,
};

/// One block of a log file; views into the file's bytes.
struct LogBlock {
  LogBlockType type = LogBlockType::kCorrupt;
  std::map<LogHeaderKey, std::string> header;  ///< Keys of later releases too.
  std::string_view content;                    ///< Without our seal.
  size_t offset = 0;                           ///< Of the block's magic in the file.
  size_t size = 0;                             ///< Of the whole block, magic included.
  bool more = false;  ///< Ours, and another block of the same write follows it.

  /// The header's INSTANT_TIME, or empty.
  std::string_view instant() const;
};

/// Split a log file into its blocks exactly as Hudi does: a block whose trailing length disagrees,
/// or that is not followed by a magic or the end, becomes one kCorrupt block up to the next magic
/// or the end; a cut last block likewise, and a kCorrupt block without bytes stands for the one
/// that is missing after `more`. So a write that was cut short never fails. Errors, naming the
/// block's offset: kInvalid (a log format version or block type we do not know), kCorrupt (the
/// inside of a whole frame contradicts it, a seal is wrong, or what Hudi would skip is a damaged
/// block of ours: to skip it would lose rows).
Result<std::vector<LogBlock>> SplitLogBlocks(std::string_view file);

using LogBlockHeader = std::map<LogHeaderKey, std::string>;

/// Append one block: frame, header, content, the seal of all that, empty footer.
void AppendLogBlock(LogBlockType type, const LogBlockHeader& header, std::string_view content,
                    std::string* out);

/// The same without a copy of the content: begin a block, append its content to `out`, end it.
/// BeginLogBlock returns the offset that EndLogBlock needs.
size_t BeginLogBlock(LogBlockType type, const LogBlockHeader& header, std::string* out);

/// What comes after a block in the same write.
enum class AfterBlock : uint8_t { kEnd, kMore };
void EndLogBlock(size_t begin, AfterBlock after, std::string* out);

/// Version of the content of Avro data blocks and of delete blocks.
inline constexpr int32_t kLogContentVersion = 3;

/// The content of an Avro data block: kLogContentVersion, count, then the records as
/// AvroRowEncoder::Append made them.
std::string FormatAvroBlockContent(int32_t record_count, std::string_view encoded_records);

/// The datums of an Avro data block's content. Errors: kCorrupt, kInvalid (version).
Result<std::vector<std::string_view>> SplitAvroBlockContent(std::string_view content);

/// The ordering value of a delete. int32_t 0 means "natural order": the delete wins over all before
/// it. int64_t is what our tables use (`_change_seq`). Other Avro branches read as text of their
/// value's bytes.
using OrderingValue = std::variant<int32_t, int64_t, double, std::string>;

/// One entry of a delete block.
struct DeleteRecord {
  std::string record_key;
  std::string partition_path;
  OrderingValue ordering = int32_t{0};
};

/// The content of a delete block (version 3). Errors on reading: kCorrupt; kInvalid for versions 1
/// and 2 (Kryo), which no engine of table version 6 writes any more.
std::string FormatDeleteBlockContent(const std::vector<DeleteRecord>& deletes);
Result<std::vector<DeleteRecord>> ParseDeleteBlockContent(std::string_view content);

}  // namespace tapelake::hudi
