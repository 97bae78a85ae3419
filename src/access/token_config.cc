#include "access/token_config.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "outbound/ip_address.h"
#include "outbound/url.h"

namespace safelight {
namespace {

constexpr std::array<std::pair<TokenAlgorithm, std::string_view>, 4> names{{
    {TokenAlgorithm::rs256, "RS256"},
    {TokenAlgorithm::es256, "ES256"},
    {TokenAlgorithm::eddsa, "EdDSA"},
    {TokenAlgorithm::hs256, "HS256"},
}};

bool is_this_machine(const std::string& host) {
    const auto address = IpAddress::parse(host);
    if (!address) return host == "localhost";
    return host == "::1" || (!address->is_v6 && address->bytes.front() == 127);
}

/// Keys that anybody on the way may exchange are worth nothing. Read as the library reads it that will ask
/// there.
bool is_trustworthy(const std::string& text) {
    const auto url = parse_url(text);
    return url && (url->is_https || is_this_machine(url->host));
}

}  // namespace

std::string_view name_of(TokenAlgorithm algorithm) {
    return std::ranges::find(names, algorithm, &decltype(names)::value_type::first)->second;
}

std::optional<TokenAlgorithm> token_algorithm_from_name(std::string_view name) {
    const auto found = std::ranges::find(names, name, &decltype(names)::value_type::second);
    if (found == names.end()) return std::nullopt;
    return found->first;
}

std::optional<std::vector<TokenAlgorithm>> token_algorithms_from_text(std::string_view text) {
    std::vector<TokenAlgorithm> algorithms;
    for (bool is_last = false; !is_last;) {
        const auto comma = text.find(',');
        is_last = comma == std::string_view::npos;
        const auto algorithm = token_algorithm_from_name(trim(text.substr(0, comma)));
        if (!algorithm || std::ranges::find(algorithms, *algorithm) != algorithms.end()) return std::nullopt;
        algorithms.push_back(*algorithm);
        if (!is_last) text.remove_prefix(comma + 1);
    }
    return algorithms;
}

std::string to_text(const std::vector<TokenAlgorithm>& algorithms) {
    std::string text;
    for (const TokenAlgorithm algorithm : algorithms) {
        if (!text.empty()) text += ',';
        text += name_of(algorithm);
    }
    return text;
}

bool is_url(std::string_view jwks) {
    return jwks.find("://") != std::string_view::npos;
}

bool TokenConfig::allows(TokenAlgorithm algorithm) const {
    return std::ranges::find(algorithms, algorithm) != algorithms.end();
}

Status TokenConfig::validate() const {
    if (!is_on()) return {};
    std::vector<Fault> faults;
    const auto require = [&faults](bool holds, const char* member, const char* detail) {
        if (!holds) faults.push_back({member, detail});
    };
    const bool needs_jwks = std::ranges::any_of(
        algorithms, [](TokenAlgorithm algorithm) { return algorithm != TokenAlgorithm::hs256; });
    require(!audience.empty(), "audience",
            "is empty: without it a token that was made for another service would be taken.");
    require(!algorithms.empty(), "algorithms", "is empty.");
    require(!needs_jwks || !jwks.empty(), "jwks",
            "is empty: RS256, ES256 and EdDSA need the issuer's public keys.");
    require(!is_url(jwks) || is_trustworthy(jwks), "jwks",
            "is no https:// URL; http:// is taken for this machine alone, and no URL with a password.");
    require(!allows(TokenAlgorithm::hs256) || secret.size() >= token_secret_bytes_min, "secret",
            "has fewer than 32 bytes: HS256 needs a secret that cannot be guessed.");
    require(!account_claim.empty(), "account_claim", "is empty.");
    require(!scope_claim.empty(), "scope_claim", "is empty.");
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

}  // namespace safelight
