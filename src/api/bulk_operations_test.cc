// Many jobs at once over HTTP: what is accepted, and how far it came.
#include <gtest/gtest.h>

#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Reply;

JobId fail_one(ApiServer& api) {
    const JobId id = ApiServer::id_of(api.client().post("/v1/jobs", ApiServer::picture()));
    api.work_on(id, VariantError{ErrorCode::timeout, "Late."});
    return id;
}

/// As a runner would, without waiting.
BulkStep carry_out(ApiServer& api) {
    BulkOperations& operations = api.house.database->bulk_operations();
    const auto claim = testing::value_of(operations.claim(Milliseconds{60'000}, api.clock.now()));
    if (!claim) throw std::runtime_error("nothing to claim");
    return testing::value_of(operations.advance(claim->operation.id, claim->attempt, 100, 3,
                                                Milliseconds{60'000}, api.clock.now()));
}

TEST(BulkOperationsApi, RetriesWhatFailedAndTellsHowFarItCame) {
    ApiServer api;
    const auto client = api.client();
    const JobId failed_job = fail_one(api);
    const Reply accepted = client.post("/v1/jobs/retry?created_before=2126-01-01T00:00:00Z", "");
    ASSERT_EQ(accepted.status, 202) << accepted.body;
    const std::string location = accepted.headers.get("Location").value_or("");
    EXPECT_EQ(location, "/v1/bulk-operations/" + std::string(accepted.json().at("id").as_string()));
    EXPECT_EQ(accepted.json().at("kind"), "retry");
    EXPECT_EQ(accepted.json().at("filter").at("status"), "FAILED") << "unless it is said";
    EXPECT_EQ(accepted.json().at("filter").at("created_before"), "2126-01-01T00:00:00.000Z");
    EXPECT_EQ(client.get(location).json(), accepted.json());
    EXPECT_EQ(carry_out(api).jobs, std::vector{failed_job});
    const auto done = client.get(location).json();
    EXPECT_EQ(done.at("finished"), true);
    EXPECT_EQ(done.at("jobs_done"), 1);
    EXPECT_FALSE(done.at("finished_at").is_null());
    EXPECT_EQ(client.get("/v1/jobs/" + failed_job.to_string()).json().at("status"), "PROCESSING");
}

TEST(BulkOperationsApi, DeletesWhatFits) {
    ApiServer api;
    const auto client = api.client();
    const JobId failed_job = fail_one(api);
    const JobId waiting = ApiServer::id_of(client.post("/v1/jobs", ApiServer::picture()));
    const Reply accepted = client.send("DELETE", "/v1/jobs?status=FAILED");
    ASSERT_EQ(accepted.status, 202) << accepted.body;
    EXPECT_EQ(accepted.json().at("kind"), "delete");
    EXPECT_EQ(carry_out(api).jobs, std::vector{failed_job});
    EXPECT_EQ(client.get("/v1/jobs/" + failed_job.to_string()).status, 404);
    EXPECT_EQ(client.get("/v1/jobs/" + waiting.to_string()).status, 200);
}

TEST(BulkOperationsApi, FaultsAreNamed) {
    ApiServer api;
    const auto client = api.client();
    EXPECT_EQ(client.send("DELETE", "/v1/jobs").problem(), "invalid-argument") << "all jobs, by mistake";
    EXPECT_EQ(client.send("DELETE", "/v1/jobs?status=failed").status, 400);
    EXPECT_EQ(client.send("DELETE", "/v1/jobs?status=FAILED&limit=1").status, 400);
    EXPECT_EQ(client.send("DELETE", "/v1/jobs?status=FAILED", {}, "{}").status, 400);
    EXPECT_EQ(client.post("/v1/jobs/retry?status=PROCESSED", "").status, 400);
    EXPECT_EQ(client.post("/v1/jobs/retry?created_after=soon", "").status, 400);
    EXPECT_EQ(client.post("/v1/jobs/retry", "{}").status, 400);
    EXPECT_EQ(client.get("/v1/bulk-operations/42").problem(), "not-found");
    EXPECT_EQ(client.get("/v1/bulk-operations/01934b7e-5f00-7abc-8def-0123456789ab").status, 404);
    EXPECT_EQ(client.get("/v1/jobs/retry").status, 404) << "is no id";
}

TEST(BulkOperationsApi, TooManyAreRefused) {
    ApiServer api;
    for (std::uint32_t i = 0; i < bulk_operations_per_account_max; ++i)
        EXPECT_EQ(api.client().post("/v1/jobs/retry", "").status, 202);
    const Reply refused = api.client().post("/v1/jobs/retry", "");
    EXPECT_EQ(refused.problem(), "overloaded");
    EXPECT_TRUE(refused.headers.has("Retry-After"));
}

}  // namespace
}  // namespace safelight
