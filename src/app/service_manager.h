// Tells a service manager that asked for it how the program is: systemd's Type=notify and its watchdog, by
// the protocol of sd_notify(3). One datagram per message; libsystemd would be mapped into every renderer
// process as well, with the compression libraries that it brings along.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/clock.h"

namespace safelight::app {

/// What the manager said when it started the program.
struct ServiceManagerConfig {
    std::string socket;                    // a path, or an abstract name after '@'; empty: nobody asked
    std::optional<Milliseconds> watchdog;  // within which it wants to hear that the program is alive
};

/// From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; what makes no sense is as if it were not there.
[[nodiscard]] ServiceManagerConfig read_service_manager();

/// Does nothing when nobody asked; a manager that does not listen is no trouble. One thread at a time.
class ServiceManager {
  public:
    explicit ServiceManager(ServiceManagerConfig config) : config_(std::move(config)) {}

    /// From now on it serves, and says so as long as `is_alive` does: called on a thread of its own, which it
    /// may block for a while.
    void ready(std::string_view status, std::function<bool()> is_alive);

    /// It drains, and may be silent meanwhile: the manager's own limit for stopping holds.
    void stopping();

  private:
    void send(std::string_view message) const;

    const ServiceManagerConfig config_;
    std::jthread watchdog_;
};

}  // namespace safelight::app
