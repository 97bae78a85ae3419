#include "access/token_control.h"

#include <span>
#include <string>
#include <utility>

#include "base/text.h"
#include "catalog/records.h"

namespace safelight {
namespace {

constexpr std::size_t shown_bytes_max = 64;

std::unexpected<Error> refused(const char* why) {
    return failure(ErrorCode::unauthenticated, why);
}

Sha256 hash_of(std::string_view token) {
    return sha256_of(std::as_bytes(std::span(token)));
}

/// Those of other services are nobody's here.
Scopes known_scopes(const std::vector<std::string>& names) {
    Scopes scopes;
    for (const std::string& name : names) {
        if (const auto scope = scope_from_name(name)) scopes.add(*scope);
    }
    return scopes;
}

}  // namespace

std::optional<Result<Principal>> TokenControl::cached(std::string_view token) {
    if (token.size() > token_bytes_max) return refused("The token is too long.");
    const Sha256 hash = hash_of(token);
    const auto keys = parts_.keys == nullptr ? nullptr : parts_.keys->current();
    const std::lock_guard lock(mutex_);
    const Verified* const verified = verified_.find(hash);
    if (verified == nullptr) return std::nullopt;
    if (verified->generation != 0 && (!keys || verified->generation != keys->generation)) return std::nullopt;
    return evaluate(*verified, parts_.clock.now());
}

Result<Principal> TokenControl::check(std::string_view token) {
    TRY_ASSIGN(const Jwt jwt, parse_jwt(token));
    if (!config_.allows(jwt.algorithm))
        return refused("The token is not signed by an algorithm that is taken here.");
    // Before the signature: what is not for this server costs no look-up of a key.
    TRY_ASSIGN(const TokenClaims claims, read_claims(jwt.claims, config_, parts_.clock.now()));
    TRY_ASSIGN(const std::uint64_t generation, verify(jwt, token));
    TRY_ASSIGN(Principal principal, principal_of(claims));
    const std::lock_guard lock(mutex_);
    verified_.put(hash_of(token), {principal, claims.times, generation});
    return principal;
}

Result<Principal> TokenControl::evaluate(const Verified& verified, Timestamp now) {
    TRY(check_times(verified.times, now));
    return verified.principal;
}

Result<std::uint64_t> TokenControl::verify(const Jwt& jwt, std::string_view token) {
    if (jwt.algorithm == TokenAlgorithm::hs256) {
        if (!verify_hs256(jwt, config_.secret)) return refused("The token's signature is not valid.");
        return 0;
    }
    if (parts_.keys == nullptr) return refused("The token is signed by a key that is not known.");
    auto known = parts_.keys->current();
    if (!known || !known->keys.has_key_for(jwt)) known = parts_.keys->newer_than(known);
    if (!known) {
        return failure(ErrorCode::unavailable, "The keys for tokens cannot be read at the moment.",
                       "no key set was read yet");
    }
    if (!known->keys.has_key_for(jwt)) return refused("The token is signed by a key that is not known.");
    if (!known->keys.verify(jwt, token)) return refused("The token's signature is not valid.");
    return known->generation;
}

Result<Principal> TokenControl::principal_of(const TokenClaims& claims) {
    TRY_ASSIGN(const AccountId account, account_of(claims.account_name));
    const std::string_view subject = claims.subject.empty() ? claims.account_name : claims.subject;
    return Principal{account, known_scopes(claims.scope_names),
                     "token of " + to_valid_utf8(subject.substr(0, shown_bytes_max))};
}

Result<AccountId> TokenControl::account_of(const std::string& name) {
    TRY_ASSIGN(const auto account, parts_.accounts.find_account(std::string_view(name)));
    if (account) return account->id;
    if (!config_.makes_accounts) return refused("The token is of an account that is not known here.");
    return make_account(name);
}

Result<AccountId> TokenControl::make_account(const std::string& name) {
    if (!check_account_name(name, "/name")) return refused("The token's account cannot be the name of one.");
    Account account{.id = parts_.ids.next<AccountId>(), .name = name, .created_at = {}};
    account.created_at = time_of(account.id.uuid);
    const Status created = parts_.accounts.create_account(account);
    if (created) return account.id;
    if (created.error().code != ErrorCode::conflict) return std::unexpected(created.error());
    // Another request was first.
    TRY_ASSIGN(const auto made, parts_.accounts.find_account(std::string_view(name)));
    if (!made) return failure(ErrorCode::unavailable, "The account cannot be made at the moment.");
    return made->id;
}

}  // namespace safelight
