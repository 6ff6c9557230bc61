#include "app/stream_plan.h"

#include "app/lake_folder.h"
#include "security/stream_key.h"

namespace tapelake::app {

std::string StreamKeyPath(const std::string& lake_path, const config::StreamConfig& config) {
  return config.key_file.empty() ? DefaultStreamKeyPath(lake_path) : config.key_file;
}

Result<stream::StreamOptions> StreamOptionsOf(World& world, const std::string& lake_path,
                                              const config::StreamConfig& config) {
  stream::StreamOptions options;
  options.shard_count = static_cast<int>(config.shards);
  options.compression =
      config.compression == "none" ? stream::Compression::kNone : stream::Compression::kZstd;
  options.segment_bytes_max = config.segment_bytes.bytes;
  options.retention_micros = config.retention.micros;
  options.retention_bytes = config.retention_bytes.bytes;
  options.drop_untaken = config.drop_untaken;
  TAPELAKE_ASSIGN_OR_RAISE(
      options.keys, security::OpenStreamKey(world.files.local(), StreamKeyPath(lake_path, config)));
  return options;
}

}  // namespace tapelake::app
