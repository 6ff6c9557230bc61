#include "io/aws/xml.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace tapelake::io::aws {
namespace {

constexpr int kDepthMax = 32;
constexpr std::string_view kSpace = " \t\r\n";

Status Malformed(std::string_view what) {
  return MakeError(ErrorKind::kCorrupt, "the answer is no XML: " + std::string(what));
}

bool AppendUtf8(uint32_t code, std::string* out) {
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
    return true;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static constexpr uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
  out->push_back(static_cast<char>(kLead[more] | (code >> (6 * more))));
  for (int i = more - 1; i >= 0; --i)
    out->push_back(static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3F)));
  return true;
}

/// Append what `&entity;` stands for. False: nothing that XML itself defines.
bool AppendEntity(std::string_view entity, std::string* out) {
  static constexpr std::pair<std::string_view, char> kNamed[] = {
      {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  for (const auto& [name, character] : kNamed) {
    if (entity != name) continue;
    out->push_back(character);
    return true;
  }
  if (!entity.starts_with('#')) return false;
  entity.remove_prefix(1);
  const bool hex = entity.starts_with('x');
  if (hex) entity.remove_prefix(1);
  uint32_t code = 0;
  const char* end = entity.data() + entity.size();
  const auto parsed = std::from_chars(entity.data(), end, code, hex ? 16 : 10);
  return parsed.ec == std::errc() && parsed.ptr == end && AppendUtf8(code, out);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<XmlElement> Document() {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
    TAPELAKE_RETURN_NOT_OK(SkipToElement());
    TAPELAKE_ASSIGN_OR_RAISE(XmlElement root, Element(0));
    SkipSpace();
    if (!rest_.empty() && !rest_.starts_with("<!--") && !rest_.starts_with("<?")) {
      return Malformed("something follows its root");
    }
    return root;
  }

 private:
  void SkipSpace() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size())); }

  /// Drop everything up to and with `end`.
  Status SkipPast(std::string_view end) {
    const size_t at = rest_.find(end);
    if (at == std::string_view::npos) return Malformed("it ends in the middle");
    rest_.remove_prefix(at + end.size());
    return Status::OK();
  }

  /// Pass over a comment or processing instruction; false: `rest_` starts with none.
  Result<bool> SkipAside() {
    if (rest_.starts_with("<!--")) {
      TAPELAKE_RETURN_NOT_OK(SkipPast("-->"));
      return true;
    }
    if (rest_.starts_with("<?")) {
      TAPELAKE_RETURN_NOT_OK(SkipPast("?>"));
      return true;
    }
    return false;
  }

  Status SkipToElement() {
    while (true) {
      SkipSpace();
      TAPELAKE_ASSIGN_OR_RAISE(const bool skipped, SkipAside());
      if (!skipped) return Status::OK();
    }
  }

  /// The start tag at the front, passed over; its attributes are dropped.
  Status StartTag(std::string* name, bool* empty) {
    if (!rest_.starts_with('<') || rest_.starts_with("<!") || rest_.starts_with("</")) {
      return Malformed("an element is expected");
    }
    size_t end = 1;
    char quote = '\0';
    for (; end < rest_.size() && (quote != '\0' || rest_[end] != '>'); ++end) {
      if (quote != '\0') {
        if (rest_[end] == quote) quote = '\0';
      } else if (rest_[end] == '"' || rest_[end] == '\'') {
        quote = rest_[end];
      }
    }
    if (end == rest_.size()) return Malformed("it ends in a tag");
    std::string_view tag = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    *empty = tag.ends_with('/');
    if (*empty) tag.remove_suffix(1);
    tag_ = tag.substr(0, tag.find_first_of(kSpace));
    if (tag_.empty()) return Malformed("a tag has no name");
    const size_t prefix = tag_.find(':');
    *name = tag_.substr(prefix == std::string_view::npos ? 0 : prefix + 1);
    return Status::OK();
  }

  Result<XmlElement> Element(int depth) {
    if (depth > kDepthMax) return Malformed("it is nested too deep");
    XmlElement element;
    bool empty = false;
    TAPELAKE_RETURN_NOT_OK(StartTag(&element.name, &empty));
    const std::string_view tag = tag_;
    while (!empty) {
      TAPELAKE_RETURN_NOT_OK(Text(&element.text));
      if (rest_.starts_with("</")) break;
      TAPELAKE_ASSIGN_OR_RAISE(const bool skipped, SkipAside());
      if (skipped) continue;
      TAPELAKE_ASSIGN_OR_RAISE(XmlElement child, Element(depth + 1));
      element.children.push_back(std::move(child));
    }
    if (empty) return element;
    rest_.remove_prefix(2);
    if (!rest_.starts_with(tag)) return Malformed("a tag is not closed");
    rest_.remove_prefix(tag.size());
    SkipSpace();
    if (!rest_.starts_with('>')) return Malformed("a tag is not closed");
    rest_.remove_prefix(1);
    return element;
  }

  /// Character data up to the next tag.
  Status Text(std::string* out) {
    static constexpr std::string_view kCdata = "<![CDATA[";
    while (true) {
      const size_t stop = rest_.find_first_of("<&");
      if (stop == std::string_view::npos) return Malformed("it ends in the middle");
      out->append(rest_.substr(0, stop));
      rest_.remove_prefix(stop);
      if (rest_.starts_with('&')) {
        const size_t end = rest_.find(';');
        if (end == std::string_view::npos || !AppendEntity(rest_.substr(1, end - 1), out)) {
          return Malformed("an unknown entity");
        }
        rest_.remove_prefix(end + 1);
      } else if (rest_.starts_with(kCdata)) {
        const std::string_view begin = rest_.substr(kCdata.size());
        TAPELAKE_RETURN_NOT_OK(SkipPast("]]>"));
        out->append(begin.substr(0, begin.find("]]>")));
      } else {
        return Status::OK();
      }
    }
  }

  std::string_view rest_;
  std::string_view tag_;  // of the last StartTag(), as written
};

}  // namespace

const XmlElement* XmlElement::Find(std::string_view name) const {
  const auto found = std::ranges::find(children, name, &XmlElement::name);
  return found == children.end() ? nullptr : &*found;
}

std::string XmlElement::TextOf(std::string_view name) const {
  const XmlElement* child = Find(name);
  return child == nullptr ? std::string() : child->text;
}

Result<XmlElement> ParseXml(std::string_view text) {
  return Parser(text).Document();
}

}  // namespace tapelake::io::aws
