/// The executable that Lambda starts (`provided.al2023`): see README.md.

#include <csignal>
#include <memory>
#include <string>

#include "io/byte_stream.h"
#include "io/clock.h"
#include "io/environment.h"
#include "lambda/batch_handler.h"
#include "lambda/firehose_handler.h"
#include "lambda/function.h"
#include "lambda/keep_alive_client.h"
#include "lambda/line_target.h"
#include "lambda/log.h"
#include "lambda/runtime_api.h"
#include "lambda/settings.h"

namespace tapelake::lambda {
namespace {

std::unique_ptr<LineTarget> MakeTarget(const std::string& url, io::ByteOutput& otherwise,
                                       io::Clock& clock) {
  if (url.empty()) return std::make_unique<StreamTarget>(otherwise);
  return std::make_unique<HttpTarget>(url, std::make_unique<KeepAliveClient>(clock));
}

/// Answer events until the runtime API has no more of them; return why it ended.
Status Serve(const Settings& settings, RuntimeApi& api, io::Clock& clock, Log& log) {
  io::DescriptorOutput output(1);
  const auto rows = MakeTarget(settings.target, output, clock);
  const auto errors =
      settings.error_target.empty() ? nullptr : MakeTarget(settings.error_target, output, clock);
  FirehoseHandler firehose(settings.partition_keys);
  BatchHandler batches(*rows, errors.get());
  Function function(
      {.api = api, .firehose = firehose, .batches = batches, .clock = clock, .log = log});
  while (true) {
    TAPELAKE_RETURN_NOT_OK(function.Step());
  }
}

int Run() {
  io::SystemClock clock;
  io::DescriptorOutput log_output(2);
  Log log(log_output, clock);
  const auto address = ReadRuntimeApi(io::EnvironmentVariable);
  if (!address.ok()) {
    log.Write(LogLevel::kError, "", address.status().message());
    return 1;
  }
  KeepAliveClient http(clock);
  RuntimeApi api(*address, http);
  const auto settings = ReadSettings(io::EnvironmentVariable);
  Status ended = settings.status();
  if (settings.ok()) {
    ended = Serve(*settings, api, clock, log);
  } else {
    const Status told = api.FailInit({"Runtime.ConfigInvalid", ended.message()});
    if (!told.ok()) log.Write(LogLevel::kError, "", told.message());
  }
  log.Write(LogLevel::kError, "", ended.message());
  return 1;
}

}  // namespace
}  // namespace tapelake::lambda

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  return tapelake::lambda::Run();
}
