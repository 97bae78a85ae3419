// Sockets on loopback, for servers of the tests.
#pragma once

#include <netinet/in.h>

#include <stop_token>
#include <string>
#include <string_view>

#include "base/descriptor.h"

namespace safelight::s3 {

[[nodiscard]] sockaddr_in loopback(int port);
/// Each throws when it cannot be.
[[nodiscard]] Descriptor new_socket();
/// On a port of the system's choosing, which is stored in `port`.
[[nodiscard]] Descriptor new_listener(int& port);
/// Not open when nobody listens.
[[nodiscard]] Descriptor connected(int port);

/// False when it is time to stop.
[[nodiscard]] bool wait_readable(int socket, const std::stop_token& stop);
/// Appends what has come; false at the end.
[[nodiscard]] bool receive(int socket, std::string& text);
void send_all(int socket, std::string_view bytes);

}  // namespace safelight::s3
