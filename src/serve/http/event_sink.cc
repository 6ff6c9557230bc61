#include "serve/http/event_sink.h"

#include "base/assert.h"

namespace tapelake::serve {

void AppendEvent(const Event& event, std::string* out) {
  TAPELAKE_ASSERT(event.data.find_first_of("\r\n") == std::string_view::npos);
  TAPELAKE_ASSERT(event.id.find_first_of("\r\n") == std::string_view::npos);
  if (!event.id.empty()) out->append("id: ").append(event.id).append("\n");
  out->append("event: ").append(event.name).append("\n");
  out->append("data: ").append(event.data).append("\n\n");
}

}  // namespace tapelake::serve
