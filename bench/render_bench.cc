// What rendering costs one processor: nothing of the server around it.
//
//   render_bench '{"resize": {"width": 200, "height": 200, "fit": "cover"}, "format": "jpeg", "quality": 80}'
//   PICTURE…
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "renderer/direct/direct_renderer.h"

namespace safelight {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds duration{3};  // for each picture, after a warm-up

[[noreturn]] void give_up(const Error& error) {
    fmt::print(stderr, "{} {}\n", error.public_text, error.log_text);
    std::exit(1);
}

std::vector<std::byte> read_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (text.empty()) give_up({ErrorCode::not_found, std::string(path) + " cannot be read.", {}, {}});
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

/// Milliseconds; the size of the result goes to `bytes_out`.
double render_once(Renderer& renderer, std::span<const std::byte> picture, const Transform& transform,
                   std::size_t& bytes_out) {
    MemorySource source(picture);
    const auto begin = Steady::now();
    const auto renditions = renderer.render(source, std::span(&transform, 1), {});
    const std::chrono::duration<double, std::milli> took = Steady::now() - begin;
    if (!renditions) give_up(renditions.error());
    if (!renditions->front()) give_up(renditions->front().error());
    bytes_out = renditions->front()->bytes.size();
    return took.count();
}

void measure(Renderer& renderer, const char* path, const Transform& transform) {
    const std::vector<std::byte> picture = read_file(path);
    std::size_t bytes = 0;
    for (int i = 0; i < 5; ++i) static_cast<void>(render_once(renderer, picture, transform, bytes));
    std::vector<double> took;
    for (const auto end = Steady::now() + duration; Steady::now() < end;) {
        took.push_back(render_once(renderer, picture, transform, bytes));
    }
    std::ranges::sort(took);
    fmt::print("{:<28} {:>9.3f} {:>9.3f} {:>8} {:>9}\n", std::filesystem::path(path).filename().string(),
               took[took.size() / 2], took.front(), took.size(), bytes);
}

}  // namespace
}  // namespace safelight

int main(int count, char** arguments) {
    using namespace safelight;
    if (count < 3) {
        fmt::print(stderr, "usage: render_bench TRANSFORM PICTURE…\n");
        return 2;
    }
    const auto transform = parse_transform(arguments[1]);
    if (!transform) give_up(transform.error());
    const auto renderer = make_direct_renderer({});
    fmt::print("{:<28} {:>9} {:>9} {:>8} {:>9}\n", "picture", "median ms", "best ms", "runs", "bytes");
    for (int i = 2; i < count; ++i) measure(*renderer, arguments[i], *transform);
}
