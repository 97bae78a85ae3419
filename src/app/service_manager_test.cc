#include "app/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string>

#include "base/descriptor.h"

namespace safelight::app {
namespace {

class Variable {
  public:
    Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
    ~Variable() { ::unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

  private:
    const char* name_;
};

/// What systemd is to us: a socket that messages come to. Its name is in no file system.
class Manager {
  public:
    Manager() {
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        // Autobind: the kernel finds a name.
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)), 0);
        socklen_t length = sizeof address;
        EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
        name_ = "@" + std::string(address.sun_path + 1, length - sizeof(sa_family_t) - 1);
        const timeval patience{.tv_sec = 60, .tv_usec = 0};
        EXPECT_EQ(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    }

    [[nodiscard]] const std::string& name() const { return name_; }
    /// The next message; empty when none comes.
    [[nodiscard]] std::string next() {
        std::array<char, 256> message{};
        const auto size = ::recv(socket_.get(), message.data(), message.size(), 0);
        return size < 0 ? std::string{} : std::string(message.data(), static_cast<std::size_t>(size));
    }

  private:
    Descriptor socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    std::string name_;
};

TEST(ServiceManager, IsToldWhenItServesAndWhenItStops) {
    Manager systemd;
    const Variable socket("NOTIFY_SOCKET", systemd.name());
    ServiceManager manager(read_service_manager());
    manager.ready("Serving", [] { return true; });
    EXPECT_EQ(systemd.next(), "READY=1\nSTATUS=Serving");
    manager.stopping();
    EXPECT_EQ(systemd.next(), "STOPPING=1\nSTATUS=Finishing what is in hand") << "no watchdog was asked for";
}

TEST(ServiceManager, TheWatchdogHearsOfAProgramThatIsAlive) {
    Manager systemd;
    const Variable socket("NOTIFY_SOCKET", systemd.name());
    const Variable watchdog("WATCHDOG_USEC", "10000");
    const Variable pid("WATCHDOG_PID", std::to_string(::getpid()));
    std::atomic<int> asked = 0;
    ServiceManager manager(read_service_manager());
    manager.ready("Serving", [&] { return ++asked <= 3; });
    EXPECT_EQ(systemd.next(), "READY=1\nSTATUS=Serving");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(systemd.next(), "WATCHDOG=1");
    while (asked < 6) std::this_thread::yield();
    manager.stopping();
    EXPECT_TRUE(systemd.next().starts_with("STOPPING=1")) << "and nothing of one that is not";
    EXPECT_GE(asked, 6);
}

TEST(ServiceManager, WhatMakesNoSenseIsAsIfItWereNotThere) {
    EXPECT_TRUE(read_service_manager().socket.empty());
    EXPECT_FALSE(read_service_manager().watchdog);
    for (const char* value : {"", "x", "10000x", "-5", "0", "1000", "99999999999999999999"}) {
        const Variable watchdog("WATCHDOG_USEC", value);
        EXPECT_FALSE(read_service_manager().watchdog) << value;
    }
    const Variable watchdog("WATCHDOG_USEC", "10000");
    EXPECT_EQ(read_service_manager().watchdog, Milliseconds{10});
    const Variable other("WATCHDOG_PID", "1");
    EXPECT_FALSE(read_service_manager().watchdog) << "another process of the service was meant";
}

TEST(ServiceManager, OneThatDoesNotListenIsNoTrouble) {
    for (const std::string& name : {std::string("/nowhere/at/all"), std::string("@nobody"),
                                    std::string("vsock:2:1"), std::string("/"), std::string(200, '/')}) {
        const Variable socket("NOTIFY_SOCKET", name);
        ServiceManager manager(read_service_manager());
        manager.ready("Serving", [] { return true; });
        manager.stopping();
    }
}

}  // namespace
}  // namespace safelight::app
