#include "webhooks/webhook_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/testing/temporary_folder.h"
#include "catalog/catalog.h"
#include "catalog/sqlite/sqlite_catalog.h"
#include "webhooks/signature.h"

namespace safelight {
namespace {

using namespace std::chrono_literals;
using ::testing::StartsWith;

class WebhookRegistryTest : public ::testing::Test {
  protected:
    WebhookRegistryTest() {
        SqliteConfig config;
        config.path = (folder_.path() / "catalog.db").string();
        database_ = migrate_and_open_sqlite_catalog(config, clock_).value();
        registry_.emplace(database_->webhooks(), WebhookTargets({}, {}), ids_, clock_);
    }

    IssuedWebhook create(std::string url = "https://example.com/hooks") {
        return registry_->create(owner_, {.url = std::move(url), .description = "", .events = {}}).value();
    }

    TemporaryFolder folder_;
    ManualClock clock_{Timestamp{Milliseconds{1'800'000'000'000}}};
    IdGenerator ids_{clock_};
    std::unique_ptr<CatalogDatabase> database_;
    std::optional<WebhookRegistry> registry_;
    const AccountId owner_ = ids_.next<AccountId>();
    const AccountId stranger_ = ids_.next<AccountId>();
};

TEST_F(WebhookRegistryTest, AnEndpointComesWithASecret) {
    const IssuedWebhook issued = create();
    EXPECT_THAT(issued.secret, StartsWith("whsec_"));
    EXPECT_EQ(registry_->webhooks().find(owner_, issued.webhook.id), issued.webhook);
    EXPECT_EQ(registry_->webhooks().find(stranger_, issued.webhook.id).error().code, ErrorCode::not_found);
}

TEST_F(WebhookRegistryTest, AnEndpointMayBePausedFromTheBeginning) {
    const auto issued = registry_->create(
        owner_, {.url = "https://example.com/", .description = "later", .events = {}, .enabled = false});
    ASSERT_TRUE(issued);
    EXPECT_EQ(issued->webhook.disabled_reason, DisabledReason::paused);
}

TEST_F(WebhookRegistryTest, EveryFaultIsNamed) {
    const auto refused = registry_->create(
        owner_, {.url = "http://example.com/", .description = std::string(513, 'x'), .events = {}});
    ASSERT_FALSE(refused);
    ASSERT_EQ(refused.error().faults.size(), 2U);
    EXPECT_EQ(refused.error().faults[0].pointer, "/url");
    EXPECT_EQ(refused.error().faults[1].pointer, "/description");
    const IssuedWebhook issued = create();
    EXPECT_EQ(registry_->update(owner_, issued.webhook.id, {.url = "https://10.0.0.1/"}).error().code,
              ErrorCode::invalid_argument);
}

TEST_F(WebhookRegistryTest, AnAccountHasSoManyOnly) {
    for (std::uint32_t i = 0; i < WebhookRegistry::endpoints_per_account_max; ++i) create();
    const auto one_more =
        registry_->create(owner_, {.url = "https://example.com/", .description = "", .events = {}});
    EXPECT_EQ(one_more.error().code, ErrorCode::conflict);
    EXPECT_TRUE(
        registry_->create(stranger_, {.url = "https://example.com/", .description = "", .events = {}}));
}

TEST_F(WebhookRegistryTest, SecretsAreChangedSoOftenOnly) {
    const IssuedWebhook issued = create();
    std::vector<std::string> secrets{issued.secret};
    for (std::uint32_t i = 1; i < secrets_per_webhook_max; ++i) {
        secrets.push_back(registry_->rotate_secret(owner_, issued.webhook.id).value().secret);
        EXPECT_NE(secrets[i], secrets[i - 1]);
    }
    EXPECT_EQ(registry_->rotate_secret(owner_, issued.webhook.id).error().code, ErrorCode::conflict);
    clock_.advance(WebhookRegistry::secret_grace + 1ms);
    EXPECT_TRUE(registry_->rotate_secret(owner_, issued.webhook.id));
    EXPECT_EQ(registry_->rotate_secret(stranger_, issued.webhook.id).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace safelight
