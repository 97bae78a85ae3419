// Addresses of HTTP servers, taken apart by the library that will ask them: what is checked is what is asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "outbound/failure.h"

namespace safelight {

inline constexpr std::size_t url_bytes_max = 8'192;
inline constexpr std::uint16_t http_port = 80;
inline constexpr std::uint16_t https_port = 443;

struct OutboundUrl {
    std::string text;  // the whole address, without a fragment
    std::string host;  // in lower case, without brackets and final dot; an IP address in its usual form
    std::uint16_t port = 0;
    bool is_https = false;  // else http
    std::string path;       // still encoded; begins with '/'

    /// Scheme, host and port, as browsers write them (RFC 6454 section 6.2): "https://shop.example".
    [[nodiscard]] std::string origin() const;
    /// What follows the last slash of the path, still encoded; may be empty.
    [[nodiscard]] std::string_view last_segment() const;
};

/// An absolute address. Errors: malformed_url, refused_url.
[[nodiscard]] Outbound<OutboundUrl> parse_url(std::string_view text);

/// Where `base` redirects to: an absolute address, or one relative to it. Errors: as parse_url.
[[nodiscard]] Outbound<OutboundUrl> resolve_url(const OutboundUrl& base, std::string_view location);

}  // namespace safelight
