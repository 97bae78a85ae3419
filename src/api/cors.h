// Pages of other origins that may read answers (the CORS protocol of https://fetch.spec.whatwg.org).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace safelight {

class AllowedOrigins {
  public:
    /// None, until others are parsed.
    AllowedOrigins() = default;

    /// "https://shop.example,http://localhost:3000" as browsers write them (lower case, no path, no port that
    /// the scheme implies); "*" for every one; empty for none.
    [[nodiscard]] static std::optional<AllowedOrigins> parse(std::string_view text);
    [[nodiscard]] std::string to_text() const;

    [[nodiscard]] bool are_none() const { return origins_.empty() && !are_all_; }
    [[nodiscard]] bool are_all() const { return are_all_; }
    [[nodiscard]] bool contain(std::string_view origin) const;

  private:
    std::vector<std::string> origins_;
    bool are_all_ = false;
};

/// Says so in the response to a page of an allowed origin. What a browser asks before it sends such a page's
/// request (a preflight) is answered with leave, whatever the response was: the request itself is judged when
/// it comes. Cookies are never asked for: what a page may do it may by what it sends in Authorization.
void allow_origin(const AllowedOrigins& allowed, const http::Request& request, http::Response& response);

}  // namespace safelight
