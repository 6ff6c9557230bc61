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

Each measure has a value or the reason why there is none, and the number of observations it rests
on. Windows end with the bar under way, which counts as whole. A window of `60 x 1m` is sixty
minutes on the clock; minutes without trades are no observations. A return reaches from one bar with
trades to the next. Only SUCCESS rows with a price and a quantity make prices and volume.

`annualised` is the volatility of a year of 365 days: the square root of the variance times the bars
in a year. `quote` is the pair's quote currency, `base` what is traded. Measures that compare
exchanges stand in the series across exchanges only.

- A return over empty bars is long. Realized variance counts it by the time it spans, EWMA decays by
  that time; what needs neighbours leaves it out. Both say `gaps`.
- Parkinson, Garman-Klass, Rogers-Satchell and Yang-Zhang leave out bars of a single trade. They
  understate the less often a pair trades: of the true variance Parkinson sees 0.70 with 20 trades a
  bar and 0.86 with 100.
- The fast scale of the two-scale estimator is the returns between trades within a minute. Across
  exchanges those are each exchange's own, so that what sets exchanges apart stays in the result.
- EDGE is the headline spread. Corwin-Schultz stands there twice: pairs below 0 counted as 0, which
  overstates small spreads, and as they are, which may be negative.
- Amihud's measure compares only with itself over bars of the same length.
- VPIN pours minutes into its buckets pro rata, as if buys and sells were evenly mixed within one.
- The volume of the last full hours is compared with the same hours of up to 20 days before, as far
  as the bars reach back: at least 3 days, or there is no value.
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
      page.append(
          "\n\n| name | label | unit | window | source | detail |\n|---|---|---|---|---|---|\n");
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
