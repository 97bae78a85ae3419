// What rendering costs: in this process, the same with the look of the picture, and beside it in a renderer
// process, in turns. Nothing of the server around it.
//
//   render_bench [--seconds N] SAFELIGHT TRANSFORM PICTURE…
//
// N is for each picture, after a warm-up: 6. SAFELIGHT is the server's program, which is also its renderer
// process; "-" leaves that column out. TRANSFORM is JSON.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <vector>

#include "file_source.h"
#include "renderer/direct/direct_renderer.h"
#include "renderer/sandboxed/sandboxed_renderer.h"

namespace safelight {
namespace {

using Steady = std::chrono::steady_clock;

using Seconds = std::chrono::duration<double>;

constexpr Seconds default_duration{6};

[[noreturn]] void give_up(const Error& error) {
    fmt::print(stderr, "{} {}\n", error.public_text, error.log_text);
    std::exit(1);
}

struct Times {
    std::vector<double> ms;
    std::size_t bytes = 0;

    [[nodiscard]] double median() {
        std::ranges::sort(ms);
        return ms.empty() ? 0 : ms[ms.size() / 2];
    }
};

void render_once(Renderer& renderer, const RenderTask& task, Times& times) {
    const auto begin = Steady::now();
    const auto outcome = renderer.render(task, {});
    const std::chrono::duration<double, std::milli> took = Steady::now() - begin;
    if (!outcome) give_up(outcome.error());
    if (!outcome->renditions.front()) give_up(outcome->renditions.front().error());
    times.ms.push_back(took.count());
    times.bytes = outcome->renditions.front()->bytes.size();
}

void measure(Renderer& direct, Renderer* sandboxed, const char* path, const Transform& transform,
             Seconds duration) {
    FileSource source(path);
    const RenderTask plain{.source = source, .transforms = std::span(&transform, 1)};
    const RenderTask seeing{.source = source, .transforms = std::span(&transform, 1), .wants_look = true};
    Times here;
    Times with_look;
    Times there;
    const auto once = [&] {
        render_once(direct, plain, here);
        render_once(direct, seeing, with_look);
        if (sandboxed != nullptr) render_once(*sandboxed, plain, there);
    };
    for (int i = 0; i < 5; ++i) once();
    for (Times* times : {&here, &with_look, &there}) times->ms.clear();
    for (const auto begin = Steady::now(); Steady::now() - begin < duration;) once();
    fmt::print("{:<28} {:>9.3f} {:>10.3f} {:>12.3f} {:>8} {:>9}\n",
               std::filesystem::path(path).filename().string(), here.median(), with_look.median(),
               there.median(), here.ms.size(), here.bytes);
}

}  // namespace
}  // namespace safelight

int main(int count, char** arguments) {
    using namespace safelight;
    Seconds duration = default_duration;
    if (count > 2 && arguments[1] == std::string_view("--seconds")) {
        duration = Seconds(std::strtod(arguments[2], nullptr));
        count -= 2;
        arguments += 2;
    }
    if (count < 4) {
        fmt::print(stderr, "usage: render_bench [--seconds N] SAFELIGHT|- TRANSFORM PICTURE…\n");
        return 2;
    }
    const auto transform = parse_transform(arguments[2]);
    if (!transform) give_up(transform.error());
    const auto direct = make_direct_renderer({});
    const auto log = telemetry::make_stderr_logger(telemetry::Level::warn, telemetry::LogFormat::text);
    std::unique_ptr<Renderer> sandboxed;
    if (std::string_view(arguments[1]) != "-") {
        SandboxConfig config;
        config.command = {std::filesystem::absolute(arguments[1]).string(), "renderer"};
        config.processes = 1;
        config.calls_max = 1'000'000;
        auto started = start_sandboxed_renderer(config, *log);
        if (!started) give_up(started.error());
        sandboxed = std::move(*started);
    }
    fmt::print("{:<28} {:>9} {:>10} {:>12} {:>8} {:>9}\n", "medians, ms", "direct", "with look", "sandboxed",
               "runs", "bytes");
    for (int i = 3; i < count; ++i) measure(*direct, sandboxed.get(), arguments[i], *transform, duration);
}
