#pragma once

/// Files as sources of change records: NDJSON of both record shapes, and trade dumps of exchanges.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "io/file_system.h"
#include "record/change.h"
#include "record/record_block.h"

namespace tapelake::source {

enum class FileFormat : uint8_t {
  kAuto,         ///< Trade dump if the first line looks like one, else NDJSON.
  kNdjson,       ///< One wire record a line, plain JSON or base64.
  kTrades,       ///< Trade dump (CSV), see files/trade_dump.h.
  kRawObject,    ///< Replayable row lines; the records they were made of come out.
  kErrorObject,  ///< Error lines; the records in their `raw_data` come out.
};

/// Whether files of this format are objects of a lake: written whole, never empty.
constexpr bool HoldsObjects(FileFormat format) {
  return format == FileFormat::kRawObject || format == FileFormat::kErrorObject;
}

struct FileSourceOptions {
  FileFormat format = FileFormat::kAuto;
  /// Of lines, not of objects: leave a last line that lacks its end, since it is being written.
  bool hold_last_line = false;
  // The rest is for trade dumps, which do not say these things themselves.
  record::RecordShape shape = record::RecordShape::kKinesis;
  std::string exchange = "binance";
  std::string pair;  ///< `BTC/USDT`; needed if the dump names no pair.
};

/// Open one file, plain, .gz (any number of members), .zst (any number of frames) or .zip (one file
/// inside): its bytes decide, not its name. Lines end in `\n` or `\r\n`, the last one may lack it;
/// lines of no bytes are passed over; of a line over 16 MiB the beginning is handed on. A raw
/// object is read once before its first record is handed on, so that no record of a damaged one
/// counts.
///
/// Offsets are uncompressed byte offsets: with `start_offset` = the end_offset of an earlier block
/// the rest follows, also after the file has grown. `files` must outlive the source. Errors:
/// kInvalid (offset beyond the end; a trade dump without a pair; kTrades for another file),
/// kCorrupt (also later, from ReadBlock, after the records before the damage), kNotFound,
/// kUnavailable.
Result<std::unique_ptr<record::RecordSource>> OpenFileSource(io::FileSystem& files,
                                                             const std::string& path,
                                                             const FileSourceOptions& options,
                                                             uint64_t start_offset);

/// A name for what is in a file that stays the same while the file grows, is moved or compressed
/// in another way (without its .gz, .zst or .zip ending), and changes with the file's beginning:
/// file name and a hash of the first record, at most 4 KiB of it (so it settles once that record is
/// whole). Store it with an offset to resume. Errors: those of OpenFileSource.
Result<std::string> FileSourceId(io::FileSystem& files, const std::string& path);

struct InputFile {
  std::string path;
  int64_t size_bytes = 0;
};

/// A file itself; of a directory (or a prefix of S3) all files below it whose names end in .ndjson,
/// .jsonl, .json or .csv, perhaps followed by .gz, .zst or .zip, sorted by path. Names that start
/// with '.' or '_' are passed over. Errors: kNotFound (also: a directory without such files),
/// kUnavailable.
Result<std::vector<InputFile>> ListInputs(io::FileSystem& files, const std::string& path);

/// The paths of ListInputs().
Result<std::vector<std::string>> ListInputFiles(io::FileSystem& files, const std::string& path);

/// Several files as one source, one after the other; each is opened when its turn comes. Offsets
/// are those within each file. After a failure the next call goes on with the next file. `files`
/// must outlive the source.
std::unique_ptr<record::RecordSource> MakeFileChain(io::FileSystem& files,
                                                    std::vector<std::string> paths,
                                                    const FileSourceOptions& options);

}  // namespace tapelake::source
