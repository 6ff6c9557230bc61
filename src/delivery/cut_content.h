#pragma once

/// What the objects of a transformed cut hold, kept beside the state from before the cut is
/// announced until its objects are there: a function would answer otherwise if it were asked again.
/// Durable: docs/internals/delivery.md.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "delivery/assembly.h"

namespace tapelake::delivery {

struct LineCounts {
  int64_t lines = 0;
  int64_t error_lines = 0;
};

struct CutContent {
  CutTexts texts;  ///< Raw lines stand in partitions, under an empty name if the layout has none.
  LineCounts counts;
};

/// The bytes that its texts hold.
int64_t TextBytes(const CutTexts& texts);

/// The content of the file.
std::string FormatCutContent(const CutTexts& texts, const LineCounts& counts);

/// Errors: kCorrupt (checksum, form), without the file's name.
Result<CutContent> ParseCutContent(std::string_view file);

/// Where it lies: beside the state (both below the lake).
std::string CutContentPath(const std::string& state_path, uint64_t cut_id);

/// The cut whose content file has this name, if it is one. Names are `cut-<id>`.
bool ParseCutContentName(std::string_view name, uint64_t* cut_id);

}  // namespace tapelake::delivery
