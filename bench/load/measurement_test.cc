// Whole measurements against a server that behaves, or does not.

#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/serialize.hpp>
#include <condition_variable>
#include <mutex>
#include <set>

#include "bench/load/fake_server.h"
#include "bench/load/measurement.h"

namespace safelight::bench {
namespace {

bool is_post(const FakeRequest& request) {
    return request.head.starts_with("POST ");
}

Options options_for(const FakeServer& server) {
    Options options;
    options.url = server.url("/v1/jobs?x=y");
    options.count = 40;
    options.clients = 4;
    options.warm_up = 3;
    options.timeout_s = 20;
    return options;
}

Picture small_picture() {
    return make_picture(32, 32, 90);
}

TEST(Measurement, UploadsUniquePicturesAndWaitsForTheirJobs) {
    std::mutex mutex;
    std::set<std::string> bodies;
    std::set<std::string> asked;
    std::atomic<int> serial = 0;
    const FakeServer server([&](const FakeRequest& request) {
        const std::lock_guard lock(mutex);
        if (is_post(request)) {
            bodies.insert(request.body);
            return answer_with(202, R"({"id": "j)" + std::to_string(serial++) + R"("})");
        }
        const std::string target = request.head.substr(0, request.head.find("\r\n"));
        // The first question finds a job unfinished; the second one may be held until it is finished.
        EXPECT_EQ(request.head.find("Prefer: wait=10") != std::string::npos, asked.contains(target));
        return answer_with(
            200, asked.insert(target).second ? R"({"status": "PROCESSING"})" : R"({"status": "PROCESSED"})");
    });
    Options options = options_for(server);
    options.processes = {"me=" + std::to_string(::getpid())};
    const auto measurement = measure(options, small_picture());
    ASSERT_TRUE(measurement) << measurement.error().public_text;
    EXPECT_EQ(measurement->accepted, 40);
    EXPECT_EQ(measurement->errors, 0);
    EXPECT_EQ(measurement->failed_jobs, 0);
    EXPECT_EQ(measurement->latencies_ms.size(), 40);
    EXPECT_GE(measurement->total_s, measurement->post_s);
    EXPECT_EQ(bodies.size(), 43);
    EXPECT_EQ(asked.size(), 43);
    EXPECT_TRUE(asked.contains("GET /v1/jobs/j42 HTTP/1.1"));
    // Four clients and the one who asks, each on one connection for the whole time.
    EXPECT_EQ(server.connections(), 5);
    EXPECT_EQ(to_json(*measurement).at("server").at("me").at("processes").to_number<int>(), 1);
    EXPECT_NE(to_table(*measurement).find("40 uploads by 4 clients"), std::string::npos);
}

TEST(Measurement, CountsRefusalsAndFailedJobs) {
    std::atomic<int> serial = 0;
    const FakeServer server([&](const FakeRequest& request) {
        if (!is_post(request)) return answer_with(200, R"({"state": {"now": "dead"}})");
        return serial++ % 2 == 0 ? answer_with(202, R"({"id": 1})") : answer_with(503, "too busy");
    });
    Options options = options_for(server);
    options.warm_up = 0;
    options.status_path = "state.now";
    options.polls = true;
    const auto measurement = measure(options, small_picture());
    ASSERT_TRUE(measurement);
    EXPECT_EQ(measurement->accepted, 20);
    EXPECT_EQ(measurement->errors, 20);
    EXPECT_EQ(measurement->first_error, "503 too busy");
    EXPECT_EQ(measurement->failed_jobs, 20);
    EXPECT_EQ(measurement->jobs_per_s(), 0);
}

TEST(Measurement, ConnectsAgainAfterTheServerHasClosed) {
    std::atomic<int> serial = 0;
    const FakeServer server([&](const FakeRequest&) {
        const int number = serial++;
        if (number % 3 == 2) return std::string();
        return number % 3 == 1
                   ? std::string("HTTP/1.1 202 Yes\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
                   : answer_with(202, "{}");
    });
    Options options = options_for(server);
    options.warm_up = 0;
    options.waits = false;
    options.count = 30;
    const auto measurement = measure(options, small_picture());
    ASSERT_TRUE(measurement);
    EXPECT_EQ(measurement->accepted, 20);
    EXPECT_EQ(measurement->errors, 10);
    EXPECT_EQ(measurement->first_error, "closed by the server without an answer");
}

TEST(Measurement, TakesAnAnswerBeforeTheBodyIsSent) {
    const auto refuse = [](const FakeRequest&) { return answer_with(413, "too large"); };
    const FakeServer server(refuse, refuse);
    Options options = options_for(server);
    options.waits = false;
    Picture large = small_picture();
    large.bytes = *pad_jpeg(large.bytes, 30'000'000);
    const auto measurement = measure(options, std::move(large));
    ASSERT_TRUE(measurement);
    EXPECT_EQ(measurement->errors, 40);
    EXPECT_EQ(measurement->first_error, "413 too large");
}

TEST(Measurement, HoldsAllUploadsHalfSent) {
    const FakeServer server([](const FakeRequest&) { return answer_with(202, "{}"); });
    Options options = options_for(server);
    options.holds = true;
    options.count = options.clients = 20;
    options.waits = false;
    options.processes = {std::to_string(::getpid())};
    Picture large = small_picture();
    large.bytes = *pad_jpeg(large.bytes, 1'000'000);
    const auto measurement = measure(options, std::move(large));
    ASSERT_TRUE(measurement);
    EXPECT_EQ(measurement->accepted, 20);
    EXPECT_EQ(measurement->held, 20);
    EXPECT_EQ(server.connections(), 20);
    EXPECT_EQ(measurement->server_while_held.size(), 1);
    EXPECT_EQ(to_json(*measurement).at("held").to_number<int>(), 20);
}

TEST(Measurement, GivesUpOnAServerThatHangs) {
    std::mutex mutex;
    std::condition_variable ended;
    bool is_over = false;
    const FakeServer server([&](const FakeRequest&) {
        std::unique_lock lock(mutex);
        ended.wait(lock, [&] { return is_over; });
        return std::string();
    });
    Options options = options_for(server);
    options.timeout_s = 1;
    const auto measurement = measure(options, small_picture());
    {
        const std::lock_guard lock(mutex);
        is_over = true;
    }
    ended.notify_all();
    ASSERT_FALSE(measurement);
    EXPECT_EQ(measurement.error().code, ErrorCode::timeout);
}

TEST(Measurement, GivesUpOnAJobThatNeverEnds) {
    const FakeServer server([](const FakeRequest& request) {
        return is_post(request) ? answer_with(202, R"({"id": "x"})")
                                : answer_with(200, R"({"status": "PROCESSING"})");
    });
    Options options = options_for(server);
    options.timeout_s = 1;
    const auto measurement = measure(options, small_picture());
    ASSERT_FALSE(measurement);
    EXPECT_EQ(measurement.error().code, ErrorCode::timeout);
}

TEST(Measurement, TellsWhatIsWrongWithTheAnswers) {
    for (const std::string& reply :
         {answer_with(200, "no JSON"), answer_with(404, "{}"), answer_with(200, "{}")}) {
        const FakeServer server([&](const FakeRequest& request) {
            return is_post(request) ? answer_with(202, R"({"id": "x"})") : reply;
        });
        const auto measurement = measure(options_for(server), small_picture());
        ASSERT_FALSE(measurement);
        EXPECT_EQ(measurement.error().code, ErrorCode::invalid_argument);
    }
}

TEST(Measurement, CountsEveryUploadWhenNobodyListens) {
    std::string url;
    {
        const FakeServer server([](const FakeRequest&) { return std::string(); });
        url = server.url("/");
    }
    Options options;
    options.url = url;
    options.warm_up = 0;
    options.count = 5;
    const auto measurement = measure(options, small_picture());
    ASSERT_TRUE(measurement);
    EXPECT_EQ(measurement->errors, 5);
    EXPECT_TRUE(measurement->first_error.starts_with("Cannot connect to"));
}

TEST(Options, AreChecked) {
    Options options;
    options.make = "12y13";
    EXPECT_FALSE(wanted_picture(options));
    options.make = "0x13";
    EXPECT_FALSE(wanted_picture(options));
    options.make = "16x16";
    options.pad = "much";
    EXPECT_FALSE(wanted_picture(options));
    options.pad = "1 kB";
    EXPECT_TRUE(wanted_picture(options));
    options.file = "/no/such/file";
    EXPECT_FALSE(wanted_picture(options));
    options.headers = {"no colon"};
    EXPECT_FALSE(header_fields(options));
    options.processes = {"name=none"};
    EXPECT_FALSE(watched_processes(options));
    options.variants = "a b";
    EXPECT_EQ(upload_url(options)->target, "/v1/jobs?variants=a%20b");
    EXPECT_EQ(follow_plan(Options{})->status_url, "http://127.0.0.1:8080/v1/jobs/{id}");
}

}  // namespace
}  // namespace safelight::bench
