// A renderer that was taken over: what it tries fails, and hurts at most the call that it was working on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>
#include <utility>

#include "base/testing/no_threads.h"
#include "renderer/sandboxed/sandboxed_renderer.h"

namespace safelight {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const std::unique_ptr<telemetry::Logger> silent_log = telemetry::make_silent_logger();

SandboxConfig hostile(std::string attack) {
    SandboxConfig config;
    config.command = {SAFELIGHT_HOSTILE_RENDERER, std::move(attack)};
    config.processes = 1;
    config.memory_bytes_max = 512ULL << 20U;
    config.output_bytes_max = 4ULL << 20U;
    config.probe_timeout = 20s;
    config.cpu_seconds_max = 1;
    return config;
}

std::unique_ptr<Renderer> started(const SandboxConfig& config) {
    auto renderer = start_sandboxed_renderer(config, *silent_log);
    if (!renderer) throw std::runtime_error(renderer.error().log_text);
    return std::move(*renderer);
}

Error probe_error(Renderer& renderer) {
    const std::array bytes{std::byte{1}};
    MemorySource source(bytes);
    const auto facts = renderer.probe(source);
    return facts ? Error{ErrorCode::internal, "the probe succeeded", {}, {}} : facts.error();
}

Error render_error(Renderer& renderer, const CancelCheck& cancelled = {}) {
    const std::array bytes{std::byte{1}};
    MemorySource source(bytes);
    const Transform jpeg{.format = Format::jpeg};
    const auto renditions = render(renderer, source, std::span(&jpeg, 1), cancelled);
    return renditions ? Error{ErrorCode::internal, "the render succeeded", {}, {}} : renditions.error();
}

/// What the renderer says that it found; twice, for it lives on.
void expect_denied(const std::string& attack, const std::string& found) {
    const auto renderer = started(hostile(attack));
    for (int i = 0; i < 2; ++i) {
        const Error error = probe_error(*renderer);
        EXPECT_EQ(error.code, ErrorCode::invalid_image) << attack << ": " << error.log_text;
        EXPECT_THAT(error.log_text, HasSubstr(found)) << attack;
    }
}

/// The call fails for a reason that the log names; the next one finds a renderer again.
void expect_replaced(const std::string& attack, const std::string& reason) {
    const auto renderer = started(hostile(attack));
    for (int i = 0; i < 2; ++i) {
        const Error error = render_error(*renderer);
        EXPECT_EQ(error.code, ErrorCode::renderer_failed) << attack << ": " << error.log_text;
        EXPECT_THAT(error.log_text, HasSubstr(reason)) << attack;
        EXPECT_EQ(error.public_text, "The picture could not be processed.");
    }
}

TEST(HostileRenderer, BringsNothingAlong) {
    expect_denied("belongings", "4 descriptors, 0 variables");
}

TEST(HostileRenderer, OpensNoFile) {
    expect_denied("open", "open errno 13");
    expect_denied("create", "open errno 13");
    expect_denied("stat", "access errno 13");
}

TEST(HostileRenderer, IsKilledForWhatDecodingHasNoUseFor) {
    for (const char* attack : {"socket", "fork", "exec", "ptrace", "kill", "executable memory"}) {
        expect_replaced(attack, "killed by signal 31");
    }
}

TEST(HostileRenderer, HasBoundedMemory) {
    expect_denied("allocate", "memory ended after");
}

TEST(HostileRenderer, HasABoundedOutput) {
    expect_replaced("write", "killed by signal 25");
}

TEST(HostileRenderer, HasBoundedProcessorTime) {
    expect_replaced("spin", "killed by signal 24");
}

TEST(HostileRenderer, IsKilledWhenTheCallIsCalledOff) {
    const auto renderer = started(hostile("sleep"));
    for (int i = 0; i < 2; ++i) {
        const auto deadline = std::chrono::steady_clock::now() + 50ms;
        const Error error =
            render_error(*renderer, [deadline] { return std::chrono::steady_clock::now() >= deadline; });
        EXPECT_EQ(error.code, ErrorCode::cancelled) << error.log_text;
    }
}

TEST(HostileRenderer, WhoWaitsForAProcessCanBeCalledOff) {
    const auto renderer = started(hostile("sleep"));
    std::atomic<bool> is_over = false;
    std::latch begun(1);
    std::thread first([&] {
        bool is_first = true;
        const Error error = render_error(*renderer, [&] {
            if (std::exchange(is_first, false)) begun.count_down();
            return is_over.load();
        });
        EXPECT_EQ(error.code, ErrorCode::cancelled);
    });
    begun.wait();
    EXPECT_EQ(render_error(*renderer, [] { return true; }).code, ErrorCode::cancelled);
    is_over = true;
    first.join();
}

TEST(HostileRenderer, AProbeHasADeadlineOfItsOwn) {
    SandboxConfig config = hostile("sleep");
    config.probe_timeout = 50ms;
    EXPECT_EQ(probe_error(*started(config)).code, ErrorCode::renderer_failed);
}

TEST(HostileRenderer, MayDie) {
    expect_replaced("crash", "killed by signal");
    expect_replaced("exit", "exited with 0");
}

TEST(HostileRenderer, IsNotBelieved) {
    expect_replaced("hold", "sealing");
    expect_replaced("garbage", "malformed");
    expect_replaced("other id", "something else");
    expect_replaced("hello", "something else");
    expect_replaced("flood", "something else");
    expect_replaced("descriptor", "more than it may bring");
    expect_replaced("no rendition", "another number");
    expect_replaced("more than there is", "were said to be");
    expect_replaced("more than is enclosed", "were said to be");
    expect_replaced("less than is enclosed", "were said to be");
    expect_replaced("script", "no jpeg");
    expect_replaced("enclosed script", "no jpeg");
    expect_replaced("other format", "no png");
    EXPECT_EQ(probe_error(*started(hostile("no pixels"))).code, ErrorCode::renderer_failed);
    EXPECT_EQ(probe_error(*started(hostile("many pixels"))).code, ErrorCode::renderer_failed);
}

TEST(HostileRenderer, WantOfThreadsIsSeenByTheParentAlone) {
    const auto failing = started(hostile("fail"));
    const auto dying = started(hostile("crash"));
    EXPECT_EQ(render_error(*failing).code, ErrorCode::renderer_failed) << "there are threads";
    {
        const NoThreads none;
        EXPECT_EQ(render_error(*failing).code, ErrorCode::unavailable);
        EXPECT_EQ(probe_error(*failing).code, ErrorCode::unavailable);
        EXPECT_EQ(render_error(*dying).code, ErrorCode::unavailable);
    }
    EXPECT_EQ(render_error(*failing).code, ErrorCode::renderer_failed);
    EXPECT_EQ(render_error(*started(hostile("unavailable"))).code, ErrorCode::renderer_failed);
}

TEST(HostileRenderer, WhoHoardsThreadsFailsByItself) {
    const auto renderer = started(hostile("hoard threads"));
    const NoThreads none;  // as where it took them all
    for (int i = 0; i < 2; ++i) {
        const Error error = render_error(*renderer);
        EXPECT_EQ(error.code, ErrorCode::renderer_failed) << error.log_text;
        EXPECT_THAT(error.log_text, HasSubstr("more threads than it needs"));
    }
}

TEST(HostileRenderer, IsNotStartedUnlessItIsLockedIn) {
    EXPECT_EQ(start_sandboxed_renderer(hostile("unlocked"), *silent_log).error().code,
              ErrorCode::renderer_failed);
    SandboxConfig lenient = hostile("unlocked");
    lenient.required = false;
    EXPECT_TRUE(start_sandboxed_renderer(lenient, *silent_log));
}

TEST(HostileRenderer, IsNotWaitedForWithoutEnd) {
    SandboxConfig config = hostile("mute");
    config.start_timeout = 50ms;
    EXPECT_THAT(start_sandboxed_renderer(config, *silent_log).error().log_text, HasSubstr("ready in time"));
    EXPECT_THAT(start_sandboxed_renderer(hostile("old"), *silent_log).error().log_text, HasSubstr("version"));
    config.command = {"/nowhere/renderer"};
    EXPECT_EQ(start_sandboxed_renderer(config, *silent_log).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace safelight
