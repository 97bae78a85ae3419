#include "http/channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>

#include "http/io_thread.h"

namespace safelight::http {

namespace asio = boost::asio;
using boost::system::error_code;

Channel::Channel(asio::ip::tcp::socket socket, IoThread& thread)
    : socket_(std::move(socket)), thread_(thread) {
    error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    thread_.enlist(*this);
}

Channel::~Channel() {
    thread_.remove(*this);
}

std::string Channel::remote_address() const {
    error_code error;
    const auto endpoint = socket_.remote_endpoint(error);
    return error ? std::string() : endpoint.address().to_string();
}

Task<IoResult> Channel::read(std::span<char> buffer, Time deadline) {
    if (cut_) co_return IoResult{IoEnd::failed, 0};
    expired_ = false;
    deadline_ = deadline;
    error_code error;
    const std::size_t bytes = co_await socket_.async_read_some(
        asio::buffer(buffer.data(), buffer.size()), asio::redirect_error(asio::use_awaitable, error));
    deadline_ = Time::max();
    co_return outcome(error, bytes);
}

Task<IoResult> Channel::read_idle(std::span<char> buffer, Time deadline) {
    if (thread_.draining() && !has_bytes()) co_return IoResult{IoEnd::failed, 0};
    idle_ = true;
    const IoResult result = co_await read(buffer, deadline);
    idle_ = false;
    co_return result;
}

Task<IoResult> Channel::write(std::string_view first, std::string_view second,
                              std::chrono::milliseconds timeout) {
    std::size_t written = 0;
    const std::size_t total = first.size() + second.size();
    while (written < total) {
        if (cut_) co_return IoResult{IoEnd::failed, written};
        const std::string_view a = first.substr(std::min(written, first.size()));
        const std::string_view b = second.substr(written - (first.size() - a.size()));
        const std::array buffers{asio::const_buffer(a.data(), a.size()),
                                 asio::const_buffer(b.data(), b.size())};
        expired_ = false;
        deadline_ = std::chrono::steady_clock::now() + timeout;
        error_code error;
        written +=
            co_await socket_.async_write_some(buffers, asio::redirect_error(asio::use_awaitable, error));
        deadline_ = Time::max();
        if (error) co_return IoResult{outcome(error, 0).end, written};
    }
    co_return IoResult{IoEnd::done, written};
}

bool Channel::is_closed() {
    if (cut_) return true;
    char next = 0;
    const auto count = ::recv(socket_.native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

Task<bool> Channel::pause(std::chrono::milliseconds time) {
    asio::steady_timer timer(socket_.get_executor(), time);
    error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return !cut_;
}

Task<void> Channel::linger(std::chrono::milliseconds time, std::uint64_t bytes_max) {
    if (cut_) co_return;
    error_code error;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
    if (error) co_return;
    const Time deadline = std::chrono::steady_clock::now() + time;
    std::array<char, 16'384> waste;
    for (std::uint64_t bytes = 0; bytes < bytes_max;) {
        const IoResult result = co_await read_idle(waste, deadline);
        if (result.end != IoEnd::done) co_return;
        bytes += result.bytes;
    }
}

void Channel::abort() {
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
    cut_ = true;
}

void Channel::on_tick(Time now) {
    if (now < deadline_) return;
    deadline_ = Time::max();
    expired_ = true;
    error_code ignored;
    socket_.cancel(ignored);
}

void Channel::begin_drain() {
    error_code ignored;
    if (idle_ && !has_bytes()) socket_.cancel(ignored);
}

bool Channel::has_bytes() const {
    error_code ignored;
    return socket_.available(ignored) > 0;
}

void Channel::cut() {
    cut_ = true;
    error_code ignored;
    socket_.close(ignored);
}

IoResult Channel::outcome(const error_code& error, std::size_t bytes) {
    if (!error) return {IoEnd::done, bytes};
    if (error == asio::error::eof) return {IoEnd::closed, 0};
    if (error == asio::error::operation_aborted && expired_ && !cut_) return {IoEnd::timeout, 0};
    return {IoEnd::failed, 0};
}

}  // namespace safelight::http
