#include "http/acceptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <utility>

#include "http/problems.h"
#include "http/response_writer.h"

namespace safelight::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::milliseconds error_pause{20};
constexpr std::uint32_t patient_refusals_max = 64;
constexpr int spare_refusals_at_once_max = 64;

/// The whole refusal as bytes, for a socket that gets no coroutine of its own.
std::string refusal_text(ServerCore& core, IoThread& thread) {
    const Response response = render_problem(core.hooks, ServerProblem::too_many_connections,
                                             "The server has too many connections.", nullptr);
    const std::string request_id = core.ids.next<Id<struct RequestTag>>().to_string();
    const ResponseFrame frame{.request_id = request_id, .date = thread.http_date(), .keep_alive = false};
    std::string text;
    if (!render_head(text, response, frame)) return {};
    if (const auto* body = std::get_if<std::string>(&response.body)) text += *body;
    return text;
}

bool is_without_descriptors(const error_code& error) {
    return error == asio::error::no_descriptors || error.value() == ENFILE;
}

}  // namespace

void SpareDescriptor::take() {
    if (descriptor_ < 0) descriptor_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void SpareDescriptor::give() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

Acceptor::Acceptor(ServerCore& core, const Threads& threads)
    : core_(core),
      threads_(threads),
      socket_(threads.front()->context()),
      pause_(threads.front()->context()) {}

Status Acceptor::listen() {
    error_code error;
    const auto address = asio::ip::make_address(core_.config.address, error);
    if (error) {
        return failure(ErrorCode::invalid_argument,
                       "The address to listen on is no IP address: " + core_.config.address);
    }
    const asio::ip::tcp::endpoint endpoint(address, core_.config.port);
    socket_.open(endpoint.protocol(), error);
    if (!error) socket_.set_option(asio::ip::tcp::acceptor::reuse_address(true), error);
    if (!error) socket_.bind(endpoint, error);
    if (!error) socket_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) socket_.native_non_blocking(true, error);
    if (!error) port_ = socket_.local_endpoint(error).port();
    if (error) {
        return failure(ErrorCode::unavailable, "Cannot listen on " + core_.config.address + " port " +
                                                   std::to_string(core_.config.port) + ": " +
                                                   error.message());
    }
    return {};
}

void Acceptor::start() {
    asio::co_spawn(threads_.front()->context(), run(),
                   [this](const std::exception_ptr&) { ended_.set_value(); });
}

void Acceptor::stop() {
    asio::post(threads_.front()->context(), [this] {
        stopping_ = true;
        admit_waiting();
        error_code ignored;
        socket_.close(ignored);
        pause_.cancel();
    });
    ended_.get_future().wait();
}

Task<void> Acceptor::run() {
    while (!stopping_) {
        IoThread& thread = *threads_[turn_++ % threads_.size()];
        const asio::any_io_executor executor = thread.context().get_executor();
        error_code error;
        asio::ip::tcp::socket socket =
            co_await socket_.async_accept(executor, asio::redirect_error(asio::use_awaitable, error));
        if (!error) {
            admit(thread, std::move(socket));
        } else if (!stopping_) {
            co_await recover(error);
        }
    }
}

/// Whoever connected before the end has perhaps sent a request already.
void Acceptor::admit_waiting() {
    error_code error;
    socket_.non_blocking(true, error);
    for (int i = 0; i < asio::socket_base::max_listen_connections; ++i) {
        IoThread& thread = *threads_[turn_++ % threads_.size()];
        asio::ip::tcp::socket socket = socket_.accept(thread.context(), error);
        if (error == asio::error::would_block) return;
        if (is_without_descriptors(error)) return refuse_with_spare();
        if (!error) admit(thread, std::move(socket));
    }
}

/// No error ends the accepting: descriptors come back, and clients that are gone already were nobody's fault.
Task<void> Acceptor::recover(error_code error) {
    if (is_without_descriptors(error)) refuse_with_spare();
    error_code ignored;
    pause_.expires_after(error_pause);
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void Acceptor::admit(IoThread& thread, asio::ip::tcp::socket socket) {
    const bool is_full = core_.connections.value() >= core_.config.connections_max;
    ConnectionCount& count = is_full ? refusals_ : core_.connections;
    const bool patient = refusals_.value() < patient_refusals_max;
    count.add();
    const auto end = [&count](const std::exception_ptr&) { count.remove(); };
    if (is_full) {
        asio::co_spawn(thread.context(), refuse_connection(core_, thread, std::move(socket), patient), end);
    } else {
        asio::co_spawn(thread.context(), serve_connection(core_, thread, std::move(socket)), end);
    }
}

void Acceptor::refuse_with_spare() {
    for (int i = 0; i < spare_refusals_at_once_max; ++i) {
        spare_.give();
        const int client = ::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client >= 0) {
            const std::string text = refusal_text(core_, *threads_.front());
            // It fits an empty socket buffer; a client that is gone misses nothing.
            [[maybe_unused]] const ssize_t sent = ::send(client, text.data(), text.size(), MSG_NOSIGNAL);
            ::shutdown(client, SHUT_WR);
            ::close(client);
        }
        spare_.take();
        if (client < 0) return;
    }
}

}  // namespace safelight::http
