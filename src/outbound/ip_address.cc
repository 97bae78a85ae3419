#include "outbound/ip_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace safelight {
namespace {

unsigned bits_of(const IpAddress& address) {
    return address.is_v6 ? 128 : 32;
}

bool bit_of(const IpAddress& address, unsigned index) {
    return ((address.bytes.at(index / 8) >> (7 - index % 8)) & 1) != 0;
}

std::optional<unsigned> parse_prefix(std::string_view text, unsigned max) {
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
    if (error != std::errc{} || end != text.data() + text.size() || bits > max) return std::nullopt;
    return bits;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    IpAddress address;
    address.is_v6 = text.find(':') != std::string_view::npos;
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    const int family = address.is_v6 ? AF_INET6 : AF_INET;
    if (::inet_pton(family, std::string(text).c_str(), address.bytes.data()) != 1) return std::nullopt;
    return address;
}

std::string IpAddress::to_text() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = is_v6 ? AF_INET6 : AF_INET;
    return ::inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr ? "" : text.data();
}

IpAddress IpAddress::embedded_v4(std::size_t offset) const {
    IpAddress address;
    for (std::size_t i = 0; i < 4; ++i) address.bytes.at(i) = bytes.at(offset + i);
    return address;
}

std::optional<Network> Network::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) return std::nullopt;
    Network network{*address, bits_of(*address)};
    if (slash != std::string_view::npos) {
        const auto bits = parse_prefix(text.substr(slash + 1), bits_of(*address));
        if (!bits) return std::nullopt;
        network.prefix_bits = *bits;
    }
    for (unsigned i = network.prefix_bits; i < bits_of(*address); ++i) {
        if (bit_of(*address, i)) return std::nullopt;
    }
    return network;
}

std::string Network::to_text() const {
    if (prefix_bits == bits_of(address)) return address.to_text();
    return fmt::format("{}/{}", address.to_text(), prefix_bits);
}

bool Network::contains(const IpAddress& other) const {
    if (address.is_v6 != other.is_v6) return false;
    for (unsigned i = 0; i < prefix_bits; ++i) {
        if (bit_of(address, i) != bit_of(other, i)) return false;
    }
    return true;
}

std::optional<std::vector<Network>> parse_networks(std::string_view text) {
    std::vector<Network> networks;
    if (trim(text).empty()) return networks;
    for (;;) {
        const std::size_t comma = text.find(',');
        const auto network = Network::parse(trim(text.substr(0, comma)));
        if (!network) return std::nullopt;
        networks.push_back(*network);
        if (comma == std::string_view::npos) return networks;
        text.remove_prefix(comma + 1);
    }
}

std::string to_text(std::span<const Network> networks) {
    std::string text;
    for (const Network& network : networks) text += (text.empty() ? "" : ",") + network.to_text();
    return text;
}

}  // namespace safelight
