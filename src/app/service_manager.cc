#include "app/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/descriptor.h"

namespace safelight::app {
namespace {

std::string environment_variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string{} : std::string{value};
}

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// Nothing when the name does not fit, or is of a kind that we do not speak (vsock).
std::optional<std::pair<sockaddr_un, socklen_t>> address_of(std::string_view name) {
    sockaddr_un address{};
    if (name.size() < 2 || name.size() >= sizeof address.sun_path) return std::nullopt;
    if (name.front() != '/' && name.front() != '@') return std::nullopt;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    return std::pair(address, static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size()));
}

}  // namespace

ServiceManagerConfig read_service_manager() {
    ServiceManagerConfig config{.socket = environment_variable("NOTIFY_SOCKET"), .watchdog = {}};
    const auto microseconds = number_of(environment_variable("WATCHDOG_USEC"));
    const std::string pid = environment_variable("WATCHDOG_PID");
    const bool is_ours = pid.empty() || number_of(pid) == ::getpid();
    if (microseconds && *microseconds >= 2'000 && is_ours)
        config.watchdog = std::chrono::duration_cast<Milliseconds>(std::chrono::microseconds(*microseconds));
    return config;
}

void ServiceManager::ready(std::string_view status, std::function<bool()> is_alive) {
    send("READY=1\nSTATUS=" + std::string(status));
    if (config_.socket.empty() || !config_.watchdog) return;
    watchdog_ = std::jthread([this, is_alive = std::move(is_alive)](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any stopped;
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
            if (is_alive()) send("WATCHDOG=1");
            stopped.wait_for(lock, stop, *config_.watchdog / 2, [] { return false; });
        }
    });
}

void ServiceManager::stopping() {
    watchdog_ = {};
    send("STOPPING=1\nSTATUS=Finishing what is in hand");
}

void ServiceManager::send(std::string_view message) const {
    const auto address = address_of(config_.socket);
    if (!address) return;
    const Descriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    if (socket.get() < 0) return;
    ::sendto(socket.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&address->first), address->second);
}

}  // namespace safelight::app
