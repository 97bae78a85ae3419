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

/// Where a job waits: in the lane of its priority, unless its owner has a share of that lane waiting already;
/// then in the last one, behind everybody's. So a long queue of one account does not hold up another's single
/// job. The numbers are stored; those of the priorities are the same.
enum class Lane : std::uint8_t { interactive = 0, normal = 1, bulk = 2, overflow = 3 };
inline constexpr std::array all_lanes{Lane::interactive, Lane::normal, Lane::bulk, Lane::overflow};
[[nodiscard]] std::string_view name_of(Lane lane);  // "interactive", …, "overflow"
[[nodiscard]] std::optional<Lane> lane_from_name(std::string_view name);

[[nodiscard]] constexpr std::size_t index_of(Lane lane) {
    return static_cast<std::size_t>(lane);
}

/// The jobs of an account that may wait in one lane; the schemas of the databases say the same.
inline constexpr std::size_t lane_share = 16;

/// A job with work for somebody.
struct WaitingJob {
    JobId id;
    Lane lane = Lane::normal;

    bool operator==(const WaitingJob&) const = default;
};

}  // namespace safelight
