#pragma once

/// Delivery streams that clients made: what is kept of them, and how their objects are made.

#include <string>
#include <string_view>

#include "base/status.h"
#include "delivery/delivery.h"
#include "serve/aws/firehose/firehose_service.h"

namespace tapelake::app {

/// The text of a stream's file `definition`: one JSON object with a seal, on one line. On disk: a
/// member is never given another meaning. Writer and keeper are not in it.
std::string DefinitionText(const serve::DeliveryStream& stream);

/// Errors: kCorrupt, without the file's name.
Result<serve::DeliveryStream> ParseDefinition(std::string_view text);

struct DefinitionPlaces {
  std::string lake_path;
  std::string buckets;  ///< What a bucket is a folder of, or `s3://`: then it is the bucket itself.
  std::string folder;   ///< Of the stream, below the lake; delivery's state lies there.
};

/// How delivery makes the objects of the stream: as Firehose would, records as they came. Errors:
/// kInvalid (prefixes, zone, extension, query).
Result<delivery::DeliveryOptions> OptionsOfDefinition(const serve::DeliveryStream& stream,
                                                      const DefinitionPlaces& places);

}  // namespace tapelake::app
