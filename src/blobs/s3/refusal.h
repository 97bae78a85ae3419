// What it means that the store did not do what it was asked to.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace safelight::s3 {

enum class Refusal {
    not_found,        // no such object
    no_such_upload,   // it was aborted, or completed
    no_bucket,        // there is none of that name
    exists,           // the object, or bucket, that was to be new is there
    past_the_end,     // the object has no byte in that range
    not_implemented,  // the store does not know what was asked of it
    not_understood,   // success, without what it has to come with
    other,
};

/// An operation that failed, after all attempts.
struct Failure {
    Error error;
    Refusal refusal = Refusal::other;
    bool may_have_acted = false;  // an attempt whose answer was lost may have been carried out
};

template <class T>
using Outcome = std::expected<T, Failure>;

/// Drops what only this room needs to know.
template <class T>
[[nodiscard]] Result<T> plain(Outcome<T>&& outcome) {
    if (!outcome) return std::unexpected(std::move(outcome).error().error);
    if constexpr (std::is_void_v<T>) {
        return {};
    } else {
        return std::move(*outcome);
    }
}

/// A failure of which no more is known: the public text says nothing of the inside.
[[nodiscard]] std::unexpected<Failure> unavailable(std::string log_text, bool may_have_acted = false);

/// One answer, looked at by itself.
struct Verdict {
    bool is_success = false;
    bool may_pass = false;        // another attempt can succeed
    bool may_have_acted = false;  // although it is a failure
    bool are_credentials_expired = false;
    bool lacks_right = false;  // who asked is known, and may not
    Refusal refusal = Refusal::other;
    ErrorCode code = ErrorCode::unavailable;
    std::string_view advice = {};  // what to mend, for the log
};

/// `s3_code` is the word in the answer's <Error>; empty when there is none. `is_head`: there cannot be one.
[[nodiscard]] Verdict judge(int status, std::string_view s3_code, bool is_head);

}  // namespace safelight::s3
