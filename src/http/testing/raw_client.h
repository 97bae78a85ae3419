// A client for tests that sends exactly the bytes it is told to, right or wrong. Blocking; POSIX sockets
// only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace safelight::http::testing {

struct RawResponse {
    int status = 0;
    std::string head;  // with its status line
    std::string body;

    /// The first field of that name, written in exactly this case.
    [[nodiscard]] std::optional<std::string> field(std::string_view name) const {
        const std::string start = "\r\n" + std::string(name) + ": ";
        const auto at = head.find(start);
        if (at == std::string::npos) return std::nullopt;
        const auto begin = at + start.size();
        return head.substr(begin, head.find("\r\n", begin) - begin);
    }
};

/// A wait of more than `guard_s` for the server means that a test hangs: it ends as if the server had closed.
class RawClient {
  public:
    explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0)
        : RawClient(Unconnected{}, receive_buffer_bytes) {
        connect(port);
    }
    ~RawClient() { close(); }
    RawClient(RawClient&& other) noexcept
        : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}
    RawClient& operator=(RawClient&&) = delete;
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    /// Has its descriptor already, and connects later.
    struct Unconnected {};
    explicit RawClient(Unconnected, int receive_buffer_bytes = 0)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (socket_ < 0) throw std::runtime_error("no socket");
        const timeval guard{guard_s, 0};
        const int on = 1;
        set(SOL_SOCKET, SO_RCVTIMEO, &guard, sizeof guard);
        set(SOL_SOCKET, SO_SNDTIMEO, &guard, sizeof guard);
        set(IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (receive_buffer_bytes > 0)
            set(SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    void connect(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            throw std::runtime_error("cannot connect");
        }
    }

    /// False when the server no longer takes it.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    void end_sending() { ::shutdown(socket_, SHUT_WR); }
    void close() {
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    }

    /// True when the server has sent something, or closed, within the time.
    [[nodiscard]] bool has_answer(int wait_ms) const {
        if (!received_.empty()) return true;  // it came with what was read before
        pollfd poll{socket_, POLLIN, 0};
        return ::poll(&poll, 1, wait_ms) > 0;
    }
    /// The next response, with a body of its Content-Length (none when `head_only`, or for 1xx, 204, 304).
    /// Throws when the connection ends before a whole response is there.
    [[nodiscard]] RawResponse read_response(bool head_only = false) {
        auto response = try_read_response(head_only);
        if (!response) throw std::runtime_error("the connection ended before a whole response");
        return std::move(*response);
    }
    /// The same; empty when the connection ends first.
    [[nodiscard]] std::optional<RawResponse> try_read_response(bool head_only = false) {
        std::size_t end = 0;
        while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
            if (!receive()) return std::nullopt;
        }
        RawResponse response;
        response.head = received_.substr(0, end + 2);
        received_.erase(0, end + 4);
        std::from_chars(response.head.data() + 9, response.head.data() + 12, response.status);
        std::size_t length = 0;
        if (const auto field = response.field("Content-Length");
            field && !head_only && response.status != 304) {
            std::from_chars(field->data(), field->data() + field->size(), length);
        }
        while (received_.size() < length) {
            if (!receive()) return std::nullopt;
        }
        response.body = received_.substr(0, length);
        received_.erase(0, length);
        return response;
    }

    [[nodiscard]] RawResponse ask(std::string_view request) {
        send(request);
        return read_response();
    }

    /// Everything until the server closes, or resets, the connection.
    [[nodiscard]] std::string read_to_end() {
        while (receive()) {
        }
        return std::exchange(received_, {});
    }
    /// True when the server closed without another byte; false also when it did not close in time.
    [[nodiscard]] bool is_closed() {
        const bool got_none = !receive() && received_.empty();
        return got_none && !timed_out_;
    }

  private:
    static constexpr int guard_s = 20;

    void set(int level, int name, const void* value, socklen_t bytes) {
        if (::setsockopt(socket_, level, name, value, bytes) != 0) throw std::runtime_error("setsockopt");
    }
    bool receive() {
        char buffer[16'384];
        const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
        timed_out_ = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        if (got <= 0) return false;
        received_.append(buffer, static_cast<std::size_t>(got));
        return true;
    }

    int socket_;
    std::string received_;
    bool timed_out_ = false;
};

}  // namespace safelight::http::testing
