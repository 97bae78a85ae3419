#include "http/framing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace safelight::http {
namespace {

const HeadLimits limits;

std::string with_fields(std::string_view fields) {
    return "POST /upload HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

std::string request_line(std::string_view line) {
    return std::string(line) + "\r\nHost: a\r\n\r\n";
}

TEST(ParseHead, ReadsALineAndItsFields) {
    const std::string text =
        "GET /a%20b?x=1&y HTTP/1.1\r\nHost: example.org:80\r\nAccept:\t*/*  \r\nAccept: "
        "text/html\r\nX-Empty:\r\n\r\n";
    const auto head = parse_head(text, limits);
    ASSERT_TRUE(head) << head.error().detail;
    EXPECT_EQ(head->bytes, text.size());
    EXPECT_EQ(head->method, "GET");
    EXPECT_EQ(head->path, "/a%20b");
    EXPECT_EQ(head->query, "x=1&y");
    EXPECT_EQ(head->headers.get("accept"), "*/*, text/html");
    EXPECT_EQ(head->headers.get("x-empty"), "");
    EXPECT_FALSE(head->headers.has("Cookie"));
    EXPECT_TRUE(head->keep_alive);
    EXPECT_FALSE(head->content_length);
    EXPECT_FALSE(head->chunked);
}

TEST(ParseHead, TakesTheTargetFormsOfTheRfc) {
    struct Case {
        std::string line, path, query;
    };
    for (const auto& [line, path, query] :
         {Case{"GET http://other/x?q HTTP/1.1", "/x", "q"}, Case{"GET HTTPS://other HTTP/1.1", "/", ""},
          Case{"GET http://other?q HTTP/1.1", "/", "q"}, Case{"OPTIONS * HTTP/1.1", "*", ""},
          Case{"GET //evil/x HTTP/1.1", "//evil/x", ""}}) {
        const std::string text = request_line(line);
        const auto head = parse_head(text, limits);
        ASSERT_TRUE(head) << line;
        EXPECT_EQ(head->path, path);
        EXPECT_EQ(head->query, query);
    }
}

TEST(ParseHead, KnowsHowTheConnectionGoesOn) {
    const auto keeps = [](std::string text) { return parse_head(text, limits).value().keep_alive; };
    EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n"));
    EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n"));
    EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
    EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST(ParseHead, KnowsHowTheBodyIsFramed) {
    const std::string sized = with_fields("Content-Length: 007\r\n");
    EXPECT_EQ(parse_head(sized, limits).value().content_length, 7U);
    const std::string chunked = with_fields("Transfer-Encoding: Chunked\r\n");
    EXPECT_TRUE(parse_head(chunked, limits).value().chunked);
    const std::string expecting = with_fields("Expect: 100-Continue\r\nContent-Length: 1\r\n");
    EXPECT_TRUE(parse_head(expecting, limits).value().expects_continue);
}

struct BadHead {
    std::string name, text;
    ServerProblem problem = ServerProblem::bad_request;

    friend void PrintTo(const BadHead& head, std::ostream* out) { *out << head.name; }
};

const std::vector<BadHead> bad_heads{
    {"LengthAndCoding", with_fields("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")},
    {"CodingAndLength", with_fields("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")},
    {"TwoLengths", with_fields("Content-Length: 3\r\nContent-Length: 4\r\n")},
    {"TwoEqualLengths", with_fields("Content-Length: 3\r\nContent-Length: 3\r\n")},
    {"LengthList", with_fields("Content-Length: 5,6\r\n")},
    {"LengthListOfEquals", with_fields("Content-Length: 5, 5\r\n")},
    {"LengthAndHugeLength", with_fields("Content-Length: 3\r\nContent-Length: 99999999999999999999999\r\n")},
    {"LengthSigned", with_fields("Content-Length: +5\r\n")},
    {"LengthNegative", with_fields("Content-Length: -1\r\n")},
    {"LengthHex", with_fields("Content-Length: 0x5\r\n")},
    {"LengthEmpty", with_fields("Content-Length: \r\n")},
    {"LengthWithBlank", with_fields("Content-Length: 1 2\r\n")},
    {"LengthTwoPow63", with_fields("Content-Length: 9223372036854775808\r\n"),
     ServerProblem::payload_too_large},
    {"LengthHuge", with_fields("Content-Length: 99999999999999999999999\r\n"),
     ServerProblem::payload_too_large},
    {"CodingUnknown", with_fields("Transfer-Encoding: xchunked\r\n")},
    {"CodingNotLast", with_fields("Transfer-Encoding: chunked, gzip\r\n")},
    {"CodingTwice", with_fields("Transfer-Encoding: chunked, chunked\r\n")},
    {"CodingTwoFields", with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n")},
    {"CodingEmpty", with_fields("Transfer-Encoding:\r\n")},
    {"CodingWithParameter", with_fields("Transfer-Encoding: chunked;q=1\r\n")},
    {"CodingQuoted", with_fields("Transfer-Encoding: \"chunked\"\r\n")},
    {"CodingVerticalTab", with_fields("Transfer-Encoding: \x0b"
                                      "chunked\r\n")},
    {"CodingBeforeChunked", with_fields("Transfer-Encoding: gzip, chunked\r\n"),
     ServerProblem::not_implemented},
    {"CodingUnknownAndLength", with_fields("Transfer-Encoding: gzip\r\nContent-Length: 3\r\n")},
    {"CodingAndHugeLength",
     with_fields("Transfer-Encoding: chunked\r\nContent-Length: 99999999999999999999999\r\n")},
    {"CodingIdentityThenChunked",
     with_fields("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n")},
    {"CodingWithJunk", with_fields("Transfer-Encoding: chunked junk\r\n")},
    {"CodingInHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {"BlankBeforeColon", with_fields("Transfer-Encoding : chunked\r\n")},
    {"ObsFold", with_fields("X-A: b\r\n c\r\n")},
    {"ObsFoldTab", with_fields("X-A: b\r\n\tc\r\n")},
    {"FoldFirst", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
    {"FoldOfBlanks", with_fields("X-A: b\r\n \r\n")},
    {"NoEnd", "GET / HTTP/1.1\r\nHost: a\r\n"},
    {"NoColon", with_fields("X-A\r\n")},
    {"EmptyName", with_fields(": a\r\n")},
    {"ConnectionIsNoList", with_fields("Connection: close close\r\n")},
    {"NulInValue", with_fields(std::string("X-A: b\0c\r\n", 10))},
    {"CrInValue", with_fields("X-A: b\rc\r\n")},
    {"ControlInValue", with_fields("X-A: b\x01\r\n")},
    {"DelInValue", with_fields("X-A: b\x7f\r\n")},
    {"Utf8InName", with_fields("X-\xc3\xa4: b\r\n")},
    {"NoHost", "GET / HTTP/1.1\r\n\r\n"},
    {"TwoHosts", with_fields("Host: b\r\n")},
    {"HostWithSlash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {"HostWithUser", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
    {"HostWithBlank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {"Expectation", with_fields("Expect: 200-ok\r\n"), ServerProblem::expectation_failed},
    {"NoVersion", request_line("GET /")},
    {"LowerCaseVersion", request_line("GET / http/1.1")},
    {"LongVersion", request_line("GET / HTTP/1.10")},
    {"Http2", request_line("PRI * HTTP/2.0"), ServerProblem::version_not_supported},
    {"Http09", request_line("GET / HTTP/0.9"), ServerProblem::version_not_supported},
    {"Http12", request_line("GET / HTTP/1.2"), ServerProblem::version_not_supported},
    {"TwoBlanks", request_line("GET  / HTTP/1.1")},
    {"BlankInTarget", request_line("GET /a b HTTP/1.1")},
    {"BlankAtEnd", request_line("GET / HTTP/1.1 ")},
    {"TabInLine", request_line("GET\t/\tHTTP/1.1")},
    {"Fragment", request_line("GET /a#b HTTP/1.1")},
    {"ControlInTarget", request_line("GET /\x01 HTTP/1.1")},
    {"Utf8InTarget", request_line("GET /\xc3\xa4 HTTP/1.1")},
    {"RelativeTarget", request_line("GET a HTTP/1.1")},
    {"StarForGet", request_line("GET * HTTP/1.1")},
    {"OtherScheme", request_line("GET ftp://a/b HTTP/1.1")},
    {"BadMethod", request_line("G(T / HTTP/1.1")},
    {"NoMethod", request_line(" / HTTP/1.1")},
    {"Connect", request_line("CONNECT a:1 HTTP/1.1"), ServerProblem::not_implemented},
    {"LongMethod", request_line(std::string(33, 'M') + " / HTTP/1.1"), ServerProblem::not_implemented},
    {"LongTarget", request_line("GET /" + std::string(8'192, 'a') + " HTTP/1.1"),
     ServerProblem::uri_too_long},
};

class BadHeads : public ::testing::TestWithParam<BadHead> {};

TEST_P(BadHeads, AreRefused) {
    const auto head = parse_head(GetParam().text, limits);
    ASSERT_FALSE(head);
    EXPECT_EQ(head.error().problem, GetParam().problem) << head.error().detail;
    EXPECT_FALSE(head.error().detail.empty());
}

INSTANTIATE_TEST_SUITE_P(, BadHeads, ::testing::ValuesIn(bad_heads),
                         [](const auto& info) { return info.param.name; });

TEST(HeadScanner, FindsTheEndHoweverTheBytesCome) {
    const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /canary";
    for (std::size_t step = 1; step <= text.size(); ++step) {
        HeadScanner scanner(limits);
        std::optional<std::size_t> found;
        for (std::size_t size = step; !found && size < text.size() + step; size += step) {
            const auto result = scanner.scan(std::string_view(text).substr(0, size));
            ASSERT_TRUE(result);
            found = *result;
        }
        EXPECT_EQ(found, text.find("GET /canary"));
    }
}

std::optional<ServerProblem> refusal_of(std::string_view text, const HeadLimits& with = limits) {
    HeadScanner scanner(with);
    for (std::size_t size = 1; size <= text.size(); ++size) {
        if (const auto result = scanner.scan(text.substr(0, size)); !result) return result.error().problem;
    }
    return std::nullopt;
}

TEST(HeadScanner, RefusesAsSoonAsItCan) {
    EXPECT_EQ(refusal_of("GET / HTTP/1.1\n"), ServerProblem::bad_request);
    EXPECT_EQ(refusal_of("\n"), ServerProblem::bad_request);
    EXPECT_EQ(refusal_of("\r\n"), ServerProblem::bad_request);
    EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: a\n"), ServerProblem::bad_request);
    EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: a\r\n\n"), ServerProblem::bad_request);
    EXPECT_EQ(refusal_of("GET /" + std::string(9'000, 'a')), ServerProblem::uri_too_long);
    EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nX: " + std::string(16'384, 'a')),
              ServerProblem::header_fields_too_large);
    std::string many = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 101; ++i) many += "A: b\r\n";
    EXPECT_EQ(refusal_of(many), ServerProblem::header_fields_too_large);
}

TEST(HeadScanner, TakesExactlyTheLimits) {
    HeadLimits tight;
    tight.header_bytes_max = 1'000;
    std::string text = "GET / HTTP/1.1\r\nX: ";
    text += std::string(1'000 - text.size() - 4, 'a') + "\r\n\r\n";
    EXPECT_EQ(refusal_of(text, tight), std::nullopt);
    tight.header_bytes_max = 999;
    EXPECT_EQ(refusal_of(text, tight), ServerProblem::header_fields_too_large);
    std::string many = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 100; ++i) many += "A: b\r\n";
    EXPECT_EQ(refusal_of(many + "\r\n"), std::nullopt);
}

}  // namespace
}  // namespace safelight::http
