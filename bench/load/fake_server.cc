#include "bench/load/fake_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace safelight::bench {
namespace {

bool receive(int connection, std::string& text) {
    std::array<char, 65'536> buffer;
    const ssize_t received = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (received <= 0) return false;
    text.append(buffer.data(), static_cast<std::size_t>(received));
    return true;
}

bool send_all(int connection, std::string_view text) {
    while (!text.empty()) {
        const ssize_t sent = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::size_t body_length(const std::string& head) {
    constexpr std::string_view name = "Content-Length: ";
    const auto at = head.find(name);
    return at == std::string::npos ? 0 : std::strtoull(head.c_str() + at + name.size(), nullptr, 10);
}

}  // namespace

FakeServer::FakeServer(Answer answer, Answer early)
    : answer_(std::move(answer)), early_(std::move(early)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, length) != 0 || ::listen(listener_, SOMAXCONN) != 0 ||
        ::getsockname(listener_, generic, &length) != 0) {
        throw std::system_error(errno, std::generic_category(), "listen");
    }
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
}

FakeServer::~FakeServer() {
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    {
        const std::lock_guard lock(mutex_);
        for (const int connection : open_) ::shutdown(connection, SHUT_RDWR);
    }
    for (auto& thread : serving_) thread.join();
    for (const int connection : open_) ::close(connection);
    ::close(listener_);
}

std::string FakeServer::url(const std::string& target) const {
    return fmt::format("http://127.0.0.1:{}{}", port_, target);
}

void FakeServer::accept_all() {
    for (;;) {
        const int connection = ::accept(listener_, nullptr, nullptr);
        if (connection < 0) return;
        ++connections_;
        const std::lock_guard lock(mutex_);
        open_.push_back(connection);
        serving_.emplace_back([this, connection] { serve(connection); });
    }
}

void FakeServer::serve(int connection) {
    std::string text;
    for (;;) {
        FakeRequest request;
        auto head_length = std::string::npos;
        while ((head_length = text.find("\r\n\r\n")) == std::string::npos) {
            if (!receive(connection, text)) return;
        }
        request.head = text.substr(0, head_length);
        if (const std::string answer = early_ ? early_(request) : std::string(); !answer.empty()) {
            send_all(connection, answer);
            ::shutdown(connection, SHUT_WR);
            while (receive(connection, text)) text.clear();
            return;
        }
        const std::size_t end = head_length + 4 + body_length(request.head);
        while (text.size() < end) {
            if (!receive(connection, text)) return;
        }
        request.body = text.substr(head_length + 4, end - head_length - 4);
        text.erase(0, end);
        const std::string answer = answer_(request);
        if (answer.empty() || !send_all(connection, answer)) {
            ::shutdown(connection, SHUT_RDWR);
            return;
        }
    }
}

std::string answer_with(int status, const std::string& body) {
    return fmt::format("HTTP/1.1 {} Status\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                       status, body.size(), body);
}

}  // namespace safelight::bench
