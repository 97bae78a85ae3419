#include "api/request_values.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace safelight {
namespace {

http::Request list_request(http::Query query) {
    http::Request request;
    request.path = "/v1/jobs";
    request.query = std::move(query);
    return request;
}

std::vector<std::string> pointers(const Error& error) {
    std::vector<std::string> pointers;
    for (const Fault& fault : error.faults) pointers.push_back(fault.pointer);
    return pointers;
}

constexpr std::string_view uuid = "01934b7e-5f00-7abc-8def-0123456789ab";

TEST(RequestValues, UnknownAndRepeatedParametersAreNamed) {
    const auto request = list_request({{"limit", "5"}, {"colour", "red"}, {"limit", "6"}});
    const auto status = check_query(request, {"limit"});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(pointers(status.error()), (std::vector<std::string>{"?colour", "?limit"}));
    EXPECT_FALSE(check_query(list_request({{"x", ""}}), {}));
    EXPECT_TRUE(check_query(list_request({}), {}));
}

TEST(RequestValues, ListFiltersAreTyped) {
    const auto query = list_query(list_request({{"status", "FAILED"},
                                                {"created_after", "2026-11-23T20:08:00Z"},
                                                {"created_before", "2026-11-23T21:08:00.5Z"},
                                                {"limit", "200"}}),
                                  ListKind::jobs, default_account());
    ASSERT_TRUE(query);
    EXPECT_EQ(query->status, JobStatus::failed);
    EXPECT_EQ(query->created_after, parse_rfc3339("2026-11-23T20:08:00Z"));
    EXPECT_EQ(query->created_before, parse_rfc3339("2026-11-23T21:08:00.500Z"));
    EXPECT_EQ(query->limit, 200U);
    EXPECT_EQ(query->owner, default_account());
    EXPECT_EQ(list_query(list_request({}), ListKind::jobs, {})->limit, list_limit_default);
}

TEST(RequestValues, EveryFaultOfAListIsReportedAtOnce) {
    const auto query = list_query(list_request({{"status", "failed"},
                                                {"created_after", "yesterday"},
                                                {"created_before", ""},
                                                {"limit", "0"},
                                                {"cursor", "!"}}),
                                  ListKind::jobs, {});
    ASSERT_FALSE(query);
    EXPECT_EQ(pointers(query.error()), (std::vector<std::string>{"?status", "?created_after",
                                                                 "?created_before", "?limit", "?cursor"}));
}

TEST(RequestValues, LimitHasBounds) {
    for (const char* const text : {"0", "201", "-1", "+1", "1.5", "", "4294967297", "5x"}) {
        EXPECT_FALSE(list_query(list_request({{"limit", text}}), ListKind::jobs, {})) << text;
    }
}

TEST(RequestValues, ImagesHaveNoStatus) {
    EXPECT_FALSE(list_query(list_request({{"status", "FAILED"}}), ListKind::images, {}));
}

TEST(RequestValues, CursorComesBackAndFitsItsListAlone) {
    const Uuid last = *Uuid::parse(uuid);
    const std::string cursor = cursor_after(ListKind::jobs, last);
    EXPECT_EQ(parse_cursor(ListKind::jobs, cursor), last);
    EXPECT_EQ(parse_cursor(ListKind::images, cursor), std::nullopt);
    EXPECT_EQ(list_query(list_request({{"cursor", cursor}}), ListKind::jobs, {})->after, last);
}

TEST(RequestValues, MalformedCursorsAreRefused) {
    const std::string cursor = cursor_after(ListKind::jobs, *Uuid::parse(uuid));
    auto other_version = *base64url_decode(cursor);
    other_version[0] = std::byte{2};
    for (const std::string& text :
         {std::string(), std::string(uuid), cursor + "A", cursor + "=", cursor.substr(1),
          cursor.substr(0, 20), base64url_encode(other_version)}) {
        EXPECT_EQ(parse_cursor(ListKind::jobs, text), std::nullopt) << text;
    }
}

TEST(RequestValues, NextPageKeepsTheFilters) {
    const auto request = list_request(
        {{"status", "FAILED"}, {"cursor", "old"}, {"created_after", "2026-11-23T20:08:00+01:00"}});
    EXPECT_EQ(next_page(request, "new"),
              "/v1/jobs?status=FAILED&created_after=2026-11-23T20%3A08%3A00%2B01%3A00&cursor=new");
}

TEST(RequestValues, WaitIsCapped) {
    const auto wait = [](const char* prefer) {
        http::Request request;
        request.headers.add("Prefer", prefer);
        return wait_of(request);
    };
    EXPECT_EQ(wait("wait=30"), 30U);
    EXPECT_EQ(wait("wait=3600"), wait_max_s);
    EXPECT_EQ(wait("wait=0"), std::nullopt);
    EXPECT_EQ(wait("respond-async"), std::nullopt);
    EXPECT_EQ(wait_of({}), std::nullopt);
}

TEST(RequestValues, WhatIsNoIdIsNotFound) {
    http::Request request;
    EXPECT_EQ(id_of<JobId>(request).error().code, ErrorCode::not_found);
    request.path_parameters["id"] = "42";
    EXPECT_EQ(id_of<JobId>(request).error().code, ErrorCode::not_found);
    request.path_parameters["id"] = uuid;
    EXPECT_EQ(id_of<JobId>(request)->to_string(), uuid);
}

TEST(RequestValues, MediaTypeIsBare) {
    http::Request request;
    EXPECT_EQ(media_type_of(request), "");
    request.headers.add("Content-Type", " Multipart/Form-Data ; boundary=x");
    EXPECT_EQ(media_type_of(request), "multipart/form-data");
}

}  // namespace
}  // namespace safelight
