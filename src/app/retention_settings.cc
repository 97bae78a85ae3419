#include "app/retention_settings.h"

#include <chrono>

#include "app/setting_kinds.h"
#include "catalog/retention.h"

namespace safelight::app {
namespace {

const char* const section = "Retention";
constexpr Milliseconds shortest{1'000};
constexpr Milliseconds longest = std::chrono::days(retention_days_max);

std::optional<std::optional<Milliseconds>> parse_rule(std::string_view text) {
    if (text == "never" || text == "0") return std::optional<Milliseconds>();
    const auto after = parse_duration(text);
    if (after == Milliseconds::zero()) return std::optional<Milliseconds>();
    if (!after || *after < shortest || *after > longest) return std::nullopt;
    return std::optional(*after);
}
std::string show_rule(const std::optional<Milliseconds>& after) {
    return after ? format_duration(*after) : "never";
}

template <class Field>
Setting rule(std::string variable, std::string help, Field field) {
    return parsed(section, std::move(variable), std::move(help),
                  fmt::format("never, or a time from {} to {}, in s, m, h or d", format_duration(shortest),
                              format_duration(longest)),
                  field, parse_rule, show_rule);
}

}  // namespace

std::vector<Setting> retention_settings() {
    return {
        rule("SAFELIGHT_RETENTION_DELETE_IMAGES_AFTER",
             "How old an image gets: then it is deleted with its job, original and variants, for good, also "
             "when it serves as a watermark, unless its account is given a rule of its own. All processes "
             "must "
             "say the same.",
             [](auto& c) -> auto& { return c.retention.defaults.delete_images_after; }),
        rule("SAFELIGHT_RETENTION_EXPIRE_VARIANTS_AFTER",
             "How long a variant without a watermark keeps its bytes that nobody fetches; later it is made "
             "again from the original when somebody does. All processes must say the same.",
             [](auto& c) -> auto& { return c.retention.defaults.expire_variants_after; }),
        duration(
            section, "SAFELIGHT_RETENTION_INTERVAL",
            "Between looks for what is to go, and between notes of what was fetched.",
            [](auto& c) -> auto& { return c.retention.pause_min; }, Milliseconds{100},
            Milliseconds{3'600'000}),
    };
}

}  // namespace safelight::app
