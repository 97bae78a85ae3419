// Sends one response.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/channel.h"
#include "http/server_core.h"

namespace safelight::http {

struct ResponseFrame {
    std::string_view request_id = {};
    std::string_view date = {};
    bool head_only = false;
    bool keep_alive = true;
    bool is_http_1_0 = false;
};

/// Writes the head into `out`. False when a field of the response cannot go over the wire as it is (a bug of
/// the handler's, or an attack that came through it): nothing of such a response is sent.
[[nodiscard]] bool render_head(std::string& out, const Response& response, const ResponseFrame& frame);

struct SendResult {
    bool sent = false;
    std::uint64_t body_bytes = 0;
    /// The response could not even begin, for a reason of our own: another may be sent in its place.
    bool unsendable = false;
    std::string error;  // for the operator; empty when it is the client's doing
};

/// `head` is scratch space that is kept from response to response.
[[nodiscard]] Task<SendResult> send_response(ServerCore& core, Channel& channel, Response& response,
                                             const ResponseFrame& frame, std::string& head);

}  // namespace safelight::http
