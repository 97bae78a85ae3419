#include "app/signed_url_settings.h"

#include "app/setting_kinds.h"

namespace safelight::app {

std::vector<Setting> signed_url_settings() {
    const std::string section = "Signed URLs";
    Setting secrets = parsed(
        section, "SAFELIGHT_SIGNED_URL_SECRETS",
        "What URLs are signed by that are good without a key until they expire; the same for all servers. "
        "The "
        "first secret signs, the signatures of all are taken. Empty: none are.",
        "secrets of 32 bytes or more with commas between them, or empty",
        [](auto& c) -> auto& { return c.signed_urls.secrets; },
        [](std::string_view text) { return url_secrets_from_text(text); },
        [](const auto& all) { return url_secrets_to_text(all); });
    secrets.secret = true;
    return {
        std::move(secrets),
        duration(
            section, "SAFELIGHT_SIGNED_URL_EXPIRY_MAX", "The longest time for which this server signs a URL.",
            [](auto& c) -> auto& { return c.signed_urls.lifetime_max; }, Milliseconds{1'000},
            Milliseconds{std::chrono::days(366)}),
    };
}

}  // namespace safelight::app
