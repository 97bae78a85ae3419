#include "outbound/host_list.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

HostList list(std::string_view text) {
    return HostList::parse(text).value();
}

TEST(HostList, IsWrittenAndReadAlike) {
    for (const auto* const text : {"", "*", "example.com", "*.example.com", "example.com:8443,*:8080",
                                   "192.0.2.1,[2001:db8::1]:81", "a_b.example-1.com", "localhost"})
        EXPECT_EQ(list(text).to_text(), text);
    EXPECT_EQ(list(" Example.COM , *.B.org ").to_text(), "example.com,*.b.org");
    EXPECT_EQ(list("[2001:DB8:0::1]").to_text(), "[2001:db8::1]");
    EXPECT_TRUE(list("  ").empty());
}

TEST(HostList, IsRefusedWhenAnEntryIsNoHost) {
    for (const auto* const text :
         {",",    "a,",     "http://a",    "a/b",          "a b", "a:",          "a:0",     "a:65536",
          "a:b",  "*.",     "*.*",         "a.*",          "**",  "*a",          ".a",      "a.",
          "a..b", "user@a", "2001:db8::1", "[2001:db8::1", "[a]", "*.192.0.2.1", "*.[::1]", "m\xc3\xbc.de"})
        EXPECT_FALSE(HostList::parse(text)) << text;
}

TEST(HostList, PermitsAHostAndNoOther) {
    const HostList hosts = list("example.com");
    EXPECT_TRUE(hosts.permits("example.com", 80));
    EXPECT_TRUE(hosts.permits("example.com", 443));
    for (const auto* const other :
         {"www.example.com", "example.org", "notexample.com", "com", "", "example.com.evil.org"})
        EXPECT_FALSE(hosts.permits(other, 443)) << other;
}

TEST(HostList, PermitsTheNamesBelowOne) {
    const HostList hosts = list("*.example.com");
    EXPECT_TRUE(hosts.permits("a.example.com", 443));
    EXPECT_TRUE(hosts.permits("a.b.example.com", 443));
    for (const auto* const other :
         {"example.com", ".example.com", "notexample.com", "a.example.com.evil.org"})
        EXPECT_FALSE(hosts.permits(other, 443)) << other;
    EXPECT_FALSE(list("*.1").permits("127.0.0.1", 80)) << "an address has no names below it";
}

TEST(HostList, PermitsEveryHost) {
    for (const auto* const other : {"example.com", "192.0.2.1", "2001:db8::1"})
        EXPECT_TRUE(list("*").permits(other, 443)) << other;
}

TEST(HostList, PermitsOtherPortsByNameAlone) {
    for (const std::uint16_t port : {1, 22, 25, 81, 6'379, 8'080}) {
        EXPECT_FALSE(list("*,example.com").permits("example.com", port)) << port;
        EXPECT_TRUE(list("example.com:" + std::to_string(port)).permits("example.com", port)) << port;
    }
    EXPECT_FALSE(list("example.com:8443").permits("example.com", 443));
    EXPECT_TRUE(list("*:8443").permits("example.com", 8'443));
    EXPECT_TRUE(list("[2001:db8::1]:81").permits("2001:db8::1", 81));
}

TEST(HostList, WithoutEntriesPermitsNothing) {
    EXPECT_FALSE(HostList().permits("example.com", 443));
}

}  // namespace
}  // namespace safelight
