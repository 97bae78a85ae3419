// Values that several resources write alike.
#pragma once

#include <boost/json/value.hpp>
#include <optional>

#include "base/clock.h"

namespace safelight {

[[nodiscard]] inline boost::json::value time_or_null(const std::optional<Timestamp>& time) {
    if (!time) return nullptr;
    return boost::json::value(to_rfc3339(*time));
}

}  // namespace safelight
