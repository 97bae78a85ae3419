// How one event becomes one line. Apart from the logger, so that it can be tested without a standard error.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "telemetry/log.h"

namespace safelight::telemetry {

/// Longer values are cut there, at the end of a character, and end in "…".
inline constexpr std::size_t value_bytes_max = 4096;

struct Event {
    Timestamp time;
    Level level = Level::info;
    std::string_view name;
    std::span<const Field> fields;
};

/// `2026-11-23T20:08:00.123Z info  request method=GET path="a b"`, without an end of line. `colour` paints
/// the level with terminal escapes; nothing that comes from a value can: control characters and those that
/// change the direction of text are written as \uXXXX.
[[nodiscard]] std::string to_text_line(const Event& event, bool colour);

/// {"time":…,"level":…,"event":…, then the fields}, without an end of line. Numbers that JSON does not have
/// are written as strings.
[[nodiscard]] std::string to_json_line(const Event& event);

}  // namespace safelight::telemetry
