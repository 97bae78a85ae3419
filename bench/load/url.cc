#include "bench/load/url.h"

#include <fmt/format.h>

#include <charconv>

namespace safelight::bench {

std::string Url::authority() const {
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                               : fmt::format("[{}]:{}", host, port);
}

Result<Url> parse_url(std::string_view text) {
    const auto refuse = [text] {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"{}\" is no address like http://host:port/path.", text));
    };
    constexpr std::string_view scheme = "http://";
    if (!text.starts_with(scheme)) return refuse();
    const std::string_view rest = text.substr(scheme.size());
    const std::size_t authority_length = std::min(rest.find_first_of("/?"), rest.size());
    std::string_view host = rest.substr(0, authority_length);
    Url url;
    if (const auto colon = host.rfind(':'); colon != std::string_view::npos && !host.ends_with(']')) {
        const std::string_view port = host.substr(colon + 1);
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
        if (port.empty() || error != std::errc{} || end != port.data() + port.size()) return refuse();
        host = host.substr(0, colon);
    }
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.empty()) return refuse();
    url.host = host;
    url.target = rest.substr(authority_length);
    if (!url.target.starts_with('/')) url.target.insert(0, "/");
    return url;
}

std::string percent_encode(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const bool is_plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                              std::string_view("-._~").find(c) != std::string_view::npos;
        if (is_plain) {
            encoded.push_back(c);
        } else {
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return encoded;
}

}  // namespace safelight::bench
