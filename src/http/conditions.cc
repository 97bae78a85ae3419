// Preconditions and ranges (RFC 9110 sections 13 and 14).
#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "http/framing.h"
#include "http/semantics.h"

namespace safelight::http {
namespace {

bool is_read(const Request& request) {
    return request.method == "GET" || request.method == "HEAD";
}

/// The entity tag at the front of `list` without its weakness mark; `list` becomes the rest behind the comma.
/// Empty when what is there is no entity tag.
std::optional<std::string_view> take_entity_tag(std::string_view& list, bool& is_weak) {
    list = trim(list);
    is_weak = list.starts_with("W/");
    if (is_weak) list.remove_prefix(2);
    if (!list.starts_with('"')) return std::nullopt;
    const auto end = list.find('"', 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view tag = list.substr(0, end + 1);
    list = trim(list.substr(end + 1));
    if (!list.empty() && list.front() != ',') return std::nullopt;
    if (!list.empty()) list.remove_prefix(1);
    return tag;
}

/// `weakly`: the weak comparison, for which a weakness mark does not count.
bool lists_tag(std::string_view list, std::string_view etag, bool weakly) {
    if (trim(list) == "*") return true;
    while (!trim(list).empty()) {
        if (trim(list).front() == ',') {
            list = trim(list).substr(1);
            continue;
        }
        bool is_weak = false;
        const auto tag = take_entity_tag(list, is_weak);
        if (!tag) return false;
        if (*tag == etag && (weakly || !is_weak)) return true;
    }
    return false;
}

/// HTTP dates have no fractions.
std::optional<Timestamp> whole_seconds(std::optional<Timestamp> time) {
    if (!time) return std::nullopt;
    return std::chrono::floor<std::chrono::seconds>(*time);
}

std::optional<Timestamp> date_field(const Request& request, std::string_view name) {
    const auto field = request.headers.get(name);
    return field ? parse_http_date(*field) : std::nullopt;
}

bool if_range_holds(const Request& request, const Validators& validators) {
    const auto field = request.headers.get("If-Range");
    if (!field) return true;
    if (field->starts_with('"')) return *field == validators.etag;
    const auto date = parse_http_date(*field);
    return date && validators.last_modified && *date == whole_seconds(validators.last_modified);
}

struct RangeText {
    std::optional<std::uint64_t> first;
    std::optional<std::uint64_t> last;
};

/// A decimal number; one that does not fit is as good as the greatest.
bool parse_position(std::string_view text, std::optional<std::uint64_t>& position) {
    if (text.empty()) return true;
    if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return false;
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    position = parsed.ec == std::errc{} ? value : UINT64_MAX;
    return true;
}

std::optional<RangeText> parse_range(std::string_view field) {
    const auto equals = field.find('=');
    if (equals == std::string_view::npos || !same_name(field.substr(0, equals), "bytes")) return std::nullopt;
    const std::string_view range = trim(field.substr(equals + 1));
    const auto dash = range.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    RangeText parsed;
    if (!parse_position(range.substr(0, dash), parsed.first) ||
        !parse_position(range.substr(dash + 1), parsed.last)) {
        return std::nullopt;
    }
    if (!parsed.first && !parsed.last) return std::nullopt;
    if (parsed.first && parsed.last && *parsed.first > *parsed.last) return std::nullopt;
    return parsed;
}

}  // namespace

Precondition evaluate_preconditions(const Request& request, const Validators& validators) {
    const auto modified = whole_seconds(validators.last_modified);
    if (const auto if_match = request.headers.get("If-Match")) {
        if (!lists_tag(*if_match, validators.etag, false)) return Precondition::failed;
    } else if (const auto unmodified_since = date_field(request, "If-Unmodified-Since")) {
        if (modified && *modified > *unmodified_since) return Precondition::failed;
    }
    if (const auto if_none_match = request.headers.get("If-None-Match")) {
        if (!lists_tag(*if_none_match, validators.etag, true)) return Precondition::proceed;
        return is_read(request) ? Precondition::not_modified : Precondition::failed;
    }
    if (const auto modified_since = date_field(request, "If-Modified-Since");
        modified_since && is_read(request)) {
        if (modified && *modified <= *modified_since) return Precondition::not_modified;
    }
    return Precondition::proceed;
}

std::variant<WholeBody, ByteRange, UnsatisfiableRange> evaluate_range(const Request& request,
                                                                      const Validators& validators,
                                                                      std::uint64_t length_bytes) {
    const auto field = request.headers.get("Range");
    if (!field || request.method != "GET" || !if_range_holds(request, validators)) return WholeBody{};
    const auto range = parse_range(*field);
    if (!range) return WholeBody{};
    if (!range->first) {
        const std::uint64_t suffix = range->last.value_or(0);
        if (suffix == 0) return UnsatisfiableRange{};
        if (length_bytes == 0) return WholeBody{};
        return ByteRange{length_bytes - std::min(suffix, length_bytes), length_bytes - 1};
    }
    if (*range->first >= length_bytes) return UnsatisfiableRange{};
    return ByteRange{*range->first, std::min(range->last.value_or(UINT64_MAX), length_bytes - 1)};
}

}  // namespace safelight::http
