#include "transform/rescued_json.h"

#include <algorithm>

#include "base/json.h"
#include "transform/json_text.h"

namespace tapelake::transform {
namespace {

using record::Attribute;
using record::AttributeType;

void AppendTypedJson(const Attribute& value, std::string* out) {
  if (value.type >= AttributeType::kMap) {
    const size_t before = out->size();
    out->resize(before + value.typed_json.size());
    const char* end = CopyOnOneLine(value.typed_json, out->data() + before);
    out->resize(static_cast<size_t>(end - out->data()));
    return;
  }
  out->append("{\"").append(AttributeTypeText(value.type)).append("\":");
  switch (value.type) {
    case AttributeType::kBool:
      out->append(value.text);
      break;
    case AttributeType::kNull:
      out->append("true");
      break;
    default:
      base::AppendJsonString(value.text, out);
  }
  out->push_back('}');
}

}  // namespace

void RescuedJson::Add(std::string_view name, const Attribute& value) {
  if (count_ == entries_.size()) entries_.emplace_back();
  Entry& entry = entries_[count_++];
  entry.name.assign(name);
  entry.member.clear();
  base::AppendJsonString(name, &entry.member);
  entry.member.push_back(':');
  AppendTypedJson(value, &entry.member);
}

std::string_view RescuedJson::Format() {
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(count_);
  std::stable_sort(entries_.begin(), end,
                   [](const Entry& a, const Entry& b) { return a.name < b.name; });
  text_.assign("{");
  for (auto entry = entries_.begin(); entry != end; ++entry) {
    if (entry != entries_.begin()) {
      if (entry->name == (entry - 1)->name) continue;
      text_.push_back(',');
    }
    text_.append(entry->member);
  }
  text_.push_back('}');
  return text_;
}

}  // namespace tapelake::transform
