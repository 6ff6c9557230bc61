#include "source/file_source.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <xxhash.h>

#include "source/files/byte_stream.h"
#include "source/files/line_source.h"
#include "source/files/object_source.h"
#include "source/files/trade_dump.h"

namespace tapelake::source {
namespace {

constexpr size_t kFirstLinesBytesMax = 64 << 10;
constexpr size_t kNameBytesMax = 256;
constexpr size_t kIdentityBytesMax = 4 << 10;
constexpr std::array<std::string_view, 4> kRecordEndings = {".ndjson", ".jsonl", ".json", ".csv"};
constexpr std::array<std::string_view, 3> kPackedEndings = {".gz", ".zst", ".zip"};

/// The first lines of a file, as far as they fit.
struct FirstLines {
  std::string_view first;   // without its end
  std::string_view second;  // empty if there is none
  std::string bytes;
};

std::string_view TakeLine(std::string_view* bytes) {
  const size_t end = bytes->find('\n');
  std::string_view line = bytes->substr(0, end);
  bytes->remove_prefix(end == bytes->npos ? bytes->size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Result<std::unique_ptr<FirstLines>> ReadFirstLines(io::FileSystem& files, const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(auto stream, OpenByteStream(files, path));
  auto lines = std::make_unique<FirstLines>();
  lines->bytes.resize(kFirstLinesBytesMax);
  size_t size = 0;
  while (size < kFirstLinesBytesMax) {
    const Result<size_t> read =
        stream->Read(lines->bytes.data() + size, kFirstLinesBytesMax - size);
    // Damage further on is for the reader to tell.
    if (!read.ok() && size == 0) return read.status();
    if (!read.ok() || *read == 0) break;
    size += *read;
  }
  lines->bytes.resize(size);
  std::string_view rest = lines->bytes;
  lines->first = TakeLine(&rest);
  lines->second = TakeLine(&rest);
  return lines;
}

std::string WithoutPackedEnding(std::string name) {
  for (std::string_view ending : kPackedEndings) {
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  return name;
}

bool IsRecordFileName(const std::string& name) {
  if (name.starts_with('.') || name.starts_with('_')) return false;
  const std::string plain = WithoutPackedEnding(name);
  return std::any_of(kRecordEndings.begin(), kRecordEndings.end(),
                     [&plain](std::string_view ending) { return plain.ends_with(ending); });
}

Status ListBelow(io::FileSystem& files, const std::string& directory,
                 std::vector<InputFile>* inputs) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::vector<io::FileInfo> entries, files.List(directory));
  for (const io::FileInfo& entry : entries) {
    const std::string path = io::JoinPath(directory, entry.name);
    if (entry.is_directory && !entry.name.starts_with('.') && !entry.name.starts_with('_')) {
      TAPELAKE_RETURN_NOT_OK(ListBelow(files, path, inputs));
    } else if (!entry.is_directory && IsRecordFileName(entry.name)) {
      inputs->push_back({.path = path, .size_bytes = entry.size_bytes});
    }
  }
  return Status::OK();
}

/// What the trade dump needs beyond the file; nothing if the file is NDJSON.
Result<std::optional<TradeDumpOptions>> RecogniseFormat(io::FileSystem& files,
                                                        const std::string& path,
                                                        const FileSourceOptions& options) {
  if (options.format != FileFormat::kAuto && options.format != FileFormat::kTrades) {
    return std::nullopt;
  }
  const auto lines = ReadFirstLines(files, path);
  std::optional<TradeDumpForm> form;
  if (lines.ok()) form = RecogniseTradeDump((*lines)->first);
  if (!form && options.format == FileFormat::kTrades) {
    TAPELAKE_RETURN_NOT_OK(lines.status());
    return MakeError(ErrorKind::kInvalid,
                     "'" + path +
                         "' is no trade dump: its first line is neither a header nor a row"
                         " of id,price,qty,quote_qty,time,is_buyer_maker[,is_best_match]");
  }
  // A file damaged in its very beginning is opened as NDJSON; reading it tells the damage.
  if (!form) return std::nullopt;
  if (options.pair.size() > kNameBytesMax || options.exchange.size() > kNameBytesMax) {
    return MakeError(ErrorKind::kInvalid,
                     "the pair and the exchange of a trade dump have at most " +
                         std::to_string(kNameBytesMax) + " bytes");
  }
  if (form->trading_pair < 0 && options.pair.empty()) {
    return MakeError(ErrorKind::kInvalid,
                     "the trade dump '" + path +
                         "' does not name its trading pair; give it, for example --pair BTC/USDT");
  }
  return TradeDumpOptions{
      .form = *form, .shape = options.shape, .exchange = options.exchange, .pair = options.pair};
}

class FileChain : public record::RecordSource {
 public:
  FileChain(io::FileSystem& files, std::vector<std::string> paths, const FileSourceOptions& options)
      : files_(files), paths_(std::move(paths)), options_(options) {}

  Result<bool> ReadBlock(record::RecordBlock* block) override {
    block->Clear();
    while (current_ != nullptr || next_ < paths_.size()) {
      if (current_ == nullptr) {
        const std::string& path = paths_[next_++];
        TAPELAKE_ASSIGN_OR_RAISE(current_, OpenFileSource(files_, path, options_, 0));
      }
      const Result<bool> more = current_->ReadBlock(block);
      if (more.ok() && *more) return true;
      current_ = nullptr;
      TAPELAKE_RETURN_NOT_OK(more.status());
    }
    return false;
  }

 private:
  io::FileSystem& files_;
  std::vector<std::string> paths_;
  FileSourceOptions options_;
  size_t next_ = 0;
  std::unique_ptr<record::RecordSource> current_;
};

}  // namespace

Result<std::unique_ptr<record::RecordSource>> OpenFileSource(io::FileSystem& files,
                                                             const std::string& path,
                                                             const FileSourceOptions& options,
                                                             uint64_t start_offset) {
  if (HoldsObjects(options.format)) {
    return OpenObjectSource(files, path, options.format == FileFormat::kErrorObject, start_offset);
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto dump, RecogniseFormat(files, path, options));
  TAPELAKE_ASSIGN_OR_RAISE(auto bytes, OpenByteStream(files, path));
  if (const Status skipped = bytes->Skip(start_offset); !skipped.ok()) {
    return WithContext(skipped, "cannot continue '" + path + "'");
  }
  std::unique_ptr<record::RecordSource> source =
      std::make_unique<LineSource>(std::move(bytes), start_offset,
                                   LineSource::Options{.hold_last_line = options.hold_last_line});
  if (dump) source = MakeTradeDumpSource(std::move(source), *dump);
  return source;
}

Result<std::string> FileSourceId(io::FileSystem& files, const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto lines, ReadFirstLines(files, path));
  // Every dump of one kind has the same header: there the first row tells files apart.
  const auto form = RecogniseTradeDump(lines->first);
  const std::string_view record = form && form->has_header ? lines->second : lines->first;
  const std::string_view identity = record.substr(0, kIdentityBytesMax);
  const uint64_t hash = XXH3_64bits(identity.data(), identity.size());
  std::string id = WithoutPackedEnding(io::FileName(path)) + "#";
  for (int shift = 60; shift >= 0; shift -= 4)
    id.push_back("0123456789abcdef"[hash >> shift & 15]);
  return id;
}

Result<std::vector<InputFile>> ListInputs(io::FileSystem& files, const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const io::FileInfo info, files.GetInfo(path));
  std::vector<InputFile> inputs;
  if (!info.is_directory) {
    inputs.push_back({.path = path, .size_bytes = info.size_bytes});
    return inputs;
  }
  TAPELAKE_RETURN_NOT_OK(ListBelow(files, path, &inputs));
  std::ranges::sort(inputs, {}, &InputFile::path);
  if (inputs.empty()) {
    return MakeError(ErrorKind::kNotFound,
                     "no files to read below '" + path +
                         "': names must end in .ndjson, .jsonl, .json or .csv, perhaps with .gz, "
                         ".zst or .zip");
  }
  return inputs;
}

Result<std::vector<std::string>> ListInputFiles(io::FileSystem& files, const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(std::vector<InputFile> inputs, ListInputs(files, path));
  std::vector<std::string> paths;
  paths.reserve(inputs.size());
  for (InputFile& input : inputs)
    paths.push_back(std::move(input.path));
  return paths;
}

std::unique_ptr<record::RecordSource> MakeFileChain(io::FileSystem& files,
                                                    std::vector<std::string> paths,
                                                    const FileSourceOptions& options) {
  return std::make_unique<FileChain>(files, std::move(paths), options);
}

}  // namespace tapelake::source
