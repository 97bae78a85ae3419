// Variants that have expired, and are made again when somebody asks for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "api/testing/api_server.h"
#include "api/testing/passing_library.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Fields;
using ::testing::HasSubstr;
using testing::PassingLibrary;
using testing::Reply;
using testing::value_of;

constexpr Milliseconds day{std::chrono::days(1)};

class ExpiredVariants : public ::testing::Test {
  protected:
    /// A picture whose thumbnail has been made, and has expired.
    ExpiredVariants() : created_(api_.client().post("/v1/jobs", ApiServer::picture())) {
        api_.work_on(job());
        ready_ = get();
        expire();
    }

    [[nodiscard]] JobId job() const { return ApiServer::id_of(created_); }
    [[nodiscard]] std::string path() const { return ApiServer::image_of(created_) + "/variants/thumbnail"; }
    [[nodiscard]] Reply get(const Fields& fields = {}) const { return api_.client().get(path(), fields); }
    [[nodiscard]] std::string status() {
        const Reply reply = api_.client().get("/v1/jobs/" + job().to_string());
        return std::string(reply.json().at("image").at("variants").as_array().at(0).at("status").as_string());
    }
    /// By a clock that is years ahead.
    void expire() {
        const RetentionLook look{.defaults = {.expire_variants_after = 2 * day}};
        for (int i = 0; i < 4; ++i, later_ += day)
            while (value_of(api_.house.database->retention().step(look, later_)));
    }
    /// As soon as there is something to do.
    [[nodiscard]] std::jthread worker(const std::optional<VariantError>& error = {}) {
        return std::jthread([this, error](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                if (api_.house.find(job()).status == JobStatus::processing) return api_.work_on(job(), error);
                std::this_thread::sleep_for(Milliseconds{1});
            }
        });
    }

    ApiServer api_;
    Reply created_;
    Reply ready_;
    Timestamp later_ = api_.clock.now();
};

TEST_F(ExpiredVariants, AreSaidToBe) {
    ASSERT_EQ(ready_.status, 200);
    EXPECT_EQ(status(), "expired");
    const Reply job_reply = api_.client().get("/v1/jobs/" + job().to_string());
    EXPECT_EQ(job_reply.json().at("status"), "PROCESSED");
    const auto variant = job_reply.json().at("image").at("variants").as_array().at(0);
    for (const char* member : {"bytes", "etag", "width", "height", "media_type", "error"})
        EXPECT_TRUE(variant.at(member).is_null()) << member;
    EXPECT_EQ(variant.at("url").as_string(), path());
}

TEST_F(ExpiredVariants, AreMadeAgainForWhoAsks) {
    const auto working = worker();
    const Reply reply = get();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, ready_.body);
    EXPECT_EQ(reply.headers.get("ETag"), ready_.headers.get("ETag"));
    EXPECT_EQ(status(), "ready");
    EXPECT_EQ(api_.house.find(job()).priority, Priority::interactive);
}

TEST_F(ExpiredVariants, AreMadeAgainForConditionsAndHeads) {
    {
        const auto working = worker();
        const Reply reply = get({{"If-None-Match", *ready_.headers.get("ETag")}});
        EXPECT_EQ(reply.status, 304);
    }
    expire();
    ASSERT_EQ(status(), "expired");
    const auto working = worker();
    const Reply reply = api_.client().send("HEAD", path());
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.headers.get("Content-Length"), std::to_string(ready_.body.size()));
}

TEST_F(ExpiredVariants, AreWaitedForAsLongAsTheClientPrefers) {
    const auto began = std::chrono::steady_clock::now();
    const Reply reply = get({{"Prefer", "wait=0"}});
    EXPECT_EQ(reply.status, 404);
    EXPECT_THAT(reply.body, HasSubstr("variant-not-ready"));
    EXPECT_EQ(reply.headers.get("Retry-After"), "1");
    EXPECT_EQ(status(), "pending") << "it was asked for";
    const Reply second = get({{"Prefer", "wait=1"}});
    EXPECT_EQ(second.status, 404);
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::seconds(1));
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(8)) << "not the ten by default";
    api_.work_on(job());
    EXPECT_EQ(get().body, ready_.body);
}

TEST_F(ExpiredVariants, ThatCannotBeMadeAgainHaveFailed) {
    const auto working = worker(VariantError{ErrorCode::invalid_image, "It is broken."});
    const Reply reply = get();
    EXPECT_EQ(reply.status, 404);
    EXPECT_THAT(reply.body, HasSubstr("variant-failed"));
}

TEST_F(ExpiredVariants, ThatManyAskForAreMadeOnce) {
    std::atomic<int> good = 0;
    const std::uint32_t attempts = api_.house.find(job()).attempts;
    {
        std::vector<std::jthread> readers;
        for (int i = 0; i < 8; ++i)
            readers.emplace_back([&] {
                const Reply reply = get();
                if (reply.status == 200 && reply.body == ready_.body) ++good;
            });
        const auto working = worker();
        readers.clear();
    }
    EXPECT_EQ(good, 8);
    EXPECT_EQ(api_.house.find(job()).attempts, attempts + 1);
}

/// Before anybody can ask for a variant to be made again, somebody else has, and it is there.
class LateLibrary final : public PassingLibrary {
  public:
    LateLibrary(Library& inner, std::function<void()> before_remaking)
        : PassingLibrary(inner), before_remaking_(std::move(before_remaking)) {}

    Result<std::optional<JobId>> remake_variant(AccountId owner, ImageId id, std::string_view name) override {
        before_remaking_();
        return PassingLibrary::remake_variant(owner, id, name);
    }

  private:
    const std::function<void()> before_remaking_;
};

TEST_F(ExpiredVariants, ThatAreThereBeforeTheyCanBeAskedForAreAnsweredWith) {
    LateLibrary late(*api_.library, [this] {
        const auto asked = value_of(api_.library->remake_variant(
            default_account(), *ImageId::parse(std::string(created_.json().at("image").at("id").as_string())),
            "thumbnail"));
        api_.work_on(asked.value());
    });
    http::Router router;
    register_routes(router, api_.parts_with(late, *api_.authenticator));
    const auto server = api_.serve(router);
    const Reply reply = testing::Client{server->port()}.get(path());
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, ready_.body);
    server->drain();
}

TEST_F(ExpiredVariants, ThatWereNeverMadeAreNotWaitedFor) {
    const Reply created = api_.client().post("/v1/jobs", ApiServer::picture(2'000));
    const auto began = std::chrono::steady_clock::now();
    const Reply reply = api_.client().get(ApiServer::image_of(created) + "/variants/thumbnail");
    EXPECT_EQ(reply.status, 404);
    EXPECT_THAT(reply.body, HasSubstr("variant-not-ready"));
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST_F(ExpiredVariants, AreTheOwnersAlone) {
    EXPECT_EQ(api_.client().get(ApiServer::image_of(created_) + "/variants/other").status, 404);
    EXPECT_EQ(status(), "expired");
}

}  // namespace
}  // namespace safelight
