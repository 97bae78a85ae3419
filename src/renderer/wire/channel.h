// One end of the socket between the server and a renderer process. A message is one datagram, with
// descriptors.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/result.h"
#include "renderer/wire/messages.h"

namespace safelight::wire {

/// Descriptors that may come with one message.
inline constexpr std::size_t descriptors_max = 2 + overlays_max;

struct Incoming {
    std::span<const std::byte> message;  // until the next call; empty: the other end is closed
    std::array<Descriptor, descriptors_max> descriptors;
};

/// One thread at a time.
class Channel {
  public:
    explicit Channel(Descriptor socket) : socket_(std::move(socket)), buffer_(message_bytes_max + 1) {}

    /// Two connected sockets; both are closed on exec. Error: unavailable.
    [[nodiscard]] static Result<std::array<Descriptor, 2>> pair();

    /// Does not block: a peer that does not read its messages is as good as gone. Errors: renderer_failed.
    [[nodiscard]] Status send(std::span<const std::byte> message, std::span<const int> descriptors = {});

    /// Blocks. With `takes_descriptors` false, a message that brings one is an error. Errors:
    /// renderer_failed.
    [[nodiscard]] Result<Incoming> receive(bool takes_descriptors);

    /// Whether a message, or the end, came within `timeout`. Blocks up to it.
    [[nodiscard]] bool wait(Milliseconds timeout) const;

    [[nodiscard]] int descriptor() const { return socket_.get(); }

  private:
    Descriptor socket_;
    std::vector<std::byte> buffer_;
};

}  // namespace safelight::wire
