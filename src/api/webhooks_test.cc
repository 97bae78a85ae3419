#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Fields;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Reply;
using ::testing::StartsWith;
using testing::value_of;

class WebhooksTest : public ::testing::Test {
  protected:
    WebhooksTest() {
        const Account other = value_of(api_.key_ring.create_account("other"));
        owner_ = key_of(default_account(), {Scope::images_read, Scope::images_write});
        reader_ = key_of(default_account(), {Scope::images_read});
        stranger_ = key_of(other.id, {Scope::images_read, Scope::images_write});
    }

    Fields key_of(AccountId account, Scopes scopes) {
        return {{"Authorization",
                 "Bearer " + value_of(api_.key_ring.issue({account, "a key", scopes, {}})).text}};
    }
    Reply send(const std::string& method, const std::string& path, const std::string& json,
               Fields fields) const {
        fields.emplace_back("Content-Type", "application/json");
        return api_.client().send(method, path, fields, json);
    }
    Reply post(const std::string& json) const { return send("POST", "/v1/webhooks", json, owner_); }
    Reply post_bare(const std::string& path, const Fields& fields) const {
        return api_.client().send("POST", path, fields, "");
    }
    Reply get(const std::string& path) const { return api_.client().get(path, owner_); }
    std::string create() const {
        const Reply made = post(R"({"url":"https://example.com/hooks"})");
        EXPECT_EQ(made.status, 201) << made.body;
        return *made.headers.get("Location");
    }
    static std::vector<std::string> pointers_of(const Reply& reply) {
        std::vector<std::string> pointers;
        for (const auto& fault : reply.json().at("errors").as_array())
            pointers.emplace_back(fault.at("pointer").as_string());
        return pointers;
    }
    /// A job that fails, of the owner.
    void finish_one() {
        const Job job = api_.house.upload({"thumbnail"}, 300);
        api_.work_on(job.id, VariantError{ErrorCode::timeout, "Late."});
    }

    ApiServer api_{{.asks_for_keys = true}};
    Fields owner_;
    Fields reader_;
    Fields stranger_;
};

TEST_F(WebhooksTest, AWebhookIsMadeAndItsSecretShownOnce) {
    const Reply made = post(
        R"({"url":"https://example.com/hooks","description":"shop","events":["job.failed","webhook.disabled"]})");
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.headers.get("Cache-Control"), "no-store");
    EXPECT_THAT(std::string(made.json().at("secret").as_string()), StartsWith("whsec_"));
    EXPECT_TRUE(made.json().at("enabled").as_bool());
    EXPECT_EQ(made.json().at("events").as_array().size(), 2U);
    const Reply found = get(*made.headers.get("Location"));
    ASSERT_EQ(found.status, 200);
    EXPECT_THAT(found.body, Not(HasSubstr("whsec_")));
    EXPECT_THAT(found.body, HasSubstr(R"("description":"shop")"));
    EXPECT_THAT(get("/v1/webhooks").body, Not(HasSubstr("whsec_")));
}

TEST_F(WebhooksTest, EveryFaultIsNamed) {
    EXPECT_EQ(pointers_of(post("{}")), std::vector<std::string>{"/url"});
    EXPECT_EQ(pointers_of(post(R"({"url":1,"events":["job.made"],"enabled":"yes","secret":"x"})")),
              (std::vector<std::string>{"/secret", "/url", "/events", "/enabled"}));
    EXPECT_EQ(pointers_of(post(R"({"url":"https://example.com/","events":"job.failed"})")),
              std::vector<std::string>{"/events"});
    for (const char* url : {"http://example.com/", "https://127.0.0.1/", "hooks", ""})
        EXPECT_EQ(pointers_of(post(R"({"url":")" + std::string(url) + R"("})")),
                  std::vector<std::string>{"/url"})
            << url;
    EXPECT_EQ(post("[]").status, 400);
    EXPECT_EQ(api_.client().post("/v1/webhooks", "{}", owner_).status, 415);
    EXPECT_EQ(get("/v1/webhooks?status=x").status, 400);
    const std::string path = create();
    EXPECT_EQ(pointers_of(send("PATCH", path, R"({"url":"https://10.0.0.1/"})", owner_)),
              std::vector<std::string>{"/url"});
    EXPECT_EQ(get(path + "/deliveries?status=late").status, 400);
    EXPECT_EQ(get(path + "/deliveries?cursor=x").status, 400);
    EXPECT_EQ(send("POST", path + "/secrets", "{}", owner_).status, 400);
}

TEST_F(WebhooksTest, AWebhookIsChangedPausedAndRemoved) {
    const std::string path = create();
    const Reply paused = send("PATCH", path, R"({"enabled":false,"events":["job.processed"]})", owner_);
    ASSERT_EQ(paused.status, 200) << paused.body;
    EXPECT_FALSE(paused.json().at("enabled").as_bool());
    EXPECT_EQ(paused.json().at("disabled_reason").as_string(), "paused");
    EXPECT_TRUE(paused.json().at("disabled_at").is_string());
    EXPECT_EQ(paused.json().at("url").as_string(), "https://example.com/hooks");
    const Reply again = send("PATCH", path, R"({"enabled":true})", owner_);
    EXPECT_TRUE(again.json().at("enabled").as_bool());
    EXPECT_TRUE(again.json().at("disabled_at").is_null());
    EXPECT_EQ(again.json().at("events").as_array().size(), 1U);
    EXPECT_EQ(api_.client().send("DELETE", path, owner_).status, 204);
    EXPECT_EQ(api_.client().send("DELETE", path, owner_).status, 404);
    EXPECT_EQ(get(path).status, 404);
}

TEST_F(WebhooksTest, WebhooksAreListedInPagesAndAreSoMany) {
    for (int i = 0; i < 10; ++i) create();
    const Reply one_more = post(R"({"url":"https://example.com/"})");
    EXPECT_EQ(one_more.status, 409);
    EXPECT_EQ(one_more.problem(), "conflict");
    const Reply first = get("/v1/webhooks?limit=7");
    EXPECT_EQ(first.json().at("items").as_array().size(), 7U);
    const Reply second =
        get("/v1/webhooks?limit=7&cursor=" + std::string(first.json().at("next_cursor").as_string()));
    EXPECT_EQ(second.json().at("items").as_array().size(), 3U);
    EXPECT_TRUE(second.json().at("next_cursor").is_null());
}

TEST_F(WebhooksTest, ANewSecretIsShownOnce) {
    const std::string path = create();
    const Reply rotated = post_bare(path + "/secrets", owner_);
    ASSERT_EQ(rotated.status, 201) << rotated.body;
    EXPECT_THAT(std::string(rotated.json().at("secret").as_string()), StartsWith("whsec_"));
    EXPECT_EQ(rotated.headers.get("Cache-Control"), "no-store");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(post_bare(path + "/secrets", owner_).status, 201);
    EXPECT_EQ(post_bare(path + "/secrets", owner_).status, 409);
}

TEST_F(WebhooksTest, AKeyDoesWhatItsScopesSayAndSeesItsOwnAccount) {
    const std::string path = create();
    finish_one();
    const std::string delivery =
        std::string(get(path + "/deliveries").json().at("items").at(0).at("id").as_string());
    const std::string replay = path + "/deliveries/" + delivery + "/replay";
    EXPECT_EQ(api_.client().get(path, reader_).status, 200);
    EXPECT_EQ(api_.client().get(path + "/deliveries", reader_).status, 200);
    EXPECT_EQ(send("POST", "/v1/webhooks", "{}", reader_).status, 403);
    EXPECT_EQ(send("PATCH", path, "{}", reader_).status, 403);
    EXPECT_EQ(api_.client().send("DELETE", path, reader_).status, 403);
    EXPECT_EQ(post_bare(path + "/secrets", reader_).status, 403);
    EXPECT_EQ(post_bare(replay, reader_).status, 403);
    for (const Fields& nobody : {stranger_}) {
        EXPECT_EQ(api_.client().get(path, nobody).status, 404);
        EXPECT_EQ(api_.client().get(path + "/deliveries", nobody).status, 404);
        EXPECT_EQ(send("PATCH", path, "{}", nobody).status, 404);
        EXPECT_EQ(api_.client().send("DELETE", path, nobody).status, 404);
        EXPECT_EQ(post_bare(path + "/secrets", nobody).status, 404);
        EXPECT_EQ(post_bare(replay, nobody).status, 404);
        EXPECT_TRUE(api_.client().get("/v1/webhooks", nobody).json().at("items").as_array().empty());
    }
}

TEST_F(WebhooksTest, DeliveriesAreListedWithTheirAttemptsAndReplayed) {
    const std::string path = create();
    for (int i = 0; i < 3; ++i) finish_one();
    DeliveryOutbox& outbox = api_.house.database->outbox();
    const auto id = WebhookId::parse(path.substr(path.rfind('/') + 1)).value();
    const auto batch = value_of(outbox.claim(id, 1, Milliseconds{60'000}, api_.clock.now()));
    DeliveryOutcome outcome;
    outcome.attempt.started_at = api_.clock.now();
    outcome.attempt.duration = Milliseconds{15};
    outcome.attempt.http_status = 500;
    outcome.attempt.error = "bad_status";
    ASSERT_TRUE(outbox.record(batch.claims.at(0), outcome, api_.clock.now()));

    const Reply first = get(path + "/deliveries?limit=2");
    EXPECT_EQ(first.json().at("items").as_array().size(), 2U);
    const Reply second =
        get(path + "/deliveries?limit=2&cursor=" + std::string(first.json().at("next_cursor").as_string()));
    ASSERT_EQ(second.json().at("items").as_array().size(), 1U);
    EXPECT_EQ(get(path + "/deliveries?status=failed").json(), second.json());
    EXPECT_EQ(get(path + "/deliveries?status=waiting").json().at("items").as_array().size(), 2U);
    EXPECT_TRUE(get(path + "/deliveries?status=delivered").json().at("items").as_array().empty());
    const auto delivery = second.json().at("items").at(0);
    EXPECT_EQ(delivery.at("event").as_string(), "job.failed");
    EXPECT_THAT(std::string(delivery.at("message_id").as_string()), StartsWith("msg_"));
    EXPECT_TRUE(delivery.at("due_at").is_null());
    const auto attempt = delivery.at("attempts").at(0);
    EXPECT_EQ(attempt.at("number").as_int64(), 1);
    EXPECT_EQ(attempt.at("http_status").as_int64(), 500);
    EXPECT_EQ(attempt.at("error").as_string(), "bad_status");
    EXPECT_EQ(attempt.at("duration_ms").as_int64(), 15);

    const std::string one = path + "/deliveries/" + std::string(delivery.at("id").as_string());
    const Reply looked_at = get(one);
    ASSERT_EQ(looked_at.status, 200) << looked_at.body;
    EXPECT_EQ(looked_at.json(), delivery);
    EXPECT_EQ(get(one + "?limit=1").status, 400);
    EXPECT_EQ(get(path + "/deliveries/x").status, 404);
    EXPECT_EQ(get(path + "/deliveries/" + id.to_string()).status, 404);
    EXPECT_EQ(api_.client().get(one, reader_).status, 200);
    EXPECT_EQ(api_.client().get(one, stranger_).status, 404);
    EXPECT_EQ(api_.client().get(one, {}).status, 401);
    const Reply replayed = post_bare(one + "/replay", owner_);
    ASSERT_EQ(replayed.status, 202) << replayed.body;
    EXPECT_EQ(replayed.json().at("status").as_string(), "waiting");
    EXPECT_EQ(replayed.json().at("message_id"), delivery.at("message_id"));
    EXPECT_EQ(post_bare(one + "/replay", owner_).status, 409);
    EXPECT_EQ(post_bare(path + "/deliveries/x/replay", owner_).status, 404);
}

TEST_F(WebhooksTest, APostThatIsSentAgainIsAnsweredAgain) {
    Fields fields = owner_;
    fields.emplace_back("Idempotency-Key", "once");
    const Reply first = send("POST", "/v1/webhooks", R"({"url":"https://example.com/"})", fields);
    const Reply again = send("POST", "/v1/webhooks", R"({"url":"https://example.com/"})", fields);
    EXPECT_EQ(first.status, 201);
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(first.body, again.body);
    EXPECT_EQ(send("POST", "/v1/webhooks", R"({"url":"https://example.com/2"})", fields).status, 422);
    EXPECT_EQ(get("/v1/webhooks").json().at("items").as_array().size(), 1U);
}

}  // namespace
}  // namespace safelight
