#include "imaging/container/boxes.h"

namespace safelight {

std::optional<Box> Boxes::next() {
    if (at_ >= part_.size()) return std::nullopt;
    const ByteView from = part_.from(at_);
    std::uint64_t size = from.u32be(0);
    std::uint64_t header_bytes = 8;
    if (size == 1) {
        size = from.u64be(8);
        header_bytes = 16;
    } else if (size == 0) {
        size = from.size();
    }
    if (size < header_bytes || !from.holds(0, size)) {
        broken_ = true;
        at_ = part_.size();
        return std::nullopt;
    }
    at_ += size;
    return Box{*from.part(0, size), *from.part(header_bytes, size - header_bytes)};
}

std::optional<Box> find_box(ByteView part, std::string_view type) {
    Boxes boxes(part);
    while (const auto box = boxes.next()) {
        if (box->is(type)) return box;
    }
    return std::nullopt;
}

}  // namespace safelight
