#include "webhooks/retry_schedule.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "base/units.h"

namespace safelight {
namespace {

constexpr std::size_t pauses_max = 30;
constexpr Milliseconds pause_max = std::chrono::hours{24 * 7};
constexpr double spread = 0.2;

}  // namespace

RetrySchedule::RetrySchedule() {
    using namespace std::chrono_literals;
    pauses_ = {5s, 30s, 2min, 10min, 30min, 1h, 2h, 4h, 8h, 8h};
}

std::optional<RetrySchedule> RetrySchedule::parse(std::string_view text) {
    std::vector<Milliseconds> pauses;
    while (true) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const auto pause = parse_duration(trim(text.substr(0, comma)));
        if (!pause || *pause < Milliseconds{1} || *pause > pause_max || pauses.size() == pauses_max)
            return std::nullopt;
        pauses.push_back(*pause);
        if (comma == text.size()) return RetrySchedule(std::move(pauses));
        text.remove_prefix(comma + 1);
    }
}

std::string RetrySchedule::to_text() const {
    std::string text;
    for (const Milliseconds pause : pauses_) {
        if (!text.empty()) text += ", ";
        text += format_duration(pause);
    }
    return text;
}

Milliseconds RetrySchedule::pause(std::uint32_t failures, double fraction) const {
    const std::size_t place = std::clamp<std::size_t>(failures, 1, pauses_.size()) - 1;
    const double factor = 1.0 - spread + (2.0 * spread * fraction);
    return Milliseconds{static_cast<std::int64_t>(static_cast<double>(pauses_[place].count()) * factor)};
}

}  // namespace safelight
