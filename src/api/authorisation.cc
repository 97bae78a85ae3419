#include "api/authorisation.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "access/api_key_text.h"
#include "base/text.h"
#include "catalog/records.h"

namespace safelight {
namespace {

class OpenAuthenticator final : public Authenticator {
  public:
    http::Task<Result<Principal>> authenticate(const http::Request& request) override {
        // Whoever sends a key takes this for a server that tells accounts apart.
        if (looks_like_api_key(bearer_of(request).value_or("")))
            co_return failure(ErrorCode::unauthenticated,
                              "This server knows no API keys: its SAFELIGHT_ACCESS is not \"keys\".");
        co_return Principal{default_account(), {Scope::images_read, Scope::images_write}, "open"};
    }
};

/// Of an API key, or of a token where there are any.
class BearerAuthenticator final : public Authenticator {
  public:
    BearerAuthenticator(AccessControl& keys, TokenControl* tokens, ThreadPool& pool)
        : checker_{keys, tokens}, pool_(pool) {}

    http::Task<Result<Principal>> authenticate(const http::Request& request) override {
        const auto bearer = bearer_of(request);
        if (!bearer) co_return failure(ErrorCode::unauthenticated, "The request needs an API key.");
        if (auto known = checker_.cached(*bearer)) co_return *std::move(known);
        co_return co_await http::on_pool(pool_, [&] { return checker_.check(*bearer); });
    }

    CredentialsCheck check_of(const http::Request& request) override {
        return [checker = checker_, bearer = bearer_of(request).value_or("")]() -> Status {
            auto known = checker.cached(bearer);
            const Result<Principal> principal = known ? *std::move(known) : checker.check(bearer);
            if (!principal) return std::unexpected(principal.error());
            return {};
        };
    }

  private:
    /// Whose a text is, by its beginning.
    struct Checker {
        AccessControl& keys;
        TokenControl* tokens;

        [[nodiscard]] bool is_token(std::string_view bearer) const {
            return tokens != nullptr && !looks_like_api_key(bearer);
        }
        [[nodiscard]] std::optional<Result<Principal>> cached(std::string_view bearer) const {
            return is_token(bearer) ? tokens->cached(bearer) : keys.cached(bearer);
        }
        [[nodiscard]] Result<Principal> check(std::string_view bearer) const {
            return is_token(bearer) ? tokens->check(bearer) : keys.check(bearer);
        }
    };

    const Checker checker_;
    ThreadPool& pool_;
};

/// With what RFC 6750 wants a client to be told.
std::unexpected<Refusal> refuse_scope(Error error, Scope scope) {
    auto refused = refuse(std::move(error));
    refused.error().headers.set(
        "WWW-Authenticate",
        fmt::format("Bearer realm=\"safelight\", error=\"insufficient_scope\", scope=\"{}\"",
                    name_of(scope)));
    return refused;
}

}  // namespace

std::optional<std::string> bearer_of(const http::Request& request) {
    const auto field = request.headers.get("Authorization");
    if (!field) return std::nullopt;
    constexpr std::string_view scheme = "bearer ";
    if (to_lower_ascii(field->substr(0, scheme.size())) != scheme) return std::nullopt;
    return std::string(trim(std::string_view(*field).substr(scheme.size())));
}

std::unique_ptr<Authenticator> make_open_authenticator() {
    return std::make_unique<OpenAuthenticator>();
}

std::unique_ptr<Authenticator> make_bearer_authenticator(AccessControl& keys, TokenControl* tokens,
                                                         ThreadPool& pool) {
    return std::make_unique<BearerAuthenticator>(keys, tokens, pool);
}

http::Task<std::expected<Principal, Refusal>> authorise(Authenticator& authenticator,
                                                        const http::Request& request, Scope scope) {
    auto principal = co_await authenticator.authenticate(request);
    if (!principal) co_return refuse(std::move(principal).error());
    if (Status allowed = require(*principal, scope); !allowed)
        co_return refuse_scope(std::move(allowed).error(), scope);
    co_return *std::move(principal);
}

}  // namespace safelight
