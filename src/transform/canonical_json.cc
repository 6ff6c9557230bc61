#include "transform/canonical_json.h"

#include <algorithm>

#include "base/base64.h"
#include "base/json.h"
#include "transform/json_text.h"
#include "transform/typed_value.h"

namespace tapelake::transform {

using record::AttributeType;

bool CanonicalWriter::Write(AttributeType type, std::string_view* json) {
  out_.clear();
  members_.clear();
  if (!WriteNested(type, 1)) return false;
  *json = context_.arena().Copy(out_);
  return true;
}

bool CanonicalWriter::WriteNested(AttributeType type, int level) {
  if (type != AttributeType::kMap && type != AttributeType::kList) {
    return ReadSet(type) && WriteSet(type);
  }
  if (level > kNestingMax) {
    return context_.Fail(ParseError::kTooDeep, context_.Peek(),
                         "maps and lists are nested deeper than 32 levels");
  }
  return type == AttributeType::kMap ? WriteMap(level) : WriteList(level);
}

/// A typed value inside a map or list, braces included.
bool CanonicalWriter::WriteTyped(int level) {
  TypedValueReader typed(context_);
  AttributeType type;
  if (!typed.Open(&type)) return false;
  const bool nested = type >= AttributeType::kMap;
  if (!(nested ? WriteNested(type, level) : WriteScalar(type))) return false;
  return typed.Close();
}

bool CanonicalWriter::WriteScalar(AttributeType type) {
  ScalarValue value;
  if (!ReadScalar(context_, type, &value)) return false;
  if (type == AttributeType::kString || type == AttributeType::kBinary) {
    AppendString({value.json, value.text});
  } else {
    out_.append(value.json);
  }
  return true;
}

void CanonicalWriter::AppendString(const StringToken& string) {
  // Without escapes the token is canonical already: what needs an escape cannot be in it.
  if (string.text.data() == string.token.data() + 1) {
    out_.append(string.token);
  } else {
    base::AppendJsonString(string.text, &out_);
  }
}

bool CanonicalWriter::WriteList(int level) {
  const char* open = context_.Take();
  if (*open != '[') {
    return context_.Fail(ParseError::kInvalidAttribute, open, "the value of L is no array");
  }
  out_.push_back('[');
  if (*context_.Peek() == ']') {
    context_.Take();
  } else {
    for (bool more = true; more;) {
      if (!WriteTyped(level + 1) || !context_.ReadSeparator(']', &more)) return false;
      if (more) out_.push_back(',');
    }
  }
  out_.push_back(']');
  return true;
}

bool CanonicalWriter::WriteMap(int level) {
  const char* open = context_.Take();
  if (*open != '{') {
    return context_.Fail(ParseError::kInvalidAttribute, open, "the value of M is no object");
  }
  out_.push_back('{');
  const size_t first = members_.size();
  if (*context_.Peek() == '}') {
    context_.Take();
  } else {
    for (bool more = true; more;) {
      StringToken name;
      if (!context_.ReadName(&name)) return false;
      const size_t begin = out_.size();
      AppendString(name);
      out_.push_back(':');
      if (!WriteTyped(level + 1) || !context_.ReadSeparator('}', &more)) return false;
      members_.push_back({name.text, begin, out_.size()});
      if (more) out_.push_back(',');
    }
  }
  if (!SortMembers(first, open)) return false;
  members_.resize(first);
  out_.push_back('}');
  return true;
}

/// Put the members that were written last, from members_[first] on, in the order of their keys.
bool CanonicalWriter::SortMembers(size_t first, const char* map) {
  const auto begin = members_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto by_key = [](const Member& a, const Member& b) { return a.key < b.key; };
  if (!std::is_sorted(begin, members_.end(), by_key)) {
    const size_t start = begin->begin;
    std::sort(begin, members_.end(), by_key);
    sorted_.clear();
    for (auto member = begin; member != members_.end(); ++member) {
      if (member != begin) sorted_.push_back(',');
      sorted_.append(out_, member->begin, member->end - member->begin);
    }
    out_.replace(start, std::string::npos, sorted_);
  }
  const auto same = [](const Member& a, const Member& b) { return a.key == b.key; };
  const auto twice = std::adjacent_find(begin, members_.end(), same);
  if (twice == members_.end()) return true;
  return context_.Fail(ParseError::kDuplicateKey, map,
                       "a map has the member '" + std::string(Excerpt(twice->key)) + "' twice");
}

bool CanonicalWriter::ReadSet(AttributeType type) {
  const char* open = context_.Take();
  if (*open != '[') {
    return context_.Fail(ParseError::kInvalidAttribute, open, "the value of a set is no array");
  }
  elements_.clear();
  if (*context_.Peek() == ']') {
    context_.Take();
    return true;
  }
  for (bool more = true; more;) {
    const char* quote = context_.Take();
    if (*quote != '"') {
      return context_.Fail(ParseError::kInvalidAttribute, quote, "a set element is no string");
    }
    StringToken& element = elements_.emplace_back();
    if (!context_.ReadString(quote, &element)) return false;
    if (type == AttributeType::kNumberSet && ClassifyNumber(element.text) == NumberForm::kNone) {
      return context_.Fail(ParseError::kInvalidAttribute, quote, "an element of NS is no number");
    }
    if (type == AttributeType::kBinarySet && !base::IsBase64(element.text)) {
      return context_.Fail(ParseError::kInvalidAttribute, quote, "an element of BS is no base64");
    }
    if (!context_.ReadSeparator(']', &more)) return false;
  }
  return true;
}

bool CanonicalWriter::WriteSet(AttributeType type) {
  const bool numbers = type == AttributeType::kNumberSet;
  if (numbers) {
    // Equal values are told apart by their text, so that any order of arrival gives the same bytes.
    std::sort(elements_.begin(), elements_.end(), [](const StringToken& a, const StringToken& b) {
      const int order = CompareNumbers(a.text, b.text);
      return order != 0 ? order < 0 : a.text < b.text;
    });
  } else {
    std::sort(elements_.begin(), elements_.end(),
              [](const StringToken& a, const StringToken& b) { return a.text < b.text; });
  }
  char before = '[';
  for (const StringToken& element : elements_) {
    out_.push_back(before);
    before = ',';
    if (!numbers) {
      AppendString(element);
    } else if (ClassifyNumber(element.text) == NumberForm::kJson) {
      out_.append(element.text);
    } else {
      AppendAsJsonNumber(element.text, &out_);
    }
  }
  out_.append(elements_.empty() ? "[]" : "]");
  return true;
}

}  // namespace tapelake::transform
