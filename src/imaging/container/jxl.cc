#include <algorithm>
#include <vector>

#include "imaging/container/boxes.h"
#include "imaging/container/container.h"
#include "imaging/container/faults.h"
#include "imaging/container/jxl_header.h"

namespace safelight {
namespace {

constexpr std::uint32_t boxes_max = 10'000;  // in one file; most have three

/// The boxes of a file, or the codestream alone.
class JxlCheck {
  public:
    explicit JxlCheck(ByteView file) : file_(file) {}

    Result<ImageFacts> run() {
        const bool is_bare = file_.has_text(0, "\xff\x0a");
        if (is_bare) {
            keep(file_);
        } else {
            TRY(read_boxes());
        }
        TRY_ASSIGN(const JxlHeader header, read_jxl_header(ByteView(start_)));
        return ImageFacts{.format = Format::jxl,
                          .width_px = header.width_px,
                          .height_px = header.height_px,
                          .has_alpha = header.has_alpha,
                          .colour_space = header.is_grey ? ColourSpace::grey : ColourSpace::rgb};
    }

  private:
    /// What the header may take of the codestream.
    void keep(ByteView part) {
        const auto bytes = part.bytes();
        const std::size_t room = jxl_header_bytes_max - start_.size();
        const auto taken = bytes.first(std::min(bytes.size(), room));
        start_.insert(start_.end(), taken.begin(), taken.end());
    }

    Status read_boxes() {
        Boxes boxes(file_);
        std::uint32_t count = 0;
        while (const auto box = boxes.next()) {
            if (++count > boxes_max) return damaged("JPEG XL", "too many boxes");
            if (box->is("jxlc")) TRY(read_whole(box->payload));
            if (box->is("jxlp")) TRY(read_part(box->payload));
        }
        if (boxes.is_broken()) return damaged("JPEG XL", "a box goes past the end");
        if (parts_ > 0 && !has_last_part_) return damaged("JPEG XL", "the last part is missing");
        return {};
    }

    Status read_whole(ByteView payload) {
        if (has_whole_ || parts_ > 0) return damaged("JPEG XL", "more than one codestream");
        has_whole_ = true;
        keep(payload);
        return {};
    }

    /// Parts come in order; each begins with its number, the last with a mark on it.
    Status read_part(ByteView payload) {
        constexpr std::uint32_t last_part = 0x8000'0000;
        const std::uint32_t number = payload.u32be(0);
        const bool is_next = payload.holds(0, 4) && (number & ~last_part) == parts_;
        if (has_whole_ || has_last_part_ || !is_next) return damaged("JPEG XL", "parts out of order");
        ++parts_;
        has_last_part_ = (number & last_part) != 0;
        keep(payload.from(4));
        return {};
    }

    ByteView file_;
    std::vector<std::byte> start_;  // of the codestream
    bool has_whole_ = false;
    bool has_last_part_ = false;
    std::uint32_t parts_ = 0;
};

}  // namespace

Result<ImageFacts> inspect_jxl(ByteView file) {
    return JxlCheck(file).run();
}

}  // namespace safelight
