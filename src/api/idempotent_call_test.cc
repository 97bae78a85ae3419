#include "api/idempotent_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Fields;
using ::testing::HasSubstr;
using testing::Reply;

class IdempotentCallTest : public ::testing::Test {
  protected:
    [[nodiscard]] static Fields with(const std::string& key) { return {{"Idempotency-Key", key}}; }
    [[nodiscard]] Reply upload(const std::string& key, const std::string& picture,
                               const std::string& target = "/v1/jobs") const {
        return api_.client().post(target, picture, with(key));
    }
    [[nodiscard]] std::size_t jobs() {
        return testing::value_of(api_.library->list_jobs({.owner = default_account()})).items.size();
    }
    static bool is_again(const Reply& reply) { return reply.headers.has("Idempotency-Replayed"); }
    static std::optional<std::string> key_of(const std::string& field) {
        http::Request request;
        request.headers.add("Idempotency-Key", field);
        const auto key = idempotency_key_of(request);
        return key ? *key : std::nullopt;
    }

    ApiServer api_;
    const std::string picture_ = ApiServer::picture(1'000);
};

TEST_F(IdempotentCallTest, KeysAreShortVisibleTexts) {
    EXPECT_EQ(key_of("8e03978e-40d5-43dd-bc93-6894a57f9324"), "8e03978e-40d5-43dd-bc93-6894a57f9324");
    EXPECT_EQ(key_of("\"a\""), "a") << "a string of RFC 8941";
    EXPECT_EQ(key_of(std::string(255, 'a')), std::string(255, 'a'));
    for (const std::string& field :
         {std::string(), std::string("\"\""), std::string("\""), std::string(256, 'a'), std::string("a b"),
          std::string("a, b"), std::string("a\"b"), std::string("a\\b"), std::string("\xc3\xa9"),
          std::string("a\x7f")}) {
        EXPECT_EQ(key_of(field), std::nullopt) << field;
    }
    const Reply refused = upload("a b", picture_);
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, HasSubstr("Idempotency-Key"));
    EXPECT_EQ(api_.ingest.begun, 0) << "before a byte is taken";
}

TEST_F(IdempotentCallTest, AnUploadThatIsSentAgainIsAnsweredAgain) {
    const Reply first = upload("a", picture_);
    ASSERT_EQ(first.status, 202);
    EXPECT_FALSE(is_again(first));
    const Reply again = upload("a", picture_);
    EXPECT_EQ(again.status, 202);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.headers.get("Location"), first.headers.get("Location"));
    EXPECT_EQ(again.headers.get("Idempotency-Replayed"), "true");
    EXPECT_EQ(jobs(), 1U);
    EXPECT_EQ(api_.ingest.begun, 1) << "nothing is stored of what is sent again";
    EXPECT_EQ(upload("b", picture_).status, 202);
    EXPECT_EQ(jobs(), 2U);
}

TEST_F(IdempotentCallTest, AnotherRequestWithTheKeyIsRefused) {
    ASSERT_EQ(upload("a", picture_, "/v1/jobs?filename=a.jpg").status, 202);
    for (const Reply& refused : {upload("a", ApiServer::picture(1'001), "/v1/jobs?filename=a.jpg"),
                                 upload("a", picture_), upload("a", picture_, "/v1/jobs?filename=b.jpg"),
                                 upload("a", picture_, "/v1/jobs?filename=a.jpg&variants="),
                                 upload("a", picture_, "/v1/jobs?variants=a.jpg&filename=")}) {
        EXPECT_EQ(refused.status, refused.problem() == "invalid-argument" ? 400 : 422) << refused.body;
    }
    EXPECT_EQ(upload("a", picture_).problem(), "idempotency-key-already-used");
    EXPECT_EQ(jobs(), 1U);
}

TEST_F(IdempotentCallTest, FormsAreComparedByWhatTheySay) {
    const auto send = [&](testing::Form form) {
        Fields fields = testing::Form::fields();
        fields.emplace_back("Idempotency-Key", "a");
        return api_.client().post("/v1/jobs", form.body(), fields);
    };
    const Reply first = send(testing::Form().file("cat.jpg", picture_).field("variants", ""));
    ASSERT_EQ(first.status, 202);
    EXPECT_TRUE(is_again(send(testing::Form().field("variants", "").file("cat.jpg", picture_))));
    EXPECT_TRUE(is_again(upload("a", picture_, "/v1/jobs?filename=cat.jpg&variants=")));
    EXPECT_EQ(send(testing::Form().file("dog.jpg", picture_).field("variants", "")).status, 422);
}

TEST_F(IdempotentCallTest, WhatWasRefusedFreesItsKey) {
    EXPECT_EQ(upload("a", "no picture").status, 415);
    const Reply first = upload("a", picture_);
    EXPECT_EQ(first.status, 202);
    EXPECT_FALSE(is_again(first));
}

TEST_F(IdempotentCallTest, WhileOneIsServedTheOthersAreToldSo) {
    const testing::Connection first(api_.client().port);
    Fields fields = with("a");
    fields.emplace_back("Expect", "100-continue");
    first.send(api_.client().head_of("POST", "/v1/jobs", fields, picture_.size()));
    ASSERT_THAT(first.receive_head(), HasSubstr("100 Continue"));
    const Reply refused = upload("a", picture_);
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.problem(), "request-outstanding");
    EXPECT_EQ(refused.headers.get("Retry-After"), "1");
    first.send(picture_);
    EXPECT_THAT(first.receive_all(), HasSubstr("202"));
    EXPECT_TRUE(is_again(upload("a", picture_)));
    EXPECT_EQ(jobs(), 1U);
}

TEST_F(IdempotentCallTest, WhoLostItsKeyStoresNothing) {
    const testing::Connection first(api_.client().port);
    Fields fields = with("a");
    fields.emplace_back("Expect", "100-continue");
    first.send(api_.client().head_of("POST", "/v1/jobs", fields, picture_.size()));
    ASSERT_THAT(first.receive_head(), HasSubstr("100 Continue"));
    // Another node, by whose clock the first one's hold is long over.
    const std::string hashed = "safelight idempotency key: a";
    const IdempotencyClaim other{.account = default_account(),
                                 .key_hash = sha256_of(std::as_bytes(std::span(hashed))),
                                 .token = Uuid::lowest_at(api_.clock.now())};
    Idempotency& store = api_.house.database->idempotency();
    const auto taken =
        testing::value_of(store.claim(other, Milliseconds{30'000}, api_.clock.now() + Milliseconds{60'000}));
    ASSERT_TRUE(std::holds_alternative<KeyTaken>(taken));
    first.send(picture_);
    EXPECT_THAT(first.receive_all(), HasSubstr("409"));
    EXPECT_EQ(jobs(), 0U);
    EXPECT_EQ(upload("a", picture_).status, 409) << "it is the other one's, still";
}

TEST_F(IdempotentCallTest, TheAnswerAfterAWaitIsTheOneThatIsKept) {
    Fields fields = with("a");
    fields.emplace_back("Prefer", "wait=50");
    auto waiting =
        std::async(std::launch::async, [&] { return api_.client().post("/v1/jobs", picture_, fields); });
    JobId id;
    for (;;) {
        const auto page = testing::value_of(api_.library->list_jobs({.owner = default_account()}));
        if (page.items.empty()) continue;
        id = page.items.front().id;
        break;
    }
    // Kept from the moment at which the job is there: who asks meanwhile gets it as it was then.
    EXPECT_EQ(upload("a", picture_).json().at("status"), "PROCESSING");
    api_.work_on(id);
    const Reply first = waiting.get();
    EXPECT_EQ(first.json().at("status"), "PROCESSED");
    EXPECT_EQ(upload("a", picture_).body, first.body);
}

TEST_F(IdempotentCallTest, ShortBodiesAreComparedByteByByte) {
    const Reply made = upload("upload", picture_, "/v1/jobs?variants=");
    const std::string target = "/v1/jobs/" + std::string(made.json().at("id").as_string()) + "/variants";
    Fields fields = with("a");
    fields.emplace_back("Content-Type", "application/json");
    const auto ask = [&](const std::string& body, const std::string& at) {
        return api_.client().post(at, body, fields);
    };
    const Reply first = ask(R"({"variants": ["thumbnail"]})", target);
    ASSERT_EQ(first.status, 202) << first.body;
    const Reply again = ask(R"({"variants": ["thumbnail"]})", target);
    EXPECT_TRUE(is_again(again));
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(ask(R"({"variants":["thumbnail"]})", target).status, 422);
    EXPECT_EQ(ask(R"({"variants": ["thumbnail"]})", target + "?a=b").status, 422);
    EXPECT_EQ(ask(std::string(post_text_bytes_max + 1, ' '), target).status, 413);
}

TEST_F(IdempotentCallTest, WithoutTheCatalogNobodyIsServed) {
    // A call whose answer could not be kept must not be served: its repetition would be served again.
    class NoStore final : public Idempotency {
        Result<KeyState> claim(const IdempotencyClaim&, Milliseconds, Timestamp) override {
            return failure(ErrorCode::unavailable, "The catalog is away.");
        }
        Status renew(const IdempotencyClaim&, Timestamp) override { return {}; }
        Status release(const IdempotencyClaim&) override { return {}; }
        Status keep(const AnswerRecord&) override { return {}; }
        Status amend(const IdempotencyClaim&, const std::string&) override { return {}; }
        Result<std::uint64_t> sweep(std::uint32_t, Timestamp) override { return std::uint64_t{0}; }
    };
    NoStore store;
    ApiParts parts = api_.parts_with(*api_.library, *api_.authenticator);
    const IdempotencyParts away{.store = store};
    http::Router router;
    register_routes(router, {.clock = parts.clock,
                             .ingest = parts.ingest,
                             .resumable_ingest = parts.resumable_ingest,
                             .library = parts.library,
                             .watch = parts.watch,
                             .changes = parts.changes,
                             .authenticator = parts.authenticator,
                             .keys = parts.keys,
                             .url_signer = parts.url_signer,
                             .webhooks = parts.webhooks,
                             .quotas = parts.quotas,
                             .idempotency = away,
                             .pool = parts.pool,
                             .ending_pool = parts.ending_pool,
                             .log = parts.log,
                             .metrics = parts.metrics,
                             .presets = parts.presets,
                             .default_variants = parts.default_variants,
                             .readiness = {},
                             .web_assets = parts.web_assets});
    const auto server = api_.serve(router);
    const testing::Client client{server->port()};
    EXPECT_EQ(client.post("/v1/jobs", picture_, with("a")).status, 503);
    EXPECT_EQ(client.post("/v1/jobs", picture_).status, 202) << "who does not ask for it is served";
    server->drain();
}

}  // namespace
}  // namespace safelight
