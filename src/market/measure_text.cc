#include <array>
#include <string>

#include "market/measure.h"

namespace tapelake::market {
namespace {

struct Meaning {
  std::string_view text;
  std::string_view meaning;
};

/// In the order of NoValue.
constexpr std::array<Meaning, 6> kReasons = {{
    {"", ""},
    {"too_few", "fewer observations than the measure needs"},
    {"gap", "enough bars, but empty ones between them leave too few neighbours"},
    {"undefined", "the formula has no answer for these numbers"},
    {"stale", "fewer than two exchanges have a price of the last 5 seconds"},
    {"single", "needs at least two exchanges"},
}};

/// In the order of MeasureNote.
constexpr std::array<Meaning, 5> kNotes = {{
    {"", ""},
    {"floored", "the formula gave a negative number, shown is 0"},
    {"not_significant", "the slope is less than two standard errors from 0"},
    {"thin", "fewer than 100 trades a bar: estimators that use the range understate"},
    {"gaps", "some bars of the window are empty; returns over them are left out or long"},
}};

constexpr std::array<std::string_view, 5> kGroups = {"", "volatility", "liquidity", "activity",
                                                     "quality"};

constexpr std::string_view kIntroduction =
    R"(<!-- generated from the catalog of measures: do not edit -->
# Measures

Each measure has a value or the reason why there is none, and the number of observations it rests on.
Windows end with the bar under way, which counts as whole. A window of `60 x 1m` is sixty minutes on the
clock; minutes without trades are no observations. `annualised` is the volatility of a year of 365 days:
the square root of variance times the bars in a year. `quote` is the pair's quote currency.
)";

void AppendMeanings(std::string_view title, std::span<const Meaning> meanings, std::string* out) {
  out->append("\n## ").append(title).append("\n\n| text | meaning |\n|---|---|\n");
  for (const Meaning& row : meanings.subspan(1))
    out->append("| `").append(row.text).append("` | ").append(row.meaning).append(" |\n");
}

}  // namespace

std::string_view NoValueText(NoValue reason) {
  return kReasons[static_cast<size_t>(reason)].text;
}

std::string_view MeasureNoteText(MeasureNote note) {
  return kNotes[static_cast<size_t>(note)].text;
}

std::string_view MeasureGroupText(MeasureGroup group) {
  return kGroups[static_cast<size_t>(group)];
}

std::string MeasureCatalogMarkdown() {
  std::string page(kIntroduction);
  MeasureGroup group = {};
  for (const MeasureDef& def : MeasureCatalog()) {
    if (def.group != group) {
      group = def.group;
      page.append("\n## ").append(MeasureGroupText(group));
      page.append("\n\n| name | label | unit | window | source | detail |\n|---|---|---|---|---|---|\n");
    }
    page.append("| `").append(def.name).append("` | ");
    for (const std::string_view cell : {def.label, def.unit, def.window, def.formula})
      page.append(cell).append(" | ");
    page.append(def.detail).append(def.detail.empty() ? "|\n" : " |\n");
  }
  AppendMeanings("Reasons for no value", kReasons, &page);
  AppendMeanings("Notes on a value", kNotes, &page);
  return page;
}

}  // namespace tapelake::market
