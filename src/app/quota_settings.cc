#include "app/quota_settings.h"

#include "app/setting_kinds.h"

namespace safelight::app {
namespace {

const char* const section = "Quotas";

/// Of a value that is empty without a quota.
template <class Field>
Setting quota(std::string variable, std::string help, Field field, std::uint64_t max) {
    return parsed(section, std::move(variable), std::move(help), number_range(0, max), field,
                  within(parse_number, std::uint64_t{0}, max),
                  [](const std::optional<std::uint64_t>& value) { return show_number(value.value_or(0)); });
}

template <class Field>
Setting bytes_quota(std::string variable, std::string help, Field field, std::uint64_t max) {
    return parsed(section, std::move(variable), std::move(help), bytes_range(0, max), field,
                  within(parse_bytes, std::uint64_t{0}, max),
                  [](const std::optional<std::uint64_t>& value) { return format_bytes(value.value_or(0)); });
}

}  // namespace

std::vector<Setting> quota_settings() {
    return {
        bytes_quota(
            "SAFELIGHT_QUOTA_STORED_BYTES",
            "The bytes of originals and variants that an account may have, unless it is given a quota of its "
            "own; past it: 403. 0 B: no limit.",
            [](auto& c) -> auto& { return c.quotas.defaults.stored_bytes; }, 900'000 * GiB),
        quota(
            "SAFELIGHT_QUOTA_IMAGES", "The images that it may have; past it: 403. 0: no limit.",
            [](auto& c) -> auto& { return c.quotas.defaults.images; }, quota_max),
        quota(
            "SAFELIGHT_QUOTA_UPLOADS_PER_MINUTE",
            "The uploads that it may begin in a minute, over all servers; past it: 429. 0: no limit.",
            [](auto& c) -> auto& { return c.quotas.defaults.uploads_per_minute; }, 1'000'000),
        quota(
            "SAFELIGHT_QUOTA_CONCURRENT_UPLOADS",
            "The uploads that it may have under way at a time, over all servers; past it: 429. 0: no limit.",
            [](auto& c) -> auto& { return c.quotas.defaults.concurrent_uploads; }, 1'000'000),
        quota(
            "SAFELIGHT_QUOTA_PIXELS_PER_DAY",
            "The pixels (width × height × frames) of the pictures that are taken from it in a day of UTC; "
            "past it: 429. 0: no limit.",
            [](auto& c) -> auto& { return c.quotas.defaults.pixels_per_day; }, quota_max),
        duration(
            section, "SAFELIGHT_QUOTA_UPLOAD_LEASE",
            "How long an upload counts as under way when the server that took it shows no sign of life.",
            [](auto& c) -> auto& { return c.quotas.lease; }, Milliseconds{500}, Milliseconds{3'600'000}),
    };
}

}  // namespace safelight::app
