#include <gtest/gtest.h>

#include <string>

#include "base/text.h"
#include "http/semantics.h"
#include "http/trace_context.h"

namespace safelight::http {
namespace {

using namespace std::string_literals;

TEST(PercentEncoding, GoesBothWays) {
    std::string all;
    for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
    EXPECT_EQ(percent_decode(percent_encode(all)), all);
    EXPECT_EQ(percent_encode("aZ09-._~ /\xff"), "aZ09-._~%20%2F%FF");
    EXPECT_EQ(percent_decode("%41%6a+"), "Aj+");
    for (const std::string_view bad : {"%", "%4", "a%", "%g0", "%0g", "%-1"})
        EXPECT_FALSE(percent_decode(bad)) << bad;
}

TEST(ParseQuery, DecodesInOrder) {
    EXPECT_EQ(parse_query("").value(), Query());
    EXPECT_EQ(parse_query("a=1&b=2&a=3").value(), (Query{{"a", "1"}, {"b", "2"}, {"a", "3"}}));
    EXPECT_EQ(parse_query("&a&&b=&=c&").value(), (Query{{"a", ""}, {"b", ""}, {"", "c"}}));
    EXPECT_EQ(parse_query("a+b=c%20d%2Be%26f=g").value(), (Query{{"a b", "c d+e&f=g"}}));
    EXPECT_EQ(parse_query("a=b=c").value(), (Query{{"a", "b=c"}}));
    for (const std::string_view bad : {"a=%", "%zz=1", "a=%00", "a%00"}) {
        ASSERT_FALSE(parse_query(bad)) << bad;
        EXPECT_EQ(parse_query(bad).error().code, ErrorCode::invalid_argument);
    }
}

TEST(ContentDisposition, NeverLetsANameEscape) {
    const auto field = [](std::string_view name) { return content_disposition("inline", name); };
    EXPECT_EQ(field("cat.jpg"), "inline; filename=\"cat.jpg\"");
    EXPECT_EQ(field(""), "inline");
    EXPECT_EQ(field("a b;c.jpg"), "inline; filename=\"a b;c.jpg\"");
    EXPECT_EQ(field("k\xc3\xa4tzchen.jpg"),
              "inline; filename=\"k_tzchen.jpg\"; filename*=UTF-8''k%C3%A4tzchen.jpg");
    EXPECT_EQ(field("a\"b\\c/d\r\n\0e\x7f"s), "inline; filename=\"a_b_c_d___e_\"");
    EXPECT_EQ(field("../../x"), "inline; filename=\".._.._x\"");
    EXPECT_EQ(field("100%.jpg"), "inline; filename=\"100_.jpg\"; filename*=UTF-8''100%25.jpg");
    EXPECT_EQ(field("\xff.jpg"), "inline; filename=\"_.jpg\"; filename*=UTF-8''%EF%BF%BD.jpg");
    EXPECT_EQ(field("a\xe2\x80\xaegpj.exe"), "inline; filename=\"a_gpj.exe\"");
    EXPECT_EQ(content_disposition("attachment", "a"), "attachment; filename=\"a\"");
}

TEST(ContentDisposition, CutsLongNamesBetweenCharacters) {
    std::string name = "a";
    for (int i = 0; i < 2'500; ++i) name += "\xc3\xa4";
    const std::string field = content_disposition("inline", name);
    EXPECT_LT(field.size(), 1'200U);
    EXPECT_TRUE(field.ends_with("%C3%A4"));
}

TEST(ContentDigest, GivesTheSha256) {
    const std::string zeros(32, '\0');
    const std::string encoded = base64_encode(std::as_bytes(std::span(zeros)));
    EXPECT_EQ(sha256_of_content_digest("sha-256=:" + encoded + ":").value(), zeros);
    EXPECT_EQ(sha256_of_content_digest("sha-512=:AAAA:, sha-256=:" + encoded + ":").value(), zeros);
    EXPECT_EQ(sha256_of_content_digest("sha-512=:AAAA:").value(), std::nullopt);
    EXPECT_EQ(sha256_of_content_digest("md5=::").value(), std::nullopt);
    for (const std::string& bad :
         {""s, " "s, "sha-256"s, "sha-256="s, "sha-256=:"s, "sha-256=abc"s, "sha-256=:AAAA:"s,
          "sha-256=:!!!!:"s, "SHA-256=:" + encoded + ":", "sha-256=:" + encoded + ":,", "sha-256=:" + encoded,
          "sha-256 =:" + encoded + ":"}) {
        EXPECT_FALSE(sha256_of_content_digest(bad)) << bad;
    }
}

TEST(Prefer, GivesTheWait) {
    EXPECT_EQ(wait_preference_s("wait=10"), 10U);
    EXPECT_EQ(wait_preference_s("respond-async, WAIT = 100; foo=bar"), 100U);
    EXPECT_EQ(wait_preference_s("wait=\"7\""), 7U);
    EXPECT_EQ(wait_preference_s("wait=1, wait=2"), 1U);
    EXPECT_EQ(wait_preference_s("wait=0"), 0U);
    for (const std::string_view none : {"", "respond-async", "wait", "wait=", "wait=-1", "wait=1.5",
                                        "wait=ten", "wait=99999999999", "await=1"}) {
        EXPECT_EQ(wait_preference_s(none), std::nullopt) << none;
    }
}

TEST(TraceContext, TakesValidParentsOnly) {
    const std::string trace = "0af7651916cd43dd8448eb211c80319c";
    EXPECT_EQ(trace_id_of("00-" + trace + "-b7ad6b7169203331-01"), trace);
    EXPECT_EQ(trace_id_of("cc-" + trace + "-b7ad6b7169203331-01-what"), trace);
    for (const std::string& bad :
         {""s, "00-"s + trace, "00-" + trace + "-b7ad6b7169203331-01-",
          "ff-" + trace + "-b7ad6b7169203331-01", "cc-" + trace + "-b7ad6b7169203331-01.x",
          "00-" + std::string(32, '0') + "-b7ad6b7169203331-01", "00-" + trace + "-0000000000000000-01",
          "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"s, "00_" + trace + "-b7ad6b7169203331-01",
          "00-" + trace + "-b7ad6b7169203331-0x"}) {
        EXPECT_EQ(trace_id_of(bad), "") << bad;
    }
}

}  // namespace
}  // namespace safelight::http
