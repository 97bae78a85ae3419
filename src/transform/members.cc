#include "transform/members.h"

#include <utility>

#include "transform/names.h"

namespace safelight {
namespace {

class MemberList {
  public:
    void begin(std::string_view section) { section_ = section; }

    void number(std::string_view name, std::uint32_t value) { add(name, std::to_string(value), false); }
    void number(std::string_view name, Hundredths value) { add(name, text_of(value), false); }
    void number(std::string_view name, const auto& value)
        requires requires { value.has_value(); }
    {
        if (value) number(name, *value);
    }
    void flag(std::string_view name, bool value) {
        if (value) add(name, "true", false);
    }
    void word(std::string_view name, std::string_view value) { add(name, std::string(value), true); }

    std::vector<Member> take() && { return std::move(members_); }

  private:
    void add(std::string_view name, std::string value, bool quoted) {
        members_.push_back({section_, name, std::move(value), quoted});
    }

    std::string_view section_;
    std::vector<Member> members_;
};

void add_crop(MemberList& list, const Crop& crop) {
    list.begin("crop");
    if (!crop.gravity) {
        list.number("x", crop.x_px);
        list.number("y", crop.y_px);
    }
    list.number("width", crop.width_px);
    list.number("height", crop.height_px);
    if (crop.gravity) list.word("gravity", name_in(gravity_names, *crop.gravity));
}

void add_resize(MemberList& list, const Resize& resize) {
    constexpr Resize usual;
    list.begin("resize");
    list.number("width", resize.width_px);
    list.number("height", resize.height_px);
    list.number("longest_side", resize.longest_side_px);
    list.number("area", resize.area_px);
    list.word("fit", name_in(fit_names, resize.fit));
    list.flag("enlarge", resize.enlarge);
    if (resize.gravity != usual.gravity) list.word("gravity", name_in(gravity_names, resize.gravity));
    if (resize.dpr != usual.dpr) list.number("dpr", resize.dpr);
}

void add_effects(MemberList& list, const Transform& transform) {
    constexpr Transform usual;
    const auto add = [&](std::string_view name, Hundredths value, Hundredths usual_value) {
        if (value != usual_value) list.number(name, value);
    };
    list.flag("greyscale", transform.greyscale);
    add("saturation", transform.saturation, usual.saturation);
    add("brightness", transform.brightness, usual.brightness);
    add("contrast", transform.contrast, usual.contrast);
    if (transform.duotone) {
        list.begin("duotone");
        list.word("dark", text_of(transform.duotone->dark));
        list.word("light", text_of(transform.duotone->light));
        list.begin("");
    }
    add("blur", transform.blur, usual.blur);
    add("sharpen", transform.sharpen, usual.sharpen);
}

void add_watermark(MemberList& list, const Watermark& watermark) {
    const Watermark usual;
    list.begin("watermark");
    list.word("image", watermark.image.to_string());
    if (watermark.position != usual.position)
        list.word("position", name_in(gravity_names, watermark.position));
    if (watermark.opacity != usual.opacity) list.number("opacity", watermark.opacity);
    if (watermark.scale != usual.scale) list.number("scale", watermark.scale);
    if (watermark.margin_px != usual.margin_px) list.number("margin", watermark.margin_px);
}

void add_pad(MemberList& list, const Pad& pad) {
    list.begin("pad");
    const auto add = [&](std::string_view name, std::uint32_t side_px) {
        if (side_px != 0) list.number(name, side_px);
    };
    add("top", pad.top_px);
    add("right", pad.right_px);
    add("bottom", pad.bottom_px);
    add("left", pad.left_px);
}

void add_output(MemberList& list, const Transform& transform) {
    constexpr Transform usual;
    if (transform.format) list.word("format", name_of(*transform.format));
    if (transform.automatic_format) list.word("format", automatic_format_name);
    list.number("quality", transform.quality);
    list.number("max_bytes", transform.max_bytes);
    list.flag("progressive", transform.progressive);
    list.flag("lossless", transform.lossless);
    list.number("effort", transform.effort);
    if (transform.metadata != usual.metadata)
        list.word("metadata", name_in(metadata_names, transform.metadata));
    if (transform.icc != usual.icc) list.word("icc", name_in(icc_names, transform.icc));
    if (transform.animation != usual.animation)
        list.word("animation", name_in(animation_names, transform.animation));
}

}  // namespace

std::vector<Member> members_of(const Transform& transform) {
    constexpr Transform usual;
    MemberList list;
    list.begin("");
    if (transform.trim) list.number("trim", std::uint32_t{*transform.trim});
    if (transform.crop) add_crop(list, *transform.crop);
    list.begin("");
    if (transform.rotate != usual.rotate) list.number("rotate", transform.rotate);
    if (transform.flip != Flip::none) list.word("flip", name_in(flip_names, transform.flip));
    if (transform.resize) add_resize(list, *transform.resize);
    list.begin("");
    add_effects(list, transform);
    if (transform.watermark) add_watermark(list, *transform.watermark);
    list.begin("");
    if (transform.corner_radius_px != 0) list.number("corner_radius", transform.corner_radius_px);
    add_pad(list, transform.pad);
    list.begin("");
    if (transform.background) list.word("background", text_of(*transform.background));
    add_output(list, transform);
    return std::move(list).take();
}

}  // namespace safelight
