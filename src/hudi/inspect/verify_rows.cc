#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>

#include <arrow/array.h>
#include <arrow/util/checked_cast.h>
#include <xxhash.h>

#include "hudi/format/avro_schema.h"
#include "hudi/format/bloom_filter.h"
#include "hudi/format/bucket_hash.h"
#include "hudi/format/file_name.h"
#include "hudi/inspect/verify_checks.h"
#include "hudi/reader/base_file_check.h"
#include "hudi/reader/base_file_reader.h"
#include "hudi/reader/slice_logs.h"
#include "hudi/reader/slice_reader.h"
#include "hudi/writer/commit_job.h"
#include "hudi/writer/key_summary.h"

namespace tapelake::hudi {
namespace {

constexpr char kKeyColumn[] = "_hoodie_record_key";
constexpr int32_t kFilterEntriesMax = 100'000;

/// Values of the growing column in the rows of one commit.
struct ValueRange {
  int64_t least = 0;
  int64_t greatest = 0;
  std::string path;  // a file with the least
};

/// What the rows of one slice come to.
struct SliceRows {
  std::vector<uint64_t> key_hashes;
  std::map<std::string, ValueRange> ranges;  // by commit
};

/// The first of many findings of one kind in a file, and how many there are.
class OnePerKind {
 public:
  explicit OnePerKind(FindingList* findings) : findings_(*findings) {}
  ~OnePerKind() {
    for (auto& [kind, entry] : found_) {
      if (entry.count > 1) {
        entry.finding.what += "; and " + std::to_string(entry.count - 1) + " more rows of the file";
      }
      findings_.Add(std::move(entry.finding));
    }
  }
  OnePerKind(const OnePerKind&) = delete;
  OnePerKind& operator=(const OnePerKind&) = delete;

  void Add(Finding finding) {
    Entry& entry = found_[finding.kind];
    if (entry.count++ == 0) entry.finding = std::move(finding);
  }

 private:
  struct Entry {
    Finding finding;
    int64_t count = 0;
  };
  FindingList& findings_;
  std::map<FindingKind, Entry> found_;
};

const arrow::StringArray* StringColumn(const arrow::RecordBatch& batch, const std::string& name) {
  const auto column = batch.GetColumnByName(name);
  return dynamic_cast<const arrow::StringArray*>(column.get());
}

/// What the table's settings say of every row.
struct RowRules {
  const TableEvidence& evidence;
  std::string key_field;        // empty: keys are made of more than one column
  std::string partition_field;  // empty: the directory is not `field=value` of one column
  uint32_t bucket_count = 0;    // 0: no bucket index
  std::string growing_column;
  std::vector<std::string> columns;  // to be read

  RowRules(const TableEvidence& table, const arrow::Schema& schema, const std::string& growing)
      : evidence(table) {
    const TableConfig& config = table.config;
    const auto is_string = [&](const std::string& name) {
      const auto field = schema.GetFieldByName(name);
      return field != nullptr && field->type()->id() == arrow::Type::STRING;
    };
    columns = {std::string(kMetaColumns[0]), kKeyColumn, std::string(kMetaColumns[3]),
               std::string(kMetaColumns[4])};
    if (config.record_key_fields.size() == 1 && is_string(config.record_key_fields.front()) &&
        !config.key_generator_class.ends_with("ComplexKeyGenerator")) {
      key_field = config.record_key_fields.front();
      columns.push_back(key_field);
      if (config.index_type == "BUCKET" && config.bucket_count > 0) {
        bucket_count = static_cast<uint32_t>(config.bucket_count);
      }
    }
    if (config.partition_fields.size() == 1 && config.hive_style_partitioning &&
        is_string(config.partition_fields.front())) {
      partition_field = config.partition_fields.front();
      if (partition_field != key_field) columns.push_back(partition_field);
    }
    const auto field = schema.GetFieldByName(growing);
    if (field != nullptr && field->type()->id() == arrow::Type::INT64) {
      growing_column = growing;
      columns.push_back(growing);
    }
  }
};

/// Judges rows of one slice, wherever they are stored.
class RowJudge {
 public:
  RowJudge(const RowRules& rules, const FileSlice& slice, OnePerKind* findings, SliceRows* out)
      : rules_(rules), slice_(slice), findings_(*findings), out_(*out) {
    bucket_ = BucketOfFileId(slice.file_id);
  }

  /// `path`: the rows' file. `file_name`: what `_hoodie_file_name` must say. `hidden`: keys whose
  /// rows do not count; they are judged all the same.
  void Judge(const arrow::RecordBatch& batch, const std::string& path, const std::string& file_name,
             const LogOverlay* hidden) {
    const auto* keys = StringColumn(batch, kKeyColumn);
    if (keys == nullptr) return;
    const auto* times = StringColumn(batch, std::string(kMetaColumns[0]));
    const auto* partitions = StringColumn(batch, std::string(kMetaColumns[3]));
    const auto* names = StringColumn(batch, std::string(kMetaColumns[4]));
    const auto* fields = rules_.key_field.empty() ? nullptr : StringColumn(batch, rules_.key_field);
    const auto* values =
        rules_.partition_field.empty() ? nullptr : StringColumn(batch, rules_.partition_field);
    const auto growing = rules_.growing_column.empty()
                             ? nullptr
                             : std::dynamic_pointer_cast<arrow::Int64Array>(
                                   batch.GetColumnByName(rules_.growing_column));
    for (int64_t row = 0; row < keys->length(); ++row) {
      const std::string_view key = keys->IsNull(row) ? std::string_view() : keys->GetView(row);
      Expect(*keys, row, nullptr, kKeyColumn, path, key);
      if (fields != nullptr) Expect(*fields, row, &key, rules_.key_field, path, key);
      const std::string_view partition = slice_.partition_path;
      if (partitions != nullptr) {
        Expect(*partitions, row, &partition, "_hoodie_partition_path", path, key);
      }
      const std::string_view name = file_name;
      if (names != nullptr) Expect(*names, row, &name, "_hoodie_file_name", path, key);
      if (values != nullptr) JudgePartition(*values, row, path, key);
      JudgeBucket(path, key);
      const std::string_view time =
          times == nullptr || times->IsNull(row) ? std::string_view() : times->GetView(row);
      if (times != nullptr) JudgeTime(time, path, key);
      if (hidden != nullptr && hidden->keys.contains(key)) continue;
      out_.key_hashes.push_back(XXH3_64bits(key.data(), key.size()));
      if (growing != nullptr && growing->IsValid(row)) {
        NoteValue(std::string(time), growing->Value(row), path);
      }
    }
  }

 private:
  void Report(FindingKind kind, const std::string& path, std::string_view key, std::string what) {
    findings_.Add({.kind = kind,
                   .path = path,
                   .instant = slice_.base_instant,
                   .key = std::string(key),
                   .what = std::move(what)});
  }

  /// A column must not be null and, with `expected`, have that value.
  void Expect(const arrow::StringArray& column, int64_t row, const std::string_view* expected,
              const std::string& name, const std::string& path, std::string_view key) {
    if (column.IsNull(row)) {
      Report(FindingKind::kMetaColumnWrong, path, key, name + " is null");
    } else if (expected != nullptr && column.GetView(row) != *expected) {
      Report(FindingKind::kMetaColumnWrong, path, key,
             name + " is '" + column.GetString(row) + "', not '" + std::string(*expected) + "'");
    }
  }

  void JudgePartition(const arrow::StringArray& column, int64_t row, const std::string& path,
                      std::string_view key) {
    const std::string value = column.IsNull(row) ? "" : column.GetString(row);
    if (value == last_value_ && !last_value_.empty()) return;
    const auto part = PartitionPathPart(
        rules_.partition_field, value,
        {.hive_style = true, .urlencode = rules_.evidence.config.urlencode_partitions});
    if (part.ok() && *part == slice_.partition_path) {
      last_value_ = value;
      return;
    }
    Report(FindingKind::kMetaColumnWrong, path, key,
           rules_.partition_field + " is '" + value + "', which is not of this partition");
  }

  void JudgeBucket(const std::string& path, std::string_view key) {
    if (rules_.bucket_count == 0) return;
    const uint32_t bucket = BucketOfHash(BucketHash(key), rules_.bucket_count);
    if (bucket_ && *bucket_ == bucket) return;
    Report(FindingKind::kBucketWrong, path, key,
           "the key belongs to bucket " + std::to_string(bucket) +
               ", where writers will look for it; this file group is " +
               (bucket_ ? "bucket " + std::to_string(*bucket_) : "of no bucket"));
  }

  /// Also archived ones where only pinned commits are left, after which readers look no more.
  bool WasCommitted(std::string_view time) const {
    return rules_.evidence.timeline.IsCommitted(time) ||
           rules_.evidence.archive.completed.contains(std::string(time));
  }

  void JudgeTime(std::string_view time, const std::string& path, std::string_view key) {
    if (time == last_time_) return;
    last_time_ = time;
    if (IsInstantTime(time) && WasCommitted(time)) return;
    last_time_.clear();
    Report(FindingKind::kMetaColumnWrong, path, key,
           "_hoodie_commit_time '" + std::string(time) + "' is no committed instant");
  }

  void NoteValue(const std::string& time, int64_t value, const std::string& path) {
    const auto [range, fresh] = out_.ranges.try_emplace(time, ValueRange{value, value, path});
    if (fresh) return;
    range->second.least = std::min(range->second.least, value);
    range->second.greatest = std::max(range->second.greatest, value);
  }

  const RowRules& rules_;
  const FileSlice& slice_;
  OnePerKind& findings_;
  SliceRows& out_;
  std::optional<uint32_t> bucket_;
  std::string last_value_;  // of the partition column, found right
  std::string last_time_;   // found right
};

/// What a footer says of the keys in its file.
class FooterJudge {
 public:
  explicit FooterJudge(const BaseFileReader& reader)
      : min_(reader.FooterValue(std::string(kMinRecordKeyKey))),
        max_(reader.FooterValue(std::string(kMaxRecordKeyKey))) {
    const auto type = reader.FooterValue(std::string(kBloomFilterTypeKey));
    const auto text = reader.FooterValue(std::string(kBloomFilterKey));
    if (!text || type != std::string(kBloomFilterType)) return;
    auto filter = BloomFilter::Parse(*text, kFilterEntriesMax);
    if (filter.ok()) {
      filter_ = std::move(filter).ValueUnsafe();
    } else {
      damage_ = "its key filter does not parse: " + filter.status().message();
    }
  }

  const std::string& damage() const { return damage_; }

  /// What is wrong about a key; empty: nothing.
  std::string Judge(std::string_view key) const {
    if (min_ && CompareAsJava(key, *min_) < 0) return "the key is below hoodie_min_record_key";
    if (max_ && CompareAsJava(key, *max_) > 0) return "the key is above hoodie_max_record_key";
    if (filter_ && !filter_->MayContain(key)) return "the key filter leaves the key out";
    return "";
  }

 private:
  std::optional<std::string> min_;
  std::optional<std::string> max_;
  std::optional<BloomFilter> filter_;
  std::string damage_;
};

class RowsCheck {
 public:
  RowsCheck(io::FileSystem& files, const TableEvidence& evidence,
            const std::shared_ptr<arrow::Schema>& schema, const VerifyOptions& options,
            FindingList* findings)
      : files_(files),
        evidence_(evidence),
        schema_(schema),
        options_(options),
        rules_(evidence, *schema, options.growing_column),
        findings_(*findings) {}

  Status Run(VerifyReport* report) {
    ChooseSlices();
    for (const CommitMetadata& commit : evidence_.commits) {
      for (const auto& [partition, stats] : commit.write_stats) {
        for (const WriteStat& stat : stats) {
          if (!stat.log) writes_[stat.path] = {commit.instant, stat.writes};
        }
      }
    }
    std::vector<const FileSlice*> others;
    for (const PartitionFiles& partition : evidence_.partitions) {
      for (const FileSlice& file : partition.base_files) {
        if (!newest_files_.contains(file.RelativePath())) others.push_back(&file);
      }
    }
    rows_.resize(slices_.size());
    TAPELAKE_RETURN_NOT_OK(RunOnThreads(
        slices_.size(), options_.threads,
        [this](size_t number, size_t) { return CheckSlice(slices_[number], &rows_[number]); }));
    TAPELAKE_RETURN_NOT_OK(RunOnThreads(
        others.size(), options_.threads,
        [&](size_t number, size_t) { return OpenBaseFile(*others[number]).status(); }));
    for (const SliceRows& rows : rows_)
      report->rows += std::ssize(rows.key_hashes);
    CheckGrowth();
    return CheckKeys();
  }

 private:
  /// The newest slices. Those of a group with two base files of one instant are nobody's;
  /// CheckFiles says so.
  void ChooseSlices() {
    SliceRules rules{.timeline = evidence_.timeline,
                     .as_of = "",
                     .replaced = {},
                     .compacting = evidence_.compacting};
    const auto newest = evidence_.timeline.NewestCompletedCommit();
    if (!newest) return;
    rules.as_of = newest->timestamp;
    for (const auto& [group, instant] : evidence_.replaced_at)
      rules.replaced.insert(group);
    for (const PartitionFiles& partition : evidence_.partitions) {
      auto latest = LatestSlicesOf(partition, rules);
      if (!latest.ok()) continue;
      for (FileSlice& slice : *latest) {
        if (slice.has_base_file()) newest_files_.insert(slice.RelativePath());
        slices_.push_back(std::move(slice));
      }
    }
  }

  void ReportDamage(const std::string& path, const std::string& instant, const Status& status) {
    findings_.Add({.kind = FindingKind::kFileDamaged,
                   .path = path,
                   .instant = instant,
                   .what = status.message()});
  }

  /// Check seal, footer and row count. nullptr: the file is damaged, or of a writer at work.
  Result<std::unique_ptr<BaseFileReader>> OpenBaseFile(const FileSlice& file) {
    const std::string path = file.RelativePath();
    const std::string full_path = io::JoinPath(evidence_.base_path, path);
    const InstantStanding standing = StandingOf(evidence_, file.base_instant);
    if (standing == InstantStanding::kPending || standing == InstantStanding::kNewer ||
        standing == InstantStanding::kNever) {
      return std::unique_ptr<BaseFileReader>();
    }
    Status status = CheckBaseFile(files_, full_path);
    std::unique_ptr<BaseFileReader> reader;
    if (status.ok()) status = BaseFileReader::Open(files_, full_path).Value(&reader);
    if (IsDamage(status)) {
      ReportDamage(path, file.base_instant, status);
      return std::unique_ptr<BaseFileReader>();
    }
    TAPELAKE_RETURN_NOT_OK(status);
    const auto said = writes_.find(path);
    if (said != writes_.end() && said->second.second != reader->row_count()) {
      findings_.Add({.kind = FindingKind::kRowCount,
                     .path = path,
                     .instant = said->second.first,
                     .what = "it holds " + std::to_string(reader->row_count()) +
                             " rows, its commit says " + std::to_string(said->second.second)});
    }
    return reader;
  }

  LogScanOptions scan() const {
    return {.as_of = evidence_.timeline.NewestCompletedCommit()->timestamp,
            .precombine_field = evidence_.config.precombine_field,
            .merge = evidence_.config.merge_rule()};
  }

  /// The merged logs of a slice; nullptr: there are none, or they cannot be read.
  Result<std::shared_ptr<const LogOverlay>> ReadLogs(const FileSlice& slice, bool base_is_sound) {
    if (slice.log_files.empty()) return nullptr;
    FileSlice without_base = slice;
    without_base.base_file_name.clear();
    const auto read = [this](const FileSlice& what) {
      return ReadSliceLogs(files_, evidence_.base_path, what, evidence_.timeline, schema_, scan());
    };
    auto overlay = read(base_is_sound ? slice : without_base);
    if (!IsDamage(overlay.status())) return overlay;
    // Most of it is reported by CheckLogFiles; what only the merge meets is said here. Some rules
    // read the base file, too.
    const bool of_base = base_is_sound && slice.has_base_file() && read(without_base).ok();
    ReportDamage(of_base ? slice.RelativePath() : slice.LogPath(slice.log_files.front()),
                 slice.base_instant, overlay.status());
    return nullptr;
  }

  Status CheckSlice(const FileSlice& slice, SliceRows* rows) {
    std::unique_ptr<BaseFileReader> base_file;
    if (slice.has_base_file()) {
      TAPELAKE_ASSIGN_OR_RAISE(base_file, OpenBaseFile(slice));
    }
    TAPELAKE_ASSIGN_OR_RAISE(const auto overlay, ReadLogs(slice, base_file != nullptr));
    OnePerKind findings(&findings_);
    RowJudge judge(rules_, slice, &findings, rows);
    if (base_file != nullptr) {
      TAPELAKE_RETURN_NOT_OK(
          CheckBaseRows(slice, base_file.get(), overlay.get(), &judge, &findings));
    }
    if (overlay != nullptr && overlay->rows != nullptr && overlay->rows->num_rows() > 0) {
      judge.Judge(*overlay->rows, slice.LogPath(slice.log_files.front()), slice.file_id, nullptr);
    }
    return Status::OK();
  }

  Status CheckBaseRows(const FileSlice& slice, BaseFileReader* reader, const LogOverlay* overlay,
                       RowJudge* judge, OnePerKind* findings) {
    const std::string path = slice.RelativePath();
    const FooterJudge footer(*reader);
    if (!footer.damage().empty()) {
      findings->Add({.kind = FindingKind::kFooterWrong,
                     .path = path,
                     .instant = slice.base_instant,
                     .what = footer.damage()});
    }
    if (reader->schema()->GetFieldIndex(kKeyColumn) < 0) {
      if (evidence_.config.populate_meta_fields) {
        findings->Add({.kind = FindingKind::kMetaColumnWrong,
                       .path = path,
                       .instant = slice.base_instant,
                       .what = std::string(kKeyColumn) + " is missing"});
      }
      return Status::OK();
    }
    TAPELAKE_ASSIGN_OR_RAISE(const auto batches,
                             reader->Stream(reader->AllRowGroups(), rules_.columns));
    while (true) {
      const auto batch = batches->Next();
      if (IsDamage(batch.status())) {
        ReportDamage(path, slice.base_instant, batch.status());
        return Status::OK();
      }
      TAPELAKE_RETURN_NOT_OK(batch.status());
      if (*batch == nullptr) return Status::OK();
      judge->Judge(**batch, path, slice.base_file_name, overlay);
      JudgeFooter(**batch, footer, slice, findings);
    }
  }

  static void JudgeFooter(const arrow::RecordBatch& batch, const FooterJudge& footer,
                          const FileSlice& slice, OnePerKind* findings) {
    const auto* keys = StringColumn(batch, kKeyColumn);
    for (int64_t row = 0; keys != nullptr && row < keys->length(); ++row) {
      if (keys->IsNull(row)) continue;
      std::string wrong = footer.Judge(keys->GetView(row));
      if (wrong.empty()) continue;
      findings->Add({.kind = FindingKind::kFooterWrong,
                     .path = slice.RelativePath(),
                     .instant = slice.base_instant,
                     .key = keys->GetString(row),
                     .what = std::move(wrong)});
    }
  }

  void CheckGrowth() {
    std::map<std::string, ValueRange> ranges;
    for (const SliceRows& rows : rows_) {
      for (const auto& [time, range] : rows.ranges) {
        const auto [known, fresh] = ranges.try_emplace(time, range);
        if (fresh) continue;
        if (range.least < known->second.least) {
          known->second.least = range.least;
          known->second.path = range.path;
        }
        known->second.greatest = std::max(known->second.greatest, range.greatest);
      }
    }
    const std::pair<const std::string, ValueRange>* greatest = nullptr;
    for (const auto& entry : ranges) {
      if (greatest != nullptr && entry.second.least <= greatest->second.greatest) {
        findings_.Add({.kind = FindingKind::kSequenceWrong,
                       .path = entry.second.path,
                       .instant = entry.first,
                       .what = rules_.growing_column + " " + std::to_string(entry.second.least) +
                               " is not greater than " + std::to_string(greatest->second.greatest) +
                               " of the earlier commit " + greatest->first});
      }
      if (greatest == nullptr || entry.second.greatest > greatest->second.greatest) {
        greatest = &entry;
      }
    }
  }

  /// Hashes first; the few keys whose hashes meet are read again.
  Status CheckKeys() {
    std::vector<std::pair<uint64_t, uint32_t>> all;
    for (uint32_t slice = 0; slice < rows_.size(); ++slice) {
      for (const uint64_t hash : rows_[slice].key_hashes)
        all.emplace_back(hash, slice);
      rows_[slice].key_hashes = {};
    }
    std::ranges::sort(all);
    std::unordered_set<uint64_t> suspects;
    std::set<uint32_t> holders;
    for (size_t i = 1; i < all.size(); ++i) {
      if (all[i].first != all[i - 1].first) continue;
      suspects.insert(all[i].first);
      holders.insert({all[i - 1].second, all[i].second});
    }
    all = {};
    std::map<std::string, std::string> seen;  // key -> file
    for (const uint32_t number : holders)
      TAPELAKE_RETURN_NOT_OK(FindSuspects(slices_[number], suspects, &seen));
    return Status::OK();
  }

  Status FindSuspects(const FileSlice& slice, const std::unordered_set<uint64_t>& suspects,
                      std::map<std::string, std::string>* seen) {
    const SliceSource source{.files = files_,
                             .base_path = evidence_.base_path,
                             .timeline = evidence_.timeline,
                             .schema = schema_,
                             .scan = scan()};
    const std::string path =
        slice.has_base_file() ? slice.RelativePath() : slice.LogPath(slice.log_files.front());
    TAPELAKE_ASSIGN_OR_RAISE(const auto reader, SliceReader::Open(source, slice, {kKeyColumn}));
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (batch == nullptr) return Status::OK();
      const auto* keys = StringColumn(*batch, kKeyColumn);
      for (int64_t row = 0; keys != nullptr && row < keys->length(); ++row) {
        const std::string_view key = keys->GetView(row);
        if (!suspects.contains(XXH3_64bits(key.data(), key.size()))) continue;
        const auto [first, fresh] = seen->try_emplace(std::string(key), path);
        if (fresh) continue;
        findings_.Add({.kind = FindingKind::kKeyTwice,
                       .path = path,
                       .instant = slice.base_instant,
                       .key = std::string(key),
                       .what = first->second == path
                                   ? "two rows of the file group have the key"
                                   : "the key has another row in '" + first->second + "'"});
      }
    }
  }

  io::FileSystem& files_;
  const TableEvidence& evidence_;
  std::shared_ptr<arrow::Schema> schema_;
  const VerifyOptions& options_;
  RowRules rules_;
  FindingList& findings_;
  std::vector<FileSlice> slices_;
  std::set<std::string> newest_files_;
  std::map<std::string, std::pair<std::string, int64_t>> writes_;  // path -> instant, rows
  std::vector<SliceRows> rows_;                                    // by slice
};

}  // namespace

Status CheckRows(io::FileSystem& files, const TableEvidence& evidence,
                 const std::shared_ptr<arrow::Schema>& schema, const VerifyOptions& options,
                 FindingList* findings, VerifyReport* report) {
  return RowsCheck(files, evidence, schema, options, findings).Run(report);
}

}  // namespace tapelake::hudi
