// Which tokens of other issuers (JWT, RFC 7519) are taken for whom.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace safelight {

/// Nothing else is verified; "none" least of all.
enum class TokenAlgorithm { rs256, es256, eddsa, hs256 };
[[nodiscard]] std::string_view name_of(TokenAlgorithm algorithm);  // "RS256", …
[[nodiscard]] std::optional<TokenAlgorithm> token_algorithm_from_name(std::string_view name);

/// Names with commas between them. Empty for a name that is unknown or given twice, and for none at all.
[[nodiscard]] std::optional<std::vector<TokenAlgorithm>> token_algorithms_from_text(std::string_view text);
[[nodiscard]] std::string to_text(const std::vector<TokenAlgorithm>& algorithms);

struct TokenConfig {
    std::string issuer;  // what "iss" has to be; empty: no tokens are taken
    std::string audience;
    std::vector<TokenAlgorithm> algorithms{TokenAlgorithm::rs256, TokenAlgorithm::es256,
                                           TokenAlgorithm::eddsa};
    std::string jwks;    // where the public keys are: the path of a file, or a URL; empty: there are none
    std::string secret;  // for HS256
    Milliseconds leeway{30'000};         // by how much the issuer's clock may differ
    Milliseconds jwks_refresh{600'000};  // how often the public keys are read
    /// How often at most, when a token names a key that is not known.
    Milliseconds jwks_interval_min{30'000};
    std::string account_claim = "sub";  // its value is the name of an account
    std::string scope_claim = "scope";  // names with spaces between them, or a list of names
    bool makes_accounts = false;        // of a name that is new; else its token is refused

    [[nodiscard]] bool is_on() const { return !issuer.empty(); }
    [[nodiscard]] bool allows(TokenAlgorithm algorithm) const;

    /// Errors: invalid_argument, one fault for each member; its pointer is the member's name.
    [[nodiscard]] Status validate() const;
};

/// Whether a text names a URL, rather than a file.
[[nodiscard]] bool is_url(std::string_view jwks);

inline constexpr std::size_t token_secret_bytes_min = 32;  // as many as HMAC-SHA-256 puts out

}  // namespace safelight
