#include "webhooks/webhook_poster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "base/testing/no_descriptors.h"
#include "outbound/testing/scripted_server.h"
#include "webhooks/signature.h"

namespace safelight {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::Peer;
using testing::ScriptedServer;

const WebhookTargets& this_machine() {
    static const WebhookTargets targets({}, parse_networks("127.0.0.0/8").value());
    return targets;
}

class WebhookPosterTest : public ::testing::Test {
  protected:
    PostResult send_to(const std::string& url, Milliseconds timeout = 5s,
                       const WebhookTargets& targets = this_machine()) {
        const auto poster = make_webhook_poster(targets, {.timeout = timeout, .ca_file = {}});
        return poster->post({.url = url,
                             .message_id = "msg_1",
                             .sent_at = Timestamp{Milliseconds{1'614'265'330'500}},
                             .payload = payload_,
                             .secrets = secrets_},
                            stop_.get_token());
    }

    const std::string payload_ = R"({"type":"job.processed"})";
    const std::vector<SigningSecret> secrets_{new_signing_secret(), new_signing_secret()};
    std::stop_source stop_;
};

TEST_F(WebhookPosterTest, SendsWhatTheSpecificationWants) {
    std::string head;
    std::string body;
    const ScriptedServer server([&](const Peer& peer, const std::string& its_head, const std::string&) {
        head = its_head;
        body = peer.receive(payload_.size());
        peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    });
    EXPECT_EQ(send_to(server.url("/hooks")), (PostResult{.status = 204, .error = "", .retry_after = ""}));
    EXPECT_EQ(body, payload_);
    EXPECT_THAT(head, HasSubstr("POST /hooks HTTP/1.1\r\n"));
    EXPECT_THAT(head, HasSubstr("Content-Type: application/json\r\n"));
    EXPECT_THAT(head, HasSubstr("webhook-id: msg_1\r\n"));
    EXPECT_THAT(head, HasSubstr("webhook-timestamp: 1614265330\r\n"));
    EXPECT_THAT(
        head,
        HasSubstr("webhook-signature: " + signatures_of(secrets_, "msg_1", "1614265330", payload_) + "\r\n"));
}

TEST_F(WebhookPosterTest, ASuccessNeedsNoMoreThanItsHead) {
    const ScriptedServer server([](const Peer& peer, const std::string&, const std::string&) {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nendless");
        peer.wait_for_close();
    });
    EXPECT_EQ(send_to(server.url()), (PostResult{.status = 200, .error = "", .retry_after = ""}));
}

TEST_F(WebhookPosterTest, TellsOfRefusalsAndWhenToComeAgain) {
    const ScriptedServer server([](const Peer& peer, const std::string&, const std::string&) {
        peer.send("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n");
    });
    EXPECT_EQ(send_to(server.url()), (PostResult{.status = 429, .error = "bad_status", .retry_after = "17"}));
}

TEST_F(WebhookPosterTest, RedirectsAreNotFollowed) {
    ScriptedServer server(
        [](const Peer& peer, const std::string&, const std::string&) { peer.redirect("/elsewhere"); });
    EXPECT_EQ(send_to(server.url()), (PostResult{.status = 302, .error = "bad_status", .retry_after = ""}));
    EXPECT_EQ(server.requests, 1);
}

TEST_F(WebhookPosterTest, SlowAnswersAndBrokenOnesHaveNames) {
    const ScriptedServer slow(
        [](const Peer& peer, const std::string&, const std::string&) { peer.wait_for_close(); });
    EXPECT_EQ(send_to(slow.url(), 300ms).error, "timeout");
    const ScriptedServer broken([](const Peer& peer, const std::string&, const std::string&) {
        peer.send("HTTP/1.1 200 OK\r\nContent-");
    });
    EXPECT_EQ(send_to(broken.url()).error, "broken_answer");
}

TEST_F(WebhookPosterTest, AddressesAreJudgedAsTheyAreConnectedTo) {
    ScriptedServer server([](const Peer& peer, const std::string&, const std::string&) { peer.send_ok(""); });
    const WebhookTargets nothing_private({}, {});
    const PostResult refused = send_to(server.url(), 5s, nothing_private);
    EXPECT_EQ(refused.error, "no_public_address");
    EXPECT_EQ(refused.fault, "refused_address") << "for the operator";
    // A name that leads inside, as the endpoint's check cannot see.
    const std::string by_name = "http://localhost:" + std::to_string(server.port()) + "/";
    const WebhookTargets elsewhere({}, parse_networks("10.0.0.0/8").value());
    EXPECT_EQ(send_to(by_name, 5s, elsewhere).error, "no_public_address");
    EXPECT_EQ(server.requests, 0);
    EXPECT_EQ(send_to(by_name).status, 200);
}

TEST_F(WebhookPosterTest, ANameThatThereIsNotLooksLikeOneThatLeadsInside) {
    const PostResult unknown = send_to("http://" + std::string(64, 'a') + "/");
    EXPECT_EQ(unknown.error, "no_public_address");
    EXPECT_EQ(unknown.fault, "no_such_host");
    EXPECT_FALSE(unknown.status);
}

TEST_F(WebhookPosterTest, WithoutDescriptorsItIsNoAttempt) {
    const ScriptedServer server(
        [](const Peer& peer, const std::string&, const std::string&) { peer.send_ok(""); });
    {
        const NoDescriptors none;
        const PostResult result = send_to(server.url());
        EXPECT_TRUE(result.is_unsent);
        EXPECT_EQ(result.error, "no_resources");
    }
    EXPECT_FALSE(send_to("http://" + std::string(64, 'a') + "/").is_unsent);
    EXPECT_EQ(send_to(server.url()).status, 200);
}

TEST_F(WebhookPosterTest, AStopBreaksItOff) {
    std::atomic<bool> asked = false;
    const ScriptedServer server([&](const Peer& peer, const std::string&, const std::string&) {
        asked = true;
        asked.notify_all();
        peer.wait_for_close();
    });
    PostResult result;
    std::jthread sending([&] { result = send_to(server.url(), 60s); });
    asked.wait(false);
    stop_.request_stop();
    sending.join();
    EXPECT_TRUE(result.is_stopped);
}

}  // namespace
}  // namespace safelight
