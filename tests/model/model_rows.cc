#include "tests/model/model_rows.h"

#include <arrow/table_builder.h>
#include <arrow/util/checked_cast.h>
#include <arrow/util/decimal.h>
#include "base/decimal.h"
#include "base/time.h"
#include "tests/sim/table_text.h"

namespace tapelake::model {
namespace {

using arrow::internal::checked_cast;

constexpr int kScale = 18;
constexpr int64_t kFirstMicros = 1'795'370'400'000'000;
constexpr char kNull[] = "\\N";

std::shared_ptr<arrow::DataType> TypeOf(CellKind kind) {
  switch (kind) {
    case CellKind::kText:
      return arrow::utf8();
    case CellKind::kInt:
      return arrow::int32();
    case CellKind::kLong:
      return arrow::int64();
    case CellKind::kBoolean:
      return arrow::boolean();
    case CellKind::kDecimal:
      return arrow::decimal128(38, kScale);
    case CellKind::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  }
  return nullptr;
}

/// Some texts are empty, some long, some need quotes.
std::string TextOf(uint64_t value) {
  if (value % 11 == 0) return "";
  if (value % 11 == 1) return "he said \"" + std::to_string(value) + "\", twice";
  return std::string(value % 40, 'x') + std::to_string(value);
}

int64_t MicrosOf(uint64_t value) {
  return kFirstMicros + static_cast<int64_t>(value % 1'000'000'000'000);
}

std::string CellText(CellKind kind, uint64_t value) {
  switch (kind) {
    case CellKind::kText:
      return TextOf(value);
    case CellKind::kInt:
    case CellKind::kLong:
      return std::to_string(static_cast<int64_t>(value));
    case CellKind::kBoolean:
      return value % 2 == 0 ? "False" : "True";
    case CellKind::kDecimal:
      return base::FormatDecimal(base::Int128{value}, kScale);
    case CellKind::kTimestamp:
      return base::FormatIso8601Micros(MicrosOf(value));
  }
  return "";
}

Status AppendCell(CellKind kind, uint64_t value, arrow::ArrayBuilder* builder) {
  switch (kind) {
    case CellKind::kText:
      return checked_cast<arrow::StringBuilder&>(*builder).Append(TextOf(value));
    case CellKind::kInt:
      return checked_cast<arrow::Int32Builder&>(*builder).Append(static_cast<int32_t>(value));
    case CellKind::kLong:
      return checked_cast<arrow::Int64Builder&>(*builder).Append(static_cast<int64_t>(value));
    case CellKind::kBoolean:
      return checked_cast<arrow::BooleanBuilder&>(*builder).Append(value % 2 != 0);
    case CellKind::kDecimal:
      return checked_cast<arrow::Decimal128Builder&>(*builder).Append(arrow::Decimal128(0, value));
    case CellKind::kTimestamp:
      return checked_cast<arrow::TimestampBuilder&>(*builder).Append(MicrosOf(value));
  }
  return Status::OK();
}

}  // namespace

uint64_t ValueFor(CellKind kind, uint64_t any) {
  constexpr uint64_t kIntMask = 0x7fff'ffff;
  return kind == CellKind::kInt ? any & kIntMask : any;
}

std::shared_ptr<arrow::Schema> SchemaOf(const State& state) {
  arrow::FieldVector fields = {arrow::field(kKeyColumn, arrow::utf8()),
                               arrow::field(kDayColumn, arrow::utf8()),
                               arrow::field(kVersionColumn, arrow::int64())};
  for (const Column& column : state.columns)
    fields.push_back(arrow::field(column.name, TypeOf(column.kind)));
  return arrow::schema(std::move(fields));
}

Result<std::shared_ptr<arrow::RecordBatch>> BatchOf(const State& state,
                                                    const std::vector<std::string>& keys) {
  const auto schema = SchemaOf(state);
  TAPELAKE_ASSIGN_OR_RAISE(const auto builder,
                           arrow::RecordBatchBuilder::Make(schema, arrow::default_memory_pool()));
  for (const std::string& key : keys) {
    const Row& row = state.rows.at(key);
    TAPELAKE_RETURN_NOT_OK(builder->GetFieldAs<arrow::StringBuilder>(0)->Append(key));
    TAPELAKE_RETURN_NOT_OK(builder->GetFieldAs<arrow::StringBuilder>(1)->Append(row.day));
    TAPELAKE_RETURN_NOT_OK(builder->GetFieldAs<arrow::Int64Builder>(2)->Append(row.version));
    int field = 3;
    for (const Column& column : state.columns) {
      arrow::ArrayBuilder* cells = builder->GetField(field++);
      const auto value = row.values.find(column.name);
      TAPELAKE_RETURN_NOT_OK(value == row.values.end()
                                 ? cells->AppendNull()
                                 : AppendCell(column.kind, value->second, cells));
    }
  }
  return builder->Flush();
}

Cells CellsOf(const State& state, const std::string& key) {
  const Row& row = state.rows.at(key);
  Cells cells = {
      {kKeyColumn, key}, {kDayColumn, row.day}, {kVersionColumn, std::to_string(row.version)}};
  for (const Column& column : state.columns) {
    const auto value = row.values.find(column.name);
    if (value != row.values.end()) cells[column.name] = CellText(column.kind, value->second);
  }
  return cells;
}

std::string CsvOf(const State& state) {
  sim::TextTable table;
  table.columns = sim::ShownColumns(*SchemaOf(state), kKeyColumn);
  for (const auto& [key, row] : state.rows) {
    const Cells cells = CellsOf(state, key);
    std::vector<std::string>& texts = table.rows[key];
    for (const std::string& column : table.columns) {
      const auto cell = cells.find(column);
      texts.push_back(cell == cells.end() ? kNull : cell->second);
    }
  }
  return table.ToCsv();
}

}  // namespace tapelake::model
