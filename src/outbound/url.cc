#include "outbound/url.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <new>
#include <optional>

#include "base/text.h"
#include "outbound/ip_address.h"

namespace safelight {
namespace {

struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Parsed = std::unique_ptr<CURLU, FreeUrl>;

// What browsers send as well, and no credentials.
constexpr unsigned flags = CURLU_URLENCODE | CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME;

Parsed empty_url() {
    Parsed url(curl_url());
    if (!url) throw std::bad_alloc();
    return url;
}

/// Empty when the address has no such part.
std::optional<std::string> part_of(CURLU* url, CURLUPart part, unsigned how = 0) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, how) != CURLUE_OK) return std::nullopt;
    const std::unique_ptr<char, void (*)(void*)> owned(text, curl_free);
    return std::string(text);
}

bool is_host(std::string_view text) {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    return !text.empty() && std::ranges::all_of(text, is_allowed);
}

/// As in OutboundUrl; empty when it is none.
std::optional<std::string> normalised_host(std::string_view text) {
    if (text.starts_with('[') && text.ends_with(']')) {
        const auto address = IpAddress::parse(text.substr(1, text.size() - 2));
        return address ? std::optional(address->to_text()) : std::nullopt;
    }
    std::string host = to_lower_ascii(text);
    if (host.ends_with('.')) host.pop_back();
    return is_host(host) ? std::optional(std::move(host)) : std::nullopt;
}

Outbound<void> set(CURLU* url, std::string_view text) {
    if (text.size() > url_bytes_max)
        return outbound_failure(OutboundFault::malformed_url, "an address that is too long");
    if (text.empty() || text.find('\0') != std::string_view::npos)
        return outbound_failure(OutboundFault::malformed_url, "an address that is empty or has a NUL");
    const CURLUcode code = curl_url_set(url, CURLUPART_URL, std::string(text).c_str(), flags);
    if (code == CURLUE_OK) return {};
    const auto fault =
        code == CURLUE_USER_NOT_ALLOWED ? OutboundFault::refused_url : OutboundFault::malformed_url;
    return outbound_failure(fault, curl_url_strerror(code));
}

Outbound<OutboundUrl> read(CURLU* url) {
    const std::string scheme = part_of(url, CURLUPART_SCHEME).value_or("");
    if (scheme != "http" && scheme != "https")
        return outbound_failure(OutboundFault::refused_url, "a scheme that is neither http nor https");
    if (part_of(url, CURLUPART_USER) || part_of(url, CURLUPART_PASSWORD))
        return outbound_failure(OutboundFault::refused_url, "an address with credentials");
    if (part_of(url, CURLUPART_ZONEID))
        return outbound_failure(OutboundFault::refused_url, "an address within a zone");
    OutboundUrl result;
    auto host = normalised_host(part_of(url, CURLUPART_HOST).value_or(""));
    const std::string port = part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or("");
    std::from_chars(port.data(), port.data() + port.size(), result.port);
    // Left where it is, it would be sent to nobody.
    curl_url_set(url, CURLUPART_FRAGMENT, nullptr, 0);
    auto text = part_of(url, CURLUPART_URL);
    if (!host || result.port == 0 || !text)
        return outbound_failure(OutboundFault::malformed_url, "an address without a valid host or port");
    result.host = *std::move(host);
    result.text = *std::move(text);
    result.is_https = scheme == "https";
    result.path = part_of(url, CURLUPART_PATH).value_or("/");
    return result;
}

}  // namespace

std::string OutboundUrl::origin() const {
    std::string origin = is_https ? "https://" : "http://";
    origin += host.contains(':') ? '[' + host + ']' : host;
    if (port != (is_https ? https_port : http_port)) origin += fmt::format(":{}", port);
    return origin;
}

std::string_view OutboundUrl::last_segment() const {
    return std::string_view(path).substr(path.rfind('/') + 1);
}

Outbound<OutboundUrl> parse_url(std::string_view text) {
    const Parsed url = empty_url();
    if (auto done = set(url.get(), text); !done) return std::unexpected(done.error());
    return read(url.get());
}

Outbound<OutboundUrl> resolve_url(const OutboundUrl& base, std::string_view location) {
    const Parsed url = empty_url();
    if (auto done = set(url.get(), base.text); !done) return std::unexpected(done.error());
    if (auto done = set(url.get(), location); !done) return std::unexpected(done.error());
    return read(url.get());
}

}  // namespace safelight
