// A download that ends when whoever began it may not have it any more.
#pragma once

#include <memory>

#include "api/authorisation.h"
#include "base/clock.h"
#include "http/message.h"

namespace safelight {

/// How often what takes long asks whether its credentials are still good.
inline constexpr Milliseconds recheck_interval{1'000};

/// Passes `inner` on, and asks `check` when `interval` has gone by since it was asked last.
[[nodiscard]] std::unique_ptr<http::ResponseStream> make_guarded_stream(
    std::unique_ptr<http::ResponseStream> inner, CredentialsCheck check,
    Milliseconds interval = recheck_interval);

}  // namespace safelight
