#include "outbound/client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/testing/no_descriptors.h"
#include "outbound/testing/scripted_server.h"

namespace safelight {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Peer;
using testing::ScriptedServer;

constexpr std::uint64_t answer_bytes_max = 1'000'000;

OutboundConfig to_this_machine() {
    return {.guard = AddressGuard(parse_networks("127.0.0.0/8").value())};
}

OutboundRequest get(std::string url) {
    return {.url = std::move(url), .bytes_max = answer_bytes_max, .redirects_max = 5};
}

Outbound<std::string> fetch(OutboundRequest request, const OutboundConfig& config = to_this_machine()) {
    const auto client = make_outbound_client(config);
    return read_text(*client, std::move(request));
}

OutboundFault fault_of(const Outbound<std::string>& text) {
    EXPECT_FALSE(text) << "no fault";
    return text ? OutboundFault::malformed_url : text.error().fault;
}

/// Each path has its own script.
class ClientTest : public ::testing::Test {
  protected:
    using Script = std::function<void(const Peer&, const std::string& head)>;

    void at(const std::string& path, std::function<void(const Peer&)> script) {
        at_head(path, [script = std::move(script)](const Peer& peer, const std::string&) { script(peer); });
    }
    void at_head(const std::string& path, Script script) {
        const std::lock_guard lock(mutex_);
        scripts_[path] = std::move(script);
    }
    [[nodiscard]] Outbound<std::string> fetch_path(const std::string& path) const {
        return fetch(get(server_.url(path)));
    }

  private:
    /// A copy: it may be replaced while it still runs.
    [[nodiscard]] Script script_of(const std::string& path) {
        const std::lock_guard lock(mutex_);
        return scripts_.at(path);
    }

    std::mutex mutex_;
    std::map<std::string, Script> scripts_;  // guarded by mutex_

  protected:
    ScriptedServer server_{[this](const Peer& peer, const std::string& head, const std::string& path) {
        script_of(path)(peer, head);
    }};
};

TEST_F(ClientTest, GivesTheBodyHoweverItIsFramed) {
    const std::string body(300'000, 'x');
    at("/length", [&](const Peer& peer) { peer.send_ok(body); });
    at("/chunks", [](const Peer& peer) {
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        peer.send("2;extension\r\nde\r\n0\r\nTrailer: 1\r\n\r\n");
    });
    at("/end", [](const Peer& peer) { peer.send("HTTP/1.0 200 OK\r\n\r\nabcdef"); });
    at("/interim", [](const Peer& peer) {
        peer.send(
            "HTTP/1.1 103 Early Hints\r\nLocation: /x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
    });
    at("/none", [](const Peer& peer) { peer.send("HTTP/1.1 204 No Content\r\n\r\n"); });
    EXPECT_EQ(fetch_path("/length"), body);
    EXPECT_EQ(fetch_path("/chunks"), "abcde");
    EXPECT_EQ(fetch_path("/end"), "abcdef");
    EXPECT_EQ(fetch_path("/interim"), "a");
    EXPECT_EQ(fetch_path("/none"), "");
}

TEST_F(ClientTest, SendsNothingOfItsOwn) {
    std::promise<std::string> sent;
    at_head("/a?b=c", [&](const Peer& peer, const std::string& head) {
        sent.set_value(head);
        peer.send("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
    });
    OutboundRequest request = get(server_.url("/a?b=c"));
    request.headers = {{"X-Mine", "1"}};
    ASSERT_TRUE(fetch(std::move(request)));
    const std::string seen = sent.get_future().get();
    EXPECT_THAT(seen, HasSubstr("GET /a?b=c HTTP/1.1\r\n"));
    EXPECT_THAT(seen, HasSubstr("X-Mine: 1\r\n"));
    for (const auto* const name : {"Cookie", "Authorization", "Referer", "Accept-Encoding", "Proxy-"})
        EXPECT_THAT(seen, Not(HasSubstr(name)));
}

TEST_F(ClientTest, PostsABodyAndFollowsNoRedirect) {
    std::promise<std::string> sent;
    at_head("/hook", [&](const Peer& peer, const std::string& head) {
        sent.set_value(head + peer.receive(7));
        peer.send_ok("thanks");
    });
    at("/moved", [](const Peer& peer) {
        (void)peer.receive(7);
        peer.redirect("/hook");
    });
    OutboundRequest request = get(server_.url("/hook"));
    request.body = R"({"a":1})";
    request.headers = {{"Content-Type", "application/json"}};
    EXPECT_EQ(fetch(request), "thanks");
    const std::string seen = sent.get_future().get();
    EXPECT_THAT(seen, HasSubstr("POST /hook HTTP/1.1\r\n"));
    EXPECT_THAT(seen, HasSubstr("Content-Type: application/json\r\n"));
    EXPECT_THAT(seen, HasSubstr("\r\n\r\n{\"a\":1}"));
    request.url = server_.url("/moved");
    const auto moved = fetch(request);
    EXPECT_EQ(fault_of(moved), OutboundFault::bad_status);
    EXPECT_EQ(moved.error().status, 302);
}

TEST_F(ClientTest, EndsWhatIsLongerThanItMayBe) {
    at("/announced", [](const Peer& peer) {
        peer.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer_bytes_max + 1));
        peer.wait_for_close();
    });
    at("/endless", [](const Peer& peer) {
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        while (peer.send(std::string(100'000, 'x'))) continue;
    });
    at("/head", [](const Peer& peer) {
        peer.send("HTTP/1.1 200 OK\r\n");
        while (peer.send("X: " + std::string(1'000, 'x') + "\r\n")) continue;
    });
    at("/just", [](const Peer& peer) { peer.send_ok(std::string(answer_bytes_max, 'x')); });
    EXPECT_EQ(fault_of(fetch_path("/announced")), OutboundFault::too_large);
    EXPECT_EQ(fault_of(fetch_path("/endless")), OutboundFault::too_large);
    EXPECT_EQ(fault_of(fetch_path("/head")), OutboundFault::broken_answer);
    EXPECT_EQ(fetch_path("/just").value().size(), answer_bytes_max);
}

TEST_F(ClientTest, TellsAnAnswerThatIsCutShortOrNone) {
    at("/short", [](const Peer& peer) { peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"); });
    at("/chunk",
       [](const Peer& peer) { peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc"); });
    at("/head", [](const Peer& peer) { peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"); });
    at("/garbage", [](const Peer& peer) { peer.send("SSH-2.0-OpenSSH_9\r\n\r\n"); });
    at("/old", [](const Peer& peer) { peer.send("just bytes"); });
    at("/silent", [](const Peer&) {});
    at("/size",
       [](const Peer& peer) { peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"); });
    for (const auto* const path : {"/short", "/chunk", "/head", "/garbage", "/old", "/silent", "/size"})
        EXPECT_EQ(fault_of(fetch_path(path)), OutboundFault::broken_answer) << path;
    at("/more", [](const Peer& peer) { peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef"); });
    EXPECT_EQ(fetch_path("/more"), "abc") << "what follows is no part of it";
}

TEST_F(ClientTest, TellsTheStatusThatIsNoSuccess) {
    for (const int status : {300, 304, 400, 404, 429, 500, 503}) {
        at("/", [status](const Peer& peer) {
            peer.send(fmt::format("HTTP/1.1 {} No\r\nContent-Length: 6\r\n\r\nsecret", status));
        });
        const auto answer = fetch_path("/");
        EXPECT_EQ(fault_of(answer), OutboundFault::bad_status);
        EXPECT_EQ(answer.error().status, status);
        EXPECT_THAT(answer.error().log_text, Not(HasSubstr("secret")));
    }
    at("/long", [](const Peer& peer) {
        peer.send(fmt::format("HTTP/1.1 404 No\r\nContent-Length: {}\r\n\r\n", answer_bytes_max + 1));
    });
    EXPECT_EQ(fault_of(fetch_path("/long")), OutboundFault::bad_status) << "whatever comes with it";
    at("/nowhere", [](const Peer& peer) { peer.send("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"); });
    EXPECT_EQ(fetch_path("/nowhere").error().status, 302);
}

TEST_F(ClientTest, FollowsRedirectsUpToTheirLimit) {
    for (int i = 0; i < 9; ++i) {
        at(fmt::format("/{}", i), [i](const Peer& peer) { peer.redirect(fmt::format("/{}", i + 1)); });
    }
    at("/9", [](const Peer& peer) { peer.send_ok("there"); });
    EXPECT_EQ(fetch_path("/4"), "there");
    EXPECT_EQ(fault_of(fetch_path("/3")), OutboundFault::too_many_redirects);
    at("/loop", [](const Peer& peer) { peer.redirect("/loop"); });
    server_.requests = 0;
    EXPECT_EQ(fault_of(fetch_path("/loop")), OutboundFault::too_many_redirects);
    EXPECT_EQ(server_.requests, 6);
}

TEST_F(ClientTest, SaysWhichAddressHasAnswered) {
    at("/old.jpg", [](const Peer& peer) { peer.redirect("new.jpg?x"); });
    at("/new.jpg?x", [](const Peer& peer) { peer.send_ok("a"); });
    const auto client = make_outbound_client(to_this_machine());
    const auto exchange = client->begin(get(server_.url("/old.jpg"))).value();
    std::vector<std::byte> buffer(outbound_read_bytes_min);
    EXPECT_EQ(exchange->read(buffer, Milliseconds{60'000}).value().bytes, 1U);
    EXPECT_EQ(exchange->url().path, "/new.jpg");
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(exchange->read(buffer, Milliseconds{60'000}).value().is_complete);
}

TEST_F(ClientTest, ChecksEachAddressThatItIsRedirectedTo) {
    OutboundConfig config = to_this_machine();
    config.hosts = HostList::parse(server_.host() + ",localhost").value();
    const auto redirected = [&](const std::string& location) {
        at("/", [location](const Peer& peer) { peer.redirect(location); });
        return fault_of(fetch(get(server_.url("/")), config));
    };
    EXPECT_EQ(redirected("file:///etc/passwd"), OutboundFault::refused_url);
    EXPECT_EQ(redirected("gopher://127.0.0.1/"), OutboundFault::refused_url);
    EXPECT_EQ(redirected("http://user:password@localhost/"), OutboundFault::refused_url);
    EXPECT_EQ(redirected("http://127.0.0.1:1/"), OutboundFault::refused_host);
    EXPECT_EQ(redirected("//example.com/"), OutboundFault::refused_host);
    EXPECT_EQ(redirected("http://"), OutboundFault::broken_answer) << "it is the server's fault";
}

TEST_F(ClientTest, RefusesAddressesWhenTheyWouldBeConnectedTo) {
    at("/", [](const Peer& peer) { peer.send_ok("inside"); });
    const std::string port = std::to_string(server_.port());
    const OutboundConfig guarded{.guard = AddressGuard()};
    for (const auto* const host : {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0", "[::1]",
                                   "[::ffff:127.0.0.1]", "[::127.0.0.1]", "169.254.169.254", "10.0.0.1"}) {
        EXPECT_EQ(fault_of(fetch(get(fmt::format("http://{}:{}/", host, port)), guarded)),
                  OutboundFault::refused_address)
            << host;
    }
    EXPECT_EQ(server_.requests, 0);
    EXPECT_EQ(fetch(get(fmt::format("http://localhost:{}/", port))), "inside")
        << "by another of its addresses";
    EXPECT_EQ(fetch(get(server_.url("/")), {}), "inside") << "the operator's own address";
}

TEST_F(ClientTest, RefusesAnAddressThatItIsRedirectedTo) {
    at("/", [](const Peer& peer) { peer.redirect("http://169.254.169.254/latest/meta-data/"); });
    EXPECT_EQ(fault_of(fetch_path("/")), OutboundFault::refused_address);
    at("/", [](const Peer& peer) { peer.redirect("http://[::1]/"); });
    EXPECT_EQ(fault_of(fetch_path("/")), OutboundFault::refused_address);
}

TEST_F(ClientTest, EndsWhatIsTooSlow) {
    at("/stall", [](const Peer& peer) {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
        peer.wait_for_close();
    });
    at("/silent", [](const Peer& peer) { peer.wait_for_close(); });
    for (const auto* const path : {"/stall", "/silent"}) {
        OutboundRequest request = get(server_.url(path));
        request.timeout = Milliseconds{300};
        EXPECT_EQ(fault_of(fetch(request)), OutboundFault::timeout) << path;
        request.timeout = Milliseconds{60'000};
        request.stall_timeout = Milliseconds{1'000};
        EXPECT_EQ(fault_of(fetch(request)), OutboundFault::timeout) << path;
    }
}

TEST_F(ClientTest, TheTimeIsForAllRedirectsTogether) {
    at("/loop", [](const Peer& peer) { peer.redirect("/loop"); });
    OutboundRequest request = get(server_.url("/loop"));
    request.redirects_max = 1'000'000;
    request.timeout = Milliseconds{300};
    EXPECT_EQ(fault_of(fetch(request)), OutboundFault::timeout);
}

TEST_F(ClientTest, GivesTheThreadBackWhileNothingComes) {
    at("/", [](const Peer& peer) {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
        peer.wait_for_close();
    });
    const auto client = make_outbound_client(to_this_machine());
    const auto exchange = client->begin(get(server_.url("/"))).value();
    std::vector<std::byte> buffer(outbound_read_bytes_min);
    for (int i = 0; i < 3; ++i) {
        const auto progress = exchange->read(buffer, Milliseconds{20});
        EXPECT_EQ(progress.value().bytes, 0U);
        EXPECT_FALSE(progress.value().is_complete);
    }
}

TEST_F(ClientTest, ASlowReaderHoldsTheSenderUp) {
    at("/", [](const Peer& peer) {
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        while (peer.send(std::string(100'000, 'x'))) continue;
    });
    const auto client = make_outbound_client(to_this_machine());
    OutboundRequest request = get(server_.url("/"));
    request.bytes_max = UINT64_MAX / 4;
    const auto exchange = client->begin(std::move(request)).value();
    std::vector<std::byte> buffer(outbound_read_bytes_min);
    std::size_t received = 0;
    for (int i = 0; i < 50; ++i) received += exchange->read(buffer, Milliseconds{60'000}).value().bytes;
    EXPECT_LE(received, 50 * buffer.size());
    EXPECT_GT(received, buffer.size());
}

TEST_F(ClientTest, TellsWhoCannotBeReached) {
    std::uint16_t free_port = 0;
    {
        const ScriptedServer gone([](const Peer&, const std::string&, const std::string&) {});
        free_port = gone.port();
    }
    EXPECT_EQ(fault_of(fetch(get(fmt::format("http://127.0.0.1:{}/", free_port)))),
              OutboundFault::unreachable);
    // No name can have so long a part: nobody has to be asked.
    EXPECT_EQ(fault_of(fetch(get("http://" + std::string(64, 'a') + "/"))), OutboundFault::no_such_host);
}

TEST_F(ClientTest, WithoutDescriptorsItIsNoFaultOfTheOthers) {
    at("/", [](const Peer& peer) { peer.send_ok("there"); });
    const std::string by_name = fmt::format("http://localhost:{}/", server_.port());
    {
        const NoDescriptors none;
        EXPECT_EQ(fault_of(fetch_path("/")), OutboundFault::no_resources);
        EXPECT_EQ(fault_of(fetch(get(by_name))), OutboundFault::no_resources);
    }
    EXPECT_EQ(fetch_path("/"), "there");
    EXPECT_EQ(fetch(get(by_name)), "there");
}

TEST_F(ClientTest, WhoWantsNoBodyIsDoneWithTheHead) {
    at("/endless", [](const Peer& peer) {
        peer.send("HTTP/1.1 201 Created\r\nContent-Length: 100000000\r\n\r\nx");
        peer.wait_for_close();
    });
    at("/busy", [](const Peer& peer) {
        peer.send("HTTP/1.1 503 Busy\r\nRetry-After:  12 \r\nContent-Length: 0\r\n\r\n");
    });
    const auto client = make_outbound_client(to_this_machine());
    std::vector<std::byte> buffer(outbound_read_bytes_min);
    const auto exchange =
        client->begin({.url = server_.url("/endless"), .bytes_max = 10, .wants_body = false}).value();
    EXPECT_EQ(exchange->status(), 0);
    const auto progress = exchange->read(buffer, std::chrono::seconds{60});
    ASSERT_TRUE(progress) << progress.error().log_text;
    EXPECT_TRUE(progress->is_complete);
    EXPECT_EQ(exchange->status(), 201);
    const auto busy = client->begin({.url = server_.url("/busy"), .wants_body = false}).value();
    const auto refused = busy->read(buffer, std::chrono::seconds{60});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, 503);
    EXPECT_EQ(refused.error().retry_after, "12");
}

TEST(Client, ChecksTheAddressBeforeAnybodyIsAsked) {
    const auto client = make_outbound_client({.hosts = HostList::parse("example.com").value()});
    const auto fault = [&](const std::string& url) { return client->begin(get(url)).error().fault; };
    EXPECT_EQ(fault("example.com"), OutboundFault::malformed_url);
    EXPECT_EQ(fault("file:///etc/passwd"), OutboundFault::refused_url);
    EXPECT_EQ(fault("http://example.org/"), OutboundFault::refused_host);
    EXPECT_EQ(fault("http://example.com:8080/"), OutboundFault::refused_host);
    EXPECT_TRUE(client->begin(get("http://example.com/")));
}

}  // namespace
}  // namespace safelight
