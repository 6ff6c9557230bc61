// Entries of the archived timeline: each instant's file becomes the one matching member of a
// HoodieArchivedMetaEntry.

#include <optional>

#include "hudi/format/avro_value.h"
#include "hudi/format/byte_codec.h"
#include "hudi/format/commit_metadata.h"
#include "hudi/format/log_block.h"
#include "hudi/format/service_plans.h"
#include "hudi/format/service_schemas.h"

namespace tapelake::hudi {
namespace {

using Members = AvroValue::Members;

constexpr std::string_view kEntryType = "HoodieArchivedMetaEntry";
/// Hudi puts this key into the extra metadata of every commit it archives.
constexpr std::string_view kRollingStatKey = "ROLLING_STAT";
constexpr std::string_view kUnknownOperation = "UNKNOWN";

enum class ContentForm : uint8_t { kCommitJson, kAvroContainer };

/// Which member of the entry an instant's content becomes.
struct MemberRule {
  std::string_view action;
  std::string_view states;  // those that have it, as letters: requested, inflight, completed
  std::string_view member;
  ContentForm form;
};

constexpr MemberRule kMemberRules[] = {
    {"commit", "RIC", "hoodieCommitMetadata", ContentForm::kCommitJson},
    {"deltacommit", "RIC", "hoodieCommitMetadata", ContentForm::kCommitJson},
    {"replacecommit", "R", "hoodieRequestedReplaceMetadata", ContentForm::kAvroContainer},
    {"replacecommit", "I", "HoodieInflightReplaceMetadata", ContentForm::kCommitJson},
    {"replacecommit", "C", "hoodieReplaceCommitMetadata", ContentForm::kCommitJson},
    {"compaction", "R", "hoodieCompactionPlan", ContentForm::kAvroContainer},
    {"logcompaction", "R", "hoodieCompactionPlan", ContentForm::kAvroContainer},
    {"clean", "RI", "hoodieCleanerPlan", ContentForm::kAvroContainer},
    {"clean", "C", "hoodieCleanMetadata", ContentForm::kAvroContainer},
    {"rollback", "C", "hoodieRollbackMetadata", ContentForm::kAvroContainer},
    {"savepoint", "C", "hoodieSavePointMetadata", ContentForm::kAvroContainer},
};

const MemberRule* RuleOf(const ArchivedEntry& entry) {
  for (const MemberRule& rule : kMemberRules) {
    if (rule.action == entry.action && !entry.state.empty() &&
        rule.states.find(entry.state.front()) != std::string_view::npos) {
      return &rule;
    }
  }
  return nullptr;
}

/// The member `name` of `members`, added if need be.
AvroValue& MemberOf(Members& members, std::string_view name) {
  for (auto& [key, value] : members) {
    if (key == name) return value;
  }
  return members.emplace_back(name, AvroValue()).second;
}

Result<AvroValue> CommitOf(std::string_view json) {
  AvroValue commit{Members{{"partitionToWriteStats", {Members{}}}}};
  if (!json.empty()) {
    TAPELAKE_RETURN_NOT_OK(CheckCommitSeal(json));
    const auto parsed = base::ParseJson(json);
    if (!parsed.ok()) return MakeError(ErrorKind::kCorrupt, parsed.status().message());
    commit = AvroValueOfJson(*parsed);
  }
  auto* members = std::get_if<Members>(&commit.value);
  if (members == nullptr) return MakeError(ErrorKind::kCorrupt, "not a JSON object");
  AvroValue& operation = MemberOf(*members, "operationType");
  if (operation.is_null()) operation = AvroValue::Text(kUnknownOperation);
  AvroValue& extra = MemberOf(*members, "extraMetadata");
  if (extra.is_null()) extra.value = Members{};
  if (auto* pairs = std::get_if<Members>(&extra.value)) {
    MemberOf(*pairs, kRollingStatKey) = AvroValue::Text("");
  }
  return commit;
}

Result<AvroValue> ContentOf(const ArchivedEntry& entry, const MemberRule& rule) {
  if (rule.form == ContentForm::kCommitJson) return CommitOf(entry.content);
  if (entry.content.empty()) return AvroValue();  // legal for requested replacecommits
  return ParseAvroContainer(entry.content);
}

Status AppendEntry(const ArchivedEntry& entry, std::string* out) {
  const std::string& transition =
      entry.transition_time.empty() ? entry.timestamp : entry.transition_time;
  Members members{{"commitTime", AvroValue::Text(entry.timestamp)},
                  {"actionType", AvroValue::Text(entry.action)},
                  {"actionState", AvroValue::Text(entry.state)},
                  {"stateTransitionTime", AvroValue::Text(transition)}};
  if (const MemberRule* rule = RuleOf(entry)) {
    TAPELAKE_ASSIGN_OR_RAISE(auto content, ContentOf(entry, *rule));
    members.emplace_back(rule->member, std::move(content));
  }
  std::string datum;
  TAPELAKE_RETURN_NOT_OK(
      EncodeAvroValue(ServiceRecordType(kEntryType), {std::move(members)}, &datum));
  AppendBigEndian(static_cast<int32_t>(datum.size()), out);
  out->append(datum);
  return Status::OK();
}

/// Call `take(record)` for each entry of an archive file.
template <typename Take>
Status ForEachEntry(std::string_view file, Take take) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto blocks, SplitLogBlocks(file));
  for (const LogBlock& block : blocks) {
    if (block.type != LogBlockType::kAvroData) continue;
    const auto schema = block.header.find(LogHeaderKey::kSchema);
    if (schema == block.header.end()) {
      return MakeError(ErrorKind::kCorrupt, "archive block without schema");
    }
    TAPELAKE_ASSIGN_OR_RAISE(const auto type, ParseAvroType(schema->second));
    TAPELAKE_ASSIGN_OR_RAISE(const auto datums, SplitAvroBlockContent(block.content));
    for (const std::string_view datum : datums) {
      TAPELAKE_ASSIGN_OR_RAISE(const AvroValue record, DecodeAvroValue(*type, datum));
      TAPELAKE_RETURN_NOT_OK(take(record));
    }
  }
  return Status::OK();
}

std::string TextOf(const AvroValue& entry, std::string_view name) {
  const AvroValue* value = entry.Find(name);
  const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(&value->value);
  return text == nullptr ? std::string() : *text;
}

}  // namespace

Status AppendArchiveBlock(const std::vector<ArchivedEntry>& entries, std::string* out) {
  std::string records;
  for (const ArchivedEntry& entry : entries) {
    const Status appended = AppendEntry(entry, &records);
    if (appended.ok()) continue;
    return MakeError(ErrorKind::kCorrupt, "instant " + entry.timestamp + " " + entry.action + " " +
                                              entry.state + ": " + appended.message());
  }
  AppendLogBlock(LogBlockType::kAvroData,
                 {{LogHeaderKey::kSchema, FormatAvroType(ServiceRecordType(kEntryType))}},
                 FormatAvroBlockContent(static_cast<int32_t>(entries.size()), records), out);
  return Status::OK();
}

Result<std::vector<ArchivedEntry>> ParseArchiveFile(std::string_view file) {
  std::vector<ArchivedEntry> entries;
  TAPELAKE_RETURN_NOT_OK(ForEachEntry(file, [&entries](const AvroValue& record) {
    ArchivedEntry& entry = entries.emplace_back();
    entry.timestamp = TextOf(record, "commitTime");
    entry.action = TextOf(record, "actionType");
    entry.state = TextOf(record, "actionState");
    entry.transition_time = TextOf(record, "stateTransitionTime");
    return Status::OK();
  }));
  return entries;
}

Result<std::vector<ArchivedCommit>> ParseArchivedCommits(
    std::string_view file, const std::function<bool(const std::string& timestamp)>& wanted) {
  std::vector<ArchivedCommit> commits;
  const auto take = [&](const AvroValue& record) -> Status {
    if (TextOf(record, "actionState") != "COMPLETED") return Status::OK();
    ArchivedCommit commit{.timestamp = TextOf(record, "commitTime"),
                          .action = TextOf(record, "actionType"),
                          .metadata = {}};
    if (!wanted(commit.timestamp)) return Status::OK();
    const MemberRule* rule =
        RuleOf({.timestamp = "", .action = commit.action, .state = "COMPLETED", .content = ""});
    if (rule == nullptr || rule->form != ContentForm::kCommitJson) return Status::OK();
    const AvroValue* member = record.Find(rule->member);
    if (member == nullptr || member->is_null()) return Status::OK();
    auto metadata = CommitMetadataOfAvro(*member);
    if (!metadata.ok()) return WithContext(metadata.status(), "instant " + commit.timestamp);
    commit.metadata = std::move(metadata).ValueUnsafe();
    commit.metadata.instant = commit.timestamp;
    commits.push_back(std::move(commit));
    return Status::OK();
  };
  TAPELAKE_RETURN_NOT_OK(ForEachEntry(file, take));
  return commits;
}

}  // namespace tapelake::hudi
