#include "lambda/log.h"

#include <string>

#include "base/json.h"
#include "base/time.h"

namespace tapelake::lambda {
namespace {

std::string_view LevelText(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarn:
      return "WARN";
    case LogLevel::kError:
      return "ERROR";
  }
  return "ERROR";
}

}  // namespace

void Log::Write(LogLevel level, std::string_view request_id, std::string_view message) {
  std::string line;
  base::JsonWriter json(&line);
  json.BeginObject();
  json.Key("timestamp").String(base::FormatIso8601Micros(clock_.WallMicros()) + "Z");
  json.Key("level").String(LevelText(level));
  json.Key("message").String(message);
  if (!request_id.empty()) json.Key("requestId").String(request_id);
  json.EndObject();
  line.push_back('\n');
  (void)output_.Write(line);  // there is nobody left to tell
}

}  // namespace tapelake::lambda
