#pragma once

/// The simulated DynamoDB table: the only truth about what the rows are.

#include <cstdint>
#include <optional>
#include <vector>

#include "record/change.h"
#include "source/wire/item.h"

namespace tapelake::source {

/// Handle of a primary key; valid until Forget().
using RowId = uint32_t;

/// What one write did: the table's images before and after.
struct TableChange {
  record::EventName event = record::EventName::kInsert;
  int64_t change_micros = 0;
  uint64_t sequence = 0;  ///< Grows over the whole table.
  Item new_image;         ///< Empty for kRemove.
  Item old_image;         ///< Empty for kInsert.
};

/// Items by primary key. One thread. Memory: about 400 bytes a row.
class SimulatedTable {
 public:
  struct Row {
    Item item;                  ///< Empty: no such item now.
    int64_t change_micros = 0;  ///< Of the last change.
    uint64_t sequence = 0;      ///< Of the last change.
  };

  explicit SimulatedTable(uint64_t sequence_seed);

  /// Reserve a primary key. No change yet.
  RowId NewRow();

  /// Write an item whole, as PutItem does. Return the change, or nothing if the item was already so
  /// (DynamoDB then makes no record). `change_micros` must grow from call to call.
  std::optional<TableChange> Put(RowId row, Item item, int64_t change_micros);

  /// Delete an item; nothing if there is none.
  std::optional<TableChange> Delete(RowId row, int64_t change_micros);

  /// Drop a row from memory without a change: for endless runs, which never ask for all rows.
  void Forget(RowId row);

  const Item& item(RowId row) const { return rows_[row].item; }
  /// All rows ever made (and not forgotten), deleted ones (empty item) included.
  const std::vector<Row>& rows() const { return rows_; }
  int64_t live_rows() const { return live_rows_; }

 private:
  uint64_t NextSequence();

  std::vector<Row> rows_;
  std::vector<RowId> free_;
  uint64_t sequence_;
  uint64_t sequence_step_;
  int64_t live_rows_ = 0;
};

}  // namespace tapelake::source
