// When a renderer process gives way to a new one.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/testing/no_descriptors.h"
#include "imaging/test_pictures.h"
#include "renderer/sandboxed/sandboxed_renderer.h"

namespace safelight {
namespace {

using test::Bytes;

const std::unique_ptr<telemetry::Logger> silent_log = telemetry::make_silent_logger();

SandboxConfig small_config(std::uint32_t processes) {
    SandboxConfig config;
    config.command = {SAFELIGHT_RENDERER_PROGRAM};
    config.processes = processes;
    return config;
}

std::unique_ptr<Renderer> started(const SandboxConfig& config) {
    auto renderer = start_sandboxed_renderer(config, *silent_log);
    if (!renderer) throw std::runtime_error(renderer.error().log_text);
    return std::move(*renderer);
}

/// The ids of the processes that this one started and that have not been reaped.
std::vector<pid_t> children() {
    std::vector<pid_t> all;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream file(thread.path() / "children");
        all.insert(all.end(), std::istream_iterator<pid_t>(file), {});
    }
    return all;
}

/// Of the processes that render and probe, which are one each, the one that renders.
class WornProcess : public testing::Test {
  protected:
    void start(const SandboxConfig& config) {
        renderer_ = started(config);
        before_ = children();
        ASSERT_EQ(before_.size(), 2U);
    }
    void render_times(int times) {
        for (int i = 0; i < times; ++i) {
            MemorySource source(file_);
            const auto renditions = render(*renderer_, source, std::span(&thumbnail_, 1), {});
            ASSERT_TRUE(renditions) << renditions.error().log_text;
            ASSERT_TRUE(renditions->front());
        }
    }
    /// How many of the processes of the beginning are still there. A worn one is reaped before its last call
    /// returns.
    [[nodiscard]] std::size_t remaining() const {
        const auto now = children();
        return static_cast<std::size_t>(std::ranges::count_if(
            before_, [&](pid_t id) { return std::ranges::find(now, id) != now.end(); }));
    }

  private:
    const Bytes file_ = test::sample_file(Format::png, 80, 60);
    const Transform thumbnail_{.resize = Resize{20, 20}};
    std::unique_ptr<Renderer> renderer_;
    std::vector<pid_t> before_;
};

TEST_F(WornProcess, IsReplacedAfterItsCalls) {
    SandboxConfig config = small_config(1);
    config.calls_max = 3;
    start(config);
    render_times(2);
    EXPECT_EQ(remaining(), 2U);
    render_times(1);
    EXPECT_EQ(remaining(), 1U);  // the one that probes has done nothing
    render_times(1);             // by the one that came for it
    EXPECT_EQ(children().size(), 2U);
    EXPECT_EQ(remaining(), 1U);
}

TEST_F(WornProcess, IsReplacedWhenItHasGrown) {
    SandboxConfig config = small_config(1);
    config.kept_bytes_max = 1U << 20U;  // less than any process has
    start(config);
    render_times(15);
    EXPECT_EQ(remaining(), 2U);  // its memory is looked at with every sixteenth call
    render_times(1);
    EXPECT_EQ(remaining(), 1U);
    render_times(1);
    EXPECT_EQ(children().size(), 2U);
}

TEST_F(WornProcess, IsKeptWhileItIsSmall) {
    start(small_config(1));
    render_times(33);
    EXPECT_EQ(remaining(), 2U);
}

TEST(ProcessPool, AProcessThatIsKilledWhileIdleIsNoCallsFault) {
    const auto renderer = started(small_config(2));
    const Bytes file = test::sample_file(Format::png, 80, 60);
    for (int round = 0; round < 3; ++round) {
        const auto processes = children();
        EXPECT_FALSE(processes.empty());
        for (const pid_t process : processes) ::kill(process, SIGKILL);
        for (int i = 0; i < 5; ++i) {
            MemorySource source(file);
            EXPECT_TRUE(renderer->probe(source));
        }
    }
}

TEST(ProcessPool, WithoutDescriptorsARenderFailsAndItsProcessStays) {
    const auto renderer = started(small_config(1));
    const auto before = children();
    const Bytes file = test::sample_file(Format::png, 80, 60);
    const Transform thumbnail{.resize = Resize{20, 20}};
    MemorySource source(file);
    {
        const NoDescriptors none;
        const auto refused = render(*renderer, source, std::span(&thumbnail, 1), {});
        EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
        EXPECT_TRUE(renderer->probe(source)) << "which takes none";
    }
    EXPECT_TRUE(render(*renderer, source, std::span(&thumbnail, 1), {}));
    EXPECT_EQ(children(), before);
}

/// The kernel would rather kill what can be made again.
TEST(ProcessPool, ProcessesAreTheFirstToBeKilledForWantOfMemory) {
    const auto renderer = started(small_config(1));
    const auto score = [](const std::string& process) {
        int adjustment = 0;
        std::ifstream("/proc/" + process + "/oom_score_adj") >> adjustment;
        return adjustment;
    };
    const auto processes = children();
    EXPECT_EQ(processes.size(), 2U);
    for (const pid_t process : processes) EXPECT_EQ(score(std::to_string(process)), 1'000);
    EXPECT_LT(score("self"), 1'000);
}

}  // namespace
}  // namespace safelight
