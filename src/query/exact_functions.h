#pragma once

/// SQL functions over exact_arithmetic.h. Internal to query.

#include <duckdb.h>

#include "base/status.h"

namespace tapelake::query {

/// Register for the whole database, both giving DECIMAL(38,18) and taking any decimal or integer:
///   exact_product(a, b)  a * b through 256 bits; NULL if the product reaches 10^20
///   exact_ratio(a, b)    a / b; NULL if b is zero or the quotient reaches 10^20
/// NULL in, NULL out. Rounding: exact_arithmetic.h. Errors: kInternal.
Status RegisterExactFunctions(duckdb_connection connection);

}  // namespace tapelake::query
