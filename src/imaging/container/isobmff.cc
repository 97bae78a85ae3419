#include <algorithm>

#include "imaging/container/container.h"
#include "imaging/container/faults.h"
#include "imaging/container/iso_boxes.h"

namespace safelight {
namespace {

constexpr std::uint32_t boxes_max =
    10'000;  // in one file; a phone's picture has some dozens, a grid some hundreds

class BoxCheck {
  public:
    BoxCheck(ByteView file, Format format) : file_(file), format_(format) { facts_.format = format; }

    Result<ImageFacts> run() {
        TRY(each(file_, [this](const IsoBox& box) -> Status {
            if (!box.is("meta")) return {};
            has_meta_ = true;
            return each(box.payload.from(4), [this](const IsoBox& inner) { return read_meta(inner); });
        }));
        if (!has_meta_) return not_taken(name(), "a sequence without a still picture");
        if (facts_.width_px == 0 || facts_.height_px == 0) return damaged(name(), "no sides");
        return facts_;
    }

  private:
    [[nodiscard]] std::string_view name() const { return format_ == Format::avif ? "AVIF" : "HEIC"; }

    Status read_meta(const IsoBox& box) {
        if (!box.is("iprp")) return {};
        return each(box.payload, [this](const IsoBox& inner) -> Status {
            if (!inner.is("ipco")) return {};
            return each(inner.payload, [this](const IsoBox& property) { return read_property(property); });
        });
    }

    /// The largest of what the items claim: tiles, thumbnails and gain maps are smaller than the picture.
    Status read_property(const IsoBox& box) {
        if (box.is("ispe")) {
            if (!box.payload.holds(0, 12)) return damaged(name(), "short sides");
            const std::uint32_t width = box.payload.u32be(4);
            const std::uint32_t height = box.payload.u32be(8);
            if (width == 0 || height == 0) return damaged(name(), "a side of zero");
            facts_.width_px = std::max(facts_.width_px, width);
            facts_.height_px = std::max(facts_.height_px, height);
        } else if (box.is("auxC")) {
            const std::string_view kind = box.payload.text();
            if (kind.contains("auxid:1") || kind.contains("auxiliary:alpha")) facts_.has_alpha = true;
        }
        return {};
    }

    /// Calls `visit` for each box of `part`, all of which must lie in it.
    template <class Visit>
    Status each(ByteView part, Visit visit) {
        IsoBoxes boxes(part);
        while (const auto box = boxes.next()) {
            if (++boxes_ > boxes_max) return damaged(name(), "too many boxes");
            TRY(visit(*box));
        }
        if (boxes.is_broken()) return damaged(name(), "a box goes past the end");
        return {};
    }

    ByteView file_;
    Format format_;
    ImageFacts facts_;
    bool has_meta_ = false;
    std::uint32_t boxes_ = 0;
};

}  // namespace

Result<ImageFacts> inspect_isobmff(ByteView file, Format format) {
    return BoxCheck(file, format).run();
}

}  // namespace safelight
