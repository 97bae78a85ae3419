#include "renderer/sandboxed/sandboxed_renderer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "imaging/container/byte_writer.h"
#include "imaging/test_animations.h"
#include "imaging/test_pictures.h"
#include "renderer/direct/direct_renderer.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;
using test::Bytes;

const std::unique_ptr<telemetry::Logger> silent_log = telemetry::make_silent_logger();

SandboxConfig small_config() {
    SandboxConfig config;
    config.command = {SAFELIGHT_RENDERER_PROGRAM};
    config.processes = 2;
    return config;
}

std::unique_ptr<Renderer> started(const SandboxConfig& config = small_config()) {
    auto renderer = start_sandboxed_renderer(config, *silent_log);
    if (!renderer) throw std::runtime_error(renderer.error().log_text);
    return std::move(*renderer);
}

std::vector<Transform> one_of_each_format() {
    std::vector<Transform> transforms;
    for (const Format format :
         {Format::jpeg, Format::png, Format::webp, Format::gif, Format::tiff, Format::avif, Format::jxl})
        transforms.push_back({.resize = Resize{20, 20}, .format = format});
    return transforms;
}

TEST(SandboxedRenderer, AnswersAsTheDirectOneDoes) {
    const auto sandboxed = started();
    const auto direct = make_direct_renderer({});
    EXPECT_EQ(sandboxed->versions(), direct->versions());
    EXPECT_EQ(sandboxed->formats(), direct->formats());
    const auto transforms = one_of_each_format();
    for (const Format format :
         {Format::jpeg, Format::png, Format::webp, Format::gif, Format::tiff, Format::avif, Format::jxl}) {
        const Bytes file = test::sample_file(format, 80, 60);
        MemorySource source(file);
        EXPECT_EQ(sandboxed->probe(source), direct->probe(source)) << name_of(format);
        const auto expected = render(*direct, source, transforms, {});
        const auto got = render(*sandboxed, source, transforms, {});
        ASSERT_TRUE(expected) << name_of(format);
        ASSERT_TRUE(got) << name_of(format) << ": " << got.error().log_text;
        ASSERT_EQ(got->size(), expected->size());
        for (std::size_t i = 0; i < got->size(); ++i) {
            const auto what =
                std::string(name_of(format)) + " to " + std::string(name_of(*transforms[i].format));
            ASSERT_EQ((*got)[i].has_value(), (*expected)[i].has_value()) << what;
            if (!(*got)[i]) {
                EXPECT_EQ((*got)[i].error().code, (*expected)[i].error().code) << what;
                continue;
            }
            EXPECT_EQ((*got)[i]->bytes, (*expected)[i]->bytes) << what;
            EXPECT_EQ((*got)[i]->width_px, (*expected)[i]->width_px) << what;
        }
    }
}

const ImageId logo_id = *ImageId::parse("01934b7e-0000-7000-8000-000000000001");

/// Each operation may reach code, and with it system calls, that no other does: those of a still picture.
constexpr std::array operations{
    R"({"trim":10})",
    R"({"crop":{"x":5,"y":5,"width":40,"height":30}})",
    R"({"crop":{"width":30,"height":30,"gravity":"attention"}})",
    R"({"crop":{"width":30,"height":30,"gravity":"entropy"}})",
    R"({"crop":{"width":30,"height":30,"gravity":"focal"}})",
    R"({"rotate":90,"flip":"horizontal"})",
    R"({"rotate":12.5,"flip":"vertical"})",
    R"({"rotate":200,"background":"#00ff00"})",
    R"({"resize":{"width":30,"height":30,"fit":"inside"}})",
    R"({"resize":{"width":30,"height":30,"fit":"outside"}})",
    R"({"resize":{"width":30,"height":30,"fit":"fill"}})",
    R"({"resize":{"width":30,"height":30,"fit":"contain","gravity":"north-west"},"background":"#ff0000"})",
    R"({"resize":{"width":30,"height":30,"fit":"cover","gravity":"attention"}})",
    R"({"resize":{"width":30,"height":30,"fit":"cover","gravity":"entropy"}})",
    R"({"resize":{"width":30,"height":30,"fit":"cover","gravity":"focal"}})",
    R"({"resize":{"longest_side":120,"enlarge":true}})",
    R"({"resize":{"area":900}})",
    R"({"resize":{"width":20,"dpr":1.5}})",
    R"({"greyscale":true})",
    R"({"saturation":0.5,"brightness":1.2,"contrast":0.9})",
    R"({"duotone":{"dark":"#1b1464","light":"#f9d976"}})",
    R"({"blur":2.5})",
    R"({"sharpen":1})",
    R"({"watermark":{"image":"01934b7e-0000-7000-8000-000000000001","opacity":0.5,"position":"north","margin":2}})",
    R"({"corner_radius":8})",
    R"({"corner_radius":8,"format":"png"})",
    R"({"pad":{"top":3,"right":4,"bottom":5,"left":6}})",
    R"({"format":"auto"})",
    R"({"format":"jpeg","quality":100})",
    R"({"format":"jpeg","progressive":true})",
    R"({"format":"jpeg","effort":9})",
    R"({"format":"jpeg","max_bytes":1200})",
    R"({"format":"webp","max_bytes":1200})",
    R"({"format":"avif","max_bytes":1200})",
    R"({"format":"jxl","max_bytes":1200})",
    R"({"format":"webp","lossless":true})",
    R"({"format":"png","lossless":true})",
    R"({"format":"tiff","lossless":true})",
    R"({"format":"jxl","lossless":true})",
    R"({"format":"webp","effort":6})",
    R"({"format":"avif","effort":2})",
    R"({"format":"gif","effort":9})",
    R"({"format":"jxl","effort":7})",
    R"({"format":"png","effort":9})",
    R"({"format":"jpeg","metadata":"copyright"})",
    R"({"format":"png","metadata":"all-but-location"})",
    R"({"format":"webp","metadata":"all-but-location"})",
    R"({"format":"tiff","metadata":"all-but-location"})",
    R"({"format":"avif","metadata":"all-but-location"})",
    R"({"format":"jxl","metadata":"all-but-location"})",
    R"({"format":"jpeg","icc":"keep"})",
    R"({"format":"png","icc":"keep"})",
    R"({"format":"webp","icc":"keep"})",
    R"({"format":"tiff","icc":"keep"})",
    R"({"format":"avif","icc":"keep"})",
    R"({"animation":"first-frame"})",
};

/// Those that every frame of an animation goes through.
constexpr std::array moving_operations{
    R"({})",
    R"({"format":"webp"})",
    R"({"format":"gif","effort":3})",
    R"({"format":"webp","lossless":true,"effort":4})",
    R"({"format":"webp","metadata":"all-but-location"})",
    R"({"format":"webp","animation":"first-frame"})",
    R"({"trim":0,"crop":{"width":20,"height":20,"gravity":"entropy"},"rotate":15,"flip":"vertical",)"
    R"("resize":{"width":15},"greyscale":true,"contrast":1.1,"duotone":{"dark":"#000000","light":"#ff0000"},)"
    R"("blur":1,"sharpen":1,"watermark":{"image":"01934b7e-0000-7000-8000-000000000001"},"corner_radius":3,)"
    R"("pad":{"left":2},"background":"#ffffff"})",
};

/// Each with the bytes that the direct renderer makes.
void expect_same_as_direct(Renderer& sandboxed, const Bytes& file, std::span<const char* const> documents) {
    const auto direct = make_direct_renderer({});
    const Bytes logo = test::sample_file(Format::png, 12, 8, 4);
    MemorySource source(file);
    MemorySource logo_source(logo);
    const std::array overlays{Overlay{logo_id, &logo_source}};
    std::vector<Transform> transforms;
    for (const char* json : documents) {
        const auto transform = parse_transform(json);
        ASSERT_TRUE(transform) << json;
        transforms.push_back(*transform);
    }
    const RenderTask task{.source = source,
                          .transforms = transforms,
                          .focal_point = FocalPoint{0.2, 0.7},
                          .overlays = overlays,
                          .wants_look = true};
    const auto expected = direct->render(task, {});
    const auto got = sandboxed.render(task, {});
    ASSERT_TRUE(expected) << expected.error().public_text;
    ASSERT_TRUE(got) << got.error().log_text;
    EXPECT_EQ(got->look, expected->look);
    ASSERT_EQ(got->renditions.size(), transforms.size());
    for (std::size_t i = 0; i < transforms.size(); ++i) {
        ASSERT_TRUE(got->renditions[i]) << documents[i] << ": " << got->renditions[i].error().public_text;
        EXPECT_EQ(got->renditions[i]->bytes, expected->renditions[i]->bytes) << documents[i];
    }
}

TEST(SandboxedRenderer, CarriesOutEveryOperation) {
    const auto sandboxed = started();
    for (const Bytes& file :
         {test::sample_file(Format::jpeg, 80, 60), test::sample_file(Format::png, 80, 60, 4),
          test::file_with_metadata(Format::jpeg, Orientation::turned_90), test::jpeg_with_profile("p3")})
        expect_same_as_direct(*sandboxed, file, operations);
}

TEST(SandboxedRenderer, CarriesOutEveryOperationOnAnimations) {
    constexpr std::array frames{test::GifFrame{.colour = 0},
                                test::GifFrame{.colour = 1, .left = 5, .top = 5, .width = 20, .height = 10},
                                test::GifFrame{.colour = 2, .left = 9, .width = 12, .height = 20}};
    const std::array webp_frames{test::sample_pixels(40, 30, 4), test::filled(40, 30, {0, 0, 255}, 128)};
    const auto sandboxed = started();
    for (const Bytes& file :
         {test::animated_gif(40, 30, frames, 0), test::animated_webp(webp_frames, {{20, 30}, 0})})
        expect_same_as_direct(*sandboxed, file, moving_operations);
}

/// A drawing reaches libraries that no picture does; text looks for fonts, which are out of reach.
TEST(SandboxedRenderer, DrawsWhereThatIsWanted) {
    SandboxConfig config = small_config();
    config.limits.takes_svg = true;
    const auto sandboxed = started(config);
    const auto direct = make_direct_renderer({.limits = config.limits});
    EXPECT_EQ(sandboxed->formats(), direct->formats());
    const Bytes plain = test::bytes_of(
        "<svg xmlns='http://www.w3.org/2000/svg' width='80' height='60'><defs><linearGradient id='g'>"
        "<stop stop-color='red'/><stop offset='1' stop-color='blue'/></linearGradient>"
        "<filter id='f'><feGaussianBlur stdDeviation='2'/></filter></defs>"
        "<rect width='40' height='60' fill='url(#g)' filter='url(#f)'/></svg>");
    MemorySource source(plain);
    EXPECT_EQ(sandboxed->probe(source), direct->probe(source));
    const Transform thumbnail{.resize = Resize{20, 20}};
    const auto expected = render(*direct, source, std::span(&thumbnail, 1), {});
    const auto got = render(*sandboxed, source, std::span(&thumbnail, 1), {});
    ASSERT_TRUE(got) << got.error().log_text;
    ASSERT_TRUE(got->front() && expected && expected->front());
    EXPECT_EQ(got->front()->bytes, expected->front()->bytes);
    for (const std::string_view content :
         {"<text x='5' y='30'>Words</text>",
          "<image width='9' height='9' href='data:image/png;base64,iVBORw0K'/>",
          "<image width='9' height='9' href='/etc/passwd'/>"}) {
        const Bytes file = test::bytes_of("<svg xmlns='http://www.w3.org/2000/svg' width='80' height='60'>" +
                                          std::string(content) + "</svg>");
        MemorySource other(file);
        const auto made = render(*sandboxed, other, std::span(&thumbnail, 1), {});
        ASSERT_TRUE(made) << content << made.error().log_text;
        EXPECT_TRUE(made->front()) << content;
    }
    // Libraries warn of such sides, which must not take the way to a journal.
    const Bytes huge = test::bytes_of("<svg xmlns='http://www.w3.org/2000/svg' width='1e9' height='1e9'/>");
    MemorySource huge_source(huge);
    EXPECT_EQ(sandboxed->probe(huge_source).error().code, ErrorCode::image_too_large);
    const auto refused = started()->probe(source);
    EXPECT_EQ(refused.error().code, ErrorCode::unsupported_image);
}

/// A legal JPEG: grey and even, whose coefficients' bits are told in as many scans as there can be, 883. Few
/// bytes, over which a decoder walks through all blocks again and again.
Bytes jpeg_of_all_scans(std::uint16_t side) {
    Bytes jpeg = test::bytes_of("\xff\xd8"sv);
    const auto add = [&jpeg](std::string_view text) { append(jpeg, text); };
    add("\xff\xdb\0\x43\0"sv);
    jpeg.resize(jpeg.size() + 64, std::byte{1});
    add("\xff\xc2\0\x0b\x08"sv);
    append_big(jpeg, side, 2);
    append_big(jpeg, side, 2);
    add("\1\1\x11\0"sv);
    // One code each, of one bit, 0: no difference; a run of blocks without coefficients, its length in 14
    // bits.
    add("\xff\xc4\0\x14\x00\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x00"sv);
    add("\xff\xc4\0\x14\x10\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xe0"sv);
    const std::size_t blocks = std::size_t{side} / 8 * (side / 8);
    add("\xff\xda\0\x08\1\1\0\0\0\0"sv);
    jpeg.resize(jpeg.size() + blocks / 8);
    const std::size_t runs = blocks / 16'384;
    for (unsigned low = 14; low-- > 0;) {
        for (unsigned k = 1; k < 64; ++k) {
            const unsigned high = low == 13 ? 0 : low + 1;
            add("\xff\xda\0\x08\1\1\0"sv);
            for (const unsigned value : {k, k, high << 4 | low}) append_big(jpeg, value, 1);
            jpeg.resize(jpeg.size() + (runs * 15 + 7) / 8);
        }
    }
    add("\xff\xd9"sv);
    return jpeg;
}

TEST(SandboxedRenderer, StopsAJpegOfManyScansByItsProcessorTime) {
    SandboxConfig config = small_config();
    config.processes = 1;
    const Bytes file = jpeg_of_all_scans(6'144);  // a multiple of 16,384 blocks
    MemorySource source(file);
    const auto careful = started(config);
    EXPECT_EQ(careful->probe(source).error().code, ErrorCode::too_many_scans);
    // Where they are allowed, they are bounded all the same.
    config.limits.scans_max = 883;
    config.cpu_seconds_max = 1;
    const auto lax = started(config);
    EXPECT_TRUE(lax->probe(source));
    const Transform thumbnail{.resize = Resize{20, 20}};
    const auto stopped = render(*lax, source, std::span(&thumbnail, 1), {});
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, ErrorCode::renderer_failed);
    EXPECT_THAT(stopped.error().log_text, ::testing::HasSubstr("CPU time limit"));
    // The next one does not pay for it.
    const Bytes small = test::sample_file(Format::jpeg, 80, 60);
    MemorySource small_source(small);
    const auto made = render(*lax, small_source, std::span(&thumbnail, 1), {});
    ASSERT_TRUE(made && made->front());
}

/// What is small is enclosed in a message, what is large goes through a file; one kind after the other.
TEST(SandboxedRenderer, TakesAndGivesSmallAndLargePictures) {
    SandboxConfig config = small_config();
    config.processes = 1;
    const auto sandboxed = started(config);
    const auto direct = make_direct_renderer({});
    const Bytes small_file = test::sample_file(Format::png, 80, 60);
    const Bytes large_file = test::sample_file(Format::tiff, 300, 200);
    ASSERT_LT(small_file.size(), 60'000U);
    ASSERT_GT(large_file.size(), 100'000U);
    const Transform small_result{.resize = Resize{20, 20}, .format = Format::png};
    const Transform large_result{.resize = Resize{.width_px = 1'500, .enlarge = true}, .format = Format::png};
    const std::vector<std::vector<Transform>> calls{
        {small_result}, {large_result}, {small_result, small_result}, {small_result, large_result}};
    for (const Bytes& file : {small_file, large_file, small_file}) {
        for (const auto& transforms : calls) {
            MemorySource source(file);
            const auto expected = render(*direct, source, transforms, {});
            const auto got = render(*sandboxed, source, transforms, {});
            ASSERT_TRUE(expected && got);
            for (std::size_t i = 0; i < transforms.size(); ++i)
                EXPECT_EQ((*got)[i]->bytes, (*expected)[i]->bytes) << i << " of " << transforms.size();
        }
    }
}

TEST(SandboxedRenderer, RefusesAsTheDirectOneDoes) {
    SandboxConfig config = small_config();
    config.limits.bytes_max = 4'000;
    const auto sandboxed = started(config);
    const auto direct = make_direct_renderer({.limits = config.limits});
    const Bytes text(100, std::byte{'x'});
    const Bytes large(4'001, std::byte{'x'});
    Bytes cut_off = test::sample_file(Format::png, 80, 60);
    cut_off.resize(cut_off.size() / 2);
    for (const Bytes& file : {Bytes{}, text, large, cut_off}) {
        MemorySource source(file);
        EXPECT_EQ(sandboxed->probe(source).error().code, direct->probe(source).error().code);
        const Transform same;
        EXPECT_EQ(render(*sandboxed, source, std::span(&same, 1), {}).error().code,
                  render(*direct, source, std::span(&same, 1), {}).error().code);
    }
}

TEST(SandboxedRenderer, ManyThreadsShareTheProcesses) {
    const auto renderer = started();
    const Bytes file = test::sample_file(Format::png, 80, 60);
    const Transform thumbnail{.resize = Resize{20, 20}};
    std::array<int, 6> rendered{};
    std::vector<std::thread> threads;
    for (int& count : rendered) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20; ++i) {
                MemorySource source(file);
                const auto renditions = render(*renderer, source, std::span(&thumbnail, 1), {});
                if (renditions && renditions->front()) ++count;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_THAT(rendered, ::testing::Each(20));
}

TEST(SandboxConfig, EveryMemberIsChecked) {
    EXPECT_TRUE(small_config().validate());
    SandboxConfig bad;
    bad.processes = 0;
    bad.probe_processes = 0;
    bad.memory_bytes_max = 0;
    bad.output_bytes_max = 0;
    bad.start_timeout = Milliseconds{0};
    bad.probe_timeout = Milliseconds{0};
    bad.cpu_seconds_max = 0;
    bad.calls_max = 0;
    EXPECT_EQ(bad.validate().error().faults.size(), 9U);
}

}  // namespace
}  // namespace safelight
