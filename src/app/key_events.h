#pragma once

/// What a lake's raw layer knows of one record key.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/world.h"
#include "base/status.h"
#include "delivery/object_layout.h"

namespace tapelake::app {

/// A change record of the key, or a record that could be no row and names the key.
struct KeyEvent {
  std::string object;   ///< Path of the raw or error object.
  uint64_t offset = 0;  ///< Of the line in it.
  bool is_error = false;
  std::string event;               ///< `INSERT`, ...; empty for errors.
  int64_t change_time_micros = 0;  ///< 0: the record has none, or it is an error.
  std::string sequence_number;     ///< Empty if the record has none.
};

struct KeyEvents {
  std::vector<KeyEvent> events;  ///< In the order in which they were delivered; errors last.
  int64_t objects = 0;           ///< That were read.
  std::vector<Status> failures;  ///< Objects that could not be read to their end.
};

/// Find the events of `key` among all raw and error objects of the stream `stream`, those of
/// `layout` and of the default one. Reads them all. Errors: kUnavailable.
Result<KeyEvents> FindKeyEvents(World& world, const std::string& lake_path,
                                const std::string& stream, const std::string& key,
                                const delivery::LayoutOptions& layout);

}  // namespace tapelake::app
