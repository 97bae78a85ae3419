#include "renderer/wire/messages.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>

namespace safelight::wire {
namespace {

constexpr std::array enclosed{std::byte{1}, std::byte{2}, std::byte{3}};

const std::vector<Request> requests{
    ProbeRequest{7, ImageLimits{1, 2, 3, 4, 5, true}, 6, {}},
    ProbeRequest{7, {}, 3, enclosed},
    RenderRequest{~std::uint64_t{0}, {}, 1, {}, {}},
    RenderRequest{9, {}, 3, enclosed, {{}}},
    RenderRequest{8,
                  {},
                  99,
                  {},
                  {{.resize = Resize{20, {}}, .format = Format::webp, .quality = 80},
                   {},
                   {.resize = Resize{3, 4, Fit::cover, true}}}},
};

RenderRequest with_everything() {
    RenderRequest request{10, {}, 3, enclosed, {{}}};
    request.focal_point = FocalPoint{0.25, 1};
    request.overlays = {{ImageId{Uuid::lowest_at(Timestamp{Milliseconds{5}})}, 77}, {{}, 1}};
    request.wants_look = true;
    return request;
}

const Look look{
    {1, 2, 3}, {{1, 2, 3}, {255, 254, 0}}, {std::byte{9}, std::byte{8}}, "LEHV6nWB2yk8", ~std::uint64_t{1}};

const ImageFacts facts{
    Format::heic,
    3,
    4,
    5,
    true,
    ColourSpace::cmyk,
    Orientation::turned_270,
    {"Make", "Modèle", "2024-05-31T12:00:00+02:00", "Ann", "© Ann", GpsPosition{-47.5, 8.25}}};

const std::vector<Reply> replies{
    Hello{1, 15, {"one", ""}},
    Hello{3, 15, {}, {{Format::svg, true}, {Format::jpeg, true, true, false, false, false, true}}},
    ProbeReply{1, facts},
    ProbeReply{2, failure(ErrorCode::too_many_scans, "Too many.", "of them")},
    RenderReply{3, failure(ErrorCode::renderer_failed, "No.", ""), {}},
    RenderReply{4,
                std::vector<Result<RenditionHead>>{RenditionHead{Format::avif, 1, 2, 3},
                                                   failure(ErrorCode::unsupported_transform, "Not that.")},
                enclosed},
};

TEST(Messages, OfAllThatAWatermarkAndALookNeedComeBackAsTheyWere) {
    const Request request = with_everything();
    const auto message = encode(request);
    EXPECT_EQ(decode_request(message), request);
    const Reply reply = RenderReply{11, std::vector<Result<RenditionHead>>{}, {}, look};
    const auto answer = encode(reply);
    EXPECT_EQ(decode_reply(answer), reply);
    for (std::size_t size = 0; size < message.size(); ++size)
        EXPECT_FALSE(decode_request(std::span(message).first(size)));
    for (std::size_t size = 0; size < answer.size(); ++size)
        EXPECT_FALSE(decode_reply(std::span(answer).first(size)));
}

TEST(Messages, ALookThatCannotBeIsRefused) {
    Look lie = look;
    lie.blurhash = "\x01";
    EXPECT_FALSE(decode_reply(encode(RenderReply{1, std::vector<Result<RenditionHead>>{}, {}, lie})));
    lie = look;
    lie.palette.resize(palette_max + 1);
    EXPECT_FALSE(decode_reply(encode(RenderReply{1, std::vector<Result<RenditionHead>>{}, {}, lie})));
    lie.palette.clear();
    EXPECT_FALSE(decode_reply(encode(RenderReply{1, std::vector<Result<RenditionHead>>{}, {}, lie})));
    lie = look;
    lie.thumbhash.clear();
    EXPECT_FALSE(decode_reply(encode(RenderReply{1, std::vector<Result<RenditionHead>>{}, {}, lie})));
    lie = look;
    lie.blurhash.clear();
    EXPECT_FALSE(decode_reply(encode(RenderReply{1, std::vector<Result<RenditionHead>>{}, {}, lie})));
}

TEST(Messages, ExifThatCannotBeIsRefused) {
    for (const ExifFacts& lie :
         {ExifFacts{.camera_make = "a\x1b[31m"}, ExifFacts{.camera_model = std::string(201, 'x')},
          ExifFacts{.taken_at = "now"}, ExifFacts{.artist = "\xff"},
          ExifFacts{.position = GpsPosition{90.5, 0}},
          ExifFacts{.position = GpsPosition{0, std::numeric_limits<double>::quiet_NaN()}}}) {
        EXPECT_FALSE(decode_reply(encode(ProbeReply{1, ImageFacts{.exif = lie}})));
    }
}

TEST(Messages, ComeBackAsTheyWere) {
    for (const Request& request : requests) {
        const auto message = encode(request);
        EXPECT_EQ(decode_request(message), request);
    }
    for (const Reply& reply : replies) {
        const auto message = encode(reply);
        EXPECT_EQ(decode_reply(message), reply);
    }
}

TEST(Messages, CutOffOrPaddedAreRefused) {
    for (const Reply& reply : replies) {
        auto message = encode(reply);
        for (std::size_t size = 0; size < message.size(); ++size) {
            EXPECT_FALSE(decode_reply(std::span(message).first(size)));
        }
        message.push_back(std::byte{0});
        EXPECT_FALSE(decode_reply(message));
    }
    for (const Request& request : requests) {
        const auto message = encode(request);
        for (std::size_t size = 0; size < message.size(); ++size) {
            EXPECT_FALSE(decode_request(std::span(message).first(size)));
        }
        EXPECT_FALSE(decode_reply(message)) << "a request is no reply";
    }
}

TEST(Messages, AnyChangedByteGivesAMessageOrAnError) {
    std::mt19937 random(3);
    for (int round = 0; round < 20'000; ++round) {
        auto message = encode(replies[random() % replies.size()]);
        for (int change = 0; change < 3; ++change) {
            message[random() % message.size()] = static_cast<std::byte>(random());
        }
        const auto reply = decode_reply(message);
        if (!reply) continue;
        const auto again = encode(*reply);
        EXPECT_EQ(decode_reply(again), reply);
    }
}

TEST(Messages, WhatARendererMayNotSayIsSaidAsItsFailure) {
    const Reply reply = ProbeReply{1, failure(ErrorCode::not_found, "No such account.")};
    EXPECT_EQ(std::get<ProbeReply>(decode_reply(encode(reply)).value()).facts.error().code,
              ErrorCode::renderer_failed);
}

TEST(Messages, TextsAreCutAndMadeValid) {
    const Reply reply = ProbeReply{1, failure(ErrorCode::invalid_image, std::string(10'000, 'x'), "\xff")};
    const Error error = std::get<ProbeReply>(decode_reply(encode(reply)).value()).facts.error();
    EXPECT_EQ(error.public_text.size(), 4'096U);
    EXPECT_EQ(error.log_text, "\xef\xbf\xbd");
}

TEST(Messages, AnEnclosedSourceIsAsLongAsIsSaid) {
    EXPECT_FALSE(decode_request(encode(ProbeRequest{1, {}, 4, enclosed})));
    const std::vector<std::byte> much(enclosed_bytes_max + 1);
    EXPECT_FALSE(decode_request(encode(ProbeRequest{1, {}, much.size(), much})));
    EXPECT_FALSE(decode_reply(encode(RenderReply{1, std::vector<Result<RenditionHead>>{}, much})));
}

TEST(Messages, TooLongIsNoMessage) {
    RenderRequest request;
    request.transforms.resize(100'000);
    EXPECT_TRUE(encode(Request(request)).empty());
}

}  // namespace
}  // namespace safelight::wire
