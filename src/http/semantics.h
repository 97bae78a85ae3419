// The rules of RFC 9110 that are pure functions: preconditions, ranges, content negotiation of one field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "http/message.h"

namespace safelight::http {

/// The validators of the representation that would be sent.
struct Validators {
    std::string etag;  // strong, with its quotes: "\"abc\""
    std::optional<Timestamp> last_modified;
};

enum class Precondition { proceed, not_modified, failed };

/// RFC 9110 section 13.2.2: If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, in that order.
[[nodiscard]] Precondition evaluate_preconditions(const Request& request, const Validators& validators);

struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;  // inclusive

    bool operator==(const ByteRange&) const = default;
};
struct WholeBody {};
struct UnsatisfiableRange {};

/// RFC 9110 section 14: one byte range of a representation of `length_bytes`; If-Range is honoured. Malformed
/// ranges, other units and several ranges give the whole body, as the RFC allows.
[[nodiscard]] std::variant<WholeBody, ByteRange, UnsatisfiableRange> evaluate_range(
    const Request& request, const Validators& validators, std::uint64_t length_bytes);

/// RFC 6266: `inline; filename="cat.jpg"; filename*=UTF-8''…`. Control characters, quotes, slashes and
/// backslashes never come through as they are.
[[nodiscard]] std::string content_disposition(std::string_view disposition, std::string_view filename);

/// RFC 9530 Content-Digest: the sha-256 value as raw 32 bytes, if the field has one.
/// Errors: invalid_argument (the field is malformed).
[[nodiscard]] Result<std::optional<std::string>> sha256_of_content_digest(std::string_view field);

/// RFC 7240: the wait preference in seconds, if the field has one.
[[nodiscard]] std::optional<std::uint32_t> wait_preference_s(std::string_view prefer);

/// The query of a target, decoded ("+" is a space). Errors: invalid_argument (a malformed escape, a NUL).
[[nodiscard]] Result<Query> parse_query(std::string_view text);

[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace safelight::http
