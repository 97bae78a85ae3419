#include "imaging/container/iso_boxes.h"

namespace safelight {

std::optional<IsoBox> IsoBoxes::next() {
    if (broken_ || at_ >= part_.size()) return std::nullopt;
    const ByteView header = part_.from(at_);
    broken_ = true;
    if (!header.holds(0, 8)) return std::nullopt;
    std::uint64_t size = header.u32be(0);
    std::uint64_t header_bytes = 8;
    if (size == 1) {
        size = header.u64be(8);
        header_bytes = 16;
    } else if (size == 0) {  // all that is left
        size = header.size();
    }
    if (size < header_bytes || !header.holds(0, size)) return std::nullopt;
    broken_ = false;
    at_ += size;
    return IsoBox{header, *header.part(header_bytes, size - header_bytes)};
}

}  // namespace safelight
