#include "outbound/url.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

OutboundFault fault_of(const Outbound<OutboundUrl>& url) {
    return url ? OutboundFault::broken_answer : url.error().fault;
}

TEST(Url, OriginIsAsBrowsersWriteIt) {
    const auto origin = [](std::string_view text) { return parse_url(text).value().origin(); };
    EXPECT_EQ(origin("HTTPS://Shop.example:443/a?b"), "https://shop.example");
    EXPECT_EQ(origin("http://shop.example:80"), "http://shop.example");
    EXPECT_EQ(origin("http://shop.example:443"), "http://shop.example:443");
    EXPECT_EQ(origin("https://127.0.0.1:8443/"), "https://127.0.0.1:8443");
    EXPECT_EQ(origin("http://[::1]:3000"), "http://[::1]:3000");
}

TEST(Url, IsTakenApart) {
    const auto url = parse_url("HTTPS://Example.COM./a/b%20c.jpg?x=1#part").value();
    EXPECT_EQ(url.host, "example.com");
    EXPECT_EQ(url.port, 443);
    EXPECT_TRUE(url.is_https);
    EXPECT_FALSE(parse_url("http://a").value().is_https);
    EXPECT_EQ(url.path, "/a/b%20c.jpg");
    EXPECT_EQ(url.last_segment(), "b%20c.jpg");
    EXPECT_EQ(url.text.find('#'), std::string::npos);
    EXPECT_NE(url.text.find("?x=1"), std::string::npos);
    EXPECT_EQ(parse_url("http://a").value().port, 80);
    EXPECT_EQ(parse_url("http://a").value().last_segment(), "");
    EXPECT_EQ(parse_url("http://a:8080/").value().port, 8'080);
}

TEST(Url, OfAnAddressHasItsUsualFormHoweverItIsWritten) {
    for (const auto* const text : {"http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/",
                                   "http://0x7f000001/", "http://0177.0.0.1/", "http://017700000001/",
                                   "http://127.1/", "http://127.0.1/", "http://%31%32%37.0.0.1/"})
        EXPECT_EQ(parse_url(text).value().host, "127.0.0.1") << text;
    EXPECT_EQ(parse_url("http://[::1]/").value().host, "::1");
    EXPECT_EQ(parse_url("http://[0:0::0:1]:81/").value().host, "::1");
    EXPECT_EQ(parse_url("http://[::FFFF:127.0.0.1]/").value().host, "::ffff:127.0.0.1");
}

TEST(Url, OfAnotherSchemeOrWithCredentialsIsRefused) {
    for (const auto* const text : {"file:///etc/passwd", "ftp://a/b", "gopher://a/", "dict://a/", "ldap://a/",
                                   "smb://a/b", "ws://a/", "http://user@a/", "http://user:password@a/",
                                   "http://:@a/", "https://a@b/", "http://[fe80::1%25eth0]/"})
        EXPECT_EQ(fault_of(parse_url(text)), OutboundFault::refused_url) << text;
}

TEST(Url, ThatIsNoneIsMalformed) {
    const std::string with_nul("http://a\0.example.com/", 22);
    for (const std::string& text :
         {std::string(), std::string("a"), std::string("/a"), std::string("//a/b"), std::string("http:"),
          std::string("http://"), std::string("http://a b/"), std::string("http://a:0/"),
          std::string("http://a:99999/"), std::string("http://a:b/"), std::string("http://a\\@b/"),
          std::string("http://a\r\nX: y/"), std::string("http://[::1/"), std::string("http://[g::]/"),
          std::string("http://m\xc3\xbcller.example/"), std::string("http://a,b/"), with_nul,
          "http://a/" + std::string(url_bytes_max, 'x')}) {
        const auto url = parse_url(text);
        EXPECT_FALSE(url) << text << " has the host " << url->host;
        EXPECT_TRUE(fault_of(url) == OutboundFault::malformed_url ||
                    fault_of(url) == OutboundFault::refused_url)
            << text;
    }
}

TEST(Url, OfARedirectMayBeRelative) {
    const auto base = parse_url("https://a.example/x/y?z").value();
    EXPECT_EQ(resolve_url(base, "w").value().text, "https://a.example/x/w");
    EXPECT_EQ(resolve_url(base, "/w").value().text, "https://a.example/w");
    EXPECT_EQ(resolve_url(base, "//b.example/w").value().host, "b.example");
    EXPECT_EQ(resolve_url(base, "http://b.example:81/").value().port, 81);
    EXPECT_EQ(resolve_url(base, "/a b").value().path.find(' '), std::string::npos);
    EXPECT_EQ(fault_of(resolve_url(base, "file:///etc/passwd")), OutboundFault::refused_url);
    EXPECT_EQ(fault_of(resolve_url(base, "http://user:password@b/")), OutboundFault::refused_url);
    EXPECT_FALSE(resolve_url(base, ""));
}

}  // namespace
}  // namespace safelight
