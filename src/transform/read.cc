#include "transform/read.h"

#include <fmt/format.h>

#include <string>

namespace safelight {
namespace {

void check_box(ObjectReader& reader, const Resize& resize) {
    const bool has_box = reader.has("width") && reader.has("height");
    if (reader.has("longest_side")) {
        if (reader.has("width") || reader.has("height")) {
            reader.fault("longest_side", "\"longest_side\" stands without \"width\" and \"height\".");
        }
        if (resize.fit != Fit::inside) {
            reader.fault("fit", "With \"longest_side\" the fit is \"inside\".");
        }
    } else if (!reader.has("width") && !reader.has("height")) {
        reader.fault("\"resize\" needs \"width\", \"height\" or both, or \"longest_side\".");
    }
    if (resize.fit == Fit::contain && !has_box) {
        reader.fault("fit", "\"contain\" needs \"width\" and \"height\".");
    }
    const bool has_room = has_box && (resize.fit == Fit::cover || resize.fit == Fit::contain);
    if (resize.gravity != Gravity::centre && !has_room) {
        reader.fault("gravity",
                     "\"gravity\" counts with \"width\", \"height\" and the fit \"cover\" or \"contain\".");
    }
}

Resize read_resize(ObjectReader reader) {
    reader.allow_only({"width", "height", "longest_side", "fit", "enlarge", "gravity", "dpr"});
    Resize resize;
    resize.width_px = reader.whole_number("width", 1, resize_side_max_px);
    resize.height_px = reader.whole_number("height", 1, resize_side_max_px);
    resize.longest_side_px = reader.whole_number("longest_side", 1, resize_side_max_px);
    resize.fit = reader.choice("fit", fit_names).value_or(resize.fit);
    resize.enlarge = reader.boolean("enlarge").value_or(resize.enlarge);
    resize.gravity = reader.choice("gravity", gravity_names).value_or(resize.gravity);
    resize.dpr = reader.decimal("dpr", dpr_min, dpr_max).value_or(resize.dpr);
    check_box(reader, resize);
    return resize;
}

Crop read_crop(ObjectReader reader) {
    reader.allow_only({"x", "y", "width", "height"});
    for (const std::string_view name : {"x", "y", "width", "height"}) {
        if (!reader.has(name)) reader.fault(name, "A crop needs \"x\", \"y\", \"width\" and \"height\".");
    }
    Crop crop;
    crop.x_px = reader.whole_number("x", 0, resize_side_max_px - 1).value_or(crop.x_px);
    crop.y_px = reader.whole_number("y", 0, resize_side_max_px - 1).value_or(crop.y_px);
    crop.width_px = reader.whole_number("width", 1, resize_side_max_px).value_or(crop.width_px);
    crop.height_px = reader.whole_number("height", 1, resize_side_max_px).value_or(crop.height_px);
    return crop;
}

Rotation read_rotation(ObjectReader& reader) {
    const auto degrees = reader.whole_number("rotate", 0, 270);
    if (degrees && *degrees % 90 != 0) reader.fault("rotate", "\"rotate\" is 0, 90, 180 or 270.");
    return static_cast<Rotation>(degrees.value_or(0) / 90);
}

void read_effects(ObjectReader& reader, Transform& transform) {
    const auto read = [&](std::string_view name, Hundredths& value, Hundredths max) {
        value = reader.decimal(name, {0}, max).value_or(value);
    };
    transform.greyscale = reader.boolean("greyscale").value_or(transform.greyscale);
    read("saturation", transform.saturation, factor_max);
    read("brightness", transform.brightness, factor_max);
    read("contrast", transform.contrast, factor_max);
    read("blur", transform.blur, blur_sigma_max);
    read("sharpen", transform.sharpen, sharpen_max);
    if (transform.greyscale && transform.saturation != factor_one) {
        reader.fault("saturation", "With \"greyscale\" there is no saturation to change.");
    }
}

Pad read_pad(ObjectReader reader) {
    reader.allow_only({"top", "right", "bottom", "left"});
    const auto side = [&](std::string_view name) {
        return reader.whole_number(name, 0, resize_side_max_px).value_or(0);
    };
    Pad pad;
    pad.top_px = side("top");
    pad.right_px = side("right");
    pad.bottom_px = side("bottom");
    pad.left_px = side("left");
    return pad;
}

std::optional<Colour> read_colour(ObjectReader& reader, std::string_view name) {
    const auto text = reader.text(name);
    if (!text) return std::nullopt;
    const auto colour = colour_of(*text);
    if (!colour) reader.fault(name, fmt::format("\"{}\" is a colour such as \"#ff8000\".", name));
    return colour;
}

std::optional<std::uint8_t> read_level(ObjectReader& reader, std::string_view name, std::uint32_t max) {
    const auto level = reader.whole_number(name, 1, max);
    return level ? std::optional(static_cast<std::uint8_t>(*level)) : std::nullopt;
}

/// What a named format cannot do; without a name, only the picture tells.
void check_output(ObjectReader& reader, const Transform& transform) {
    if (transform.lossless && transform.quality) {
        reader.fault("quality", "\"lossless\" leaves no quality to choose.");
    }
    if (!transform.format) return;
    const Format format = *transform.format;
    if (transform.progressive && format != Format::jpeg) {
        reader.fault("progressive", "\"progressive\" is for the format jpeg.");
    }
    if (transform.lossless && !can_be_lossless(format)) {
        reader.fault("lossless", "\"lossless\" is for the formats webp, png and tiff.");
    }
    if (transform.effort && format == Format::tiff) {
        reader.fault("effort", "The format tiff has no \"effort\".");
    }
}

void read_output(ObjectReader& reader, Transform& transform) {
    if (const auto name = reader.text("format")) {
        transform.format = format_from_name(*name);
        if (!transform.format || *transform.format == Format::heic) {
            reader.fault("format", "\"format\" is one of: jpeg, png, gif, webp, tiff, avif.");
        }
    }
    transform.quality = read_level(reader, "quality", 100);
    transform.progressive = reader.boolean("progressive").value_or(transform.progressive);
    transform.lossless = reader.boolean("lossless").value_or(transform.lossless);
    transform.effort = read_level(reader, "effort", effort_max);
    check_output(reader, transform);
}

}  // namespace

Transform read_transform(ObjectReader reader) {
    reader.allow_only({"crop", "rotate", "flip", "resize", "greyscale", "saturation", "brightness",
                       "contrast", "blur", "sharpen", "pad", "background", "format", "quality", "progressive",
                       "lossless", "effort"});
    Transform transform;
    if (auto crop = reader.object("crop")) transform.crop = read_crop(*crop);
    transform.rotate = read_rotation(reader);
    transform.flip = reader.choice("flip", flip_names).value_or(transform.flip);
    if (auto resize = reader.object("resize")) transform.resize = read_resize(*resize);
    read_effects(reader, transform);
    if (auto pad = reader.object("pad")) transform.pad = read_pad(*pad);
    transform.background = read_colour(reader, "background");
    read_output(reader, transform);
    return transform;
}

}  // namespace safelight
