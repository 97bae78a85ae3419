// What one decode for all variants saves: the same transforms in one call and in a call each, in turns, in
// this process.
//
//   one_decode_bench PICTURE TRANSFORM…
//
// TRANSFORM is JSON.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "file_source.h"
#include "renderer/direct/direct_renderer.h"

namespace safelight {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int runs = 21;

[[noreturn]] void give_up(const Error& error) {
    fmt::print(stderr, "{} {}\n", error.public_text, error.log_text);
    std::exit(1);
}

/// Milliseconds.
double time_of(Renderer& renderer, ByteSource& source, std::span<const Transform> transforms) {
    const auto begin = Steady::now();
    const auto outcome = renderer.render({.source = source, .transforms = transforms}, {});
    const std::chrono::duration<double, std::milli> took = Steady::now() - begin;
    if (!outcome) give_up(outcome.error());
    for (const auto& rendition : outcome->renditions) {
        if (!rendition) give_up(rendition.error());
    }
    return took.count();
}

double median(std::vector<double> values) {
    std::ranges::nth_element(values, values.begin() + runs / 2);
    return values[runs / 2];
}

}  // namespace
}  // namespace safelight

int main(int count, char** arguments) {
    using namespace safelight;
    if (count < 3) {
        fmt::print(stderr, "usage: one_decode_bench PICTURE TRANSFORM…\n");
        return 2;
    }
    FileSource source(arguments[1]);
    std::vector<Transform> transforms;
    for (int i = 2; i < count; ++i) {
        auto transform = parse_transform(arguments[i]);
        if (!transform) give_up(transform.error());
        transforms.push_back(*transform);
    }
    const auto renderer = make_direct_renderer({});
    std::vector<double> together;
    std::vector<double> separate;
    time_of(*renderer, source, transforms);
    for (int i = 0; i < runs; ++i) {
        together.push_back(time_of(*renderer, source, transforms));
        double sum = 0;
        for (const Transform& transform : transforms)
            sum += time_of(*renderer, source, std::span(&transform, 1));
        separate.push_back(sum);
    }
    fmt::print("one call {:.1f} ms, a call each {:.1f} ms: {:.2f} times\n", median(together),
               median(separate), median(separate) / median(together));
}
