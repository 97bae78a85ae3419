#include "api/cors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>

#include "base/text.h"
#include "outbound/url.h"

namespace safelight {
namespace {

/// What a page may read beside what every page may.
constexpr std::string_view exposed_fields =
    "Content-Disposition, Content-Range, ETag, Idempotency-Replayed, Link, Location, Preference-Applied, "
    "RateLimit, RateLimit-Policy, Repr-Digest, Retry-After, Tus-Checksum-Algorithm, Tus-Extension, "
    "Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Defer-Length, Upload-Expires, Upload-Job, "
    "Upload-Length, Upload-Metadata, Upload-Offset, WWW-Authenticate, X-Request-Id";
constexpr std::string_view methods = "GET, HEAD, POST, PATCH, DELETE";
constexpr std::string_view remembered_s = "7200";  // the most that every browser takes

/// Written as a browser would.
bool is_origin(std::string_view text) {
    const auto url = parse_url(text);
    return url && url->origin() == text;
}

bool is_preflight(const http::Request& request) {
    return request.method == "OPTIONS" && request.headers.has("Access-Control-Request-Method");
}

/// Caches have to keep the answers to different origins apart.
void vary_by_origin(http::Headers& headers) {
    const auto others = headers.get("Vary");
    headers.set("Vary", others ? *others + ", Origin" : "Origin");
}

/// In the place of a refusal, or of what OPTIONS says otherwise.
void give_leave(const http::Request& request, http::Response& response) {
    response = {.status = 204, .headers = {}, .body = {}};
    response.headers.set("Access-Control-Allow-Methods", std::string(methods));
    // Whatever they are: what they mean is looked at with the request.
    if (const auto fields = request.headers.get("Access-Control-Request-Headers"))
        response.headers.set("Access-Control-Allow-Headers", *fields);
    response.headers.set("Access-Control-Max-Age", std::string(remembered_s));
}

}  // namespace

std::optional<AllowedOrigins> AllowedOrigins::parse(std::string_view text) {
    AllowedOrigins allowed;
    allowed.are_all_ = trim(text) == "*";
    if (allowed.are_all_ || trim(text).empty()) return allowed;
    for (const auto part : std::views::split(text, ',')) {
        const std::string_view origin = trim(std::string_view(part));
        if (!is_origin(origin)) return std::nullopt;
        allowed.origins_.emplace_back(origin);
    }
    return allowed;
}

std::string AllowedOrigins::to_text() const {
    return are_all_ ? "*" : fmt::format("{}", fmt::join(origins_, ","));
}

bool AllowedOrigins::contain(std::string_view origin) const {
    return are_all_ || std::ranges::find(origins_, origin) != origins_.end();
}

void allow_origin(const AllowedOrigins& allowed, const http::Request& request, http::Response& response) {
    if (allowed.are_none()) return;
    const auto origin = request.headers.get("Origin");
    const bool is_allowed = allowed.are_all() || (origin && allowed.contain(*origin));
    if (is_allowed && is_preflight(request)) give_leave(request, response);
    if (!allowed.are_all()) vary_by_origin(response.headers);
    if (!is_allowed) return;
    response.headers.set("Access-Control-Allow-Origin", allowed.are_all() ? "*" : *origin);
    response.headers.set("Access-Control-Expose-Headers", std::string(exposed_fields));
}

}  // namespace safelight
