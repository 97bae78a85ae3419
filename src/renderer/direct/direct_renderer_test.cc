#include "renderer/direct/direct_renderer.h"

#include <gtest/gtest.h>

#include <thread>

#include "imaging/test_pictures.h"

namespace safelight {
namespace {

using test::Bytes;

const Transform thumbnail{.resize = Resize{20, 20}};

TEST(DirectRenderer, ProbesAndRenders) {
    const auto renderer = make_direct_renderer({});
    const Bytes file = test::sample_file(Format::jpeg, 80, 60);
    MemorySource source(file);
    const auto facts = renderer->probe(source);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->width_px, 80U);
    const auto results = render(*renderer, source, std::span(&thumbnail, 1), {});
    ASSERT_TRUE(results);
    ASSERT_TRUE(results->front());
    EXPECT_EQ(results->front()->format, Format::jpeg);
    EXPECT_EQ(results->front()->width_px, 20U);
    EXPECT_EQ(results->front()->height_px, 15U);
    EXPECT_EQ(test::decoded(results->front()->bytes).height_px, 15U);
}

TEST(DirectRenderer, ReadsNoMoreThanTheLimit) {
    const Bytes file = test::sample_file(Format::jpeg, 80, 60);
    const auto renderer = make_direct_renderer({.limits = {.bytes_max = file.size() - 1}});
    MemorySource source(file);
    EXPECT_EQ(renderer->probe(source).error().code, ErrorCode::payload_too_large);
    EXPECT_EQ(render(*renderer, source, std::span(&thumbnail, 1), {}).error().code,
              ErrorCode::payload_too_large);
}

TEST(DirectRenderer, AnEmptySourceIsNoPicture) {
    const auto renderer = make_direct_renderer({});
    MemorySource source({});
    EXPECT_EQ(renderer->probe(source).error().code, ErrorCode::empty_payload);
}

class BrokenSource final : public ByteSource {
  public:
    std::uint64_t size_bytes() const override { return 100; }
    Result<std::size_t> read_at(std::uint64_t, std::span<std::byte>) override {
        return failure(ErrorCode::unavailable, "The store does not answer.");
    }
};

TEST(DirectRenderer, PassesOnWhatTheSourceSays) {
    const auto renderer = make_direct_renderer({});
    BrokenSource source;
    EXPECT_EQ(renderer->probe(source).error().code, ErrorCode::unavailable);
}

class GreedySource final : public ByteSource {
  public:
    std::uint64_t size_bytes() const override { return std::uint64_t{1} << 62; }
    Result<std::size_t> read_at(std::uint64_t, std::span<std::byte>) override { return 0; }
};

TEST(DirectRenderer, RunningOutOfMemoryIsAFailureOfTheCall) {
    const auto renderer = make_direct_renderer({.limits = {.bytes_max = std::uint64_t{1} << 62}});
    GreedySource source;
    EXPECT_EQ(renderer->probe(source).error().code, ErrorCode::renderer_failed);
}

TEST(DirectRenderer, ManyThreadsRenderTheSameBytes) {
    const auto renderer = make_direct_renderer({});
    const std::array files{test::sample_file(Format::jpeg, 80, 60), test::sample_file(Format::png, 80, 60, 4),
                           test::sample_file(Format::webp, 80, 60)};
    const auto bytes_made_of = [&](const Bytes& file) {
        MemorySource source(file);
        auto results = render(*renderer, source, std::span(&thumbnail, 1), {});
        return results && results->front() ? results->front()->bytes : Bytes{};
    };
    std::array<Bytes, 3> expected;
    for (std::size_t i = 0; i < files.size(); ++i) expected[i] = bytes_made_of(files[i]);
    std::vector<std::thread> threads;
    std::array<bool, 4> same{};
    for (std::size_t t = 0; t < same.size(); ++t) {
        threads.emplace_back([&, t] {
            same[t] = true;
            for (std::size_t i = 0; i < 30; ++i) {
                const std::size_t which = (i + t) % files.size();
                same[t] =
                    same[t] && !expected[which].empty() && bytes_made_of(files[which]) == expected[which];
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(same, (std::array<bool, 4>{true, true, true, true}));
}

}  // namespace
}  // namespace safelight
