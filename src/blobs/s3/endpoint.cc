#include "blobs/s3/endpoint.h"

#include <algorithm>

#include "base/text.h"
#include "blobs/s3/sigv4.h"

namespace safelight::s3 {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '.' || c == '-' || c == '_';
}

bool is_ipv6_character(char c) {
    return (c >= 'a' && c <= 'f') || is_digit(c) || c == ':' || c == '.';
}

struct HostAndPort {
    std::string_view host;
    std::string_view port;
};

std::optional<HostAndPort> split(std::string_view authority) {
    const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
    if (bracket == std::string_view::npos) return std::nullopt;
    const std::size_t colon = authority.find(':', bracket);
    if (colon == std::string_view::npos) return HostAndPort{authority, {}};
    const std::string_view port = authority.substr(colon + 1);
    if (port.empty() || port.size() > 5 || !std::ranges::all_of(port, is_digit)) return std::nullopt;
    return HostAndPort{authority.substr(0, colon), port};
}

}  // namespace

std::optional<Endpoint> parse_endpoint(std::string_view url) {
    const bool is_tls = url.starts_with("https://");
    if (!is_tls && !url.starts_with("http://")) return std::nullopt;
    url.remove_prefix(is_tls ? 8 : 7);
    const std::string lower = to_lower_ascii(url);
    const auto parts = split(lower);
    if (!parts || parts->host.empty() || parts->host.size() > 253) return std::nullopt;
    const std::string_view host = parts->host;
    const bool is_ipv6 = host.starts_with('[');
    if (is_ipv6) {
        const bool is_closed = host.size() > 3 && host.ends_with(']');
        if (!is_closed || !std::ranges::all_of(host.substr(1, host.size() - 2), is_ipv6_character))
            return std::nullopt;
    } else if (!std::ranges::all_of(host, is_host_character)) {
        return std::nullopt;
    }
    Endpoint endpoint{.is_tls = is_tls, .is_address = is_ipv6, .authority = std::string(host)};
    if (!is_ipv6)
        endpoint.is_address = std::ranges::all_of(host, [](char c) { return is_digit(c) || c == '.'; });
    if (!parts->port.empty() && parts->port != (is_tls ? "443" : "80"))
        endpoint.authority.append(":").append(parts->port);
    return endpoint;
}

std::string endpoint_of(const S3Config& config) {
    return config.endpoint.empty() ? "https://s3." + config.region + ".amazonaws.com" : config.endpoint;
}

std::string BucketUrl::path_of(std::string_view object) const {
    if (!object.empty()) return path + percent_encode(object, true);
    return path.size() > 1 ? path.substr(0, path.size() - 1) : path;
}

namespace {

BucketUrl url_at(const std::string& url, const S3Config& config) {
    const auto endpoint = parse_endpoint(url).value_or(Endpoint{});
    const bool is_virtual = config.addressing == S3Addressing::virtual_host;
    return {.scheme = endpoint.is_tls ? "https://" : "http://",
            .host = is_virtual ? config.bucket + "." + endpoint.authority : endpoint.authority,
            .path = is_virtual ? "/" : "/" + percent_encode(config.bucket) + "/"};
}

}  // namespace

BucketUrl bucket_url(const S3Config& config) {
    return url_at(endpoint_of(config), config);
}

BucketUrl public_bucket_url(const S3Config& config) {
    return url_at(config.public_endpoint.empty() ? endpoint_of(config) : config.public_endpoint, config);
}

}  // namespace safelight::s3
