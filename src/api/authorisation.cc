#include "api/authorisation.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "access/api_key_text.h"
#include "base/text.h"
#include "catalog/records.h"

namespace safelight {
namespace {

/// Of a field that occurs once; two of them were joined to what is no token.
std::optional<std::string> bearer_of(const http::Request& request) {
    const auto field = request.headers.get("Authorization");
    if (!field) return std::nullopt;
    constexpr std::string_view scheme = "bearer ";
    if (to_lower_ascii(field->substr(0, scheme.size())) != scheme) return std::nullopt;
    return std::string(trim(std::string_view(*field).substr(scheme.size())));
}

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

class KeyAuthenticator final : public Authenticator {
  public:
    KeyAuthenticator(AccessControl& control, ThreadPool& pool) : control_(control), pool_(pool) {}

    http::Task<Result<Principal>> authenticate(const http::Request& request) override {
        const auto token = bearer_of(request);
        if (!token) co_return failure(ErrorCode::unauthenticated, "The request needs an API key.");
        if (auto known = control_.cached(*token)) co_return *std::move(known);
        co_return co_await http::on_pool(pool_, [&] { return control_.check(*token); });
    }

    CredentialsCheck check_of(const http::Request& request) override {
        return [&control = control_, token = bearer_of(request).value_or("")]() -> Status {
            auto known = control.cached(token);
            const Result<Principal> principal = known ? *std::move(known) : control.check(token);
            if (!principal) return std::unexpected(principal.error());
            return {};
        };
    }

  private:
    AccessControl& control_;
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

std::unique_ptr<Authenticator> make_open_authenticator() {
    return std::make_unique<OpenAuthenticator>();
}

std::unique_ptr<Authenticator> make_key_authenticator(AccessControl& control, ThreadPool& pool) {
    return std::make_unique<KeyAuthenticator>(control, pool);
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
