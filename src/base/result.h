// Expected failure is a value: Result<T> is T or an Error. Exceptions mean a bug or exhaustion.
#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace safelight {

template <class T>
using Result = std::expected<T, Error>;

using Status = Result<void>;

/// `return failure(ErrorCode::not_found, "No such image.");`
[[nodiscard]] inline std::unexpected<Error> failure(ErrorCode code, std::string public_text,
                                                    std::string log_text = {}) {
    return std::unexpected(Error{code, std::move(public_text), std::move(log_text), {}});
}

/// A refusal of the caller's values, one fault for each.
[[nodiscard]] inline std::unexpected<Error> invalid(std::vector<Fault> faults) {
    std::string text = faults.size() == 1 ? faults.front().detail : "Several values are invalid.";
    return std::unexpected(Error{ErrorCode::invalid_argument, std::move(text), {}, std::move(faults)});
}

/// Passes an error on: `return forward(std::move(result));`
template <class T>
[[nodiscard]] std::unexpected<Error> forward(Result<T>&& result) {
    return std::unexpected(std::move(result).error());
}

}  // namespace safelight

#define SAFELIGHT_CONCAT_INNER(a, b) a##b
#define SAFELIGHT_CONCAT(a, b) SAFELIGHT_CONCAT_INNER(a, b)
#define SAFELIGHT_TRY_ASSIGN_IMPL(holder, target, ...)              \
    auto holder = (__VA_ARGS__);                                    \
    if (!holder) return std::unexpected(std::move(holder).error()); \
    target = std::move(*holder)

/// `TRY_ASSIGN(auto image, find(id));` — the value, or out of the function with the error.
/// Not for coroutines, where `return` is no return.
#define TRY_ASSIGN(target, ...) \
    SAFELIGHT_TRY_ASSIGN_IMPL(SAFELIGHT_CONCAT(result_, __LINE__), target, __VA_ARGS__)

/// `TRY(write(bytes));` — goes on, or out of the function with the error.
#define TRY(...)                                                                                     \
    do {                                                                                             \
        if (auto status = (__VA_ARGS__); !status) return std::unexpected(std::move(status).error()); \
    } while (false)
