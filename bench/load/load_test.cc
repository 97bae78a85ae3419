// The parts of the load client that need no server.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <set>

#include "bench/load/job_follower.h"
#include "bench/load/measurement.h"
#include "bench/load/picture.h"
#include "bench/load/process_usage.h"
#include "bench/load/response_reader.h"
#include "bench/load/upload_request.h"
#include "bench/load/url.h"

namespace safelight::bench {
namespace {

using State = ResponseReader::State;

/// Feeds the response byte by byte.
State feed(ResponseReader& reader, std::string_view text) {
    State state = State::incomplete;
    for (std::size_t i = 0; i < text.size() && state == State::incomplete; ++i)
        state = reader.take(text.substr(i, 1));
    return state;
}

TEST(ResponseReader, ReadsALengthByteByByte) {
    ResponseReader reader;
    EXPECT_EQ(feed(reader, "HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\nhello"), State::complete);
    EXPECT_EQ(reader.status(), 202);
    EXPECT_EQ(reader.body(), "hello");
    EXPECT_TRUE(reader.keeps_connection());
}

TEST(ResponseReader, ReadsChunks) {
    ResponseReader reader;
    EXPECT_EQ(feed(reader,
                   "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n"
                   "0\r\nTrailer: 1\r\n\r\n"),
              State::complete);
    EXPECT_EQ(reader.body(), "abc0123456789");
}

TEST(ResponseReader, PassesOverInterimResponses) {
    ResponseReader reader;
    EXPECT_EQ(feed(reader, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"), State::complete);
    EXPECT_EQ(reader.status(), 204);
}

TEST(ResponseReader, ReadsUpToTheEnd) {
    ResponseReader reader;
    EXPECT_EQ(feed(reader, "HTTP/1.0 200 OK\r\n\r\nall of it"), State::incomplete);
    EXPECT_EQ(reader.end(), State::complete);
    EXPECT_EQ(reader.body(), "all of it");
    EXPECT_FALSE(reader.keeps_connection());
}

TEST(ResponseReader, SeesConnectionClose) {
    ResponseReader reader;
    EXPECT_EQ(feed(reader, "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
              State::complete);
    EXPECT_FALSE(reader.keeps_connection());
}

TEST(ResponseReader, RefusesWhatIsNoResponse) {
    for (const std::string_view text :
         {"SMTP ready\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nbroken\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n"}) {
        ResponseReader reader;
        EXPECT_EQ(feed(reader, text), State::broken) << text;
    }
    ResponseReader longer;
    EXPECT_EQ(longer.take("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"), State::broken);
    ResponseReader cut;
    EXPECT_EQ(feed(cut, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"), State::incomplete);
    EXPECT_EQ(cut.end(), State::broken);
}

TEST(Url, IsParsed) {
    EXPECT_EQ(parse_url("http://127.0.0.1:8080/v1/jobs?variants=a"),
              (Url{"127.0.0.1", 8080, "/v1/jobs?variants=a"}));
    EXPECT_EQ(parse_url("http://localhost"), (Url{"localhost", 80, "/"}));
    EXPECT_EQ(parse_url("http://[::1]:99?x"), (Url{"::1", 99, "/?x"}));
    EXPECT_EQ(parse_url("http://[::1]:99")->authority(), "[::1]:99");
    for (const std::string_view text :
         {"https://host/", "host:80", "http://", "http://host:port/", "http://host:99999/"}) {
        EXPECT_FALSE(parse_url(text)) << text;
    }
}

TEST(StatusUrl, TakesMembersOfTheReply) {
    const auto reply = boost::json::parse(R"({"id": 7, "image": {"id": "a/b"}, "none": null})");
    EXPECT_EQ(expand("http://h/{id}/of/{image.id}", reply), "http://h/7/of/a%2Fb");
    EXPECT_EQ(expand("http://h/plain", reply), "http://h/plain");
    for (const std::string_view text : {"{gone}", "{image}", "{none}", "{id.deeper}"}) {
        EXPECT_FALSE(expand(text, reply)) << text;
    }
}

TEST(Picture, IsMadeTheSameAtEachCall) {
    const Picture picture = make_picture(64, 48, 90);
    EXPECT_TRUE(is_jpeg(picture.bytes));
    EXPECT_EQ(picture.bytes, make_picture(64, 48, 90).bytes);
    EXPECT_EQ(media_type_of(picture.bytes), "image/jpeg");
}

TEST(Picture, IsPaddedToTheByte) {
    const std::string jpeg = make_picture(32, 32, 90).bytes;
    for (const std::size_t missing : {0UL, 4UL, 5UL, 65'537UL, 65'540UL, 200'000UL}) {
        const auto padded = pad_jpeg(jpeg, jpeg.size() + missing);
        ASSERT_TRUE(padded);
        EXPECT_GE(padded->size(), jpeg.size() + missing);
        EXPECT_LE(padded->size(), jpeg.size() + missing + 3);
        EXPECT_TRUE(padded->ends_with(jpeg.substr(jpeg.size() - 40)));
    }
    EXPECT_FALSE(pad_jpeg(jpeg, jpeg.size() - 1));
    EXPECT_FALSE(pad_jpeg("\x89PNG", 1'000));
    EXPECT_FALSE(pad_jpeg("\xff\xd8\xff\xe0", 1'000));
}

TEST(UploadRequest, HasTheLengthThatItTells) {
    const Url url{"127.0.0.1", 8080, "/v1/jobs"};
    UploadRequest request(url, {{"X-Key", "k"}}, "file", make_picture(16, 16, 90), true);
    std::set<std::string> bodies;
    for (int i = 0; i < 3; ++i) {
        const std::string comment = request.next_comment();
        std::string text;
        for (const std::string_view piece : request.pieces(comment)) text += piece;
        const auto head_length = text.find("\r\n\r\n") + 4;
        EXPECT_NE(text.find("X-Key: k\r\n"), std::string::npos);
        EXPECT_NE(text.find("Content-Length: " + std::to_string(text.size() - head_length) + "\r\n"),
                  std::string::npos);
        bodies.insert(text.substr(head_length));
    }
    EXPECT_EQ(bodies.size(), 3);
}

TEST(UploadRequest, IsTheSameEachTimeWhenAsked) {
    const Url url{"127.0.0.1", 8080, "/"};
    UploadRequest same(url, {}, "file", make_picture(16, 16, 90), false);
    EXPECT_TRUE(same.next_comment().empty());
    UploadRequest no_jpeg(url, {}, "file", {"a.png", "\x89PNG"}, true);
    EXPECT_FALSE(no_jpeg.is_unique());
    EXPECT_EQ(no_jpeg.pieces(no_jpeg.next_comment()).size(), 3);
}

TEST(Quantile, LiesBetweenItsNeighbours) {
    EXPECT_DOUBLE_EQ(quantile({3, 1, 2}, 0.5), 2);
    EXPECT_DOUBLE_EQ(quantile({1, 2}, 0.5), 1.5);
    EXPECT_DOUBLE_EQ(quantile({1, 2}, 1), 2);
    EXPECT_DOUBLE_EQ(quantile({}, 0.5), 0);
}

TEST(ProcessUsage, CountsChildren) {
    int gate[2] = {};
    ASSERT_EQ(::pipe(gate), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        char byte = 0;
        ::close(gate[1]);
        ::_exit(static_cast<int>(::read(gate[0], &byte, 1)));
    }
    const std::vector<WatchedProcess> watched{{"me", ::getpid()}, {"child", child}, {"nobody", 1 << 30}};
    const auto usage = process_usage(watched, UsageParts::cpu_and_memory);
    ::close(gate[1]);
    ::waitpid(child, nullptr, 0);
    ::close(gate[0]);
    ASSERT_EQ(usage.size(), 3);
    EXPECT_EQ(usage[0].processes, 2);
    EXPECT_EQ(usage[1].processes, 1);
    EXPECT_EQ(usage[2].processes, 0);
    EXPECT_GT(usage[0].peak_rss_bytes, usage[1].peak_rss_bytes);
    EXPECT_GT(usage[1].pss_bytes, 0);
    EXPECT_EQ(usage[2].pss_bytes, 0);
    EXPECT_GT(machine_cpu_s(), own_cpu_s());
}

}  // namespace
}  // namespace safelight::bench
