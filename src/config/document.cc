#include "config/document.h"

#include <map>
#include <string_view>

#include "base/json.h"

namespace tapelake::config {
namespace {

std::string RangeText(const FieldInfo& info, std::string (*format)(int64_t)) {
  const bool no_min = info.min == std::numeric_limits<int64_t>::min();
  const bool no_max = info.max == std::numeric_limits<int64_t>::max();
  if (no_min && no_max) return "";
  if (no_max) return "at least " + format(info.min);
  if (no_min) return "at most " + format(info.max);
  return format(info.min) + " to " + format(info.max);
}

std::string IntegerText(int64_t value) {
  return std::to_string(value);
}
std::string DurationText(int64_t micros) {
  return FormatDuration({micros});
}
std::string SizeText(int64_t bytes) {
  return FormatByteSize({bytes});
}

constexpr const char* kHidden = "(not shown)";

/// Whether a free name is one of a password or a key, which is not to be seen on a screen.
bool IsSecretName(std::string_view name) {
  for (const char* part : {"password", "secret", "key.pem", "keystore", "oauthbearer.config"}) {
    if (name.find(part) != std::string_view::npos) return true;
  }
  return false;
}

class MarkdownVisitor : public Visitor {
 public:
  explicit MarkdownVisitor(std::string* out, std::string path)
      : out_(*out), path_(std::move(path)) {}

  void Field(const FieldInfo& info, std::string* member) override {
    std::string range;
    for (const std::string& choice : info.choices) {
      range += (range.empty() ? "`" : ", `") + choice + "`";
    }
    Row(info, "text", *member, range);
  }
  void Field(const FieldInfo& info, int64_t* member) override {
    Row(info, "number", std::to_string(*member), RangeText(info, IntegerText));
  }
  void Field(const FieldInfo& info, double* member) override {
    Row(info, "number", FormatNumber(*member), "");
  }
  void Field(const FieldInfo& info, bool* member) override {
    Row(info, "boolean", *member ? "true" : "false", "");
  }
  void Field(const FieldInfo& info, Duration* member) override {
    Row(info, "duration", FormatDuration(*member), RangeText(info, DurationText));
  }
  void Field(const FieldInfo& info, ByteSize* member) override {
    Row(info, "size", FormatByteSize(*member), RangeText(info, SizeText));
  }
  void Field(const FieldInfo& info, std::vector<std::string>*) override {
    Row(info, "list of texts", "", "");
  }
  void Field(const FieldInfo& info, std::map<std::string, std::string>*) override {
    Row(info, "names and texts", "", "");
  }

 protected:
  void VisitSection(const FieldInfo& info, const std::function<void(Visitor&)>& describe) override {
    Nested(info, info.key, describe);
  }
  void VisitList(const FieldInfo& info, const ListAccess& access) override {
    Nested(info, std::string(info.key) + "[]", access.prototype);
  }

 private:
  void Nested(const FieldInfo& info, const std::string& key,
              const std::function<void(Visitor&)>& describe) {
    std::string nested;
    MarkdownVisitor visitor(&nested, path_ + key + ".");
    describe(visitor);
    sections_ += "\n## `" + path_ + key + "`\n\n" + info.sentence +
                 "\n\n| key | type | default | range | meaning |\n|---|---|---|---|---|\n" +
                 nested + visitor.sections_;
  }

  void Row(const FieldInfo& info, const std::string& type, const std::string& value,
           const std::string& range) {
    std::string shown = value.empty() ? "" : "`" + value + "`";
    if (info.required) shown = "required";
    out_ += "| `" + path_ + info.key + "` | " + type;
    if (info.unit[0] != '\0') out_ += std::string(" (") + info.unit + ")";
    out_ += " | " + shown + " | " + range + " | " + info.sentence;
    if (info.reloadable) out_ += " Reloadable.";
    out_ += " |\n";
  }

  std::string& out_;
  std::string path_;

 public:
  std::string sections_;
};

/// Writes the `properties` of one mapping.
class SchemaVisitor : public Visitor {
 public:
  explicit SchemaVisitor(base::JsonWriter* writer) : writer_(*writer) {}

  void Field(const FieldInfo& info, std::string* member) override {
    Begin(info, "string");
    if (!info.choices.empty()) {
      writer_.Key("enum").BeginArray();
      for (const std::string& choice : info.choices)
        writer_.String(choice);
      writer_.EndArray();
    }
    if (!info.required) writer_.Key("default").String(*member);
    writer_.EndObject();
  }
  void Field(const FieldInfo& info, int64_t* member) override {
    BeginScalar(info, "integer", "^[0-9]+$");
    if (info.min != std::numeric_limits<int64_t>::min()) writer_.Key("minimum").Int(info.min);
    if (info.max != std::numeric_limits<int64_t>::max()) writer_.Key("maximum").Int(info.max);
    writer_.Key("default").Int(*member).EndObject();
  }
  void Field(const FieldInfo& info, double* member) override {
    BeginScalar(info, "number", "^[-+0-9.eE]+$");
    if (!info.required) writer_.Key("default").Double(*member);
    writer_.EndObject();
  }
  void Field(const FieldInfo& info, bool* member) override {
    Begin(info, "boolean");
    writer_.Key("default").Bool(*member).EndObject();
  }
  void Field(const FieldInfo& info, Duration* member) override {
    BeginScalar(info, "", "^[0-9]+ *(d|h|m|s|ms|us)$");
    writer_.Key("default").String(FormatDuration(*member)).EndObject();
  }
  void Field(const FieldInfo& info, ByteSize* member) override {
    BeginScalar(info, "integer", "^[0-9]+ *(TiB|GiB|MiB|KiB|TB|GB|MB|KB|B)?$");
    writer_.Key("default").String(FormatByteSize(*member)).EndObject();
  }
  void Field(const FieldInfo& info, std::vector<std::string>*) override {
    Begin(info, "array");
    writer_.Key("items").BeginObject().Key("type").String("string").EndObject();
    writer_.EndObject();
  }
  void Field(const FieldInfo& info, std::map<std::string, std::string>*) override {
    Begin(info, "object");
    writer_.Key("additionalProperties").BeginObject().Key("type").BeginArray();
    writer_.String("string").String("number").String("boolean").EndArray().EndObject();
    writer_.EndObject();
  }

  /// Write `properties`, `required` and `additionalProperties` of what `describe` names.
  static void WriteObject(base::JsonWriter* writer, const std::function<void(Visitor&)>& describe) {
    writer->Key("properties").BeginObject();
    SchemaVisitor visitor(writer);
    describe(visitor);
    writer->EndObject();
    if (!visitor.required_.empty()) {
      writer->Key("required").BeginArray();
      for (const std::string& key : visitor.required_)
        writer->String(key);
      writer->EndArray();
    }
    writer->Key("additionalProperties").Bool(false);
  }

 protected:
  void VisitSection(const FieldInfo& info, const std::function<void(Visitor&)>& describe) override {
    Begin(info, "object");
    WriteObject(&writer_, describe);
    writer_.EndObject();
  }
  void VisitList(const FieldInfo& info, const ListAccess& access) override {
    Begin(info, "array");
    writer_.Key("items").BeginObject().Key("type").String("object");
    WriteObject(&writer_, access.prototype);
    writer_.EndObject().EndObject();
  }

 private:
  void BeginKey(const FieldInfo& info) {
    if (info.required) required_.emplace_back(info.key);
    writer_.Key(info.key).BeginObject();
    writer_.Key("description").String(info.sentence);
  }

  void Begin(const FieldInfo& info, std::string_view type) {
    BeginKey(info);
    writer_.Key("type").String(type);
  }

  // A text of this pattern or one with ${...} in it, or a plain value of `type`.
  void BeginScalar(const FieldInfo& info, std::string_view type, const std::string& pattern) {
    BeginKey(info);
    writer_.Key("type").BeginArray();
    if (!type.empty()) writer_.String(type);
    writer_.String("string").EndArray();
    writer_.Key("pattern").String(pattern + "|[$][{]");
  }

  base::JsonWriter& writer_;
  std::vector<std::string> required_;
};

/// Writes values as JSON; YAML is a superset, but ConfigYaml indents by its own visitor for people.
class JsonVisitor : public Visitor {
 public:
  explicit JsonVisitor(base::JsonWriter* writer) : writer_(*writer) {}

  void Field(const FieldInfo& info, std::string* member) override {
    writer_.Key(info.key).String(*member);
  }
  void Field(const FieldInfo& info, int64_t* member) override {
    writer_.Key(info.key).Int(*member);
  }
  void Field(const FieldInfo& info, double* member) override {
    writer_.Key(info.key).Double(*member);
  }
  void Field(const FieldInfo& info, bool* member) override { writer_.Key(info.key).Bool(*member); }
  void Field(const FieldInfo& info, Duration* member) override {
    writer_.Key(info.key).String(FormatDuration(*member));
  }
  void Field(const FieldInfo& info, ByteSize* member) override {
    writer_.Key(info.key).String(FormatByteSize(*member));
  }
  void Field(const FieldInfo& info, std::vector<std::string>* member) override {
    writer_.Key(info.key).BeginArray();
    for (const std::string& item : *member)
      writer_.String(item);
    writer_.EndArray();
  }
  void Field(const FieldInfo& info, std::map<std::string, std::string>* member) override {
    writer_.Key(info.key).BeginObject();
    for (const auto& [name, text] : *member)
      writer_.Key(name).String(IsSecretName(name) ? kHidden : text);
    writer_.EndObject();
  }

 protected:
  void VisitSection(const FieldInfo& info, const std::function<void(Visitor&)>& describe) override {
    writer_.Key(info.key).BeginObject();
    describe(*this);
    writer_.EndObject();
  }
  void VisitList(const FieldInfo& info, const ListAccess& access) override {
    writer_.Key(info.key).BeginArray();
    for (size_t i = 0; i < access.size; ++i) {
      writer_.BeginObject();
      access.describe(i, *this);
      writer_.EndObject();
    }
    writer_.EndArray();
  }

 private:
  base::JsonWriter& writer_;
};

class YamlVisitor : public Visitor {
 public:
  YamlVisitor(std::string* out, int depth, bool in_list)
      : out_(*out), depth_(depth), dash_(in_list) {}

  void Field(const FieldInfo& info, std::string* member) override { Line(info, Quote(*member)); }
  void Field(const FieldInfo& info, int64_t* member) override {
    Line(info, std::to_string(*member));
  }
  void Field(const FieldInfo& info, double* member) override { Line(info, FormatNumber(*member)); }
  void Field(const FieldInfo& info, bool* member) override {
    Line(info, *member ? "true" : "false");
  }
  void Field(const FieldInfo& info, Duration* member) override {
    Line(info, FormatDuration(*member));
  }
  void Field(const FieldInfo& info, ByteSize* member) override {
    Line(info, FormatByteSize(*member));
  }
  void Field(const FieldInfo& info, std::vector<std::string>* member) override {
    std::string list = "[";
    for (const std::string& item : *member)
      list += (list.size() > 1 ? ", " : "") + Quote(item);
    Line(info, list + "]");
  }
  void Field(const FieldInfo& info, std::map<std::string, std::string>* member) override {
    std::string map = "{";
    for (const auto& [name, text] : *member) {
      map += (map.size() > 1 ? ", " : "") + Quote(name) + ": ";
      map += Quote(IsSecretName(name) ? kHidden : text);
    }
    Line(info, map + "}");
  }

 protected:
  void VisitSection(const FieldInfo& info, const std::function<void(Visitor&)>& describe) override {
    Line(info, "");
    YamlVisitor nested(&out_, depth_ + 1, false);
    describe(nested);
  }
  void VisitList(const FieldInfo& info, const ListAccess& access) override {
    Line(info, access.size == 0 ? "[]" : "");
    for (size_t i = 0; i < access.size; ++i) {
      YamlVisitor nested(&out_, depth_ + 2, true);
      access.describe(i, nested);
    }
  }

 private:
  void Line(const FieldInfo& info, const std::string& value) {
    const size_t indent = static_cast<size_t>(depth_) * 2;
    out_ += dash_ ? std::string(indent - 2, ' ') + "- " : std::string(indent, ' ');
    dash_ = false;
    out_ += std::string(info.key) + ":" + (value.empty() ? "" : " " + value) + "\n";
  }

  // A JSON string is a YAML double-quoted scalar. "${" is escaped so that it is read back as it is.
  static std::string Quote(const std::string& text) {
    std::string escaped;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text.compare(i, 2, "${") == 0) escaped += '$';
      escaped += text[i];
    }
    std::string quoted;
    base::AppendJsonString(escaped, &quoted);
    return quoted;
  }

  std::string& out_;
  int depth_;
  bool dash_;  // the next line is the first of a list item
};

}  // namespace

std::string ConfigMarkdown() {
  Config defaults;
  std::string top;
  MarkdownVisitor visitor(&top, "");
  Config::Describe(visitor, defaults);
  std::string out =
      "# Configuration\n\n<!-- Generated by `tapelake config docs`; do not edit. -->\n\n"
      "One YAML file, given by `--config FILE`. Every key may be left out; without a file the "
      "defaults\nhold: one table `crypto.transactions`, fed by the simulator, under "
      "`./tapelake-data`.\n\n"
      "- Durations: a whole number and `us`, `ms`, `s`, `m`, `h` or `d`. Sizes: `KiB`, `MiB`, "
      "`GiB` (powers of\n  1024), `KB`, `MB`, `GB` (powers of 1000) or plain bytes.\n"
      "- `${NAME}` in a value is replaced by the environment variable; `${NAME:-default}` gives a "
      "default;\n  `$${` is a plain `${`. A variable that is not set is an error.\n"
      "- Unknown keys, keys given twice and values out of range are errors that name file, line "
      "and column\n  (exit code 78).\n"
      "- `config.schema.json` beside this file gives editors completion and checks.\n\n"
      "```yaml\nlake:\n  path: ${LAKE_PATH:-./tapelake-data}\ncommit:\n  interval: 5s\ntables:\n"
      "  - name: transactions\n    source: {kind: simulator}\n"
      "  - database: crypto\n    name: trades\n    key: id\n    time: traded_at\n    columns:\n"
      "      - {name: id, attribute: trade_id, type: string}\n"
      "      - {name: traded_at, attribute: executed, type: timestamp(ms)}\n"
      "      - {name: price, type: \"decimal(18,8)\"}\n"
      "    source: {kind: files, paths: [./incoming], speed: max}\n```\n";
  return out + top + visitor.sections_;
}

std::string ConfigJsonSchema() {
  std::string out;
  base::JsonWriter writer(&out, true);
  Config defaults;
  writer.BeginObject();
  writer.Key("$schema").String("https://json-schema.org/draft/2020-12/schema");
  writer.Key("title").String("Tapelake configuration");
  writer.Key("type").String("object");
  SchemaVisitor::WriteObject(
      &writer, [&defaults](Visitor& visitor) { Config::Describe(visitor, defaults); });
  writer.EndObject();
  return out + "\n";
}

std::string ConfigYaml(Config config) {
  std::string out;
  YamlVisitor visitor(&out, 0, false);
  Config::Describe(visitor, config);
  return out;
}

std::string ConfigJson(Config config) {
  std::string out;
  base::JsonWriter writer(&out);
  JsonVisitor visitor(&writer);
  writer.BeginObject();
  Config::Describe(visitor, config);
  writer.EndObject();
  return out;
}

}  // namespace tapelake::config
