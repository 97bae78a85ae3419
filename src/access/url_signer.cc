#include "access/url_signer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <ranges>

#include "base/hmac.h"
#include "base/text.h"

namespace safelight {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

std::string signature_by(std::string_view secret, std::string_view path, std::string_view account,
                         std::string_view expires) {
    const std::string text = fmt::format("safelight-url-v1\n{}\n{}\n{}", path, account, expires);
    return base64url_encode(hmac_sha256(bytes_of(secret), text).bytes);
}

std::int64_t seconds_of(Timestamp time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::optional<std::int64_t> seconds_from_text(std::string_view text) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return seconds;
}

std::unexpected<Error> refused(std::string text) {
    return failure(ErrorCode::invalid_signature, std::move(text));
}

}  // namespace

std::optional<std::vector<std::string>> url_secrets_from_text(std::string_view text) {
    std::vector<std::string> secrets;
    if (text.empty()) return secrets;
    for (const auto part : std::views::split(text, ',')) {
        const std::string_view secret = trim(std::string_view(part));
        if (secret.size() < url_secret_bytes_min) return std::nullopt;
        secrets.emplace_back(secret);
    }
    return secrets;
}

std::string url_secrets_to_text(const std::vector<std::string>& secrets) {
    return fmt::format("{}", fmt::join(secrets, ","));
}

Result<std::string> UrlSigner::sign(std::string_view path, AccountId account, Timestamp expires_at) const {
    if (!config_.is_on())
        return failure(ErrorCode::conflict,
                       "This server signs no URLs: its SAFELIGHT_SIGNED_URL_SECRETS is empty.");
    const std::string account_text = account.to_string();
    const std::string expires = fmt::format("{}", seconds_of(expires_at));
    return fmt::format("{}?account={}&expires={}&signature={}", path, account_text, expires,
                       signature_by(config_.secrets.front(), path, account_text, expires));
}

Result<AccountId> UrlSigner::verify(std::string_view path, const UrlSignature& signature) const {
    // As text: of base64's last letter not every bit counts.
    const bool is_ours = std::ranges::any_of(config_.secrets, [&](const std::string& secret) {
        const std::string right = signature_by(secret, path, signature.account, signature.expires);
        return equal_in_constant_time(bytes_of(right), bytes_of(signature.signature));
    });
    if (!is_ours) return refused("The URL's signature is not that of its path, account and expiry.");
    const auto account = AccountId::parse(signature.account);
    const auto expires_s = seconds_from_text(signature.expires);
    if (!account || !expires_s) return refused("The URL is signed, and names no account or no time.");
    if (*expires_s <= seconds_of(clock_.now())) return refused("The URL has expired.");
    return *account;
}

}  // namespace safelight
