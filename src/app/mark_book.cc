#include "app/mark_book.h"

#include <utility>

namespace tapelake::app {

void MarkBook::Add(const std::string& source, record::LogMark mark) {
  std::deque<record::LogMark>& marks = marks_[source];
  // The same place again, which is known to be good for longer.
  if (!marks.empty() && marks.back().offset == mark.offset) marks.pop_back();
  marks.push_back(std::move(mark));
  if (marks.size() <= kMarksMax) return;
  const auto gap_without = [&marks](size_t i) { return marks[i + 1].offset - marks[i - 1].offset; };
  size_t least = 1;
  for (size_t i = 2; i + 1 < marks.size(); ++i) {
    if (gap_without(i) < gap_without(least)) least = i;
  }
  marks.erase(marks.begin() + static_cast<std::ptrdiff_t>(least));
}

void MarkBook::Forget(const std::string& source) {
  marks_.erase(source);
}

std::vector<std::string> MarkBook::sources() const {
  std::vector<std::string> sources;
  for (const auto& [source, marks] : marks_)
    sources.push_back(source);
  return sources;
}

const record::LogMark* MarkBook::Reach(const std::string& source, uint64_t offset) {
  const auto found = marks_.find(source);
  if (found == marks_.end()) return nullptr;
  std::deque<record::LogMark>& marks = found->second;
  while (marks.size() > 1 && marks[1].offset <= offset)
    marks.pop_front();
  return marks.empty() || marks.front().offset > offset ? nullptr : &marks.front();
}

}  // namespace tapelake::app
