// What a renderer process that was taken over sends to the server, and the other way round.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "renderer/wire/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace safelight;
    const auto message = std::as_bytes(std::span(data, size));
    const auto request = wire::decode_request(message);
    if (request && wire::decode_request(wire::encode(*request)) != request) std::abort();
    const auto reply = wire::decode_reply(message);
    if (reply && wire::decode_reply(wire::encode(*reply)) != reply) std::abort();
    return 0;
}
