#include "api/request_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

#include "api/signed_urls.h"
#include "base/text.h"
#include "http/semantics.h"

namespace safelight {
namespace {

constexpr std::byte cursor_version{1};
constexpr std::size_t cursor_bytes = 18;  // version, kind, id
constexpr std::size_t shown_bytes_max = 64;

std::byte letter_of(ListKind kind) {
    switch (kind) {
        case ListKind::jobs:
            return std::byte{'j'};
        case ListKind::images:
            return std::byte{'i'};
        case ListKind::accounts:
            return std::byte{'a'};
        case ListKind::keys:
            return std::byte{'k'};
        case ListKind::webhooks:
            return std::byte{'w'};
        case ListKind::deliveries:
            return std::byte{'d'};
    }
    return {};
}

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t min, std::uint32_t max) {
    std::uint32_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end || number < min || number > max) return std::nullopt;
    return number;
}

std::optional<std::uint32_t> parse_limit(std::string_view text) {
    return parse_number(text, 1, list_limit_max);
}

std::optional<std::uint32_t> parse_distance(std::string_view text) {
    return parse_number(text, 0, similar_distance_max);
}

std::string limit_rule() {
    return fmt::format("\"limit\" is a whole number from 1 to {}.", list_limit_max);
}

/// One parameter of a list after the other; faults are gathered.
class ListReader {
  public:
    ListReader(const http::Request& request, std::vector<Fault>& faults)
        : request_(request), faults_(faults) {}

    template <class Parse>
    auto read(std::string_view name, Parse parse, std::string_view rule) -> decltype(parse("")) {
        const auto text = query_value(request_, name);
        if (!text) return std::nullopt;
        auto value = parse(*text);
        if (!value) faults_.push_back({fmt::format("?{}", name), std::string(rule)});
        return value;
    }

    JobFilter read_filter() {
        constexpr std::string_view time_rule = "This is no RFC 3339 time such as 2026-11-23T20:08:00Z.";
        JobFilter filter;
        filter.status = read("status", job_status_from_name,
                             "\"status\" is one of: UNPROCESSED, PROCESSING, PROCESSED, FAILED.");
        filter.created_after = read("created_after", parse_rfc3339, time_rule);
        filter.created_before = read("created_before", parse_rfc3339, time_rule);
        return filter;
    }

    PageQuery read_page(ListKind kind) {
        PageQuery page;
        page.limit = read("limit", parse_limit, limit_rule()).value_or(list_limit_default);
        page.after = read(
            "cursor", [&](std::string_view text) { return parse_cursor(kind, text); },
            "This is no cursor of this list. Take it from \"next_cursor\" as it is.");
        return page;
    }

  private:
    const http::Request& request_;
    std::vector<Fault>& faults_;
};

Status check_parameters(const http::Request& request, std::span<const std::string_view> known) {
    std::vector<Fault> faults;
    for (auto parameter = request.query.begin(); parameter != request.query.end(); ++parameter) {
        const std::string& name = parameter->first;
        const std::string shown = to_valid_utf8(std::string_view(name).substr(0, shown_bytes_max));
        if (std::ranges::find(known, name) == known.end()) {
            faults.push_back(
                {"?" + shown, known.size() == 0
                                  ? "There are no query parameters here."
                                  : fmt::format("There is no query parameter \"{}\" here; known are: {}.",
                                                shown, fmt::join(known, ", "))});
        } else if (std::find_if(request.query.begin(), parameter,
                                [&](const auto& earlier) { return earlier.first == name; }) != parameter) {
            faults.push_back({"?" + shown, fmt::format("\"{}\" is given twice.", shown)});
        }
    }
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

}  // namespace

Status check_query(const http::Request& request, std::initializer_list<std::string_view> known) {
    if (is_signed(request)) return {};  // checked with the signature
    return check_parameters(request, known);
}

Status check_bare(const http::Request& request, std::initializer_list<std::string_view> known) {
    TRY(check_query(request, known));
    if (request.body != nullptr && request.body->length_bytes() != 0U)
        return invalid({{"", "This call takes no body."}});
    return {};
}

std::optional<std::string> query_value(const http::Request& request, std::string_view name) {
    for (const auto& [known, value] : request.query) {
        if (known == name) return value;
    }
    return std::nullopt;
}

Result<JobFilter> job_filter(const http::Request& request) {
    TRY(check_bare(request, {"status", "created_after", "created_before"}));
    std::vector<Fault> faults;
    const JobFilter filter = ListReader(request, faults).read_filter();
    if (!faults.empty()) return invalid(std::move(faults));
    return filter;
}

Result<ListQuery> list_query(const http::Request& request, ListKind kind, AccountId owner) {
    if (kind == ListKind::jobs) {
        TRY(check_query(request, {"status", "created_after", "created_before", "limit", "cursor"}));
    } else {
        TRY(check_query(request, {"created_after", "created_before", "limit", "cursor", "similar_to"}));
    }
    std::vector<Fault> faults;
    ListReader reader(request, faults);
    ListQuery query;
    query.owner = owner;
    const JobFilter filter = reader.read_filter();
    query.status = filter.status;
    query.created_after = filter.created_after;
    query.created_before = filter.created_before;
    const PageQuery page = reader.read_page(kind);
    query.limit = page.limit;
    query.after = page.after;
    if (!faults.empty()) return invalid(std::move(faults));
    return query;
}

Result<PageQuery> page_query(const http::Request& request, ListKind kind,
                             std::initializer_list<std::string_view> known) {
    std::vector<std::string_view> names(known);
    names.insert(names.end(), {"limit", "cursor"});
    TRY(check_parameters(request, names));
    std::vector<Fault> faults;
    const PageQuery page = ListReader(request, faults).read_page(kind);
    if (!faults.empty()) return invalid(std::move(faults));
    return page;
}

Result<SimilarQuery> similar_query(const http::Request& request, AccountId owner) {
    TRY(check_query(request, {"similar_to", "max_distance", "limit"}));
    std::vector<Fault> faults;
    ListReader reader(request, faults);
    SimilarQuery query;
    query.owner = owner;
    query.image = reader.read("similar_to", ImageId::parse, "This is no id of an image.").value_or(ImageId{});
    query.distance_max =
        reader
            .read("max_distance", parse_distance,
                  fmt::format("\"max_distance\" is a whole number from 0 to {}.", similar_distance_max))
            .value_or(query.distance_max);
    query.limit = reader.read("limit", parse_limit, limit_rule()).value_or(list_limit_default);
    if (!faults.empty()) return invalid(std::move(faults));
    return query;
}

std::string cursor_after(ListKind kind, const Uuid& last) {
    std::array<std::byte, cursor_bytes> bytes{cursor_version, letter_of(kind)};
    std::ranges::transform(last.bytes, bytes.begin() + 2, [](std::uint8_t byte) { return std::byte{byte}; });
    return base64url_encode(bytes);
}

std::optional<Uuid> parse_cursor(ListKind kind, std::string_view cursor) {
    const auto bytes = base64url_decode(cursor);
    if (!bytes || bytes->size() != cursor_bytes || (*bytes)[0] != cursor_version ||
        (*bytes)[1] != letter_of(kind)) {
        return std::nullopt;
    }
    Uuid last;
    std::transform(bytes->begin() + 2, bytes->end(), last.bytes.begin(),
                   [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
    return last;
}

std::string next_page(const http::Request& request, std::string_view cursor) {
    std::string address = request.path + "?";
    for (const auto& [name, value] : request.query) {
        if (name == "cursor") continue;
        address += fmt::format("{}={}&", http::percent_encode(name), http::percent_encode(value));
    }
    return address + fmt::format("cursor={}", cursor);
}

std::optional<std::uint32_t> wait_of(const http::Request& request) {
    const auto prefer = request.headers.get("Prefer");
    const auto wait_s = prefer ? http::wait_preference_s(*prefer) : std::nullopt;
    if (!wait_s || *wait_s == 0) return std::nullopt;
    return std::min(*wait_s, wait_max_s);
}

std::string media_type_of(const http::Request& request) {
    const std::string field = request.headers.get("Content-Type").value_or("");
    return to_lower_ascii(trim(std::string_view(field).substr(0, field.find(';'))));
}

std::string pointer_to(std::string_view name) {
    std::string pointer = "/";
    for (const char c : name) {
        if (c == '~') {
            pointer += "~0";
        } else if (c == '/') {
            pointer += "~1";
        } else {
            pointer += c;
        }
    }
    return pointer;
}

}  // namespace safelight
