// The addresses that the load client asks: plain HTTP, nothing escaped that is not escaped already.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace safelight::bench {

struct Url {
    std::string host;  // a name or an address, an IPv6 one without brackets
    std::uint16_t port = 80;
    std::string target;  // path and query, beginning with '/'

    /// The value of the Host field.
    [[nodiscard]] std::string authority() const;

    bool operator==(const Url&) const = default;
};

/// "http://127.0.0.1:8080/v1/jobs?x=y". Errors: invalid_argument.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

/// Everything but letters, digits and "-._~" as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace safelight::bench
