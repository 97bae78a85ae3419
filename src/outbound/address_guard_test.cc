#include "outbound/address_guard.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>
#include <string_view>
#include <utility>

namespace safelight {
namespace {

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}

/// The address before, or behind, in the order of numbers.
IpAddress neighbour(IpAddress address, int step) {
    for (int i = address.is_v6 ? 15 : 3; i >= 0; --i) {
        auto& byte = address.bytes.at(static_cast<std::size_t>(i));
        byte = static_cast<std::uint8_t>(byte + step);
        if (step > 0 ? byte != 0 : byte != 0xff) break;
    }
    return address;
}

struct Range {
    std::string_view first, last;
    bool permitted_before, permitted_behind;
};

/// Of what lies on both sides the comments tell where it is refused as well.
constexpr Range ranges[] = {
    {"0.0.0.0", "0.255.255.255", false, true},  // before: round to the broadcast address
    {"10.0.0.0", "10.255.255.255", true, true},
    {"100.64.0.0", "100.127.255.255", true, true},
    {"127.0.0.0", "127.255.255.255", true, true},
    {"168.63.129.16", "168.63.129.16", true, true},
    {"169.254.0.0", "169.254.255.255", true, true},
    {"172.16.0.0", "172.31.255.255", true, true},
    {"192.0.0.0", "192.0.0.255", true, true},
    {"192.0.2.0", "192.0.2.255", true, true},
    {"192.88.99.0", "192.88.99.255", true, true},
    {"192.168.0.0", "192.168.255.255", true, true},
    {"198.18.0.0", "198.19.255.255", true, true},
    {"198.51.100.0", "198.51.100.255", true, true},
    {"203.0.113.0", "203.0.113.255", true, true},
    {"224.0.0.0", "239.255.255.255", true, false},  // behind: reserved
    {"240.0.0.0", "255.255.255.255", false, false},
    {"::", "::1", false, false},
    {"::2", "::fffe:ffff:ffff", false, false},                            // IPv4-compatible among them
    {"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", false, false},  // below 2000::/3
    {"100::", "100::ffff:ffff:ffff:ffff", false, false},
    {"2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", true, true},
    {"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true, true},
    {"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", true, true},
    {"4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true, false},  // not assigned
    {"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, false},
    {"fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, false},
    {"fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, false},
    {"ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, false},
};

TEST(AddressGuard, RefusesEachRangeFromItsFirstAddressToItsLast) {
    const AddressGuard guard;
    for (const Range& range : ranges) {
        EXPECT_FALSE(guard.permits(ip(range.first))) << range.first;
        EXPECT_FALSE(guard.permits(ip(range.last))) << range.last;
        EXPECT_EQ(guard.permits(neighbour(ip(range.first), -1)), range.permitted_before) << range.first;
        EXPECT_EQ(guard.permits(neighbour(ip(range.last), +1)), range.permitted_behind) << range.last;
    }
}

TEST(AddressGuard, PermitsWhatIsPublic) {
    const AddressGuard guard;
    for (const auto* const address : {"1.1.1.1", "8.8.8.8", "11.0.0.0", "172.32.0.1", "223.255.255.255",
                                      "2606:4700::1111", "2000::", "2a00:1450:4001::1", "3ffe:ffff::1"})
        EXPECT_TRUE(guard.permits(ip(address))) << address;
}

TEST(AddressGuard, JudgesAnIpv4AddressThatAnotherOneCarries) {
    const AddressGuard guard;
    for (const auto& [carrier, is_permitted] : {std::pair{"::ffff:127.0.0.1", false},
                                                {"::ffff:169.254.169.254", false},
                                                {"::ffff:8.8.8.8", true},
                                                {"::127.0.0.1", false},
                                                {"::8.8.8.8", false},  // a form that nobody uses any more
                                                {"64:ff9b::10.0.0.1", false},
                                                {"64:ff9b::8.8.8.8", true},
                                                {"2002:7f00:1::", false},
                                                {"2002:a9fe:a9fe::1", false},
                                                {"2002:808:808::1", true},
                                                {"2001:0:808:808::", false}})  // Teredo
        EXPECT_EQ(guard.permits(ip(carrier)), is_permitted) << carrier;
}

TEST(AddressGuard, PermitsWhatTheOperatorAllowsAndNoMore) {
    const AddressGuard guard(parse_networks("127.0.0.0/8, fd00:1::/32,10.1.2.3").value());
    for (const auto* const address : {"127.0.0.1", "127.255.255.255", "::ffff:127.0.0.1", "fd00:1::1",
                                      "10.1.2.3", "64:ff9b::10.1.2.3", "1.1.1.1"})
        EXPECT_TRUE(guard.permits(ip(address))) << address;
    for (const auto* const address : {"10.1.2.2", "10.1.2.4", "fd00:2::1", "::1", "169.254.169.254"})
        EXPECT_FALSE(guard.permits(ip(address))) << address;
}

TEST(AddressGuard, CanPermitListedNetworksAlone) {
    const auto guard = AddressGuard::of_nothing_but(parse_networks("10.0.0.0/8, fd00::/8").value());
    for (const auto* const address : {"10.1.2.3", "::ffff:10.1.2.3", "fd00::1"})
        EXPECT_TRUE(guard.permits(ip(address))) << address;
    for (const auto* const address : {"1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "127.0.0.1", "::1"})
        EXPECT_FALSE(guard.permits(ip(address))) << address;
    EXPECT_FALSE(AddressGuard::of_nothing_but({}).permits(ip("1.1.1.1")));
}

TEST(AddressGuard, TakesSocketAddressesApart) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(0x7f000001);
    const auto of = [](const auto& address, std::size_t length) {
        sockaddr_storage storage{};
        std::memcpy(&storage, &address, sizeof address);
        return address_of(*reinterpret_cast<const sockaddr*>(&storage), static_cast<socklen_t>(length));
    };
    EXPECT_EQ(of(v4, sizeof v4), ip("127.0.0.1"));
    EXPECT_EQ(of(v4, 4), std::nullopt);

    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    EXPECT_EQ(of(v6, sizeof v6), ip("::1"));
    v6.sin6_scope_id = 2;
    EXPECT_EQ(of(v6, sizeof v6), std::nullopt) << "an address of one link";

    sockaddr other{};
    other.sa_family = AF_UNIX;
    EXPECT_EQ(of(other, sizeof other), std::nullopt);
}

TEST(Network, IsWrittenAndReadAlike) {
    for (const auto* const text : {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.1", "fd00::/8", "::/0", "2001:db8::1"})
        EXPECT_EQ(Network::parse(text).value().to_text(), text);
    for (const auto* const text :
         {"", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0/8", "10.0.0.0/-1", "10.0.0.0/8 ",
          "fd00::/129", "fd00::1/8", "[::1]", "localhost", "010.0.0.1"})
        EXPECT_FALSE(Network::parse(text)) << text;
    EXPECT_EQ(parse_networks(" ").value().size(), 0U);
    EXPECT_EQ(to_text(parse_networks("10.0.0.0/8, fd00::/8").value()), "10.0.0.0/8,fd00::/8");
    EXPECT_FALSE(parse_networks("10.0.0.0/8,"));
}

TEST(Network, HasNoAddressOfTheOtherVersion) {
    EXPECT_FALSE(Network::parse("::/0").value().contains(ip("1.2.3.4")));
    EXPECT_FALSE(Network::parse("0.0.0.0/0").value().contains(ip("::1")));
}

}  // namespace
}  // namespace safelight
