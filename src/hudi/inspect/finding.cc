#include "hudi/inspect/finding.h"

namespace tapelake::hudi {

std::string_view FindingName(FindingKind kind) {
  switch (kind) {
    case FindingKind::kTableUnreadable:
      return "table-unreadable";
    case FindingKind::kInstantUnreadable:
      return "instant-unreadable";
    case FindingKind::kInstantTwice:
      return "instant-twice";
    case FindingKind::kInstantAhead:
      return "instant-ahead";
    case FindingKind::kInstantDead:
      return "instant-dead";
    case FindingKind::kInstantPending:
      return "instant-pending";
    case FindingKind::kSavepointLost:
      return "savepoint-lost";
    case FindingKind::kMetadataTableStale:
      return "metadata-table-stale";
    case FindingKind::kStatWrong:
      return "stat-wrong";
    case FindingKind::kFileMissing:
      return "file-missing";
    case FindingKind::kFileSize:
      return "file-size";
    case FindingKind::kRowCount:
      return "row-count";
    case FindingKind::kFileOrphan:
      return "file-orphan";
    case FindingKind::kFileTwice:
      return "file-twice";
    case FindingKind::kFileForeign:
      return "file-foreign";
    case FindingKind::kPartitionUnmarked:
      return "partition-unmarked";
    case FindingKind::kFileDamaged:
      return "file-damaged";
    case FindingKind::kFooterWrong:
      return "footer-wrong";
    case FindingKind::kMetaColumnWrong:
      return "meta-column-wrong";
    case FindingKind::kBucketWrong:
      return "bucket-wrong";
    case FindingKind::kKeyTwice:
      return "key-twice";
    case FindingKind::kSequenceWrong:
      return "sequence-wrong";
  }
  return "unknown";
}

bool IsNote(FindingKind kind) {
  return kind == FindingKind::kInstantPending || kind == FindingKind::kFileForeign;
}

}  // namespace tapelake::hudi
