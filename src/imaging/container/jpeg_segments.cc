#include "imaging/container/jpeg_segments.h"

#include <cstring>

namespace safelight {
namespace {

constexpr bool stands_alone(std::uint8_t marker) {
    return marker == jpeg_marker::end_of_image || marker == jpeg_marker::start_of_image || marker == 0x01;
}

constexpr bool is_restart(std::uint8_t marker) {
    return marker >= 0xd0 && marker <= 0xd7;
}

}  // namespace

std::optional<JpegSegment> JpegSegments::next() {
    const auto* data = reinterpret_cast<const unsigned char*>(file_.bytes().data());
    while (at_ < file_.size()) {
        // Entropy-coded data, and stray bytes between segments, are passed over up to the next marker.
        const void* found = std::memchr(data + at_, 0xff, file_.size() - at_);
        if (found == nullptr) break;
        at_ = static_cast<std::size_t>(static_cast<const unsigned char*>(found) - data) + 1;
        const std::uint8_t marker = file_.u8(at_);
        if (marker == 0xff) continue;  // fill byte
        ++at_;
        if (marker == 0x00 || is_restart(marker)) continue;
        if (stands_alone(marker)) return JpegSegment{marker, {}};
        const std::uint16_t length = file_.u16be(at_);
        if (length < 2 || !file_.holds(at_, length)) {
            broken_ = true;
            break;
        }
        const JpegSegment segment{marker, *file_.part(at_ + 2, length - 2U)};
        at_ += length;
        return segment;
    }
    at_ = file_.size();
    return std::nullopt;
}

}  // namespace safelight
