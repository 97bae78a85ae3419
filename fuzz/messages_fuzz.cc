// What a renderer process that was taken over sends to the server, and the other way round.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "renderer/wire/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace safelight;
    const auto message = std::as_bytes(std::span(data, size));
    if (const auto request = wire::decode_request(message)) {
        const auto again = wire::encode(*request);
        if (wire::decode_request(again) != request) std::abort();
    }
    if (const auto reply = wire::decode_reply(message)) {
        const auto again = wire::encode(*reply);
        if (wire::decode_reply(again) != reply) std::abort();
    }
    return 0;
}
