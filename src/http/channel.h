// A client's socket on which no operation waits for ever.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "http/task.h"

namespace safelight::http {

class IoThread;

enum class IoEnd {
    done,
    closed,   // the client has sent all it will
    timeout,  // the deadline passed
    failed,   // the connection is gone: the client's doing, or the drain's
};

struct IoResult {
    IoEnd end = IoEnd::done;
    std::size_t bytes = 0;
};

/// One operation at a time, all on the I/O thread it belongs to.
class Channel {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /// `thread` outlives the channel.
    Channel(boost::asio::ip::tcp::socket socket, IoThread& thread);
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    [[nodiscard]] std::string remote_address() const;

    /// At least one byte, or an end other than `done`.
    [[nodiscard]] Task<IoResult> read(std::span<char> buffer, Time deadline);
    /// The same, but nobody is owed an answer: the drain ends it, unless bytes are there already.
    [[nodiscard]] Task<IoResult> read_idle(std::span<char> buffer, Time deadline);
    /// All of `first`, then all of `second`; `timeout` passes without a byte's progress. `bytes` tells how
    /// far it came.
    [[nodiscard]] Task<IoResult> write(std::string_view first, std::string_view second,
                                       std::chrono::milliseconds timeout);
    /// Whether nothing more can come: the client has closed its side, or the connection is gone. Takes no
    /// byte; while there is one it says no.
    [[nodiscard]] bool is_closed();
    /// False when the connection was cut meanwhile.
    [[nodiscard]] Task<bool> pause(std::chrono::milliseconds time);
    /// Ends what is sent, then throws away what still comes: a close with unread bytes would reset the
    /// connection and take from the client the answer that it has not read yet.
    [[nodiscard]] Task<void> linger(std::chrono::milliseconds time, std::uint64_t bytes_max);
    /// The client sees a reset: a body that was cut short must not look complete.
    void abort();

  private:
    friend class IoThread;
    void on_tick(Time now);
    void begin_drain();
    void cut();
    [[nodiscard]] bool has_bytes() const;
    [[nodiscard]] IoResult outcome(const boost::system::error_code& error, std::size_t bytes);

    boost::asio::ip::tcp::socket socket_;
    IoThread& thread_;
    std::size_t place_ = 0;  // in the thread's list
    Time deadline_ = Time::max();
    bool idle_ = false;
    bool expired_ = false;
    bool cut_ = false;
};

}  // namespace safelight::http
