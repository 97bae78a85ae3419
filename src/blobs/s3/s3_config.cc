#include "blobs/s3/s3_config.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "blobs/s3/endpoint.h"

namespace safelight {
namespace {

constexpr std::size_t part_bytes_min = 5 * MiB;  // S3 takes no smaller part but the last
constexpr std::size_t part_bytes_max = 1 * GiB;
constexpr std::size_t prefix_bytes_max = 512;
constexpr std::uint32_t list_page_max = 1'000;
constexpr std::string_view scheme = "s3://";

bool is_bucket_character(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

bool is_bucket_name(std::string_view name) {
    return name.size() >= 3 && name.size() <= 255 && std::ranges::all_of(name, is_bucket_character) &&
           !name.starts_with('.') && !name.ends_with('.') && !name.contains("..");
}

/// Segments that clients, proxies and servers would "normalise" away make signatures and names disagree.
bool is_prefix(std::string_view prefix) {
    if (prefix.empty()) return true;
    if (prefix.size() > prefix_bytes_max || !is_utf8(prefix)) return false;
    if (std::ranges::any_of(prefix, [](unsigned char c) { return c < 0x20 || c == 0x7f; })) return false;
    for (std::size_t begin = 0; begin <= prefix.size();) {
        const std::size_t end = std::min(prefix.find('/', begin), prefix.size());
        const std::string_view segment = prefix.substr(begin, end - begin);
        if (segment.empty() || segment == "." || segment == "..") return false;
        begin = end + 1;
    }
    return true;
}

bool is_region(std::string_view region) {
    return !region.empty() && region.size() <= 64 && std::ranges::all_of(region, is_bucket_character);
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded.push_back(text[i]);
            continue;
        }
        const auto byte = hex_decode(text.substr(i + 1, 2));
        if (!byte || byte->size() != 1) return std::nullopt;
        decoded.push_back(static_cast<char>(byte->front()));
        i += 2;
    }
    return decoded;
}

/// It is addressed in the same style as the other one.
void validate_public_endpoint(const S3Config& config, std::vector<Fault>& faults) {
    if (config.public_endpoint.empty()) return;
    const auto endpoint = s3::parse_endpoint(config.public_endpoint);
    if (!endpoint) {
        faults.push_back({"public_endpoint",
                          "The public endpoint is http:// or https://, a host, and maybe a port; nothing "
                          "else."});
    } else if (endpoint->is_address && config.addressing == S3Addressing::virtual_host) {
        faults.push_back({"public_endpoint", "One that is an IP address needs the style path."});
    }
}

void validate_place(const S3Config& config, std::vector<Fault>& faults) {
    if (!is_bucket_name(config.bucket)) {
        faults.push_back({"bucket",
                          "The bucket's name has 3 to 255 letters, digits, dots, hyphens or underscores, "
                          "and no dots at its ends or side by side."});
    }
    if (!is_prefix(config.prefix)) {
        faults.push_back({"prefix",
                          "The prefix is UTF-8 without control characters, has at most 512 bytes, no "
                          "slash at its ends, and no part that is empty, '.' or '..'."});
    }
    if (!is_region(config.region)) faults.push_back({"region", "The region is a name such as us-east-1."});
    const auto endpoint = s3::parse_endpoint(s3::endpoint_of(config));
    if (!endpoint) {
        faults.push_back(
            {"endpoint", "The endpoint is http:// or https://, a host, and maybe a port; nothing else."});
    } else if (config.addressing == S3Addressing::virtual_host) {
        if (endpoint->is_address)
            faults.push_back({"style", "An endpoint that is an IP address needs the style path."});
        // A wildcard certificate stands for one label.
        if (endpoint->is_tls && config.bucket.contains('.'))
            faults.push_back({"style", "With https, a bucket whose name has dots needs the style path."});
        if (config.bucket.contains('_'))
            faults.push_back({"style", "A bucket whose name has underscores needs the style path."});
    }
    validate_public_endpoint(config, faults);
    if (!config.proxy.empty() && !s3::parse_endpoint(config.proxy))
        faults.push_back({"proxy", "The proxy is http:// or https://, a host, and a port."});
}

void validate_sizes(const S3Config& config, std::vector<Fault>& faults) {
    if (config.part_bytes < part_bytes_min || config.part_bytes > part_bytes_max)
        faults.push_back({"part_bytes", "A part has 5 MiB to 1 GiB."});
    if (config.read_bytes_min < 1 || config.read_bytes_max < config.read_bytes_min ||
        config.read_bytes_max > part_bytes_max)
        faults.push_back({"read_bytes_max", "Pieces that are read have between 1 byte and 1 GiB."});
    if (config.list_page_max < 1 || config.list_page_max > list_page_max)
        faults.push_back({"list_page_max", "A page of a list has 1 to 1000 entries."});
    if (config.attempts_max < 1) faults.push_back({"attempts_max", "There is at least one attempt."});
}

void validate_times(const S3Config& config, std::vector<Fault>& faults) {
    const auto positive = [&](std::string name, Milliseconds value) {
        if (value.count() < 1) faults.push_back({std::move(name), "The time is positive."});
    };
    positive("connect_timeout", config.connect_timeout);
    positive("stall_timeout", config.stall_timeout);
    positive("request_timeout", config.request_timeout);
    positive("call_timeout", config.call_timeout);
    positive("check_timeout", config.check_timeout);
    positive("unannounced_max", config.unannounced_max);
    if (config.announce_after.count() < 0 || config.announce_after > config.unannounced_max)
        faults.push_back({"announce_after", "The time is between 0 and unannounced_max."});
    if (config.pause_min.count() < 0 || config.pause_max < config.pause_min)
        faults.push_back({"pause_max", "The pauses are not negative, and the longest is the longest."});
}

/// One `name=value` of the query; empty when all is well.
std::optional<Fault> take_parameter(S3Config& config, std::optional<S3Addressing>& style,
                                    const std::string& name, std::string value) {
    if (name == "endpoint") {
        while (value.ends_with('/')) value.pop_back();
        config.endpoint = std::move(value);
    } else if (name == "public_endpoint") {
        while (value.ends_with('/')) value.pop_back();
        config.public_endpoint = std::move(value);
    } else if (name == "region") {
        config.region = std::move(value);
    } else if (name == "ca_file") {
        config.ca_file = std::move(value);
    } else if (name == "proxy") {
        config.proxy = std::move(value);
    } else if (name == "style") {
        if (value != "path" && value != "virtual") return Fault{"style", "The style is path or virtual."};
        style = value == "path" ? S3Addressing::path : S3Addressing::virtual_host;
    } else if (name == "conditional") {
        if (value == "always")
            config.conditional_writes = ConditionalWrites::always;
        else if (value == "never")
            config.conditional_writes = ConditionalWrites::never;
        else if (value != "detect")
            return Fault{"conditional", "Conditional writes are detect, always or never."};
    } else {
        return Fault{
            name,
            "There is no such parameter; there are endpoint, public_endpoint, region, style, ca_file, "
            "proxy and conditional."};
    }
    return std::nullopt;
}

void take_query(S3Config& config, std::optional<S3Addressing>& style, std::string_view query,
                std::vector<Fault>& faults) {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const auto name = percent_decode(pair.substr(0, equals));
        auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())));
        if (!name || !value) {
            faults.push_back({"?", "A % stands before two hexadecimal digits."});
        } else if (auto fault = take_parameter(config, style, *name, std::move(*value))) {
            faults.push_back(std::move(*fault));
        }
    }
}

}  // namespace

Status S3Config::validate() const {
    std::vector<Fault> faults;
    validate_place(*this, faults);
    validate_sizes(*this, faults);
    validate_times(*this, faults);
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

Result<S3Config> parse_s3_url(std::string_view url) {
    if (!url.starts_with(scheme)) return invalid({{"", "The URL begins with s3://."}});
    url.remove_prefix(scheme.size());
    const std::size_t query_at = std::min(url.find('?'), url.size());
    const std::string_view place = url.substr(0, query_at);
    const std::size_t slash = std::min(place.find('/'), place.size());
    if (place.substr(0, slash).contains('@'))
        return invalid({{"", "Credentials do not belong into the URL; they are configured by themselves."}});

    S3Config config;
    std::vector<Fault> faults;
    std::optional<S3Addressing> style;
    config.bucket = place.substr(0, slash);
    if (auto prefix = percent_decode(place.substr(std::min(slash + 1, place.size())))) {
        if (prefix->ends_with('/')) prefix->pop_back();
        config.prefix = std::move(*prefix);
    } else {
        faults.push_back({"prefix", "A % stands before two hexadecimal digits."});
    }
    take_query(config, style, url.substr(std::min(query_at + 1, url.size())), faults);
    const bool is_plain = !config.bucket.contains('.') && !config.bucket.contains('_');
    const bool is_amazon = config.endpoint.empty();
    config.addressing =
        style.value_or(is_amazon && is_plain ? S3Addressing::virtual_host : S3Addressing::path);
    if (!faults.empty()) return invalid(std::move(faults));
    TRY(config.validate());
    return config;
}

}  // namespace safelight
