#include <gtest/gtest.h>

#include <string>

#include "http/framing.h"

namespace safelight::http {
namespace {

struct Decoded {
    std::string data;
    std::string rest;
    bool ended = false;
    bool faulty = false;
};

/// Feeds `text` in pieces of `step` bytes.
Decoded decode(std::string_view text, std::size_t step, const ChunkDecoder::Limits& limits = {}) {
    ChunkDecoder decoder(limits);
    Decoded result;
    std::string buffer;
    while (!text.empty()) {
        buffer += text.substr(0, step);
        text.remove_prefix(std::min(step, text.size()));
        for (;;) {
            const auto taken = decoder.next(buffer, 3);
            result.data += taken.data;
            buffer.erase(0, taken.consumed);
            result.faulty = taken.kind == ChunkDecoder::Kind::fault;
            result.ended = taken.kind == ChunkDecoder::Kind::end;
            if (result.faulty || result.ended) {
                result.rest = buffer + std::string(text);
                return result;
            }
            if (taken.consumed == 0) break;
        }
    }
    return result;
}

TEST(ChunkDecoder, DecodesHoweverTheBytesCome) {
    const std::string text =
        "5\r\nhello\r\n1;name=value\r\n,\r\n00A \t; x=\"y\"\r\n wonderful\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\nGET "
        "/";
    for (std::size_t step = 1; step <= text.size(); ++step) {
        const Decoded decoded = decode(text, step);
        EXPECT_EQ(decoded.data, "hello, wonderful") << step;
        EXPECT_EQ(decoded.rest, "GET /") << step;
        EXPECT_TRUE(decoded.ended) << step;
    }
}

TEST(ChunkDecoder, WaitsForTheEnd) {
    for (const std::string_view text :
         {"", "5", "5\r", "5\r\nhel", "5\r\nhello", "5\r\nhello\r", "0\r\n", "0\r\nX: y\r\n"}) {
        const Decoded decoded = decode(text, 1);
        EXPECT_FALSE(decoded.ended) << text;
        EXPECT_FALSE(decoded.faulty) << text;
    }
}

TEST(ChunkDecoder, RefusesBrokenFraming) {
    const std::vector<std::string> broken{
        "\r\n",                                     // no size
        "-1\r\n",                                   // negative
        "+5\r\nhello\r\n",                          // signed
        "0x5\r\nhello\r\n",                         // a prefix
        " 5\r\nhello\r\n",                          // a blank before
        "5 \r\nhello\r\n",                          // a blank behind
        "g\r\n",                                    // no digit
        "5\nhello\r\n",                             // bare LF
        "5\r\r\nhello\r\n",                         // bare CR
        "5\r\nhelloX\r\n",                          // longer than it says
        "5\r\nhello\n",                             // data ended by LF
        "5\r\nhello\rX",                            // data ended by CR
        "10000000000000000\r\n",                    // more than 64 bits
        "ffffffffffffffff\r\n",                     // more than 63 bits
        "00000000000000005\r\nhello\r\n",           // too many digits
        "5;a\x01\r\nhello\r\n",                     // a control character in an extension
        "5;a\nb\r\nhello\r\n",                      // LF in an extension
        "5;a=\"\x01\"\r\nhello\r\n",                // the same in quotes
        "5;a=\"\n\"\r\nhello\r\n",                  // LF in quotes
        "5;a=\"\r\nhello\"\r\n",                    // an open quote
        "0;a=\"\r\nX: \"\r\n\r\n",                  // the same before trailers
        std::string("5\0\r\nhello\r\n", 11),        // NUL
        std::string(17, '0') + "\r\n\r\n",          // too many digits of nothing
        "5;" + std::string(300, 'a') + "\r\n",      // a huge extension
        "5;" + std::string(300, 'a'),               // the same without an end
        "0\r\njunk\r\n\r\n",                        // no trailer
        "0\r\nX: y\n\r\n",                          // a trailer ended by LF
        "0\r\nX : y\r\n\r\n",                       // a blank before the colon
        "0\r\n X: y\r\n\r\n",                       // a fold
        "0\r\nX: y\r\n z\r\n\r\n",                  // a fold of a trailer
        "0\r\nX: \x01\r\n\r\n",                     // a control character
        "0\r\nContent-Length: 5\r\n\r\n",           // framing after the fact
        "0\r\ntransfer-encoding: chunked\r\n\r\n",  //
        "0\r\nHost: b\r\n\r\n",                     //
        "0\r\nX: " + std::string(9'000, 'a') + "\r\n\r\n",
    };
    for (const std::string& text : broken) {
        for (const std::size_t step : {std::size_t{1}, text.size()}) {
            const Decoded decoded = decode(text, step);
            EXPECT_TRUE(decoded.faulty) << text.substr(0, 60);
            EXPECT_FALSE(decoded.ended) << text.substr(0, 60);
        }
    }
    std::string trailers = "0\r\n";
    for (int i = 0; i < 33; ++i) trailers += "X: y\r\n";
    EXPECT_TRUE(decode(trailers + "\r\n", 7).faulty);
}

TEST(ChunkDecoder, TakesExactlyTheLimits) {
    const auto trailers = [](std::size_t bytes) {
        return "0\r\nX:" + std::string(bytes - 6, 'a') + "\r\n\r\n";
    };
    const auto size_line = [](std::size_t bytes) { return "0;" + std::string(bytes - 4, 'a') + "\r\n\r\n"; };
    std::string fields = "0\r\n";
    for (int i = 0; i < 32; ++i) fields += "X: y\r\n";
    for (const std::string& text : {trailers(8'192), size_line(256), std::string(16, '0') + "\r\n\r\n",
                                    fields + "\r\n", std::string("7fffffffffffffff\r\n")}) {
        EXPECT_FALSE(decode(text, 7).faulty) << text.substr(0, 60);
    }
    EXPECT_TRUE(decode(trailers(8'192), 7).ended);
    EXPECT_TRUE(decode(size_line(256), 7).ended);
    EXPECT_TRUE(decode(fields + "\r\n", 7).ended);
    for (const std::string& text :
         {trailers(8'193), size_line(257), fields + "X: y\r\n\r\n", std::string("8000000000000000\r\n")}) {
        EXPECT_TRUE(decode(text, 7).faulty) << text.substr(0, 60);
    }
}

TEST(ChunkDecoder, KnowsWhatIsMissingOfAChunk) {
    ChunkDecoder decoder({});
    EXPECT_EQ(decoder.next("a\r\n", 100).consumed, 3U);
    EXPECT_EQ(decoder.chunk_remaining(), 10U);
    EXPECT_EQ(decoder.next("wond", 100).data, "wond");
    EXPECT_EQ(decoder.chunk_remaining(), 6U);
    EXPECT_EQ(decoder.next("012345\r\n0\r\n\r\n", 100).data, "012345");
    EXPECT_EQ(decoder.chunk_remaining(), 0U);
}

}  // namespace
}  // namespace safelight::http
