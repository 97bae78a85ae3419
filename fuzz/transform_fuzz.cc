// A transform as a request or a presets file brings it, in both of its spellings.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "transform/compact.h"
#include "transform/transform.h"

namespace {

using namespace safelight;

void must(bool holds) {
    if (!holds) std::abort();
}

/// What was parsed has one text in each spelling, and either gives it back.
void check(const Result<Transform>& transform) {
    if (!transform) return must(transform.error().code == ErrorCode::invalid_argument);
    const auto from_json = parse_transform(to_json(*transform));
    const auto from_compact = parse_compact(to_compact(*transform));
    must(from_json && *from_json == *transform && to_json(*from_json) == to_json(*transform));
    must(from_compact && *from_compact == *transform && to_compact(*from_compact) == to_compact(*transform));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check(parse_transform(text));
    check(parse_compact(text));
    return 0;
}
