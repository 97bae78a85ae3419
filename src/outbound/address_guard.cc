#include "outbound/address_guard.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string_view>

namespace safelight {
namespace {

constexpr std::array refused_v4 = std::to_array<std::string_view>({
    "0.0.0.0/8",         // this host on this network; 0.0.0.0 itself reaches this machine
    "10.0.0.0/8",        // private
    "100.64.0.0/10",     // shared by the customers of a provider
    "127.0.0.0/8",       // loopback
    "169.254.0.0/16",    // link-local; where clouds keep the credentials of a machine
    "168.63.129.16/32",  // public by its number, and a cloud's own service to each of its machines
    "172.16.0.0/12",     // private
    "192.0.0.0/24",      // protocol assignments
    "192.0.2.0/24",      // documentation
    "192.88.99.0/24",    // relays from IPv6, no longer in use
    "192.168.0.0/16",    // private
    "198.18.0.0/15",     // benchmarks
    "198.51.100.0/24",   // documentation
    "203.0.113.0/24",    // documentation
    "224.0.0.0/4",       // multicast
    "240.0.0.0/4",       // reserved, and broadcast
});

/// All that is assigned for global unicast. Outside are ::, ::1, IPv4-compatible addresses, 64:ff9b:1::/48,
/// 100::/64, fc00::/7, fe80::/10, fec0::/10 and ff00::/8.
constexpr std::string_view global_v6 = "2000::/3";

constexpr std::array refused_v6 = std::to_array<std::string_view>({
    "2001::/23",      // protocol assignments, Teredo among them
    "2001:db8::/32",  // documentation
    "3fff::/20",      // documentation
});

/// Blocks whose addresses carry one of IPv4, from a byte on: where that one leads counts.
struct Carrier {
    std::string_view block;
    std::size_t offset;
};
constexpr std::array carriers = std::to_array<Carrier>({
    {"::ffff:0:0/96", 12},  // IPv4-mapped
    {"64:ff9b::/96", 12},   // translated (NAT64)
    {"2002::/16", 2},       // 6to4
});

Network block_of(std::string_view text) {
    return Network::parse(text).value();
}

bool is_in_any(const IpAddress& address, std::span<const std::string_view> blocks) {
    return std::ranges::any_of(blocks, [&](auto text) { return block_of(text).contains(address); });
}

}  // namespace

bool AddressGuard::permits(const IpAddress& address) const {
    for (const Carrier& carrier : carriers) {
        if (block_of(carrier.block).contains(address)) return permits(address.embedded_v4(carrier.offset));
    }
    if (std::ranges::any_of(allowed_, [&](const Network& network) { return network.contains(address); }))
        return true;
    if (!permits_public_) return false;
    if (!address.is_v6) return !is_in_any(address, refused_v4);
    return block_of(global_v6).contains(address) && !is_in_any(address, refused_v6);
}

std::optional<IpAddress> address_of(const sockaddr& address, socklen_t length) {
    IpAddress result;
    if (address.sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        std::memcpy(result.bytes.data(), &v4.sin_addr, sizeof v4.sin_addr);
        return result;
    }
    if (address.sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &address, sizeof v6);
        if (v6.sin6_scope_id != 0) return std::nullopt;
        std::memcpy(result.bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
        result.is_v6 = true;
        return result;
    }
    return std::nullopt;
}

}  // namespace safelight
