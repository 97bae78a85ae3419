// Quotas as clients meet them: statuses, header fields, and what is left behind.
#include "api/upload_quota.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Fields;
using testing::Form;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using testing::Reply;
using testing::value_of;

constexpr Timestamp evening{Milliseconds{1'795'000'000'000 / 86'400'000 * 86'400'000 + 86'000'000}};

http::Headers told(const Quotas& limits, const Usage& usage) {
    http::Headers headers;
    set_rate_limit(headers, limits, usage, evening);
    return headers;
}

TEST(RateLimitFields, OfEachQuotaThatBeginsAnew) {
    const http::Headers both = told(
        {.stored_bytes = 1, .uploads_per_minute = 60, .pixels_per_day = 1'000},
        {.pixels_today = 400, .uploads_this_minute = 48, .minute_ends_at = evening + Milliseconds{29'001}});
    EXPECT_EQ(both.get("RateLimit-Policy"), R"("uploads";q=60;w=60, "pixels";q=1000;w=86400;qu="pixels")");
    EXPECT_EQ(both.get("RateLimit"), R"("uploads";r=12;t=30, "pixels";r=600;t=400)");
    EXPECT_EQ(told({.uploads_per_minute = 5}, {}).get("RateLimit"), R"("uploads";r=5)")
        << "no minute has begun";
    EXPECT_EQ(told({.uploads_per_minute = 5},
                   {.uploads_this_minute = 2, .minute_ends_at = evening - Milliseconds{2'000}})
                  .get("RateLimit"),
              R"("uploads";r=3;t=0)")
        << "it ended since it was looked up";
    EXPECT_EQ(told({.pixels_per_day = 5}, {.pixels_today = 9}).get("RateLimit"), R"("pixels";r=0;t=400)");
}

TEST(RateLimitFields, NothingIsSaidOfOthers) {
    const http::Headers none = told({.stored_bytes = 1, .images = 1, .concurrent_uploads = 1}, {});
    EXPECT_FALSE(none.has("RateLimit-Policy"));
    EXPECT_FALSE(none.has("RateLimit"));
}

class UploadQuotaTest : public ::testing::Test {
  protected:
    void set(const Quotas& quotas) {
        const auto set = api.house.database->accounts().change_quotas(default_account(),
                                                                      [&](Quotas& own) { own = quotas; });
        ASSERT_TRUE(set);
        ASSERT_TRUE(api.quotas.in_force_now(default_account()));
    }
    [[nodiscard]] Reply upload(const Fields& fields = {}) {
        return api.client().post("/v1/jobs", picture, fields);
    }
    [[nodiscard]] Usage usage() { return value_of(api.quotas.usage(default_account())); }
    static boost::json::value quota(std::string_view name, std::uint64_t limit, std::uint64_t used) {
        return {{"name", name}, {"limit", limit}, {"used", used}};
    }
    void expect_nothing_left() {
        for (int alive = api.ingest.alive; alive != 0; alive = api.ingest.alive) api.ingest.alive.wait(alive);
        api.house.expect_nothing();
    }

    ApiServer api;
    const std::string picture = ApiServer::picture(1'000);
};

TEST_F(UploadQuotaTest, WithoutALimitNothingIsSaidOrWritten) {
    const Reply reply = upload();
    ASSERT_EQ(reply.status, 202);
    EXPECT_FALSE(reply.headers.has("RateLimit"));
    EXPECT_FALSE(reply.headers.has("RateLimit-Policy"));
    EXPECT_EQ(usage().uploads_this_minute, 0U);
    set({.stored_bytes = 1'000'000});
    EXPECT_FALSE(upload().headers.has("RateLimit")) << "no quota that begins anew";
}

TEST_F(UploadQuotaTest, AFullAccountIsRefusedAndToldWhich) {
    ASSERT_EQ(upload().status, 202);
    set({.images = 1});
    const Reply refused = upload();
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.problem(), "quota-exceeded");
    EXPECT_EQ(refused.json().at("quota"), quota("images", 1, 1));
    EXPECT_FALSE(refused.headers.has("Retry-After")) << "waiting does not help";
    set({.stored_bytes = 1'999});
    EXPECT_EQ(upload().json().at("quota"), quota("stored_bytes", 1'999, 1'000));
    EXPECT_EQ(api.ingest.begun, 1) << "before the body is read";
    EXPECT_THAT(api.house.metrics.expose(), HasSubstr(R"(safelight_quota_refusals_total{quota="images"} 1)"));
    set({.stored_bytes = 2'000});
    EXPECT_EQ(upload().status, 202);
}

TEST_F(UploadQuotaTest, ABodyThatCannotFitIsNotWaitedFor) {
    set({.stored_bytes = 999});
    const testing::Connection connection(api.server->port());
    connection.send(
        "POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_THAT(connection.receive_head(), MatchesRegex("HTTP/1.1 403 (.|\n|\r)*"));
    expect_nothing_left();
}

TEST_F(UploadQuotaTest, WhatWasNotAnnouncedIsCheckedInTheEnd) {
    set({.stored_bytes = 999});
    const Reply reply = api.client().post("/v1/jobs", Form().file("a.jpg", picture).body(), Form::fields());
    EXPECT_EQ(reply.status, 403) << reply.body;
    EXPECT_EQ(reply.json().at("quota"), quota("stored_bytes", 999, 0));
    EXPECT_EQ(api.ingest.begun, 1);
    expect_nothing_left();
}

TEST_F(UploadQuotaTest, AQuotaThatIsSetWhileAnUploadIsUnderWayCounts) {
    ASSERT_EQ(upload().status, 202);
    const testing::Connection slow(api.server->port());
    slow.send("POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_THAT(slow.receive_head(), HasSubstr("100 Continue"));
    set({.images = 1});
    slow.send(picture);
    EXPECT_THAT(slow.receive_head(), HasSubstr("403"));
    EXPECT_EQ(usage().images, 1U);
}

TEST_F(UploadQuotaTest, PixelsComeAgainTheNextDay) {
    ASSERT_EQ(upload().status, 202);
    const std::uint64_t pixels = usage().pixels_today;
    ASSERT_GT(pixels, 0U);
    set({.pixels_per_day = pixels * 2 - 1});
    const Reply refused = upload();
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.problem(), "daily-quota-exceeded");
    EXPECT_EQ(refused.json().at("quota"), quota("pixels_per_day", pixels * 2 - 1, pixels));
    const int left_s = std::stoi(refused.headers.get("Retry-After").value());
    EXPECT_GT(left_s, 0);
    EXPECT_LE(left_s, 86'400);
    EXPECT_THAT(refused.headers.get("RateLimit").value(),
                MatchesRegex("\"pixels\";r=" + std::to_string(pixels - 1) + ";t=[0-9]+"));
    set({.pixels_per_day = pixels * 2});
    const Reply taken = upload();
    EXPECT_EQ(taken.status, 202);
    EXPECT_THAT(taken.headers.get("RateLimit").value(), HasSubstr("\"pixels\";r=0;t="));
    EXPECT_EQ(upload().status, 429);
}

TEST_F(UploadQuotaTest, ABurstIsAsLargeAsTheLimit) {
    set({.uploads_per_minute = 2});
    const Reply first = upload();
    EXPECT_EQ(first.status, 202);
    EXPECT_EQ(first.headers.get("RateLimit-Policy"), "\"uploads\";q=2;w=60");
    EXPECT_THAT(first.headers.get("RateLimit").value(), MatchesRegex("\"uploads\";r=1;t=(60|[0-9]{1,2})"));
    const Reply broken =
        api.client().post("/v1/jobs", "no picture at all, and long enough to be seen as none");
    EXPECT_EQ(broken.status, 415);
    EXPECT_THAT(broken.headers.get("RateLimit").value(), HasSubstr("r=0;")) << "it was an upload";
    const Reply refused = upload();
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.problem(), "rate-limited");
    EXPECT_EQ(refused.json().at("quota"), quota("uploads_per_minute", 2, 2));
    EXPECT_THAT(refused.headers.get("Retry-After").value(), MatchesRegex("[1-9]|[1-5][0-9]|60"));
    EXPECT_THAT(refused.headers.get("RateLimit").value(), HasSubstr("r=0;t="));
    const Reply unread = api.client().post("/v1/jobs", "{}", {{"Content-Type", "application/json"}});
    EXPECT_EQ(unread.status, 415);
    EXPECT_THAT(unread.headers.get("RateLimit").value(), HasSubstr("r=0;")) << "refused before it counts";
}

TEST_F(UploadQuotaTest, ARequestThatIsAnsweredAgainIsNoSecondUpload) {
    set({.images = 1, .uploads_per_minute = 1, .concurrent_uploads = 1});
    const Fields key{{"Idempotency-Key", "a"}};
    const Reply first = upload(key);
    ASSERT_EQ(first.status, 202);
    EXPECT_TRUE(first.headers.has("RateLimit"));
    const Reply again = upload(key);
    EXPECT_EQ(again.status, 202) << again.body;
    EXPECT_TRUE(again.headers.has("Idempotency-Replayed"));
    EXPECT_FALSE(again.headers.has("RateLimit")) << "what was left then is nobody's business now";
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(upload().status, 403);
}

TEST_F(UploadQuotaTest, ARefusalFreesTheKey) {
    set({.images = 1});
    ASSERT_EQ(upload().status, 202);
    EXPECT_EQ(upload({{"Idempotency-Key", "a"}}).status, 403);
    set({});
    EXPECT_EQ(upload({{"Idempotency-Key", "a"}}).status, 202);
}

TEST_F(UploadQuotaTest, TheAnswerAfterAWaitTellsToo) {
    set({.uploads_per_minute = 5});
    const Reply reply = api.client().post("/v1/jobs?variants=", picture, {{"Prefer", "wait=1"}});
    ASSERT_EQ(reply.status, 202);
    EXPECT_EQ(reply.headers.get("Preference-Applied"), "wait=1");
    EXPECT_THAT(reply.headers.get("RateLimit").value(), HasSubstr("\"uploads\";r=4;"));
}

TEST_F(UploadQuotaTest, UploadsAtATimeAreThoseWhoseBytesComeIn) {
    set({.concurrent_uploads = 1});
    const testing::Connection slow(api.server->port());
    slow.send("POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_THAT(slow.receive_head(), HasSubstr("100 Continue"));
    const Reply refused = upload();
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.problem(), "too-many-uploads");
    EXPECT_EQ(refused.json().at("quota"), quota("concurrent_uploads", 1, 1));
    EXPECT_EQ(refused.headers.get("Retry-After"), "1");
    EXPECT_FALSE(refused.headers.has("RateLimit"));
    slow.send(picture);
    EXPECT_THAT(slow.receive_head(), HasSubstr("202"));
    EXPECT_EQ(usage().concurrent_uploads, 0U) << "free before the answer is there";
    EXPECT_EQ(upload().status, 202);
}

TEST_F(UploadQuotaTest, WhatVariantsAddCountsForTheNext) {
    const Reply made = upload();
    set({.stored_bytes = 2'000});
    api.work_on(ApiServer::id_of(made));
    EXPECT_GT(usage().stored_bytes, 1'000U);
    EXPECT_EQ(upload().json().at("quota").at("name"), "stored_bytes");
    ASSERT_EQ(api.client().send("DELETE", made.headers.get("Location").value()).status, 204);
    EXPECT_EQ(usage().stored_bytes, 0U);
    EXPECT_EQ(upload().status, 202);
}

class ResumableQuotaTest : public UploadQuotaTest {
  protected:
    [[nodiscard]] Reply create(std::string_view body = "") {
        Fields fields{{"Tus-Resumable", "1.0.0"}, {"Upload-Length", "1000"}};
        if (!body.empty()) fields.emplace_back("Content-Type", "application/offset+octet-stream");
        return api.client().post("/v1/uploads", std::string(body), fields);
    }
    [[nodiscard]] Reply append(const std::string& url, std::size_t offset, std::string_view bytes) {
        return api.client().send("PATCH", url,
                                 {{"Tus-Resumable", "1.0.0"},
                                  {"Upload-Offset", std::to_string(offset)},
                                  {"Content-Type", "application/offset+octet-stream"}},
                                 bytes);
    }
};

TEST_F(ResumableQuotaTest, WhatCannotFitIsNotBegun) {
    set({.stored_bytes = 999});
    const Reply refused = create();
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.problem(), "quota-exceeded");
    EXPECT_EQ(refused.headers.get("Tus-Resumable"), "1.0.0");
}

TEST_F(ResumableQuotaTest, ACreationIsTheUpload) {
    set({.uploads_per_minute = 1});
    const Reply created = create();
    ASSERT_EQ(created.status, 201);
    EXPECT_THAT(created.headers.get("RateLimit").value(), HasSubstr("\"uploads\";r=0;t="));
    EXPECT_EQ(create().status, 429);
    const std::string url = created.headers.get("Location").value();
    EXPECT_EQ(append(url, 0, picture.substr(0, 400)).status, 204);
    const Reply last = append(url, 400, picture.substr(400));
    EXPECT_EQ(last.status, 204);
    EXPECT_TRUE(last.headers.has("Upload-Job"));
    EXPECT_THAT(last.headers.get("RateLimit").value(), HasSubstr("\"uploads\";r=0;t="));
}

TEST_F(ResumableQuotaTest, TheEndIsWhatIsCheckedAndMayBeTriedAgain) {
    set({.images = 1});
    const std::string url = create().headers.get("Location").value();
    const Reply other = upload();
    ASSERT_EQ(other.status, 202);
    ASSERT_EQ(append(url, 0, picture.substr(0, 400)).status, 204);
    const Reply refused = append(url, 400, picture.substr(400));
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.json().at("quota"), quota("images", 1, 1));
    ASSERT_EQ(api.client().send("DELETE", other.headers.get("Location").value()).status, 204);
    EXPECT_EQ(append(url, 400, picture.substr(400)).status, 204);
    EXPECT_EQ(usage().images, 1U);
}

TEST_F(ResumableQuotaTest, AnEndThatCannotFitIsNoCopyOfAllTheRest) {
    const std::string url = create().headers.get("Location").value();
    ASSERT_EQ(append(url, 0, picture.substr(0, 400)).status, 204);
    ASSERT_EQ(upload().status, 202);
    const int begun = api.ingest.begun;
    set({.stored_bytes = 1'999});
    for (int i = 0; i < 3; ++i) {
        const Reply refused = append(url, 400, picture.substr(400));
        EXPECT_EQ(refused.status, 403);
        EXPECT_EQ(refused.json().at("quota"), quota("stored_bytes", 1'999, 1'000));
    }
    EXPECT_EQ(api.ingest.begun, begun);
    EXPECT_EQ(append(url, 400, picture.substr(400, 100)).status, 204) << "not the end";
    set({.stored_bytes = 2'000});
    EXPECT_TRUE(append(url, 500, picture.substr(500)).headers.has("Upload-Job"));
}

TEST_F(ResumableQuotaTest, AQuotaThatIsSetWhileItIsUnderWayCounts) {
    ASSERT_EQ(upload().status, 202);
    const std::string url = create().headers.get("Location").value();
    const testing::Connection slow(api.server->port());
    slow.send("PATCH " + url +
              " HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: "
              "application/offset+octet-stream\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_THAT(slow.receive_head(), HasSubstr("100 Continue"));
    set({.images = 1});
    slow.send(picture);
    EXPECT_THAT(slow.receive_head(), HasSubstr("403"));
    EXPECT_EQ(usage().images, 1U);
}

TEST_F(ResumableQuotaTest, RefusedWithItsBytesNothingIsLeft) {
    set({.pixels_per_day = 1});
    const Reply refused = create(picture);
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.problem(), "quota-exceeded");
    EXPECT_FALSE(refused.headers.has("Retry-After")) << "no day has so many";
    expect_nothing_left();
}

TEST_F(ResumableQuotaTest, EachRequestWithBytesTakesAPlace) {
    set({.concurrent_uploads = 1});
    const std::string url = create().headers.get("Location").value();
    const testing::Connection slow(api.server->port());
    slow.send("POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_THAT(slow.receive_head(), HasSubstr("100 Continue"));
    EXPECT_EQ(append(url, 0, picture).status, 429);
    EXPECT_EQ(create(picture).status, 429);
    EXPECT_EQ(create().status, 201) << "without bytes it takes none";
    slow.send(picture);
    EXPECT_THAT(slow.receive_head(), HasSubstr("202"));
    EXPECT_EQ(append(url, 0, picture).status, 204);
}

}  // namespace
}  // namespace safelight
