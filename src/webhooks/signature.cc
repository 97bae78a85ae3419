#include "webhooks/signature.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>

#include "base/hmac.h"
#include "base/random.h"
#include "base/text.h"

namespace safelight {

SigningSecret new_signing_secret() {
    SigningSecret secret;
    fill_random({reinterpret_cast<std::uint8_t*>(secret.bytes.data()), secret.bytes.size()});
    return secret;
}

std::string text_of(const SigningSecret& secret) {
    return "whsec_" + base64_encode(secret.bytes);
}

std::string message_id_of(DeliveryId id) {
    return "msg_" + hex_encode(std::as_bytes(std::span(id.uuid.bytes)));
}

std::string timestamp_text(Timestamp sent_at) {
    return fmt::format("{}", std::chrono::floor<std::chrono::seconds>(sent_at).time_since_epoch().count());
}

std::string signature_of(std::span<const std::byte> key, std::string_view message_id,
                         std::string_view timestamp, std::string_view payload) {
    const std::string content = fmt::format("{}.{}.{}", message_id, timestamp, payload);
    return "v1," + base64_encode(hmac_sha256(key, content).bytes);
}

std::string signatures_of(std::span<const SigningSecret> secrets, std::string_view message_id,
                          std::string_view timestamp, std::string_view payload) {
    std::string all;
    for (const SigningSecret& secret : secrets) {
        if (!all.empty()) all += ' ';
        all += signature_of(secret.bytes, message_id, timestamp, payload);
    }
    return all;
}

}  // namespace safelight
