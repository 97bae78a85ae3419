// Signatures of the Standard Webhooks specification (https://www.standardwebhooks.com), version 1: symmetric,
// HMAC-SHA-256.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "catalog/webhooks.h"

namespace safelight {

[[nodiscard]] SigningSecret new_signing_secret();
/// "whsec_" and the secret in base64: what the owner of an endpoint verifies with.
[[nodiscard]] std::string text_of(const SigningSecret& secret);

/// The header webhook-id: "msg_" and the delivery's id without dashes. The same for every attempt.
[[nodiscard]] std::string message_id_of(DeliveryId id);

/// The header webhook-timestamp: whole seconds since 1970.
[[nodiscard]] std::string timestamp_text(Timestamp sent_at);

/// One signature, "v1,…".
[[nodiscard]] std::string signature_of(std::span<const std::byte> key, std::string_view message_id,
                                       std::string_view timestamp, std::string_view payload);

/// The header webhook-signature: one of each secret, with spaces between them.
[[nodiscard]] std::string signatures_of(std::span<const SigningSecret> secrets, std::string_view message_id,
                                        std::string_view timestamp, std::string_view payload);

}  // namespace safelight
