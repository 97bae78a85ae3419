// Takes connections in, whatever goes wrong, and deals them out.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <future>
#include <memory>
#include <vector>

#include "http/server_core.h"

namespace safelight::http {

/// A descriptor held back, so that a process which has no other left can still say so to its clients.
class SpareDescriptor {
  public:
    SpareDescriptor() { take(); }
    ~SpareDescriptor() { give(); }
    SpareDescriptor(const SpareDescriptor&) = delete;
    SpareDescriptor& operator=(const SpareDescriptor&) = delete;

    void take();
    void give();

  private:
    int descriptor_ = -1;
};

class Acceptor {
  public:
    using Threads = std::vector<std::unique_ptr<IoThread>>;

    /// Lives on the first of `threads`. All outlive the acceptor.
    Acceptor(ServerCore& core, const Threads& threads);

    /// Errors: invalid_argument (the address), unavailable (the port is taken).
    [[nodiscard]] Status listen();
    /// Once, after `listen`.
    void start();
    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// Any thread but those: when it returns, no connection comes any more. Once, after `start`.
    void stop();
    /// Those that are being sent away.
    [[nodiscard]] ConnectionCount& refusals() { return refusals_; }

  private:
    [[nodiscard]] Task<void> run();
    [[nodiscard]] Task<void> recover(boost::system::error_code error);
    void admit_waiting();
    void admit(IoThread& thread, boost::asio::ip::tcp::socket socket);
    void refuse_with_spare();

    ServerCore& core_;
    const Threads& threads_;
    boost::asio::ip::tcp::acceptor socket_;
    boost::asio::steady_timer pause_;
    SpareDescriptor spare_;
    ConnectionCount refusals_;
    std::uint16_t port_ = 0;
    std::size_t turn_ = 0;
    bool stopping_ = false;  // the first thread's
    std::promise<void> ended_;
};

}  // namespace safelight::http
