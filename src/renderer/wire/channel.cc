#include "renderer/wire/channel.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace safelight::wire {
namespace {

std::unexpected<Error> broken(std::string log_text) {
    return failure(ErrorCode::renderer_failed, "The picture could not be processed.", std::move(log_text));
}

std::unexpected<Error> broken_by(int error_number, std::string_view call) {
    return broken(fmt::format("{}: {}", call, std::generic_category().message(error_number)));
}

/// Room for the descriptors of one message.
union Control {
    std::array<std::byte, CMSG_SPACE(descriptors_max * sizeof(int))> bytes;
    cmsghdr alignment;
};

void take_descriptors(msghdr& head, std::array<Descriptor, descriptors_max>& out) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&head); part != nullptr; part = CMSG_NXTHDR(&head, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count && i < out.size(); ++i) {
            int number = -1;
            std::memcpy(&number, CMSG_DATA(part) + i * sizeof(int), sizeof number);
            out[i] = Descriptor(number);
        }
    }
}

}  // namespace

Result<std::array<Descriptor, 2>> Channel::pair() {
    std::array<int, 2> numbers{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, numbers.data()) != 0) {
        return failure(ErrorCode::unavailable, "No renderer could be started.",
                       "socketpair: " + std::generic_category().message(errno));
    }
    return std::array{Descriptor(numbers[0]), Descriptor(numbers[1])};
}

Status Channel::send(std::span<const std::byte> message, std::span<const int> descriptors) {
    if (message.empty()) return broken("a message that is too long");
    iovec part{.iov_base = const_cast<std::byte*>(message.data()), .iov_len = message.size()};
    msghdr head{};
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    Control control{};
    if (!descriptors.empty()) {
        head.msg_control = &control;
        head.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* rights = CMSG_FIRSTHDR(&head);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
    }
    while (::sendmsg(socket_.get(), &head, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno != EINTR) return broken_by(errno, "sendmsg");
    }
    return {};
}

Result<Incoming> Channel::receive(bool takes_descriptors) {
    iovec part{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
    msghdr head{};
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    Control control{};
    if (takes_descriptors) {
        head.msg_control = &control;
        head.msg_controllen = sizeof control;
    }
    ssize_t count = 0;
    while ((count = ::recvmsg(socket_.get(), &head, MSG_CMSG_CLOEXEC)) < 0) {
        // Who died with messages unread resets the connection.
        if (errno == ECONNRESET) return Incoming{};
        if (errno != EINTR) return broken_by(errno, "recvmsg");
    }
    Incoming incoming;
    take_descriptors(head, incoming.descriptors);
    if ((head.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
        return broken("a message with more than it may bring");
    incoming.message = std::span(buffer_).first(static_cast<std::size_t>(count));
    return incoming;
}

bool Channel::wait(Milliseconds timeout) const {
    pollfd poll{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&poll, 1, static_cast<int>(timeout.count())) > 0;
}

}  // namespace safelight::wire
