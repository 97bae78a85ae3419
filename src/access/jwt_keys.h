// The public keys of an issuer (JSON Web Key Set, RFC 7517), and whether a token was signed by one of them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/jwt.h"
#include "access/token_config.h"
#include "base/result.h"

namespace safelight {

inline constexpr std::size_t jwks_bytes_max = 256 * 1'024;
inline constexpr std::size_t jwks_keys_max = 100;

/// A value; any thread may read it.
class JwtKeys {
  public:
    /// Keys that are no public signature keys of RS256 (2,048 bits or more), ES256 or EdDSA (Ed25519) are
    /// left out, and of each only the numbers that make the key are kept: no addresses, no certificates, no
    /// secrets. Errors: invalid_argument (no key set, too long, two keys of one name).
    [[nodiscard]] static Result<JwtKeys> parse(std::string_view jwks);

    [[nodiscard]] std::size_t size() const { return keys_.size(); }
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

    /// Whether there is a key for the token: the one of its "kid", or without that the only one of its
    /// algorithm.
    [[nodiscard]] bool has_key_for(const Jwt& jwt) const { return find(jwt) != nullptr; }
    /// Whether that key has signed it. `text` is what `jwt` was parsed from.
    [[nodiscard]] bool verify(const Jwt& jwt, std::string_view text) const;

    bool operator==(const JwtKeys&) const = default;

  private:
    struct Key {
        std::optional<std::string> id;
        TokenAlgorithm algorithm = TokenAlgorithm::rs256;
        std::string jwk;  // with nothing but the numbers

        bool operator==(const Key&) const = default;
    };
    [[nodiscard]] const Key* find(const Jwt& jwt) const;

    std::vector<Key> keys_;
    std::vector<std::string> names_;  // for the log
};

/// Whether the token is HS256's of `secret`; in a time that tells nothing of where they differ.
[[nodiscard]] bool verify_hs256(const Jwt& jwt, std::string_view secret);

}  // namespace safelight
