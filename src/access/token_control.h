// Who is behind a token of another issuer, and what they may do.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "access/bounded_cache.h"
#include "access/jwt.h"
#include "access/key_keeper.h"
#include "access/principal.h"
#include "access/token_config.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "catalog/accounts.h"

namespace safelight {

/// Any thread may call.
class TokenControl {
  public:
    struct Parts {
        KeyKeeper* keys = nullptr;  // empty: HS256 alone
        Accounts& accounts;
        IdGenerator& ids;
        const Clock& clock;
    };

    /// `config` is valid and on. What `parts` refers to outlives this.
    TokenControl(TokenConfig config, const Parts& parts) : config_(std::move(config)), parts_(parts) {}

    /// What check() would return of a token that was verified before; empty when it has to be verified. A
    /// token that expires meanwhile is refused at once. Does not block.
    [[nodiscard]] std::optional<Result<Principal>> cached(std::string_view token);

    /// Blocks. Errors: unauthenticated, which says why; unavailable (no keys were read yet, or the catalog
    /// does not answer).
    [[nodiscard]] Result<Principal> check(std::string_view token);

  private:
    /// A genuine token.
    struct Verified {
        Principal principal;
        TokenTimes times;
        std::uint64_t generation = 0;  // of the keys by which it was verified; 0: by the secret
    };

    [[nodiscard]] static Result<Principal> evaluate(const Verified& verified, Timestamp now);
    /// The generation of the keys. Errors: unauthenticated, unavailable.
    [[nodiscard]] Result<std::uint64_t> verify(const Jwt& jwt, std::string_view token);
    [[nodiscard]] Result<Principal> principal_of(const TokenClaims& claims);
    [[nodiscard]] Result<AccountId> account_of(const std::string& name);
    [[nodiscard]] Result<AccountId> make_account(const std::string& name);

    static constexpr std::size_t cached_max = 10'000;

    const TokenConfig config_;
    const Parts parts_;

    std::mutex mutex_;
    BoundedCache<Verified> verified_{cached_max};  // guarded by mutex_
};

}  // namespace safelight
