#include "app/token_settings.h"

#include "app/setting_kinds.h"

namespace safelight::app {

std::vector<Setting> token_settings() {
    const std::string section = "Tokens";
    return {
        text(section, "SAFELIGHT_JWT_ISSUER",
             "With SAFELIGHT_ACCESS=keys, tokens (JWT) of this issuer are taken beside API keys: what their "
             "\"iss\" is. Empty: none are.",
             "a text, or empty", [](auto& c) -> auto& { return c.tokens.issuer; }),
        text(section, "SAFELIGHT_JWT_AUDIENCE", "What their \"aud\" is, or has among others.", "a text",
             [](auto& c) -> auto& { return c.tokens.audience; }),
        parsed(
            section, "SAFELIGHT_JWT_ALGORITHMS", "What they may be signed with.",
            "a list of RS256, ES256, EdDSA and HS256 with commas between them",
            [](auto& c) -> auto& { return c.tokens.algorithms; },
            [](std::string_view text) { return token_algorithms_from_text(text); },
            [](const auto& algorithms) { return to_text(algorithms); }),
        text(section, "SAFELIGHT_JWT_JWKS", "Where the issuer's public keys (JSON Web Key Set) are read.",
             "the path of a file, or an https:// URL", [](auto& c) -> auto& { return c.tokens.jwks; }),
        duration(
            section, "SAFELIGHT_JWT_JWKS_REFRESH", "How often the public keys are read again.",
            [](auto& c) -> auto& { return c.tokens.jwks_refresh; }, Milliseconds{1'000},
            Milliseconds{86'400'000}),
        duration(
            section, "SAFELIGHT_JWT_JWKS_INTERVAL_MIN",
            "How often at most, when a token names a key that is not known.",
            [](auto& c) -> auto& { return c.tokens.jwks_interval_min; }, Milliseconds{100},
            Milliseconds{3'600'000}),
        secret(section, "SAFELIGHT_JWT_SECRET", "The secret of HS256.",
               "a secret of 32 bytes or more, or empty", [](auto& c) -> auto& { return c.tokens.secret; }),
        duration(
            section, "SAFELIGHT_JWT_LEEWAY", "By how much the issuer's clock may differ from this one.",
            [](auto& c) -> auto& { return c.tokens.leeway; }, Milliseconds{0}, Milliseconds{300'000}),
        text(section, "SAFELIGHT_JWT_ACCOUNT_CLAIM",
             "The claim with the name of the account that a token acts for. One that its holder cannot "
             "choose.",
             "the name of a claim", [](auto& c) -> auto& { return c.tokens.account_claim; }),
        text(section, "SAFELIGHT_JWT_SCOPE_CLAIM",
             "The claim with the scopes: names with spaces between them, or a list of names. Unknown names "
             "are passed over.",
             "the name of a claim", [](auto& c) -> auto& { return c.tokens.scope_claim; }),
        choice(section, "SAFELIGHT_JWT_ACCOUNTS",
               "What becomes of a token whose account is new: it is refused, or the account is made.",
               [](auto& c) -> auto& { return c.tokens.makes_accounts; }, {{"known", false}, {"made", true}}),
    };
}

}  // namespace safelight::app
