// Jobs and images over HTTP: the life cycle, lists, waiting, variants, deletion.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>

#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using ::testing::HasSubstr;
using testing::Reply;

const testing::Fields json_body{{"Content-Type", "application/json"}};

std::string path_of(JobId id) {
    return "/v1/jobs/" + id.to_string();
}

TEST(Jobs, LifeFromUploadToDeletion) {
    ApiServer api;
    const auto client = api.client();
    const Reply created = client.post("/v1/jobs?filename=cat.jpg", ApiServer::picture());
    ASSERT_EQ(created.status, 202) << created.body;
    const JobId id = ApiServer::id_of(created);
    EXPECT_EQ(created.headers.get("Location"), path_of(id));
    EXPECT_EQ(created.headers.get("Retry-After"), "1");
    EXPECT_EQ(created.json().at("status"), "PROCESSING");
    EXPECT_TRUE(created.headers.has("X-Request-Id"));

    const std::string variant = ApiServer::image_of(created) + "/variants/thumbnail";
    const Reply early = client.get(variant);
    EXPECT_EQ(early.status, 404);
    EXPECT_EQ(early.problem(), "variant-not-ready");
    EXPECT_EQ(early.headers.get("Retry-After"), "1");

    api.work_on(id);
    const Reply done = client.get(path_of(id));
    EXPECT_EQ(done.json().at("status"), "PROCESSED");
    EXPECT_EQ(client.get(variant).body, "bytes of thumbnail");

    EXPECT_EQ(client.send("DELETE", path_of(id)).status, 204);
    EXPECT_EQ(client.send("DELETE", path_of(id)).status, 404);
    EXPECT_EQ(client.get(path_of(id)).problem(), "not-found");
    EXPECT_EQ(client.get(variant).status, 404);
    api.house.expect_nothing();
}

TEST(Jobs, ImagesAreDeletedWithTheirJobs) {
    ApiServer api;
    const Reply created = api.client().post("/v1/jobs", ApiServer::picture());
    const std::string image = ApiServer::image_of(created);
    EXPECT_EQ(api.client().get(image).json(), created.json().at("image"));
    EXPECT_EQ(api.client().send("DELETE", image).status, 204);
    EXPECT_EQ(api.client().send("DELETE", image).status, 404);
    EXPECT_EQ(api.client().get(path_of(ApiServer::id_of(created))).status, 404);
}

TEST(Jobs, FailedVariantHasAProblemOfItsOwn) {
    ApiServer api;
    const Reply created = api.client().post("/v1/jobs", ApiServer::picture());
    api.work_on(ApiServer::id_of(created), VariantError{ErrorCode::invalid_image, "The picture is cut off."});
    const Reply variant = api.client().get(ApiServer::image_of(created) + "/variants/thumbnail");
    EXPECT_EQ(variant.status, 404);
    EXPECT_EQ(variant.problem(), "variant-failed");
    EXPECT_EQ(api.client().get(path_of(ApiServer::id_of(created))).json().at("status"), "FAILED");
}

TEST(Jobs, WhatFailedIsTriedAgain) {
    ApiServer api;
    const auto client = api.client();
    const JobId id = ApiServer::id_of(client.post("/v1/jobs", ApiServer::picture()));
    const std::string retry = path_of(id) + "/retry";
    EXPECT_EQ(client.post(retry, "").problem(), "nothing-to-retry") << "it waits for its turn";
    api.work_on(id, VariantError{ErrorCode::invalid_image, "The picture is cut off."});
    const Reply again = client.post(retry, "");
    EXPECT_EQ(again.status, 202);
    EXPECT_EQ(again.headers.get("Location"), path_of(id));
    EXPECT_EQ(again.json().at("status"), "PROCESSING");
    EXPECT_EQ(client.post(retry, "").status, 409);
    api.work_on(id);
    EXPECT_EQ(client.get(path_of(id)).json().at("status"), "PROCESSED");
    EXPECT_EQ(client.post(retry, "").problem(), "nothing-to-retry");
}

TEST(Jobs, WhatWaitsIsCancelled) {
    ApiServer api;
    const auto client = api.client();
    const Reply created = client.post("/v1/jobs", ApiServer::picture());
    const JobId id = ApiServer::id_of(created);
    const Reply cancelled = client.post(path_of(id) + "/cancel", "");
    EXPECT_EQ(cancelled.status, 200);
    EXPECT_EQ(cancelled.json().at("status"), "FAILED");
    EXPECT_EQ(cancelled.json().at("image").at("variants").at(0).at("error").at("type"),
              "/problems/cancelled");
    EXPECT_EQ(client.get(ApiServer::image_of(created) + "/variants/thumbnail").problem(), "variant-failed");
    EXPECT_EQ(client.post(path_of(id) + "/cancel", "").problem(), "nothing-to-cancel");
    EXPECT_EQ(client.post(path_of(id) + "/retry", "").status, 202);
    api.work_on(id);
    EXPECT_EQ(client.get(path_of(id)).json().at("status"), "PROCESSED");
}

TEST(Jobs, RetryAndCancelTakeNoBodyAndNoQuery) {
    ApiServer api;
    const auto client = api.client();
    const std::string job = path_of(ApiServer::id_of(client.post("/v1/jobs", ApiServer::picture())));
    for (const std::string& call : {job + "/retry", job + "/cancel"}) {
        EXPECT_EQ(client.post(call, "{}").problem(), "invalid-argument") << call;
        EXPECT_EQ(client.post(call + "?force=1", "").problem(), "invalid-argument") << call;
    }
    EXPECT_EQ(client.get(job).json().at("status"), "PROCESSING");
    for (const char* const call :
         {"/v1/jobs/42/retry", "/v1/jobs/01934b7e-5f00-7abc-8def-0123456789ab/cancel"})
        EXPECT_EQ(client.post(call, "").problem(), "not-found") << call;
}

TEST(Jobs, WhatIsNoIdIsNotFound) {
    ApiServer api;
    for (const char* const path :
         {"/v1/jobs/42", "/v1/images/42", "/v1/images/42/original", "/v1/images/42/variants/a",
          "/v1/images/01934b7e-5f00-7abc-8def-0123456789ab/variants/NO"}) {
        EXPECT_EQ(api.client().get(path).problem(), "not-found") << path;
    }
}

TEST(Jobs, UnknownQueryParametersAreRefusedEverywhere) {
    ApiServer api;
    const Reply created = api.client().post("/v1/jobs", ApiServer::picture());
    const std::string job = path_of(ApiServer::id_of(created));
    for (const std::string& path :
         {std::string("/v1/jobs"), std::string("/v1/images"), job, ApiServer::image_of(created),
          ApiServer::image_of(created) + "/original"}) {
        const Reply reply = api.client().get(path + "?colour=red");
        EXPECT_EQ(reply.status, 400) << path;
        EXPECT_EQ(reply.json().at("errors").at(0).at("parameter"), "colour") << path;
    }
    EXPECT_EQ(api.client().send("DELETE", job + "?force=1").status, 400);
    EXPECT_EQ(api.client().post("/v1/jobs?colour=red", ApiServer::picture()).status, 400);
    EXPECT_EQ(api.client().get(job).status, 200);
}

TEST(Jobs, ListsPageThroughEverythingOnceNewestFirst) {
    ApiServer api;
    std::vector<std::string> expected;
    for (int i = 0; i < 5; ++i) {
        expected.insert(
            expected.begin(),
            std::string(api.client().post("/v1/jobs", ApiServer::picture()).json().at("id").as_string()));
    }
    std::vector<std::string> seen;
    std::string next = "/v1/jobs?limit=2&status=PROCESSING";
    for (int pages = 0; !next.empty() && pages < 5; ++pages) {
        const Reply page = api.client().get(next);
        ASSERT_EQ(page.status, 200) << page.body;
        const auto document = page.json();
        for (const auto& job : document.at("items").as_array()) seen.emplace_back(job.at("id").as_string());
        const std::string link = page.headers.get("Link").value_or("");
        EXPECT_EQ(link.empty(), document.at("next_cursor").is_null());
        if (!link.empty()) EXPECT_THAT(link, HasSubstr("limit=2&status=PROCESSING&cursor="));
        if (!link.empty()) EXPECT_THAT(link, HasSubstr(">; rel=\"next\""));
        next = link.empty() ? "" : link.substr(1, link.find('>') - 1);
    }
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(api.client().get("/v1/images?limit=200").json().at("items").as_array().size(), 5U);
    EXPECT_EQ(api.client().get("/v1/jobs?status=FAILED").body, R"({"items":[],"next_cursor":null})");
}

TEST(Jobs, WaitEndsWhenTheJobIsFinished) {
    ApiServer api;
    const JobId id = ApiServer::id_of(api.client().post("/v1/jobs", ApiServer::picture()));
    const std::size_t reads = api.house.script.count("find_job");
    std::thread worker([&] {
        // The waiter has read the job and found it unfinished.
        api.house.script.await("find_job", reads + 1);
        api.work_on(id);
    });
    const Reply reply = api.client().get(path_of(id), {{"Prefer", "wait=60"}});
    worker.join();
    EXPECT_EQ(reply.json().at("status"), "PROCESSED");
    EXPECT_EQ(reply.headers.get("Preference-Applied"), "wait=60");
}

TEST(Jobs, WaitEndsWithoutAWordFromThisProcess) {
    ApiServer api;
    const JobId id = ApiServer::id_of(api.client().post("/v1/jobs", ApiServer::picture()));
    const std::size_t reads = api.house.script.count("find_job");
    std::thread other_process([&] {
        api.house.script.await("find_job", reads + 1);
        const auto claim =
            testing::value_of(api.house.claims.claim(id, Milliseconds{60'000}, api.clock.now()));
        const VariantOutcome outcomes[] = {{.name = "thumbnail",
                                            .content = std::nullopt,
                                            .error = VariantError{ErrorCode::invalid_image, "No."}}};
        EXPECT_TRUE(api.house.claims.complete(id, claim->attempt, outcomes, api.clock.now()));
    });
    const Reply reply = api.client().get(path_of(id), {{"Prefer", "wait=60"}});
    other_process.join();
    EXPECT_EQ(reply.json().at("status"), "FAILED");
}

TEST(Jobs, WaitEndsAfterItsTime) {
    ApiServer api;
    const JobId id = ApiServer::id_of(api.client().post("/v1/jobs", ApiServer::picture()));
    const auto begin = std::chrono::steady_clock::now();
    const Reply reply = api.client().get(path_of(id), {{"Prefer", "wait=1"}});
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(990));
    EXPECT_EQ(reply.json().at("status"), "PROCESSING");
    EXPECT_EQ(reply.headers.get("Preference-Applied"), "wait=1");
}

TEST(Jobs, WaitEndsWhenTheServerDrains) {
    ApiServer api;
    const JobId id = ApiServer::id_of(api.client().post("/v1/jobs", ApiServer::picture()));
    const std::size_t reads = api.house.script.count("find_job");
    const auto begin = std::chrono::steady_clock::now();
    std::thread stopper([&] {
        api.house.script.await("find_job", reads + 1);
        api.server->drain();
    });
    const Reply reply = api.client().get(path_of(id), {{"Prefer", "wait=60"}});
    stopper.join();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.json().at("status"), "PROCESSING");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(14));
}

TEST(Jobs, WaitOnAnUploadAnswersWithTheFinishedJob) {
    ApiServer api;
    std::thread worker([&] {
        api.house.script.await("find_job", 1);
        const auto jobs = testing::value_of(api.library->list_jobs({.owner = default_account()}));
        api.work_on(jobs.items.at(0).id);
    });
    const Reply reply = api.client().post("/v1/jobs", ApiServer::picture(), {{"Prefer", "wait=60"}});
    worker.join();
    EXPECT_EQ(reply.status, 202);
    EXPECT_EQ(reply.json().at("status"), "PROCESSED");
    EXPECT_EQ(reply.headers.get("Retry-After"), std::nullopt);
    EXPECT_EQ(reply.headers.get("Preference-Applied"), "wait=60");
}

TEST(Jobs, AcceptedUploadStaysAcceptedWhenItCannotBeReadAgain) {
    ApiServer api;
    api.house.script.before("find_job", [] { return Error{ErrorCode::unavailable, "injected", {}, {}}; });
    const Reply reply = api.client().post("/v1/jobs", ApiServer::picture(), {{"Prefer", "wait=60"}});
    EXPECT_EQ(reply.status, 202);
    EXPECT_EQ(reply.json().at("status"), "PROCESSING");
}

TEST(Jobs, EntityTagFollowsTheState) {
    ApiServer api;
    const JobId id = ApiServer::id_of(api.client().post("/v1/jobs", ApiServer::picture()));
    const std::string tag = *api.client().get(path_of(id)).headers.get("ETag");
    EXPECT_TRUE(tag.starts_with("W/\""));
    const Reply same = api.client().get(path_of(id), {{"If-None-Match", tag}});
    EXPECT_EQ(same.status, 304);
    EXPECT_EQ(same.body, "");
    EXPECT_EQ(same.headers.get("ETag"), tag);
    EXPECT_EQ(api.client().get(path_of(id), {{"If-Match", tag}}).problem(), "precondition-failed");
    api.work_on(id);
    EXPECT_EQ(api.client().get(path_of(id), {{"If-None-Match", tag}}).status, 200);
}

TEST(Jobs, MoreVariantsCanBeAskedFor) {
    ApiServer api;
    const JobId id = ApiServer::id_of(api.client().post("/v1/jobs", ApiServer::picture()));
    api.work_on(id);
    const std::string path = path_of(id) + "/variants";
    const char* const hero =
        R"({"variants":["thumbnail",{"name":"hero","transform":{"resize":{"width":1600}}}]})";
    const Reply asked = api.client().post(path, hero, json_body);
    EXPECT_EQ(asked.status, 202) << asked.body;
    EXPECT_EQ(asked.json().at("status"), "PROCESSING");
    EXPECT_EQ(asked.headers.get("Location"), path_of(id));
    EXPECT_EQ(asked.json().at("image").at("variants").as_array().size(), 2U);
    EXPECT_EQ(api.client().post(path, hero, json_body).status, 202);
    const Reply other =
        api.client().post(path, R"({"variants":[{"name":"hero","transform":{"format":"png"}}]})", json_body);
    EXPECT_EQ(other.status, 409);
    EXPECT_EQ(other.problem(), "conflict");
}

TEST(Jobs, VariantsBodyIsChecked) {
    ApiServer api;
    const JobId id = ApiServer::id_of(api.client().post("/v1/jobs", ApiServer::picture()));
    const std::string path = path_of(id) + "/variants";
    const std::pair<const char*, const char*> faults[] = {
        {"", ""},
        {"[]", ""},
        {"{", ""},
        {"{}", "/variants"},
        {R"({"variants":[]})", "/variants"},
        {R"({"variants":"thumbnail"})", "/variants"},
        {R"({"variants":["thumbnail"],"extra/~":1})", "/extra~1~0"},
        {R"({"variants":["nothing"]})", "/variants/0"},
        {R"({"variants":[{"name":"a","transform":{"colour":1}}]})", "/variants/0/transform/colour"},
    };
    for (const auto& [body, pointer] : faults) {
        const Reply reply = api.client().post(path, body, json_body);
        EXPECT_EQ(reply.status, 400) << body;
        EXPECT_EQ(reply.json().at("errors").at(0).at("pointer"), pointer) << body;
    }
    EXPECT_EQ(api.client().post(path, "{}", {{"Content-Type", "text/plain"}}).problem(),
              "unsupported-media-type");
    EXPECT_EQ(api.client().post(path, std::string(64 * 1'024 + 1, ' '), json_body).problem(),
              "payload-too-large");
    EXPECT_EQ(api.client().post("/v1/jobs/42/variants", R"({"variants":["thumbnail"]})", json_body).status,
              404);
}

TEST(Jobs, TroubleBelowIsSaidWithoutTheInside) {
    ApiServer api;
    const JobId id = ApiServer::id_of(api.client().post("/v1/jobs", ApiServer::picture()));
    api.house.script.before("find_job",
                            [] { return Error{ErrorCode::unavailable, "Try later.", "/var/secret", {}}; });
    const Reply unavailable = api.client().get(path_of(id));
    EXPECT_EQ(unavailable.status, 503);
    EXPECT_TRUE(unavailable.headers.has("Retry-After"));
    EXPECT_EQ(unavailable.body.find("secret"), std::string::npos);
    api.house.script.before("find_job",
                            []() -> std::optional<Error> { throw std::runtime_error("/var/secret"); });
    const Reply broken = api.client().get(path_of(id));
    EXPECT_EQ(broken.status, 500);
    EXPECT_EQ(broken.problem(), "internal");
    EXPECT_EQ(broken.body.find("secret"), std::string::npos);
    EXPECT_GE(api.house.log.count(telemetry::Level::error, "request_failed"), 1U);
}

}  // namespace
}  // namespace safelight
