// IP addresses and blocks of them, as values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace safelight {

/// Of IPv4 (the first four bytes) or IPv6 (all sixteen), in network order.
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};
    bool is_v6 = false;

    bool operator==(const IpAddress&) const = default;

    /// "192.0.2.1", "2001:db8::1": the usual forms alone, without brackets and zone.
    [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);
    [[nodiscard]] std::string to_text() const;
    /// The IPv4 address that four bytes from `offset` on are.
    [[nodiscard]] IpAddress embedded_v4(std::size_t offset) const;
};

/// A block of addresses of one version.
struct Network {
    IpAddress address;
    unsigned prefix_bits = 0;

    bool operator==(const Network&) const = default;

    /// "10.0.0.0/8", "fd00::/8"; an address alone is a block of one. What follows the prefix has to be zero.
    [[nodiscard]] static std::optional<Network> parse(std::string_view text);
    [[nodiscard]] std::string to_text() const;
    /// An IPv4 address is in no block of IPv6, however it is written.
    [[nodiscard]] bool contains(const IpAddress& other) const;
};

/// With commas between them; an empty text is an empty list. Empty when one of them is no block.
[[nodiscard]] std::optional<std::vector<Network>> parse_networks(std::string_view text);
[[nodiscard]] std::string to_text(std::span<const Network> networks);

}  // namespace safelight
