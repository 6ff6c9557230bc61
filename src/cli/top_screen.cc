#include "cli/top_screen.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "cli/words.h"

namespace tapelake::cli {
namespace {

constexpr char kGreen[] = "\x1b[32m";
constexpr char kRed[] = "\x1b[31m";
constexpr char kBold[] = "\x1b[1m";
constexpr char kPlain[] = "\x1b[0m";
constexpr size_t kSparkCells = 24;

const base::JsonValue& Member(const base::JsonValue& object, std::string_view key) {
  static const base::JsonValue kNull;
  const base::JsonValue* found = object.Find(key);
  return found == nullptr ? kNull : *found;
}

std::optional<double> Number(const base::JsonValue& value) {
  if (!value.is_number() && !value.is_string()) return std::nullopt;
  char* end = nullptr;
  const double number = std::strtod(value.text().c_str(), &end);
  if (end == value.text().c_str()) return std::nullopt;
  return number;
}

std::string Fixed(std::optional<double> value, int digits, const char* unit = "") {
  if (!value) return "-";
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f%s", digits, *value, unit);
  return text;
}

/// `1.23M`: three digits are enough to compare by.
std::string Short(std::optional<double> value) {
  if (!value) return "-";
  static constexpr std::array<const char*, 5> kSuffixes = {"", "k", "M", "G", "T"};
  double number = *value;
  size_t suffix = 0;
  while (std::fabs(number) >= 1'000 && suffix + 1 < kSuffixes.size()) {
    number /= 1'000;
    ++suffix;
  }
  return Fixed(number, 2, kSuffixes[suffix]);
}

/// Characters shown, of UTF-8 without escape sequences.
size_t ShownWidth(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string Right(std::string text, size_t width) {
  const size_t shown = ShownWidth(text);
  return shown < width ? std::string(width - shown, ' ') + text : text;
}

std::string Left(std::string text, size_t width) {
  const size_t shown = ShownWidth(text);
  if (shown < width) text.append(width - shown, ' ');
  return text;
}

std::string SpanOf(const base::JsonValue& milliseconds) {
  const auto number = Number(milliseconds);
  return number ? SpanWords(static_cast<int64_t>(*number * 1'000)) : "-";
}

/// Collects lines, cut to the layout.
class Lines {
 public:
  explicit Lines(const TopLayout& layout) : layout_(layout) {}

  void Add(std::string_view text, const char* color = "") {
    if (layout_.height > 0 && count_ >= layout_.height) return;
    ++count_;
    std::string cut = Cut(text);
    if (layout_.color && *color != '\0') cut = color + cut + kPlain;
    text_ += cut + "\n";
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string Cut(std::string_view text) const {
    size_t shown = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
      if (++shown > static_cast<size_t>(layout_.width)) return std::string(text.substr(0, i));
    }
    return std::string(text);
  }

  const TopLayout& layout_;
  int count_ = 0;
  std::string text_;
};

void AddPipeline(const base::JsonValue& pipeline, Lines* lines) {
  const auto now = Number(Member(pipeline, "now_ms"));
  const std::string time =
      now ? base::FormatIso8601Micros(static_cast<int64_t>(*now) * 1'000).substr(0, 19) + "Z" : "-";
  lines->Add("Tapelake  " + time, kBold);
  for (const base::JsonValue& table : Member(pipeline, "tables").items()) {
    const auto text = [&table](const char* key) {
      const base::JsonValue& value = Member(table, key);
      return value.text().empty() ? std::string("-") : Printable(value.text());
    };
    lines->Add(text("table") + "  " + Fixed(Number(Member(table, "changes_per_second")), 1) +
               " changes/s  errors " + text("errors") + "  behind " + text("backlog_records"));
    lines->Add("  to market " + SpanOf(Member(table, "event_to_market_ms")) + "  to commit " +
               SpanOf(Member(table, "event_to_commit_ms")) + "  last commit " +
               SpanOf(Member(table, "commit_age_ms")) + " ago");
    const std::string& failure = Member(table, "last_failure").text();
    if (!failure.empty()) lines->Add("  last failure: " + Printable(failure), kRed);
  }
}

void AddAlarms(const base::JsonValue& alarms, Lines* lines) {
  const auto& all = Member(alarms, "alarms").items();
  const auto raised = std::count_if(all.begin(), all.end(), [](const base::JsonValue& alarm) {
    return Member(alarm, "state").text() == "ALARM";
  });
  lines->Add("alarms: " + std::to_string(raised) + " of " + std::to_string(all.size()) + " raised",
             raised > 0 ? kRed : "");
  for (const base::JsonValue& alarm : all) {
    if (Member(alarm, "state").text() != "ALARM") continue;
    lines->Add("  " + Printable(Member(alarm, "name").text()) + ": " +
                   Printable(Member(alarm, "reason").text()),
               kRed);
  }
}

const char* SortMember(const std::string& sort) {
  if (sort == "change") return "change_24h";
  if (sort == "volatility") return "volatility_1h";
  if (sort == "spread") return "spread_bp";
  return "money_24h";
}

void SortRows(const std::string& sort, std::vector<const base::JsonValue*>* rows) {
  std::stable_sort(rows->begin(), rows->end(),
                   [&sort](const base::JsonValue* a, const base::JsonValue* b) {
                     if (sort == "pair")
                       return Member(*a, "pair").text() < Member(*b, "pair").text();
                     const char* member = SortMember(sort);
                     return Number(Member(*a, member)).value_or(-1e300) >
                            Number(Member(*b, member)).value_or(-1e300);
                   });
}

std::string RowText(const base::JsonValue& row) {
  const auto change = Number(Member(row, "change_24h"));
  const auto percent = [](std::optional<double> value, int digits) {
    return value ? Fixed(*value * 100, digits, "%") : "-";
  };
  const std::string& last = Member(row, "last").text();
  return Left(Printable(Member(row, "pair").text()), 12) +
         Right(last.empty() ? "-" : Printable(last), 16) +
         Right((change && *change >= 0 ? "+" : "") + percent(change, 2), 9) +
         Right(Short(Number(Member(row, "money_24h"))), 10) +
         Right(percent(Number(Member(row, "volatility_1h")), 0), 8) +
         Right(Fixed(Number(Member(row, "spread_bp")), 1), 8) +
         Right(Fixed(Number(Member(row, "gap_bp")), 1), 8) +
         Right(Fixed(Number(Member(row, "imbalance_1m")), 2), 7) + "  " +
         Sparkline(Member(row, "spark"), kSparkCells);
}

void AddPairs(const base::JsonValue& overview, const std::string& sort, Lines* lines) {
  std::map<std::string, std::vector<const base::JsonValue*>> by_quote;
  for (const base::JsonValue& row : Member(overview, "rows").items())
    by_quote[Member(row, "quote").text()].push_back(&row);
  if (by_quote.empty()) lines->Add("no trades yet");
  for (auto& [quote, rows] : by_quote) {
    lines->Add("");
    lines->Add(Left("in " + (quote.empty() ? "?" : Printable(quote)), 12) + Right("last", 16) +
                   Right("24 h", 9) + Right("volume", 10) + Right("vol 1h", 8) +
                   Right("spr bp", 8) + Right("gap bp", 8) + Right("imb", 7) + "  last hour",
               kBold);
    SortRows(sort, &rows);
    for (const base::JsonValue* row : rows) {
      const double change = Number(Member(*row, "change_24h")).value_or(0);
      lines->Add(RowText(*row), change > 0 ? kGreen : change < 0 ? kRed : "");
    }
  }
}

}  // namespace

std::string Sparkline(const base::JsonValue& values, size_t cells) {
  static constexpr std::array<const char*, 8> kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::vector<double> numbers;
  for (const base::JsonValue& value : values.items())
    if (const auto number = Number(value)) numbers.push_back(*number);
  if (numbers.size() > cells) {
    numbers.erase(numbers.begin(), numbers.end() - static_cast<std::ptrdiff_t>(cells));
  }
  if (numbers.empty()) return "";
  const auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
  const double span = *high - *low;
  std::string out;
  for (const double number : numbers) {
    const double part = span > 0 ? (number - *low) / span : 0.5;
    out += kBlocks[std::min<size_t>(7, static_cast<size_t>(part * 8))];
  }
  return out;
}

std::string TopScreen(const TopAnswers& answers, const TopLayout& layout) {
  Lines lines(layout);
  AddPipeline(answers.pipeline, &lines);
  AddAlarms(answers.alarms, &lines);
  AddPairs(answers.overview, layout.sort, &lines);
  return lines.Take();
}

}  // namespace tapelake::cli
