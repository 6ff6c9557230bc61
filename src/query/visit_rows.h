#pragma once

/// Rows of a query as typed values, for callers inside the program.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/decimal.h"
#include "base/status.h"
#include "query/session.h"

namespace tapelake::query {

/// One row of a result. Valid during the visit. The caller knows the types it has asked for:
/// reading a null or a column as another type than it has is a mistake of the program.
class RowView {
 public:
  virtual ~RowView() = default;
  virtual bool IsNull(size_t column) const = 0;
  virtual std::string_view Text(size_t column) const = 0;  ///< VARCHAR, BLOB.
  virtual int64_t Integer(size_t column) const = 0;        ///< BIGINT, TIMESTAMP, INTEGER.
  virtual base::Int128 Decimal(size_t column) const = 0;   ///< DECIMAL: the scaled integer.
  virtual double Double(size_t column) const = 0;          ///< DOUBLE.
};

/// Run one query and call `visit` for each row as they come; an error of `visit` ends it. Errors:
/// those of Session::Execute, the visit's.
Status VisitRows(Session& session, const std::string& sql,
                 const std::function<Status(const RowView&)>& visit);

}  // namespace tapelake::query
