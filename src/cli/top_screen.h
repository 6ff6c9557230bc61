#pragma once

/// The page's picture as lines of text. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace tapelake::cli {

/// What the pipeline's page answers (docs/internals/live-api.md), parsed.
struct TopAnswers {
  base::JsonValue overview;
  base::JsonValue pipeline;
  base::JsonValue alarms;
};

struct TopLayout {
  std::string sort = "volume";  ///< `pair`, `volume`, `change`, `volatility` or `spread`.
  int width = 100;              ///< Columns; longer lines are cut.
  int height = 0;               ///< Lines; 0: all.
  bool color = false;           ///< ANSI colours for signs and alarms.
};

/// The lines of one moment: the pipeline, alarms that are not OK, then pairs, each quote currency
/// by itself. Whatever is absent is shown as `-`, never as zero.
std::string TopScreen(const TopAnswers& answers, const TopLayout& layout);

/// Eight heights of block for up to `cells` values, the newest last; empty for none.
std::string Sparkline(const base::JsonValue& values, size_t cells);

}  // namespace tapelake::cli
