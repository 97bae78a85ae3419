#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/semantics.h"

namespace safelight::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

Request request_with(std::string method, const Fields& fields) {
    Request request;
    request.method = std::move(method);
    for (const auto& [name, value] : fields) request.headers.add(name, value);
    return request;
}

/// 700 ms past the second: dates on the wire have no fractions.
const Validators validators{"\"abc\"", *parse_http_date("Mon, 23 Nov 2026 20:08:00 GMT") + Milliseconds{700}};
const std::string same = "Mon, 23 Nov 2026 20:08:00 GMT";
const std::string earlier = "Mon, 23 Nov 2026 20:07:59 GMT";
const std::string later = "Mon, 23 Nov 2026 20:08:01 GMT";

TEST(Preconditions, FollowRfc9110) {
    struct Case {
        std::string method;
        Fields fields;
        Precondition expected;
    };
    using enum Precondition;
    const std::vector<Case> cases{
        {"GET", {}, proceed},
        {"GET", {{"If-None-Match", "\"abc\""}}, not_modified},
        {"HEAD", {{"If-None-Match", "W/\"abc\""}}, not_modified},
        {"GET", {{"If-None-Match", "\"x\" , \"abc\""}}, not_modified},
        {"GET", {{"If-None-Match", "\"a,b\",,\"abc\""}}, not_modified},
        {"GET", {{"If-None-Match", "\"x\""}, {"If-None-Match", "\"abc\""}}, not_modified},
        {"GET", {{"If-None-Match", "*"}}, not_modified},
        {"GET", {{"If-None-Match", "\"x\""}}, proceed},
        {"GET", {{"If-None-Match", "abc"}}, proceed},
        {"GET", {{"If-None-Match", ""}}, proceed},
        {"PUT", {{"If-None-Match", "*"}}, failed},
        {"DELETE", {{"If-None-Match", "\"abc\""}}, failed},
        {"GET", {{"If-Match", "\"abc\""}}, proceed},
        {"GET", {{"If-Match", "*"}}, proceed},
        {"GET", {{"If-Match", "\"x\", \"abc\""}}, proceed},
        {"GET", {{"If-Match", "W/\"abc\""}}, failed},
        {"PUT", {{"If-Match", "\"x\""}}, failed},
        {"PUT", {{"If-Match", "abc"}}, failed},
        {"GET", {{"If-Match", "\"abc\""}, {"If-None-Match", "\"abc\""}}, not_modified},
        {"GET", {{"If-Modified-Since", same}}, not_modified},
        {"GET", {{"If-Modified-Since", later}}, not_modified},
        {"GET", {{"If-Modified-Since", earlier}}, proceed},
        {"GET", {{"If-Modified-Since", "yesterday"}}, proceed},
        {"PUT", {{"If-Modified-Since", same}}, proceed},
        {"GET", {{"If-Modified-Since", same}, {"If-None-Match", "\"x\""}}, proceed},
        {"GET", {{"If-Unmodified-Since", same}}, proceed},
        {"GET", {{"If-Unmodified-Since", earlier}}, failed},
        {"GET", {{"If-Unmodified-Since", "yesterday"}}, proceed},
        {"GET", {{"If-Unmodified-Since", earlier}, {"If-Match", "\"abc\""}}, proceed},
    };
    for (const Case& each : cases) {
        const Request request = request_with(each.method, each.fields);
        EXPECT_EQ(evaluate_preconditions(request, validators), each.expected)
            << each.method << " "
            << (each.fields.empty() ? "" : each.fields[0].first + ": " + each.fields[0].second);
    }
}

TEST(Preconditions, WithoutADateOnlyTagsCount) {
    const Validators tag_only{"\"abc\"", std::nullopt};
    EXPECT_EQ(evaluate_preconditions(request_with("GET", {{"If-Modified-Since", later}}), tag_only),
              Precondition::proceed);
    EXPECT_EQ(evaluate_preconditions(request_with("GET", {{"If-Unmodified-Since", earlier}}), tag_only),
              Precondition::proceed);
}

using Range = std::variant<WholeBody, ByteRange, UnsatisfiableRange>;

std::string show(const Range& range) {
    if (const auto* bytes = std::get_if<ByteRange>(&range)) {
        return std::to_string(bytes->first) + "-" + std::to_string(bytes->last);
    }
    return std::holds_alternative<WholeBody>(range) ? "whole" : "unsatisfiable";
}

TEST(Ranges, FollowRfc9110) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"bytes=0-499", "0-499"},
        {"bytes=500-999", "500-999"},
        {"bytes=-500", "9500-9999"},
        {"bytes=9500-", "9500-9999"},
        {"bytes=0-0", "0-0"},
        {"bytes=9999-9999", "9999-9999"},
        {"bytes=0-99999", "0-9999"},
        {"bytes=-99999", "0-9999"},
        {"Bytes=0-1", "0-1"},
        {"bytes= 0-1", "0-1"},
        {"bytes=10000-", "unsatisfiable"},
        {"bytes=-0", "unsatisfiable"},
        {"bytes=0-1,3-4", "whole"},
        {"bytes=2-1", "whole"},
        {"bytes=a-b", "whole"},
        {"bytes=-", "whole"},
        {"bytes=", "whole"},
        {"bytes", "whole"},
        {"lines=1-2", "whole"},
        {"bytes=--5", "whole"},
        {"bytes=1 - 2", "whole"},
        {"bytes=0-99999999999999999999999", "0-9999"},
        {"bytes=99999999999999999999999-", "unsatisfiable"},
    };
    for (const auto& [field, expected] : cases) {
        EXPECT_EQ(show(evaluate_range(request_with("GET", {{"Range", field}}), validators, 10'000)), expected)
            << field;
    }
}

TEST(Ranges, AreForGetAndForBytesThatAreThere) {
    EXPECT_EQ(show(evaluate_range(request_with("GET", {}), validators, 10)), "whole");
    EXPECT_EQ(show(evaluate_range(request_with("HEAD", {{"Range", "bytes=0-1"}}), validators, 10)), "whole");
    EXPECT_EQ(show(evaluate_range(request_with("GET", {{"Range", "bytes=0-"}}), validators, 0)),
              "unsatisfiable");
    EXPECT_EQ(show(evaluate_range(request_with("GET", {{"Range", "bytes=-5"}}), validators, 0)), "whole");
}

TEST(Ranges, HonourIfRange) {
    const auto with = [](const std::string& if_range) {
        return show(evaluate_range(request_with("GET", {{"Range", "bytes=0-1"}, {"If-Range", if_range}}),
                                   validators, 10));
    };
    EXPECT_EQ(with("\"abc\""), "0-1");
    EXPECT_EQ(with("\"x\""), "whole");
    EXPECT_EQ(with("W/\"abc\""), "whole");
    EXPECT_EQ(with(same), "0-1");
    EXPECT_EQ(with(later), "whole");
    EXPECT_EQ(with(earlier), "whole");
    EXPECT_EQ(with("nonsense"), "whole");
}

}  // namespace
}  // namespace safelight::http
