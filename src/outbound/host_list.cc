#include "outbound/host_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "outbound/ip_address.h"
#include "outbound/url.h"

namespace safelight {
namespace {

constexpr std::size_t name_bytes_max = 253;

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

bool is_name(std::string_view text) {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    return !text.empty() && text.size() <= name_bytes_max && std::ranges::all_of(text, is_allowed) &&
           !text.starts_with('.') && !text.ends_with('.') && text.find("..") == std::string_view::npos;
}

/// Where ":port" begins; npos when there is none.
std::size_t port_colon(std::string_view text) {
    if (!text.starts_with('[')) return text.find(':');
    const std::size_t bracket = text.find(']');
    return bracket == std::string_view::npos ? bracket : text.find(':', bracket);
}

/// The host of an entry in the form in which addresses have it; empty when it is none.
std::optional<std::string> normalised_host(std::string_view text) {
    if (!text.starts_with('[')) {
        std::string name = to_lower_ascii(text);
        return is_name(name) ? std::optional(std::move(name)) : std::nullopt;
    }
    if (!text.ends_with(']')) return std::nullopt;
    const auto address = IpAddress::parse(text.substr(1, text.size() - 2));
    if (!address || !address->is_v6) return std::nullopt;
    return address->to_text();
}

}  // namespace

bool HostList::Entry::permits(std::string_view other, std::uint16_t its_port) const {
    if (port ? its_port != *port : its_port != http_port && its_port != https_port) return false;
    if (host.empty()) return true;
    if (!is_below) return other == host;
    return other.size() > host.size() + 1 && other.ends_with(host) &&
           other[other.size() - host.size() - 1] == '.' && !IpAddress::parse(other);
}

std::string HostList::Entry::to_text() const {
    std::string text = host.empty() ? "*" : host;
    if (is_below) text = "*." + host;
    if (host.find(':') != std::string::npos) text = "[" + host + "]";
    return port ? fmt::format("{}:{}", text, *port) : text;
}

std::optional<HostList::Entry> HostList::parse_entry(std::string_view text) {
    Entry entry;
    if (const std::size_t colon = port_colon(text); colon != std::string_view::npos) {
        entry.port = parse_port(text.substr(colon + 1));
        if (!entry.port) return std::nullopt;
        text = text.substr(0, colon);
    }
    if (text == "*") return entry;
    entry.is_below = text.starts_with("*.");
    if (entry.is_below) text.remove_prefix(2);
    auto host = normalised_host(text);
    if (!host || (entry.is_below && IpAddress::parse(*host))) return std::nullopt;
    entry.host = *std::move(host);
    return entry;
}

std::optional<HostList> HostList::parse(std::string_view text) {
    HostList list;
    if (trim(text).empty()) return list;
    for (;;) {
        const std::size_t comma = text.find(',');
        auto entry = parse_entry(trim(text.substr(0, comma)));
        if (!entry) return std::nullopt;
        list.entries_.push_back(*std::move(entry));
        if (comma == std::string_view::npos) return list;
        text.remove_prefix(comma + 1);
    }
}

std::string HostList::to_text() const {
    std::string text;
    for (const Entry& entry : entries_) text += (text.empty() ? "" : ",") + entry.to_text();
    return text;
}

bool HostList::permits(std::string_view host, std::uint16_t port) const {
    return std::ranges::any_of(entries_, [&](const Entry& entry) { return entry.permits(host, port); });
}

}  // namespace safelight
