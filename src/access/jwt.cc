#include "access/jwt.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "access/strict_json.h"
#include "base/text.h"

namespace safelight {
namespace {

namespace json = boost::json;

constexpr std::size_t key_id_bytes_max = 256;
/// Until then a double counts milliseconds exactly, and no calendar ends.
constexpr double latest_s = 253'402'300'799.0;  // the end of the year 9999

std::unexpected<Error> refused(const char* why) {
    return failure(ErrorCode::unauthenticated, why);
}

struct Parts {
    std::string_view header, claims, signature;
};

std::optional<Parts> split(std::string_view text) {
    const auto first = text.find('.');
    if (first == std::string_view::npos) return std::nullopt;
    const auto second = text.find('.', first + 1);
    if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos)
        return std::nullopt;
    return Parts{text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1)};
}

std::optional<json::object> decoded_object(std::string_view part) {
    const auto bytes = base64url_decode(part);
    if (!bytes) return std::nullopt;
    return parse_strict_object({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
}

std::optional<std::string_view> text_of(const json::object& object, std::string_view name) {
    const json::value* const member = object.if_contains(name);
    if (member == nullptr || !member->is_string()) return std::nullopt;
    return std::string_view(member->get_string());
}

/// RFC 9068 and RFC 7519 section 5.1; a token of another kind is none of ours.
bool is_access_token(std::string_view type) {
    constexpr std::string_view prefix = "application/";
    std::string lower = to_lower_ascii(type);
    if (lower.starts_with(prefix)) lower.erase(0, prefix.size());
    return lower == "jwt" || lower == "at+jwt";
}

Status read_header(const json::object& header, Jwt& jwt) {
    // A key that comes with the token, or an address of one, proves nothing; "crit" and "zip" change what a
    // token means.
    for (const std::string_view name : {"jku", "jwk", "x5u", "x5c", "crit", "zip", "b64"}) {
        if (header.contains(name))
            return refused("The token's header has a member that is not taken here, such as \"jku\".");
    }
    if (header.contains("typ") && !is_access_token(text_of(header, "typ").value_or("")))
        return refused("The token is of another type than JWT.");
    const auto algorithm = token_algorithm_from_name(text_of(header, "alg").value_or(""));
    if (!algorithm) return refused("The token is not signed by an algorithm that is taken here.");
    jwt.algorithm = *algorithm;
    if (!header.contains("kid")) return {};
    const auto key_id = text_of(header, "kid");
    if (!key_id || key_id->empty() || key_id->size() > key_id_bytes_max)
        return refused("The token's \"kid\" is no name of a key.");
    jwt.key_id = std::string(*key_id);
    return {};
}

/// A NumericDate: seconds, maybe with a fraction.
std::optional<Timestamp> time_of(const json::value& value) {
    if (!value.is_number()) return std::nullopt;
    const auto seconds = value.to_number<double>();
    if (!std::isfinite(seconds) || seconds < 0 || seconds > latest_s) return std::nullopt;
    return Timestamp{Milliseconds{static_cast<std::int64_t>(seconds * 1'000)}};
}

Result<TokenTimes> read_times(const json::object& claims, Milliseconds leeway) {
    TokenTimes times;
    const json::value* const expiry = claims.if_contains("exp");
    const auto until = expiry == nullptr ? std::nullopt : time_of(*expiry);
    if (!until) return refused("The token does not say when it expires.");
    times.until = *until + leeway;
    const json::value* const begin = claims.if_contains("nbf");
    if (begin == nullptr) return times;
    const auto from = time_of(*begin);
    if (!from) return refused("The token's \"nbf\" is no time.");
    times.from = *from - leeway;
    return times;
}

bool is_for(const json::value* audiences, const std::string& wanted) {
    if (audiences == nullptr) return false;
    if (audiences->is_string()) return audiences->get_string() == wanted;
    return audiences->is_array() && std::ranges::any_of(audiences->get_array(), [&](const json::value& each) {
               return each.is_string() && each.get_string() == wanted;
           });
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const auto space = std::min(text.find(' '), text.size());
        if (space > 0) words.emplace_back(text.substr(0, space));
        text.remove_prefix(std::min(space + 1, text.size()));
    }
    return words;
}

std::vector<std::string> scopes_of(const json::value* claim) {
    if (claim == nullptr) return {};
    if (claim->is_string()) return words_of(claim->get_string());
    std::vector<std::string> names;
    if (claim->is_array()) {
        for (const json::value& each : claim->get_array()) {
            if (each.is_string()) names.emplace_back(each.get_string());
        }
    }
    return names;
}

}  // namespace

Result<Jwt> parse_jwt(std::string_view text) {
    if (text.size() > token_bytes_max) return refused("The token is too long.");
    const auto parts = split(text);
    if (!parts) return refused("The request needs a valid API key or token.");
    Jwt jwt;
    const auto header = decoded_object(parts->header);
    if (!header) return refused("The token's header is malformed, or has a member twice.");
    TRY(read_header(*header, jwt));
    auto claims = decoded_object(parts->claims);
    if (!claims) return refused("The token's claims are malformed, or one is there twice.");
    jwt.claims = *std::move(claims);
    auto signature = base64url_decode(parts->signature);
    if (!signature || signature->empty()) return refused("The token has no signature.");
    jwt.signature = *std::move(signature);
    jwt.signed_text = text.substr(0, parts->header.size() + 1 + parts->claims.size());
    return jwt;
}

Status check_times(const TokenTimes& times, Timestamp now) {
    if (now >= times.until) return refused("The token has expired.");
    if (times.from && now < *times.from) return refused("The token is not valid yet.");
    return {};
}

Result<TokenClaims> read_claims(const json::object& claims, const TokenConfig& config, Timestamp now) {
    if (text_of(claims, "iss") != config.issuer) return refused("The token is of another issuer.");
    if (!is_for(claims.if_contains("aud"), config.audience))
        return refused("The token is for another audience.");
    TokenClaims read;
    TRY_ASSIGN(read.times, read_times(claims, config.leeway));
    TRY(check_times(read.times, now));
    const auto account = text_of(claims, config.account_claim);
    if (!account || account->empty()) return refused("The token does not say whose it is.");
    read.account_name = *account;
    read.scope_names = scopes_of(claims.if_contains(config.scope_claim));
    read.subject = text_of(claims, "sub").value_or("");
    return read;
}

}  // namespace safelight
