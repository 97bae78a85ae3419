// Server-sent events over HTTP: what is said, when it ends, what a client that comes back is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "api/event_streams.h"
#include "api/testing/api_server.h"

namespace safelight {
namespace {

using testing::ApiServer;
using ::testing::HasSubstr;
using testing::Reply;

/// One event as a browser would take it; a comment has the type ":".
struct Event {
    std::string type, id, data;
};

/// Reads a stream, chunk by chunk.
class Listener {
  public:
    Listener(const ApiServer& api, std::string_view target, const std::string& last_id = {})
        : connection_(api.server->port()) {
        testing::Fields fields;
        if (!last_id.empty()) fields.emplace_back("Last-Event-ID", last_id);
        connection_.send(api.client().head_of("GET", target, fields, std::nullopt));
        head = connection_.receive_head();
    }

    /// Empty at the end of the stream.
    std::optional<Event> next() {
        for (;;) {
            const auto end = text_.find("\n\n");
            if (end != std::string::npos) {
                const Event event = parse(text_.substr(0, end + 1));
                text_.erase(0, end + 2);
                return event;
            }
            const std::string chunk = receive_chunk();
            if (chunk.empty()) return std::nullopt;
            text_ += chunk;
        }
    }
    /// The next of this type; skips the others.
    std::optional<Event> next_of(std::string_view type) {
        auto event = next();
        while (event && event->type != type) event = next();
        return event;
    }
    std::vector<std::string> types_to_end() {
        std::vector<std::string> types;
        while (const auto event = next()) {
            if (!event->type.empty()) types.push_back(event->type);
        }
        return types;
    }

    std::string head;

  private:
    static Event parse(std::string_view lines) {
        Event event;
        while (!lines.empty()) {
            const std::string_view line = lines.substr(0, lines.find('\n'));
            lines.remove_prefix(line.size() + 1);
            if (line.starts_with(":")) event.type = ":";
            if (line.starts_with("event: ")) event.type = line.substr(7);
            if (line.starts_with("id: ")) event.id = line.substr(4);
            if (line.starts_with("data: ")) event.data = line.substr(6);
        }
        return event;
    }
    std::string receive_chunk() {
        const std::string size = connection_.receive_until("\r\n");
        if (size.empty()) return {};
        const std::size_t bytes = std::stoul(size, nullptr, 16);
        std::string chunk = connection_.receive(bytes + 2);
        chunk.resize(std::min(chunk.size(), bytes));
        return chunk;
    }

    testing::Connection connection_;
    std::string text_;
};

std::string events_of(JobId id) {
    return "/v1/jobs/" + id.to_string() + "/events";
}
JobId upload(const ApiServer& api, const std::string& query = {}) {
    return ApiServer::id_of(api.client().post("/v1/jobs" + query, ApiServer::picture()));
}

TEST(JobEvents, TellTheWholeStoryAndEnd) {
    ApiServer api;
    const JobId id = upload(api);
    Listener listener(api, events_of(id));
    EXPECT_THAT(listener.head, HasSubstr("200 OK"));
    EXPECT_THAT(listener.head, HasSubstr("Content-Type: text/event-stream"));
    EXPECT_THAT(listener.head, HasSubstr("Cache-Control: no-store"));
    EXPECT_TRUE(listener.next_of("job.received"));
    EXPECT_TRUE(listener.next_of("job.queued"));
    api.work_on(id);
    EXPECT_EQ(listener.next_of("job.started").value().id, "");
    const auto ready = listener.next_of("variant.ready").value();
    EXPECT_EQ(boost::json::parse(ready.data).at("variant").at("name"), "thumbnail");
    const auto finished = listener.next_of("job.finished").value();
    EXPECT_EQ(boost::json::parse(finished.data), api.client().get("/v1/jobs/" + id.to_string()).json());
    EXPECT_TRUE(parse_event_id(finished.id));
    EXPECT_FALSE(listener.next()) << "there is nothing more to come";
}

TEST(JobEvents, OfAFinishedJobAreToldAtOnce) {
    ApiServer api;
    const JobId id = upload(api);
    api.work_on(id, VariantError{ErrorCode::invalid_image, "Broken."});
    EXPECT_EQ(Listener(api, events_of(id)).types_to_end(),
              (std::vector<std::string>{"job.received", "job.queued", "job.started", "variant.failed",
                                        "job.finished"}));
    const JobId bare = upload(api, "?variants=");
    EXPECT_EQ(Listener(api, events_of(bare)).types_to_end(), std::vector<std::string>{"job.received"});
}

TEST(JobEvents, WhoHasHeardTheFinishHearsNothingAndStopsAsking) {
    ApiServer api;
    const JobId id = upload(api);
    Listener first(api, events_of(id));
    const std::string before = first.next_of("job.queued").value().id;
    api.work_on(id);
    Listener again(api, events_of(id), before);
    const auto finished = again.next_of("job.finished").value();
    const Reply known = api.client().get(events_of(id), {{"Last-Event-ID", finished.id}});
    EXPECT_EQ(known.status, 204);
    EXPECT_EQ(known.body, "");
    // Asked for again, it has more to tell.
    EXPECT_EQ(
        api.client()
            .send("POST", "/v1/jobs/" + id.to_string() + "/variants", {{"Content-Type", "application/json"}},
                  R"({"variants":[{"name":"b","transform":{"resize":{"width":9}}}]})")
            .status,
        202);
    api.work_on(id);
    Listener more(api, events_of(id), finished.id);
    EXPECT_EQ(boost::json::parse(more.next_of("job.finished").value().data).at("status"), "PROCESSED");
}

TEST(JobEvents, ADeletedJobIsTheEnd) {
    ApiServer api;
    const JobId id = upload(api);
    Listener listener(api, events_of(id));
    EXPECT_TRUE(listener.next_of("job.queued"));
    EXPECT_EQ(api.client().send("DELETE", "/v1/jobs/" + id.to_string()).status, 204);
    EXPECT_TRUE(listener.next_of("job.deleted"));
    EXPECT_FALSE(listener.next());
    EXPECT_EQ(api.client().get(events_of(id)).problem(), "not-found");
}

TEST(AccountEvents, TellOfEachJobInOrder) {
    ApiServer api;
    Listener listener(api, "/v1/events");
    const JobId first = upload(api);
    EXPECT_THAT(listener.next_of("job.received").value().data, HasSubstr(first.to_string()));
    EXPECT_TRUE(listener.next_of("job.queued"));
    api.work_on(first);
    const JobId second = upload(api);
    EXPECT_TRUE(listener.next_of("variant.ready"));
    EXPECT_THAT(listener.next_of("job.finished").value().data, HasSubstr(first.to_string()));
    EXPECT_THAT(listener.next_of("job.queued").value().data, HasSubstr(second.to_string()));
}

TEST(AccountEvents, WhatHappenedMeanwhileIsToldToWhoComesBack) {
    ApiServer api;
    const JobId open = upload(api);
    std::string last;
    {
        Listener listener(api, "/v1/events");
        last = listener.next().value().id;  // before any event: the beginning has an id as well
        if (last.empty()) last = listener.next().value().id;
        EXPECT_TRUE(parse_event_id(last)) << last;
    }
    api.work_on(open);
    const JobId later = upload(api);
    Listener again(api, "/v1/events", last);
    const auto finished = again.next_of("job.finished").value();
    EXPECT_THAT(finished.data, HasSubstr(open.to_string()));
    EXPECT_THAT(again.next_of("job.received").value().data, HasSubstr(later.to_string()));
    Listener third(api, "/v1/events", finished.id);
    EXPECT_THAT(third.next_of("job.queued").value().data, HasSubstr(later.to_string()))
        << "what is known is not told again";
}

TEST(AccountEvents, AlreadyKnownJobsAreNotReceivedAgain) {
    ApiServer api;
    const JobId old = upload(api);
    while (api.clock.now() <= time_of(old.uuid)) std::this_thread::yield();
    Listener listener(api, "/v1/events");
    (void)listener.next();
    api.work_on(old);
    std::vector<std::string> types;
    do {
        types.push_back(listener.next().value().type);
    } while (types.back() != "job.finished");
    EXPECT_EQ(std::ranges::count(types, "job.received"), 0);
    EXPECT_EQ(std::ranges::count(types, "variant.ready"), 1);
}

TEST(AccountEvents, APlaceThatIsNoneOfThisCatalogIsReset) {
    ApiServer api;
    Listener listener(api, "/v1/events", "ffffffff-01934b7e-5f00-7abc-8def-0123456789ab");
    const auto reset = listener.next_of("stream.reset");
    ASSERT_TRUE(reset);
    EXPECT_TRUE(parse_event_id(reset->id));
    const JobId id = upload(api);
    EXPECT_THAT(listener.next_of("job.received").value().data, HasSubstr(id.to_string()));
}

TEST(EventStreams, AHeartbeatBreaksTheSilence) {
    ApiServer api({.events = {.heartbeat = Milliseconds{50}}});
    const JobId id = upload(api);
    Listener account(api, "/v1/events");
    Listener job(api, events_of(id));
    EXPECT_TRUE(account.next_of(":"));
    EXPECT_TRUE(account.next_of(":"));
    EXPECT_TRUE(job.next_of(":"));
}

TEST(EventStreams, ThereAreSoManyAndAPlaceIsFreeAgain) {
    ApiServer api({.events = {.heartbeat = Milliseconds{20}, .streams_max = 2}});
    const JobId id = upload(api);
    Listener kept(api, "/v1/events");
    {
        const Listener other(api, events_of(id));
        EXPECT_EQ(api.open_streams->load(), 2U);
        const Reply refused = api.client().get("/v1/events");
        EXPECT_EQ(refused.problem(), "overloaded");
        EXPECT_TRUE(refused.headers.has("Retry-After"));
        EXPECT_EQ(api.client().get(events_of(id)).status, 503);
    }
    // Whoever went away is noticed by a heartbeat that he does not take.
    while (api.open_streams->load() > 1) std::this_thread::yield();
    Listener again(api, events_of(id));
    EXPECT_TRUE(again.next_of("job.queued"));
    EXPECT_EQ(api.client().send("HEAD", "/v1/events").status, 503);
}

TEST(EventStreams, TheDrainEndsThemAtOnce) {
    ApiServer api;
    const JobId id = upload(api);
    Listener account(api, "/v1/events");
    Listener job(api, events_of(id));
    EXPECT_TRUE(job.next_of("job.queued"));
    (void)account.next();
    const auto before = std::chrono::steady_clock::now();
    api.server->drain();
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
    EXPECT_FALSE(job.next());
    EXPECT_EQ(api.open_streams->load(), 0U);
}

TEST(EventStreams, FaultsAreNamed) {
    ApiServer api;
    const JobId id = upload(api);
    for (const std::string& target : {std::string("/v1/events"), events_of(id)}) {
        EXPECT_EQ(api.client().get(target, {{"Last-Event-ID", "7"}}).problem(), "invalid-argument");
        EXPECT_EQ(api.client().get(target + "?colour=red").problem(), "invalid-argument");
    }
    EXPECT_EQ(api.client().get("/v1/jobs/42/events").problem(), "not-found");
    EXPECT_EQ(*api.open_streams, 0U);
}

TEST(EventIds, AreReadAsTheyAreWritten) {
    const ChangePlace place{.change = 0x1fe3, .job = {Uuid::lowest_at(Timestamp{Milliseconds{77}})}};
    EXPECT_EQ(parse_event_id(event_id_of(place)), place);
    for (const char* const text : {"", "-", "1fe3", "1fe3-", "x-01934b7e-5f00-7abc-8def-0123456789ab",
                                   "-01934b7e-5f00-7abc-8def-0123456789ab", "1fe3-01934b7e",
                                   "11111111111111111-01934b7e-5f00-7abc-8def-0123456789ab"})
        EXPECT_FALSE(parse_event_id(text)) << text;
}

}  // namespace
}  // namespace safelight
