// How soon the work on a job is taken up: the priority that its owner asked for, and the lane that it waits
// in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ids.h"

namespace safelight {

/// What the owner says; most urgent first. The numbers are stored.
enum class Priority : std::uint8_t { interactive = 0, normal = 1, bulk = 2 };
[[nodiscard]] std::string_view name_of(Priority priority);  // "interactive", …
[[nodiscard]] std::optional<Priority> priority_from_name(std::string_view name);

/// Where a job waits: in the lane of its priority; or in the overflow behind the lanes, when its owner has a
/// share of that lane already, or has jobs that are as urgent in the overflow. So a long queue of one account
/// does not hold up another's single job, and the jobs of an account are taken up by their priority, and
/// within it in the order in which they came. The numbers are stored; those of the first three are the
/// priorities'.
enum class Lane : std::uint8_t {
    interactive = 0,
    normal = 1,
    bulk = 2,
    overflow_interactive = 3,
    overflow_normal = 4,
    overflow_bulk = 5
};
inline constexpr std::array all_lanes{Lane::interactive,          Lane::normal,          Lane::bulk,
                                      Lane::overflow_interactive, Lane::overflow_normal, Lane::overflow_bulk};
[[nodiscard]] std::string_view name_of(Lane lane);  // "interactive", …, "overflow-bulk"
[[nodiscard]] std::optional<Lane> lane_from_name(std::string_view name);

[[nodiscard]] constexpr std::size_t index_of(Lane lane) {
    return static_cast<std::size_t>(lane);
}
[[nodiscard]] constexpr Lane lane_of(Priority priority) {
    return static_cast<Lane>(priority);
}
[[nodiscard]] constexpr bool is_overflow(Lane lane) {
    return lane >= Lane::overflow_interactive;
}

/// The jobs of an account with work left, in hand or not, that may be in one lane (about: uploads at the same
/// time do not see each other); the schemas of the databases say the same.
inline constexpr std::size_t lane_share = 16;

/// A job with work for somebody.
struct WaitingJob {
    JobId id;
    Lane lane = Lane::normal;

    bool operator==(const WaitingJob&) const = default;
};

}  // namespace safelight
