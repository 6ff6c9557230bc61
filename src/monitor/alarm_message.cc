#include "monitor/alarm_message.h"

#include "base/json.h"
#include "base/time.h"

namespace tapelake::monitor {

std::string TransitionWords(const AlarmTransition& change) {
  const AlarmView& alarm = change.alarm;
  std::string out(AlarmStateText(alarm.state));
  out += " " + alarm.name;
  for (size_t i = 0; i < alarm.labels.size(); ++i) {
    const auto& [name, value] = alarm.labels[i];
    out.append(i == 0 ? " {" : ", ").append(name).append("=").append(value);
  }
  if (!alarm.labels.empty()) out += "}";
  out += ": " + alarm.reason;
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return out;
}

std::string TransitionJson(const AlarmRule& rule, const AlarmTransition& change) {
  const AlarmView& alarm = change.alarm;
  std::string out;
  base::JsonWriter writer(&out);
  writer.BeginObject();
  writer.Key("event").String("alarm");
  writer.Key("text").String("Tapelake: " + TransitionWords(change));
  writer.Key("at").String(base::FormatIso8601Micros(change.at_micros) + "Z");
  writer.Key("at_ms").Int(change.at_micros / 1'000);
  writer.Key("name").String(alarm.name);
  writer.Key("from").String(AlarmStateText(change.from));
  writer.Key("to").String(AlarmStateText(alarm.state));
  writer.Key("reason").String(alarm.reason);
  writer.Key("metric").String(alarm.metric);
  writer.Key("unit").String(alarm.unit);
  writer.Key("labels").BeginObject();
  for (const auto& [name, value] : alarm.labels)
    writer.Key(name).String(value);
  writer.EndObject();
  writer.Key("statistic").String(StatisticText(rule.statistic));
  writer.Key("period_ms").Int(rule.period_micros / 1'000);
  writer.Key("comparison").String(ComparisonSign(alarm.comparison));
  writer.Key("threshold").Double(alarm.threshold);
  writer.Key("latest");
  alarm.latest ? writer.Double(*alarm.latest) : writer.Null();
  writer.EndObject();
  return out;
}

}  // namespace tapelake::monitor
