// A transform as a request or a presets file brings it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "transform/transform.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace safelight;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto transform = parse_transform(text);
    if (!transform) return transform.error().code == ErrorCode::invalid_argument ? 0 : (std::abort(), 0);
    const std::string canonical = to_json(*transform);
    const auto again = parse_transform(canonical);
    if (!again || *again != *transform || to_json(*again) != canonical) std::abort();
    return 0;
}
