#include "config/parse.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "config/nearest.h"
#include "config/substitute.h"

namespace tapelake::config {
namespace {

std::string PlaceOf(const std::string& file_name, const YAML::Mark& mark) {
  if (mark.is_null()) return file_name;
  return file_name + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

const char* TypeName(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return "a single value";
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Map:
      return "a mapping";
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined:
      break;
  }
  return "nothing";
}

/// What every ParseVisitor of one file shares.
struct ParseState {
  std::string file_name;
  const EnvironmentLookup& environment;
  std::vector<Problem> problems;
  size_t nodes = 0;

  void Add(const YAML::Node& node, std::string what, std::string hint) {
    if (problems.size() >= kProblemsMax) return;
    problems.push_back({std::move(what), PlaceOf(file_name, node.Mark()), std::move(hint)});
  }
  /// Count a visited node; false (with one problem) beyond the limit.
  bool Count(const YAML::Node& node) {
    if (++nodes == kConfigNodesMax) {
      Add(node, "the configuration has more than " + std::to_string(kConfigNodesMax) + " values",
          "repeat fewer aliases, or split it over several files");
    }
    return nodes < kConfigNodesMax;
  }
};

/// Reads the keys of one mapping into the members that Describe() names.
class ParseVisitor : public Visitor {
 public:
  ParseVisitor(ParseState* state, const YAML::Node& map, std::string path)
      : state_(*state), map_(map), path_(std::move(path)) {
    for (const auto& entry : map_) {
      if (!state_.Count(entry.first)) return;
      if (!entry.first.IsScalar()) {
        state_.Add(entry.first, "a key must be plain text", "write 'name: value'");
        continue;
      }
      const std::string key = entry.first.Scalar();
      if (std::any_of(entries_.begin(), entries_.end(),
                      [&key](const auto& other) { return other.first == key; })) {
        state_.Add(entry.first, "key '" + path_ + key + "' is given twice", "remove one of them");
        continue;
      }
      entries_.emplace_back(key, std::make_pair(entry.first, entry.second));
    }
  }

  void Field(const FieldInfo& info, std::string* member) override {
    const std::optional<std::string> text = Scalar(info);
    if (!text) return;
    if (!info.choices.empty() &&
        std::find(info.choices.begin(), info.choices.end(), *text) == info.choices.end()) {
      std::string hint = "one of: ";
      for (const std::string& choice : info.choices) {
        hint += (choice == info.choices.front() ? "" : ", ") + choice;
      }
      BadValue(info, *text, "is not known", hint);
      return;
    }
    if (info.required && text->empty()) {
      BadValue(info, *text, "is empty", "give it a value");
      return;
    }
    *member = *text;
  }

  void Field(const FieldInfo& info, int64_t* member) override {
    const std::optional<std::string> text = Scalar(info);
    if (!text) return;
    const std::optional<int64_t> value = ParseInteger(*text);
    if (!value) {
      BadValue(info, *text, "is no whole number", "write digits only, for example 4");
    } else if (InRange(info, *text, *value, [](int64_t v) { return std::to_string(v); })) {
      *member = *value;
    }
  }

  void Field(const FieldInfo& info, double* member) override {
    const std::optional<std::string> text = Scalar(info);
    if (!text) return;
    const std::optional<double> value = ParseNumber(*text);
    if (!value) {
      BadValue(info, *text, "is no number", "write a number, for example 0.8");
      return;
    }
    *member = *value;
  }

  void Field(const FieldInfo& info, bool* member) override {
    const std::optional<std::string> text = Scalar(info);
    if (!text) return;
    if (*text != "true" && *text != "false") {
      BadValue(info, *text, "is neither true nor false", "write true or false");
      return;
    }
    *member = *text == "true";
  }

  void Field(const FieldInfo& info, Duration* member) override {
    const std::optional<std::string> text = Scalar(info);
    if (!text) return;
    const std::optional<Duration> value = ParseDuration(*text);
    if (!value) {
      BadValue(info, *text, "is no duration",
               "write a whole number and a unit: 500ms, 2s, 10m, 1h or 1d");
    } else if (InRange(info, *text, value->micros, [](int64_t v) { return FormatDuration({v}); })) {
      *member = *value;
    }
  }

  void Field(const FieldInfo& info, ByteSize* member) override {
    const std::optional<std::string> text = Scalar(info);
    if (!text) return;
    const std::optional<ByteSize> value = ParseByteSize(*text);
    if (!value) {
      BadValue(info, *text, "is no size",
               "write a whole number and a unit: 512KiB, 256MiB, 2GiB, 10MB or 1GB");
    } else if (InRange(info, *text, value->bytes, [](int64_t v) { return FormatByteSize({v}); })) {
      *member = *value;
    }
  }

  void Field(const FieldInfo& info, std::vector<std::string>* member) override {
    const auto* entry = Take(info);
    if (entry == nullptr) return;
    if (!entry->second.IsSequence()) {
      state_.Add(entry->second, Name(info) + " must be a list, not " + TypeName(entry->second),
                 "write [first, second] or one '- item' per line");
      return;
    }
    member->clear();
    for (const YAML::Node& item : entry->second) {
      if (!state_.Count(item)) return;
      if (!item.IsScalar()) {
        state_.Add(item, Name(info) + " must hold texts, not " + TypeName(item), "write text only");
        return;
      }
      if (const std::optional<std::string> text = Substitute(item)) member->push_back(*text);
    }
  }

  void Field(const FieldInfo& info, std::map<std::string, std::string>* member) override {
    const auto* entry = Take(info);
    if (entry == nullptr) return;
    if (!entry->second.IsMap()) {
      state_.Add(entry->second, Name(info) + " must be a mapping, not " + TypeName(entry->second),
                 "write {name: text} or one 'name: text' per line");
      return;
    }
    member->clear();
    for (const auto& [name, value] : NamedTexts(info, entry->second)) {
      if (!member->emplace(name, value).second) {
        state_.Add(entry->second, "key '" + Name(info) + "." + name + "' is given twice",
                   "remove one of them");
      }
    }
  }

  void Place(std::string* member) override { *member = PlaceOf(state_.file_name, map_.Mark()); }

  /// Report the keys that no Field asked for and the required ones that are absent.
  void Finish() {
    for (const auto& [key, nodes] : entries_) {
      if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
      const std::string nearest = Nearest(key, known_);
      std::string hint = nearest.empty() ? "known here:" : "did you mean '" + nearest + "'?";
      if (nearest.empty()) {
        for (const std::string& known : known_)
          hint += " " + known;
      }
      state_.Add(nodes.first, "unknown key '" + path_ + key + "'", hint);
    }
    for (const std::string& key : missing_) {
      state_.Add(map_, "key '" + path_ + key + "' is missing", "add '" + key + ": ...'");
    }
  }

 protected:
  void VisitSection(const FieldInfo& info, const std::function<void(Visitor&)>& describe) override {
    const auto* entry = Take(info);
    if (entry == nullptr || entry->second.IsNull()) return;
    if (!entry->second.IsMap()) {
      state_.Add(entry->second, Name(info) + " must be a mapping, not " + TypeName(entry->second),
                 "write its keys below it, indented");
      return;
    }
    ParseVisitor nested(&state_, entry->second, path_ + info.key + ".");
    describe(nested);
    nested.Finish();
  }

  void VisitList(const FieldInfo& info, const ListAccess& access) override {
    const auto* entry = Take(info);
    if (entry == nullptr || entry->second.IsNull()) return;
    if (!entry->second.IsSequence()) {
      state_.Add(entry->second, Name(info) + " must be a list, not " + TypeName(entry->second),
                 "write one '- ' item per entry");
      return;
    }
    access.clear();
    size_t index = 0;
    for (const YAML::Node& item : entry->second) {
      const std::string path = path_ + info.key + "[" + std::to_string(index++) + "]";
      if (!state_.Count(item)) return;
      if (!item.IsMap()) {
        state_.Add(item, path + " must be a mapping, not " + TypeName(item),
                   "write its keys after '- '");
        continue;
      }
      ParseVisitor nested(&state_, item, path + ".");
      access.append(nested);
      nested.Finish();
    }
  }

 private:
  using KeyAndValue = std::pair<YAML::Node, YAML::Node>;

  std::string Name(const FieldInfo& info) const { return path_ + info.key; }

  /// The entry of a key, which is known from now on; nullptr if absent.
  const KeyAndValue* Take(const FieldInfo& info) {
    known_.emplace_back(info.key);
    for (const auto& [key, nodes] : entries_) {
      if (key == info.key) return &nodes;
    }
    if (info.required) missing_.emplace_back(info.key);
    return nullptr;
  }

  /// The entries of a mapping whose names are free.
  std::vector<std::pair<std::string, std::string>> NamedTexts(const FieldInfo& info,
                                                              const YAML::Node& map) {
    std::vector<std::pair<std::string, std::string>> texts;
    for (const auto& item : map) {
      if (!state_.Count(item.first) || !state_.Count(item.second)) break;
      if (!item.first.IsScalar() || !item.second.IsScalar()) {
        state_.Add(item.first, Name(info) + " must hold names and texts", "write 'name: text'");
        continue;
      }
      if (const std::optional<std::string> text = Substitute(item.second)) {
        texts.emplace_back(item.first.Scalar(), *text);
      }
    }
    return texts;
  }

  std::optional<std::string> Scalar(const FieldInfo& info) {
    const KeyAndValue* entry = Take(info);
    if (entry == nullptr) return std::nullopt;
    current_ = entry->second;
    if (!entry->second.IsScalar()) {
      state_.Add(entry->second.IsNull() ? entry->first : entry->second,
                 Name(info) + " must be a single value, not " + TypeName(entry->second),
                 entry->second.IsNull() ? "give it a value, or remove the key to use the default"
                                        : "write '" + std::string(info.key) + ": value'");
      return std::nullopt;
    }
    return Substitute(entry->second);
  }

  std::optional<std::string> Substitute(const YAML::Node& node) {
    std::optional<Problem> problem;
    std::string text = SubstituteEnvironment(node.Scalar(), state_.environment, &problem);
    if (!problem) return text;
    state_.Add(node, problem->what, problem->hint);
    return std::nullopt;
  }

  void BadValue(const FieldInfo& info, const std::string& text, const std::string& what,
                std::string hint) {
    state_.Add(current_, Name(info) + " = '" + text + "' " + what, std::move(hint));
  }

  template <typename Format>
  bool InRange(const FieldInfo& info, const std::string& text, int64_t value, Format format) {
    if (value >= info.min && value <= info.max) return true;
    const bool open = info.max == std::numeric_limits<int64_t>::max();
    const std::string range =
        open ? "at least " + format(info.min) : format(info.min) + " to " + format(info.max);
    BadValue(info, text, "is out of range", "allowed: " + range);
    return false;
  }

  ParseState& state_;
  YAML::Node map_;
  YAML::Node current_;  // the value under inspection, for its place
  std::string path_;
  std::vector<std::pair<std::string, KeyAndValue>> entries_;
  std::vector<std::string> known_;
  std::vector<std::string> missing_;
};

void ParseDocument(std::string_view text, ParseState* state, Config* config) {
  const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
  if (documents.empty() || (documents.size() == 1 && documents[0].IsNull())) return;
  if (documents.size() > 1) {
    state->Add(documents[1], "the file holds more than one YAML document",
               "remove the '---' lines; several tables go under 'tables:'");
    return;
  }
  if (!documents[0].IsMap()) {
    state->Add(documents[0],
               std::string("the file must hold a mapping, not ") + TypeName(documents[0]),
               "write 'key: value' lines; 'tapelake config docs' lists the keys");
    return;
  }
  ParseVisitor visitor(state, documents[0], "");
  Config::Describe(visitor, *config);
  visitor.Finish();
}

/// Archival must leave what cleaning still looks at.
void ValidateHistory(const HistoryConfig& history, std::vector<Problem>* problems) {
  const auto text = [](int64_t value) { return std::to_string(value); };
  if (history.instants_min <= history.commits_retained) {
    problems->push_back(
        {"history.instants_min = " + text(history.instants_min) +
             " is not more than history.commits_retained = " + text(history.commits_retained),
         "", "keep more instants than commits"});
  }
  if (history.instants_max <= history.instants_min) {
    problems->push_back(
        {"history.instants_max = " + text(history.instants_max) +
             " is not more than history.instants_min = " + text(history.instants_min),
         "", "raise instants_max"});
  }
}

void ValidatePulledSource(const std::string& name, const SourceConfig& source,
                          std::vector<Problem>* problems) {
  const auto problem = [&](const std::string& what, const std::string& remedy) {
    problems->push_back({name + ": " + what, source.place, remedy});
  };
  const bool kinesis = source.kind == "kinesis";
  const bool dynamodb = source.kind == "dynamodb_streams";
  const std::string but_kind = ", but source.kind = '" + source.kind + "'";
  if (kinesis && source.stream.empty()) {
    problem("source.kind = 'kinesis' names no stream", "add 'stream: NAME' (or its ARN)");
  }
  if (!kinesis && !source.stream.empty()) {
    problem("source.stream is given" + but_kind, "set 'kind: kinesis', or remove 'stream'");
  }
  if (dynamodb && source.table.empty() == source.stream_arn.empty()) {
    problem("source.kind = 'dynamodb_streams' wants either a table or a stream_arn",
            "add 'table: NAME', or 'stream_arn: ARN'");
  }
  if (!dynamodb && !(source.table + source.stream_arn).empty()) {
    problem(std::string(source.table.empty() ? "source.stream_arn" : "source.table") + " is given" +
                but_kind,
            "set 'kind: dynamodb_streams', or remove it");
  }
  if (source.first_load && source.table.empty()) {
    problem("source.first_load is set without source.table", "name the DynamoDB table");
  }
}

/// Properties that have a key of their own here, or on which the source is built.
const char* KeyInsteadOf(const std::string& property) {
  static const std::map<std::string, const char*> keys = {
      {"bootstrap.servers", "write it as 'brokers'"},
      {"metadata.broker.list", "write it as 'brokers'"},
      {"group.id", "write it as 'group'"},
      {"auto.offset.reset", "write it as 'start'"},
      {"enable.auto.commit", "remove it: places are in the table's commits"},
      {"auto.commit.enable", "remove it: places are in the table's commits"},
      {"enable.auto.offset.store", "remove it: places are in the table's commits"},
      {"enable.partition.eof", "remove it: the source needs it on"},
      {"partition.assignment.strategy", "remove it: the source rebalances cooperatively"},
      {"plugin.library.paths", "remove it: no foreign code is loaded"},
  };
  const auto found = keys.find(property);
  return found == keys.end() ? nullptr : found->second;
}

void ValidateKafkaSource(const std::string& name, const SourceConfig& source,
                         std::vector<Problem>* problems) {
  const auto problem = [&](const std::string& what, const std::string& remedy) {
    problems->push_back({name + ": " + what, source.place, remedy});
  };
  if (source.kind != "kafka") {
    const std::map<std::string, bool> given = {{"brokers", !source.brokers.empty()},
                                               {"topic", !source.topic.empty()},
                                               {"group", !source.group.empty()},
                                               {"format", source.format != SourceConfig().format},
                                               {"operation_field", !source.operation_field.empty()},
                                               {"order_field", !source.order_field.empty()},
                                               {"properties", !source.properties.empty()}};
    for (const auto& [key, is_given] : given) {
      if (!is_given) continue;
      problem("source." + key + " is given, but source.kind = '" + source.kind + "'",
              "set 'kind: kafka', or remove '" + key + "'");
    }
    return;
  }
  if (source.brokers.empty()) {
    problem("source.kind = 'kafka' names no brokers", "add 'brokers: HOST:PORT'");
  }
  if (source.topic.empty()) problem("source.kind = 'kafka' names no topic", "add 'topic: NAME'");
  if (source.topic.find('/') != std::string::npos || source.topic.starts_with('^')) {
    problem("source.topic = '" + source.topic + "' is no name of one topic",
            "topics have letters, digits, '.', '_' and '-'");
  }
  if (source.format != "json" && !source.operation_field.empty()) {
    problem("source.operation_field is given, but source.format = '" + source.format + "'",
            "set 'format: json', or remove it");
  }
  if (source.format == "dynamodb_json" && !source.order_field.empty()) {
    problem("source.order_field is given, but source.format = 'dynamodb_json'",
            "remove it: change records bring their order");
  }
  if (source.format == "json" && source.operation_field.empty() && !source.order_field.empty()) {
    problem(
        "source.order_field is given without source.operation_field, and a record without a "
        "value, which deletes, has no such field",
        "add 'operation_field', or remove 'order_field'");
  }
  for (const auto& [property, value] : source.properties) {
    const char* remedy = KeyInsteadOf(property);
    if (remedy != nullptr) problem("source.properties has '" + property + "'", remedy);
  }
}

/// Two tables in one group would each get a part of the topic.
void ValidateKafkaGroups(const Config& config, std::vector<Problem>* problems) {
  std::map<std::pair<std::string, std::string>, std::string> readers;
  for (const TableConfig& table : config.tables) {
    if (table.source.kind != "kafka" || table.source.group.empty()) continue;
    const auto [first, is_first] = readers.try_emplace(
        std::pair(table.source.group, table.source.topic), table.QualifiedName());
    if (is_first) continue;
    problems->push_back({"table " + table.QualifiedName() + ": source.group = '" +
                             table.source.group + "' reads the topic '" + table.source.topic +
                             "' for table " + first->second + " already",
                         table.source.place, "give each table a group of its own"});
  }
}

void ValidateTableConfig(const TableConfig& table, std::vector<Problem>* problems) {
  const std::string name = "table " + table.QualifiedName();
  if (table.source.kind == "files" && table.source.paths.empty()) {
    problems->push_back({name + ": source.kind = 'files' names no paths", table.source.place,
                         "add 'paths: [FILE-OR-DIRECTORY, ...]'"});
  }
  if (table.source.kind != "files" && !table.source.paths.empty()) {
    problems->push_back(
        {name + ": source.paths is given, but source.kind = '" + table.source.kind + "'",
         table.source.place, "set 'kind: files', or remove 'paths'"});
  }
  ValidatePulledSource(name, table.source, problems);
  ValidateKafkaSource(name, table.source, problems);
}

}  // namespace

std::vector<Problem> ValidateConfig(const Config& config) {
  std::vector<Problem> problems;
  ValidateHistory(config.history, &problems);
  std::set<std::string> names;
  for (const TableConfig& table : config.tables) {
    if (!names.insert(table.QualifiedName()).second) {
      problems.push_back({"table " + table.QualifiedName() + " is declared twice", table.place,
                          "give each table its own database and name"});
    }
    ValidateTableConfig(table, &problems);
  }
  ValidateKafkaGroups(config, &problems);
  if (config.lake.path.empty()) {
    problems.push_back({"lake.path is empty", "", "name a directory, for example ./tapelake-data"});
  }
  return problems;
}

std::vector<Problem> ParseConfig(std::string_view text, const std::string& file_name,
                                 const EnvironmentLookup& environment, Config* config) {
  ParseState state{.file_name = file_name, .environment = environment, .problems = {}};
  if (text.size() > kConfigBytesMax) {
    return {{"the configuration has " + std::to_string(text.size()) + " bytes, more than " +
                 FormatByteSize({kConfigBytesMax}),
             file_name, "is this the right file?"}};
  }
  try {
    ParseDocument(text, &state, config);
  } catch (const YAML::Exception& error) {
    return {{"no valid YAML: " + error.msg, PlaceOf(file_name, error.mark),
             "check indentation, quotes and colons at that place"}};
  }
  if (state.problems.empty()) state.problems = ValidateConfig(*config);
  return std::move(state.problems);
}

}  // namespace tapelake::config
