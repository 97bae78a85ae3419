// A signed token as text (JWS compact serialisation, RFC 7515) and what it claims (RFC 7519), checked as RFC
// 8725 advises. Nothing here believes a token: its signature is jwt_keys.h's.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/token_config.h"
#include "base/clock.h"
#include "base/result.h"

namespace safelight {

/// Longer ones are not looked at.
inline constexpr std::size_t token_bytes_max = 8'192;

struct Jwt {
    TokenAlgorithm algorithm = TokenAlgorithm::rs256;
    std::optional<std::string> key_id;
    boost::json::object claims;
    std::string_view signed_text;      // header and claims, as they came; of the text that was parsed
    std::vector<std::byte> signature;  // decoded
};

/// `text` outlives what is returned. Errors: unauthenticated, which says why: too long, malformed, a member
/// twice, another algorithm than the four, a header that brings its key along or asks for more than is known
/// here.
[[nodiscard]] Result<Jwt> parse_jwt(std::string_view text);

/// When a token counts, with the leeway.
struct TokenTimes {
    std::optional<Timestamp> from;  // inclusive
    Timestamp until;                // exclusive
};
/// Errors: unauthenticated (expired, not valid yet).
[[nodiscard]] Status check_times(const TokenTimes& times, Timestamp now);

/// What a token that is genuine says.
struct TokenClaims {
    std::string account_name;
    std::vector<std::string> scope_names;  // also those of other services
    std::string subject;                   // for the log; may be empty
    TokenTimes times;
};

/// Errors: unauthenticated: another issuer or audience, no expiry, expired, not valid yet, no account.
[[nodiscard]] Result<TokenClaims> read_claims(const boost::json::object& claims, const TokenConfig& config,
                                              Timestamp now);

}  // namespace safelight
