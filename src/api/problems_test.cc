#include "api/problems.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>

namespace safelight {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;

http::Request request_of(std::string path) {
    http::Request request;
    request.path = std::move(path);
    request.request_id = "r-1";
    return request;
}

json::object document_of(const http::Response& response) {
    return json::parse(std::get<std::string>(response.body)).as_object();
}

TEST(Problems, EveryErrorCodeHasItsOwnType) {
    std::set<std::string_view> slugs;
    for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i) {
        const auto code = static_cast<ErrorCode>(i);
        std::string expected(name_of(code));
        std::ranges::replace(expected, '_', '-');
        EXPECT_EQ(type_of(problem_of(code)).slug, expected);
        slugs.insert(type_of(problem_of(code)).slug);
    }
    EXPECT_EQ(slugs.size(), static_cast<std::size_t>(ErrorCode::internal) + 1);
}

TEST(Problems, TypesAreCompleteAndDistinct) {
    std::set<std::string_view> slugs;
    for (const ProblemType& type : problem_types()) {
        EXPECT_TRUE(slugs.insert(type.slug).second) << type.slug;
        EXPECT_GE(type.status, 400);
        EXPECT_LT(type.status, 600);
        EXPECT_FALSE(type.title.empty());
        EXPECT_FALSE(type.explanation.empty());
        EXPECT_EQ(find_problem_type(type.slug), &type);
        EXPECT_EQ(&type_of(type.problem), &type);
        EXPECT_THAT(page_of(type), HasSubstr(std::string(type.slug)));
    }
    EXPECT_EQ(find_problem_type("nothing"), nullptr);
}

TEST(Problems, WhatMaySucceedLaterSaysWhen) {
    for (const ProblemType& type : problem_types()) {
        if (type.status == 503 || type.status == 507) EXPECT_TRUE(type.retry_after_s) << type.slug;
    }
    EXPECT_TRUE(type_of(Problem::variant_not_ready).retry_after_s);
}

TEST(Problems, ServerProblemsHaveTheStatusThatHttpGivesThem) {
    using enum http::ServerProblem;
    const std::pair<http::ServerProblem, int> expected[] = {{bad_request, 400},
                                                            {length_required, 411},
                                                            {payload_too_large, 413},
                                                            {uri_too_long, 414},
                                                            {header_fields_too_large, 431},
                                                            {request_timeout, 408},
                                                            {not_found, 404},
                                                            {method_not_allowed, 405},
                                                            {not_implemented, 501},
                                                            {version_not_supported, 505},
                                                            {expectation_failed, 417},
                                                            {handler_failed, 500},
                                                            {too_many_connections, 503}};
    for (const auto& [problem, status] : expected) EXPECT_EQ(type_of(problem_of(problem)).status, status);
}

TEST(Problems, DocumentNamesRequestAndFaults) {
    const auto request = request_of("/v1/jobs");
    const auto error =
        invalid({{"?limit", "too \"big\""}, {"/variants/0", "unknown"}, {"", "all of it"}}).error();
    const auto response = render(refuse(error).error(), &request);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.headers.get("Content-Type"), "application/problem+json");
    EXPECT_EQ(response.headers.get("X-Content-Type-Options"), "nosniff");
    const auto expected = json::parse(R"({"type":"/problems/invalid-argument","title":"Invalid request",
        "status":400,"detail":"Several values are invalid.","instance":"/v1/jobs","request_id":"r-1","errors":[
        {"parameter":"limit","detail":"too \"big\""},{"pointer":"/variants/0","detail":"unknown"},
        {"pointer":"","detail":"all of it"}]})");
    EXPECT_EQ(document_of(response), expected.as_object());
}

TEST(Problems, DocumentWithoutRequestLeavesItOut) {
    const auto document = document_of(render(refuse(Problem::bad_request, "no").error(), nullptr));
    EXPECT_FALSE(document.contains("instance"));
    EXPECT_FALSE(document.contains("request_id"));
    EXPECT_FALSE(document.contains("errors"));
}

TEST(Problems, BugSaysNothingOfTheInside) {
    const Error error{ErrorCode::internal, "SELECT broke in /var/lib", "/var/lib/secret", {}};
    const auto request = request_of("/v1/jobs");
    const auto response = render(refuse(error).error(), &request);
    EXPECT_EQ(response.status, 500);
    EXPECT_THAT(std::get<std::string>(response.body), ::testing::Not(HasSubstr("/var/lib")));
}

TEST(Problems, LogTextNeverReachesTheClient) {
    for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i) {
        const Error error{static_cast<ErrorCode>(i), "public", "secret", {}};
        EXPECT_THAT(std::get<std::string>(render(refuse(error).error(), nullptr).body),
                    ::testing::Not(HasSubstr("secret")));
    }
}

}  // namespace
}  // namespace safelight
