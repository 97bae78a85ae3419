#include "transform/read.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace safelight {
namespace {

void check_box(ObjectReader& reader, const Resize& resize) {
    const bool has_box = reader.has("width") && reader.has("height");
    const bool has_side = reader.has("width") || reader.has("height");
    for (const std::string_view alone : {"longest_side", "area"}) {
        if (!reader.has(alone)) continue;
        if (has_side || (reader.has("longest_side") && reader.has("area"))) {
            reader.fault(alone, fmt::format("\"{}\" stands without \"width\", \"height\" and {}.", alone,
                                            alone == "area" ? "\"longest_side\"" : "\"area\""));
        }
        if (resize.fit != Fit::inside) {
            reader.fault("fit", fmt::format("With \"{}\" the fit is \"inside\".", alone));
        }
    }
    if (!has_side && !reader.has("longest_side") && !reader.has("area")) {
        reader.fault("\"resize\" needs \"width\", \"height\" or both, or \"longest_side\", or \"area\".");
    }
    if (resize.fit == Fit::contain && !has_box) {
        reader.fault("fit", "\"contain\" needs \"width\" and \"height\".");
    }
    const bool has_room = has_box && (resize.fit == Fit::cover || resize.fit == Fit::contain);
    if (resize.gravity != Gravity::centre && !has_room) {
        reader.fault("gravity",
                     "\"gravity\" counts with \"width\", \"height\" and the fit \"cover\" or \"contain\".");
    }
    if (has_room && resize.fit == Fit::contain && !is_compass_point(resize.gravity)) {
        reader.fault("gravity", "With \"contain\" nothing is cut off: \"gravity\" is a compass point.");
    }
}

Resize read_resize(ObjectReader reader) {
    reader.allow_only({"width", "height", "longest_side", "area", "fit", "enlarge", "gravity", "dpr"});
    Resize resize;
    resize.width_px = reader.whole_number("width", 1, resize_side_max_px);
    resize.height_px = reader.whole_number("height", 1, resize_side_max_px);
    resize.longest_side_px = reader.whole_number("longest_side", 1, resize_side_max_px);
    resize.area_px = reader.whole_number("area", 1, resize_area_max_px);
    resize.fit = reader.choice("fit", fit_names).value_or(resize.fit);
    resize.enlarge = reader.boolean("enlarge").value_or(resize.enlarge);
    resize.gravity = reader.choice("gravity", gravity_names).value_or(resize.gravity);
    resize.dpr = reader.decimal("dpr", dpr_min, dpr_max).value_or(resize.dpr);
    check_box(reader, resize);
    return resize;
}

Crop read_crop(ObjectReader reader) {
    reader.allow_only({"x", "y", "width", "height", "gravity"});
    const bool has_place = reader.has("x") || reader.has("y");
    if (reader.has("gravity") && has_place) {
        reader.fault("gravity", "\"gravity\" stands instead of \"x\" and \"y\".");
    }
    for (const std::string_view name : {"x", "y", "width", "height"}) {
        const bool is_needed = name == "width" || name == "height" || !reader.has("gravity");
        if (is_needed && !reader.has(name)) {
            reader.fault(name,
                         "A crop needs \"width\" and \"height\", and either \"x\" and \"y\" or \"gravity\".");
        }
    }
    Crop crop;
    crop.x_px = reader.whole_number("x", 0, resize_side_max_px - 1).value_or(crop.x_px);
    crop.y_px = reader.whole_number("y", 0, resize_side_max_px - 1).value_or(crop.y_px);
    crop.width_px = reader.whole_number("width", 1, resize_side_max_px).value_or(crop.width_px);
    crop.height_px = reader.whole_number("height", 1, resize_side_max_px).value_or(crop.height_px);
    crop.gravity = reader.choice("gravity", gravity_names);
    return crop;
}

Hundredths read_rotation(ObjectReader& reader) {
    return reader.angle("rotate", rotation_max, full_turn).value_or(Hundredths{0});
}

std::optional<Colour> read_colour(ObjectReader& reader, std::string_view name) {
    const auto text = reader.text(name);
    if (!text) return std::nullopt;
    const auto colour = colour_of(*text);
    if (!colour) reader.fault(name, fmt::format("\"{}\" is a colour such as \"#ff8000\".", name));
    return colour;
}

Duotone read_duotone(ObjectReader reader) {
    reader.allow_only({"dark", "light"});
    for (const std::string_view name : {"dark", "light"}) {
        if (!reader.has(name)) reader.fault(name, "A duotone needs \"dark\" and \"light\".");
    }
    return {read_colour(reader, "dark").value_or(Colour{}), read_colour(reader, "light").value_or(white)};
}

void read_effects(ObjectReader& reader, Transform& transform) {
    const auto read = [&](std::string_view name, Hundredths& value, Hundredths max) {
        value = reader.decimal(name, {0}, max).value_or(value);
    };
    transform.greyscale = reader.boolean("greyscale").value_or(transform.greyscale);
    read("saturation", transform.saturation, factor_max);
    read("brightness", transform.brightness, factor_max);
    read("contrast", transform.contrast, factor_max);
    if (auto duotone = reader.object("duotone")) transform.duotone = read_duotone(*duotone);
    read("blur", transform.blur, blur_sigma_max);
    read("sharpen", transform.sharpen, sharpen_max);
    if (transform.greyscale && transform.saturation != factor_one) {
        reader.fault("saturation", "With \"greyscale\" there is no saturation to change.");
    }
}

Watermark read_watermark(ObjectReader reader) {
    reader.allow_only({"image", "position", "opacity", "scale", "margin"});
    Watermark watermark;
    if (!reader.has("image")) reader.fault("image", "A watermark needs \"image\", the id of an image.");
    if (const auto text = reader.text("image")) {
        const auto id = ImageId::parse(*text);
        if (!id) reader.fault("image", "\"image\" is the id of an image.");
        watermark.image = id.value_or(watermark.image);
    }
    watermark.position = reader.choice("position", gravity_names).value_or(watermark.position);
    if (!is_compass_point(watermark.position)) {
        reader.fault("position", "\"position\" is a compass point.");
    }
    constexpr Hundredths least{1};
    constexpr Hundredths all{100};
    watermark.opacity = reader.decimal("opacity", least, all).value_or(watermark.opacity);
    watermark.scale = reader.decimal("scale", least, all).value_or(watermark.scale);
    watermark.margin_px = reader.whole_number("margin", 0, resize_side_max_px).value_or(0);
    return watermark;
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

std::optional<std::uint8_t> read_level(ObjectReader& reader, std::string_view name, std::uint32_t max) {
    const auto level = reader.whole_number(name, 1, max);
    return level ? std::optional(static_cast<std::uint8_t>(*level)) : std::nullopt;
}

/// What leaves no sense to another member, whatever the format.
void check_output(ObjectReader& reader, const Transform& transform) {
    if (transform.lossless && transform.quality) {
        reader.fault("quality", "\"lossless\" leaves no quality to choose.");
    }
    if (transform.lossless && transform.max_bytes) {
        reader.fault("max_bytes", "\"lossless\" leaves no quality to lower.");
    }
    if (transform.automatic_format && transform.lossless) {
        reader.fault("lossless", "With the format auto, the picture decides whether it is \"lossless\".");
    }
    if (transform.progressive && transform.automatic_format) {
        reader.fault("progressive", "\"progressive\" is for the format jpeg.");
    }
}

void read_format(ObjectReader& reader, Transform& transform) {
    const auto name = reader.text("format");
    if (!name) return;
    transform.automatic_format = *name == automatic_format_name;
    if (transform.automatic_format) return;
    transform.format = format_from_name(*name);
    if (transform.format && is_output_format(*transform.format)) return;
    transform.format.reset();
    reader.fault("format", "\"format\" is one of: auto, jpeg, png, gif, webp, tiff, avif, jxl.");
}

void read_output(ObjectReader& reader, Transform& transform) {
    read_format(reader, transform);
    transform.quality = read_level(reader, "quality", 100);
    transform.max_bytes = reader.whole_number("max_bytes", max_bytes_min, max_bytes_max);
    transform.progressive = reader.boolean("progressive").value_or(transform.progressive);
    transform.lossless = reader.boolean("lossless").value_or(transform.lossless);
    transform.effort = read_level(reader, "effort", effort_max);
    transform.metadata = reader.choice("metadata", metadata_names).value_or(transform.metadata);
    transform.icc = reader.choice("icc", icc_names).value_or(transform.icc);
    transform.animation = reader.choice("animation", animation_names).value_or(transform.animation);
    check_output(reader, transform);
}

}  // namespace

Transform read_transform(ObjectReader reader) {
    reader.allow_only({"trim",       "crop",       "rotate",     "flip",          "resize",
                       "greyscale",  "saturation", "brightness", "contrast",      "duotone",
                       "blur",       "sharpen",    "watermark",  "corner_radius", "pad",
                       "background", "format",     "quality",    "max_bytes",     "progressive",
                       "lossless",   "effort",     "metadata",   "icc",           "animation"});
    Transform transform;
    if (const auto threshold = reader.whole_number("trim", 0, 255))
        transform.trim = static_cast<std::uint8_t>(*threshold);
    if (auto crop = reader.object("crop")) transform.crop = read_crop(*crop);
    transform.rotate = read_rotation(reader);
    transform.flip = reader.choice("flip", flip_names).value_or(transform.flip);
    if (auto resize = reader.object("resize")) transform.resize = read_resize(*resize);
    read_effects(reader, transform);
    if (auto watermark = reader.object("watermark")) transform.watermark = read_watermark(*watermark);
    transform.corner_radius_px = reader.whole_number("corner_radius", 0, resize_side_max_px).value_or(0);
    if (auto pad = reader.object("pad")) transform.pad = read_pad(*pad);
    transform.background = read_colour(reader, "background");
    read_output(reader, transform);
    return transform;
}

void check_format(ObjectReader reader, const Transform& transform) {
    if (!transform.format) return;
    const Format format = *transform.format;
    if (transform.progressive && format != Format::jpeg) {
        reader.fault("progressive", "\"progressive\" is for the format jpeg.");
    }
    if (transform.lossless && !can_be_lossless(format)) {
        reader.fault("lossless", "\"lossless\" is for the formats webp, png, tiff and jxl.");
    }
    if (transform.effort && format == Format::tiff) {
        reader.fault("effort", "The format tiff has no \"effort\".");
    }
    for (const auto& [name, is_there] : {std::pair("quality", transform.quality.has_value()),
                                         std::pair("max_bytes", transform.max_bytes.has_value())}) {
        if (!is_there || has_quality(format)) continue;
        reader.fault(name, fmt::format("\"{}\" is for the formats jpeg, webp, avif and jxl.", name));
    }
    if (format != Format::gif) return;
    if (transform.metadata != Metadata::none) reader.fault("metadata", "The format gif carries no metadata.");
    if (transform.icc != Icc::srgb) reader.fault("icc", "The format gif carries no colour profile.");
}

}  // namespace safelight
