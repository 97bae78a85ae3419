// Signed URLs: addresses that are good by themselves until they expire, for those who can send no key (a
// browser's <img>, its EventSource, a mail).
//
// A signed URL is a path and three parameters: the account that it acts for, when it expires, and
//
//   signature = base64url(HMAC-SHA-256(secret, "safelight-url-v1\n" path "\n" account "\n" expires))
//
// without padding. Whoever has the secret can make them without asking the server.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

namespace safelight {

inline constexpr std::size_t url_secret_bytes_min = 32;  // as many as HMAC-SHA-256 puts out

struct UrlSigningConfig {
    /// The first one signs, the signatures of all are taken: a new one is put in front, and the old one goes
    /// when what it signed has expired. Empty: nothing is signed, and no signature is taken.
    std::vector<std::string> secrets;
    Milliseconds lifetime_max = std::chrono::days{7};  // of what this server signs

    [[nodiscard]] bool is_on() const { return !secrets.empty(); }
};

/// Secrets with commas between them. Empty for one that is too short.
[[nodiscard]] std::optional<std::vector<std::string>> url_secrets_from_text(std::string_view text);
[[nodiscard]] std::string url_secrets_to_text(const std::vector<std::string>& secrets);

/// The parameters of a signed URL, as they came.
struct UrlSignature {
    std::string account;
    std::string expires;  // whole seconds since 1970
    std::string signature;
};

/// Any thread may call; nothing blocks.
class UrlSigner {
  public:
    /// What is passed in outlives it.
    UrlSigner(const UrlSigningConfig& config, const Clock& clock) : config_(config), clock_(clock) {}

    [[nodiscard]] const UrlSigningConfig& config() const { return config_; }

    /// `path` with the three parameters. It stands as it will in the request line; that it names anything is
    /// not looked at. Errors: conflict (nothing is signed here).
    [[nodiscard]] Result<std::string> sign(std::string_view path, AccountId account,
                                           Timestamp expires_at) const;

    /// Whom a request acts for. Errors: invalid_signature.
    [[nodiscard]] Result<AccountId> verify(std::string_view path, const UrlSignature& signature) const;

  private:
    const UrlSigningConfig config_;
    const Clock& clock_;
};

}  // namespace safelight
