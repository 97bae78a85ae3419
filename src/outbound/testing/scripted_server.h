// A server on this machine that says what a test wants, right or wrong.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace safelight::testing {

/// One connection of a ScriptedServer.
class Peer {
  public:
    explicit Peer(int socket) : socket_(socket) {}

    /// False when the other side is gone.
    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }
    void send_ok(std::string_view body) const {
        send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
             std::string(body));
    }
    void redirect(std::string_view location) const {
        send("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + std::string(location) + "\r\n\r\n");
    }
    /// Returns when the other side has closed.
    void wait_for_close() const {
        char waste[4'096];
        while (::recv(socket_, waste, sizeof waste, 0) > 0) continue;
    }
    [[nodiscard]] std::string receive_head() const {
        std::string head;
        char c = 0;
        while (!head.ends_with("\r\n\r\n") && ::recv(socket_, &c, 1, 0) == 1) head += c;
        return head;
    }
    [[nodiscard]] std::string receive(std::size_t bytes) const {
        std::string text(bytes, '\0');
        const auto count = ::recv(socket_, text.data(), bytes, MSG_WAITALL);
        text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return text;
    }

  private:
    const int socket_;
};

/// Serves one connection after the other, each with one request, by `answer(peer, head, path)`. `answer` has
/// to end when the other side closes.
class ScriptedServer {
  public:
    using Script = std::function<void(const Peer&, const std::string& head, const std::string& path)>;

    explicit ScriptedServer(Script answer)
        : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_, any, length) != 0 || ::listen(listener_, 16) != 0 ||
            ::getsockname(listener_, any, &length) != 0)
            throw std::runtime_error("cannot listen");
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { run(); });
    }
    ~ScriptedServer() {
        ::shutdown(listener_, SHUT_RDWR);  // wakes accept()
        thread_.join();
        ::close(listener_);
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url(std::string_view path = "/") const {
        return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
    }
    [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port_); }

    std::atomic<int> requests = 0;

  private:
    void run() {
        for (;;) {
            const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (socket < 0) return;
            const Peer peer(socket);
            const std::string head = peer.receive_head();
            ++requests;
            const auto begin = head.find(' ') + 1;
            answer_(peer, head, head.substr(begin, head.find(' ', begin) - begin));
            ::close(socket);
        }
    }

    const Script answer_;
    const int listener_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

}  // namespace safelight::testing
