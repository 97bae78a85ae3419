#include "bench/load/connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace safelight::bench {
namespace {

std::string error_text() {
    return std::strerror(errno);
}

/// A connected, non-blocking socket, or -1.
int connect_to(const addrinfo& address) {
    const int descriptor =
        ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, address.ai_protocol);
    if (descriptor < 0) return -1;
    if (::connect(descriptor, address.ai_addr, address.ai_addrlen) != 0) {
        const int saved = errno;
        ::close(descriptor);
        errno = saved;
        return -1;
    }
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    return descriptor;
}

/// A server closes connections that idle: then there is an end, or an error, to be read.
bool is_alive(int descriptor) {
    char byte = 0;
    return ::recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

Result<bool> Connection::ensure_open(const Url& url) {
    if (descriptor_ >= 0 && is_alive(descriptor_)) return false;
    close();
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int code = ::getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &found);
        code != 0) {
        return failure(ErrorCode::unavailable, fmt::format("{}: {}", url.host, ::gai_strerror(code)));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
    for (const addrinfo* address = found; address != nullptr && descriptor_ < 0; address = address->ai_next) {
        descriptor_ = connect_to(*address);
    }
    if (descriptor_ >= 0) return true;
    return failure(ErrorCode::unavailable,
                   fmt::format("Cannot connect to {}: {}", url.authority(), error_text()));
}

void Connection::close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
}

void Connection::begin(const std::vector<std::string_view>& pieces, std::size_t send_limit_bytes) {
    pieces_.clear();
    for (const std::string_view piece : pieces) {
        if (!piece.empty()) pieces_.push_back({const_cast<char*>(piece.data()), piece.size()});
    }
    first_piece_ = 0;
    send_limit_bytes_ = send_limit_bytes;
    sent_bytes_ = 0;
    response_ = {};
    error_.clear();
}

Connection::Progress Connection::advance() {
    return receive(send());
}

std::vector<iovec> Connection::next_pieces() const {
    std::vector<iovec> next;
    std::size_t allowed_bytes = send_limit_bytes_ - std::min(sent_bytes_, send_limit_bytes_);
    for (std::size_t i = first_piece_; i < pieces_.size() && allowed_bytes > 0; ++i) {
        next.push_back({pieces_[i].iov_base, std::min(pieces_[i].iov_len, allowed_bytes)});
        allowed_bytes -= next.back().iov_len;
    }
    return next;
}

void Connection::drop_sent(std::size_t bytes) {
    sent_bytes_ += bytes;
    while (bytes > 0) {
        iovec& piece = pieces_[first_piece_];
        const std::size_t taken = std::min(piece.iov_len, bytes);
        piece.iov_base = static_cast<char*>(piece.iov_base) + taken;
        piece.iov_len -= taken;
        bytes -= taken;
        if (piece.iov_len == 0) ++first_piece_;
    }
}

Connection::Sent Connection::send() {
    for (;;) {
        std::vector<iovec> next = next_pieces();
        if (next.empty()) return Sent::everything;
        msghdr message{};
        message.msg_iov = next.data();
        message.msg_iovlen = next.size();
        const ssize_t sent = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
        if (sent >= 0) {
            drop_sent(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return Sent::a_part;
        } else if (errno != EINTR) {
            error_ = fmt::format("send: {}", error_text());
            return Sent::broken;
        }
    }
}

Connection::Progress Connection::receive(Sent sent) {
    std::array<char, 65'536> buffer;
    for (;;) {
        const ssize_t received = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
        if (received < 0 && errno == EINTR) continue;
        if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (sent == Sent::broken) return fail(error_);
            return sent == Sent::a_part ? Progress::needs_write : Progress::needs_read;
        }
        if (received < 0)
            return fail(sent == Sent::broken ? error_ : fmt::format("receive: {}", error_text()));
        const auto state = received == 0
                               ? response_.end()
                               : response_.take({buffer.data(), static_cast<std::size_t>(received)});
        if (state == ResponseReader::State::broken) {
            return fail(received == 0 ? "closed by the server without an answer"
                                      : "the answer is no HTTP/1.1 response");
        }
        if (state == ResponseReader::State::incomplete) continue;
        const bool is_whole = first_piece_ == pieces_.size();
        if (!response_.keeps_connection() || !is_whole) close();
        return Progress::answered;
    }
}

Connection::Progress Connection::fail(std::string why) {
    error_ = std::move(why);
    close();
    return Progress::broken;
}

}  // namespace safelight::bench
