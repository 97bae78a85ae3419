#include "blobs/s3/testing/sockets.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>

namespace safelight::s3 {
namespace {

constexpr int poll_ms = 20;

}  // namespace

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

Descriptor new_socket() {
    Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) throw std::runtime_error("no socket");
    return socket;
}

Descriptor new_listener(int& port) {
    Descriptor listener = new_socket();
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        ::listen(listener.get(), 64) != 0 ||
        ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
        throw std::runtime_error("cannot listen");
    port = ntohs(address.sin_port);
    return listener;
}

Descriptor connected(int port) {
    Descriptor socket = new_socket();
    const sockaddr_in address = loopback(port);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        socket.close();
    return socket;
}

bool wait_readable(int socket, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        pollfd entry{.fd = socket, .events = POLLIN, .revents = 0};
        if (::poll(&entry, 1, poll_ms) > 0) return true;
    }
    return false;
}

bool receive(int socket, std::string& text) {
    std::array<char, 65'536> piece{};
    const ssize_t count = ::recv(socket, piece.data(), piece.size(), 0);
    if (count > 0) text.append(piece.data(), static_cast<std::size_t>(count));
    return count > 0;
}

void send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

}  // namespace safelight::s3
