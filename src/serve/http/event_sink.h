#pragma once

/// Server-sent events (HTML standard, section 9.2): their text, and where it goes.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tapelake::serve {

/// The connection of one client that listens to events. Any thread.
class EventSink {
 public:
  virtual ~EventSink() = default;

  /// Whether what was sent last is on its way and the connection stands: a new event may be sent.
  virtual bool Ready() const = 0;
  /// Whether the client has gone, or was too slow for the write timeout.
  virtual bool Closed() const = 0;
  /// Send one text of whole events. Precondition: Ready(). Nothing happens if the client goes.
  virtual void Send(std::shared_ptr<const std::string> text) = 0;
  /// End the connection after what was sent.
  virtual void Close() = 0;
};

/// One event. `data` and `id` hold no line breaks (JSON of ours never does); an empty id is left
/// out.
struct Event {
  std::string_view name;
  std::string_view id;
  std::string_view data;
};

/// Append the event as text.
void AppendEvent(const Event& event, std::string* out);

}  // namespace tapelake::serve
