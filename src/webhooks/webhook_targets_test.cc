#include "webhooks/webhook_targets.h"

#include <gtest/gtest.h>

#include <string>

namespace safelight {
namespace {

bool is_permitted(const WebhookTargets& targets, const std::string& url) {
    const Status status = targets.check(url, "/url");
    if (!status) {
        EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
        EXPECT_EQ(status.error().faults.at(0).pointer, "/url");
    }
    return status.has_value();
}

TEST(WebhookTargets, AreSecureAndPublic) {
    const WebhookTargets targets({}, {});
    for (const char* good : {"https://example.com/hooks?a=b", "https://example.com:8443/", "https://8.8.8.8/",
                             "https://[2606:4700::1111]/"})
        EXPECT_TRUE(is_permitted(targets, good)) << good;
    for (const char* bad :
         {"http://example.com/", "ftp://example.com/", "example.com", "", "https://", "/hooks",
          "https://user:secret@example.com/", "https://127.0.0.1/", "https://10.0.0.1/", "https://[::1]/",
          "https://169.254.169.254/latest", "https://192.168.1.1/", "https://0x7f000001/",
          "https://2130706433/", "https://[::ffff:127.0.0.1]/"})
        EXPECT_FALSE(is_permitted(targets, bad)) << bad;
    EXPECT_FALSE(is_permitted(targets, "https://example.com/" + std::string(2'048, 'a')));
}

TEST(WebhookTargets, APermittedNetworkIsReachedWithoutTls) {
    const WebhookTargets targets({}, parse_networks("127.0.0.0/8").value());
    EXPECT_TRUE(is_permitted(targets, "http://127.0.0.1:8080/"));
    EXPECT_TRUE(is_permitted(targets, "https://127.0.0.1:8080/"));
    // Judged when it is connected to: nobody knows yet where the name leads.
    EXPECT_TRUE(is_permitted(targets, "http://hooks.internal/"));
    EXPECT_FALSE(is_permitted(targets, "http://8.8.8.8/"));
    EXPECT_FALSE(is_permitted(targets, "http://10.0.0.1/"));
}

TEST(WebhookTargets, HostsCanBeListed) {
    const WebhookTargets targets(HostList::parse("*.example.com"), {});
    EXPECT_TRUE(is_permitted(targets, "https://hooks.example.com/"));
    EXPECT_FALSE(is_permitted(targets, "https://hooks.example.com:8443/"));
    EXPECT_FALSE(is_permitted(targets, "https://example.org/"));
}

}  // namespace
}  // namespace safelight
