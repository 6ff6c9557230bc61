#include "hudi/writer/upsert.h"

namespace tapelake::hudi {

std::string_view WriteOperationName(WriteOperation operation) {
  switch (operation) {
    case WriteOperation::kInsert:
      return "INSERT";
    case WriteOperation::kDelete:
      return "DELETE";
    case WriteOperation::kBulkInsert:
      return "BULK_INSERT";
    case WriteOperation::kInsertOverwrite:
      return "INSERT_OVERWRITE";
    case WriteOperation::kInsertOverwriteTable:
      return "INSERT_OVERWRITE_TABLE";
    default:
      return "UPSERT";
  }
}

bool ReplacesGroups(WriteOperation operation) {
  return operation == WriteOperation::kInsertOverwrite ||
         operation == WriteOperation::kInsertOverwriteTable;
}

}  // namespace tapelake::hudi
