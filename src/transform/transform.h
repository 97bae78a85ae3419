// How a variant is made: a typed, immutable value with one canonical text form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "image/colour.h"
#include "image/format.h"
#include "transform/hundredths.h"

namespace safelight {

inline constexpr std::uint32_t resize_side_max_px = 16'383;

/// Which part of a picture is kept, and where it lies in a box that it does not fill: a side or corner, the
/// image's own focal point (its centre, unless one was set), or what the picture itself shows to matter:
/// where the eye is drawn to (`attention`), or where the most is to be seen (`entropy`).
enum class Gravity {
    centre,
    north,
    north_east,
    east,
    south_east,
    south,
    south_west,
    west,
    north_west,
    focal,
    attention,
    entropy,
};

/// False for those that depend on the image: they choose what is kept, but not where something is put.
[[nodiscard]] constexpr bool is_compass_point(Gravity gravity) {
    return gravity < Gravity::focal;
}

/// A rectangle in pixels of the upright picture: from its top left corner, or where gravity says. What lies
/// outside of the picture is cut off; when nothing is left, the variant fails.
struct Crop {
    std::uint32_t x_px = 0;               // below resize_side_max_px
    std::uint32_t y_px = 0;               // below resize_side_max_px
    std::uint32_t width_px = 1;           // 1–resize_side_max_px
    std::uint32_t height_px = 1;          // 1–resize_side_max_px
    std::optional<Gravity> gravity = {};  // instead of x and y, which are 0 then

    bool operator==(const Crop&) const = default;
};

/// Degrees of a rotation, below this.
inline constexpr Hundredths full_turn{36'000};

/// What may be asked for, in either direction: the same as what is left of it below a full turn.
inline constexpr Hundredths rotation_max{360'000};

/// How often a rotation turns by a quarter, 0–3; nothing for any other angle.
[[nodiscard]] constexpr std::optional<unsigned> quarter_turns(Hundredths degrees) {
    if (degrees.count % 9'000 != 0) return std::nullopt;
    return degrees.count / 9'000 % 4;
}

/// `horizontal` exchanges left and right, `vertical` top and bottom.
enum class Flip { none, horizontal, vertical };

/// How the picture meets the box of width × height.
enum class Fit {
    inside,   // the whole picture, inside the box; aspect ratio kept
    outside,  // the whole picture, covering the box; aspect ratio kept
    cover,    // fills the box exactly; what sticks out is cut off, `gravity` says where
    contain,  // as inside, on a canvas of exactly the box; `gravity` says where
    fill,     // fills the box exactly; aspect ratio given up
};

inline constexpr Hundredths dpr_min{100};
inline constexpr Hundredths dpr_max{400};

inline constexpr std::uint32_t resize_area_max_px = 16'383 * 16'383;

/// Either width, height or both are set, or longest_side alone, or area alone.
struct Resize {
    std::optional<std::uint32_t> width_px = {};         // 1–resize_side_max_px
    std::optional<std::uint32_t> height_px = {};        // 1–resize_side_max_px
    Fit fit = Fit::inside;                              // counts when width and height are set
    bool enlarge = false;                               // false: never more pixels than the picture has
    Gravity gravity = Gravity::centre;                  // for cover and contain
    std::optional<std::uint32_t> longest_side_px = {};  // 1–resize_side_max_px; inside a square of this side
    std::optional<std::uint32_t> area_px = {};          // 1–resize_area_max_px; so many pixels, or just fewer
    Hundredths dpr = dpr_min;  // device pixels for each CSS pixel: multiplies the sides, and the area twice

    bool operator==(const Resize&) const = default;
};

/// Factors of colour: 1 changes nothing.
inline constexpr Hundredths factor_one{100};
inline constexpr Hundredths factor_max{400};
inline constexpr Hundredths blur_sigma_max{10'000};
inline constexpr Hundredths sharpen_max{500};

inline constexpr std::uint32_t effort_max = 9;
inline constexpr std::uint32_t max_bytes_min = 100;
inline constexpr std::uint32_t max_bytes_max = 100'000'000;

/// AVIF is not among them: its encoder here goes by way of YCbCr, whatever it is asked for.
[[nodiscard]] constexpr bool can_be_lossless(Format format) {
    return format == Format::webp || format == Format::png || format == Format::tiff || format == Format::jxl;
}

/// Formats whose size follows a quality.
[[nodiscard]] constexpr bool has_quality(Format format) {
    return format == Format::jpeg || format == Format::webp || format == Format::avif ||
           format == Format::jxl;
}

/// Two colours for the darkest and the brightest grey; those between are mixed.
struct Duotone {
    Colour dark;
    Colour light;

    bool operator==(const Duotone&) const = default;
};

/// A stored image that is laid over the picture.
struct Watermark {
    ImageId image;                           // of the same owner
    Gravity position = Gravity::south_east;  // a compass point
    Hundredths opacity = {100};              // 0.01–1
    Hundredths scale = {25};      // 0.01–1: its width as a share of the picture's; its height follows
    std::uint32_t margin_px = 0;  // 0–resize_side_max_px, from the sides that it lies at

    bool operator==(const Watermark&) const = default;
};

/// What comes along of EXIF, XMP and IPTC. Whatever it is: no position, no serial number, no small picture of
/// the original.
enum class Metadata {
    none,
    copyright,         // who made it, credit and rights
    all_but_location,  // and what of EXIF says how and when it was taken
};

/// `keep` leaves a picture of a wider gamut in Display P3, with its profile.
enum class Icc { srgb, keep };

/// What an animation becomes, in a format that can be animated; in any other it is the first frame.
enum class Animation { keep, first_frame };

/// What is added around the picture, each 0–resize_side_max_px.
struct Pad {
    std::uint32_t top_px = 0;
    std::uint32_t right_px = 0;
    std::uint32_t bottom_px = 0;
    std::uint32_t left_px = 0;

    bool operator==(const Pad&) const = default;
};

/// The operations happen in the order of the members, after the picture has been turned upright by its EXIF
/// orientation. Rotation and flip come before the resize so that the box, gravity and all that follows are in
/// terms of the picture as it will be seen; a quarter turn of a picture fitted into 400 × 300 is at most 400
/// wide. Quarter turns cost no pass of their own then: they join the turn that EXIF asks for.
struct Transform {
    /// A border is cut off whose every sample differs from the top left pixel's by this at most: 0–255.
    std::optional<std::uint8_t> trim = {};
    std::optional<Crop> crop = {};
    /// Degrees clockwise, below full_turn. At other angles than quarters the corners are filled as `pad` is.
    Hundredths rotate = {0};
    Flip flip = Flip::none;
    std::optional<Resize> resize = {};
    bool greyscale = false;              // one channel, of the same luminance
    Hundredths saturation = factor_one;  // 0–factor_max; formulas in imaging/adjust.h
    Hundredths brightness = factor_one;  // 0–factor_max
    Hundredths contrast = factor_one;    // 0–factor_max
    std::optional<Duotone> duotone = {};
    Hundredths blur = {0};     // 0–blur_sigma_max: sigma of a Gaussian, in pixels of the result
    Hundredths sharpen = {0};  // 0–sharpen_max: strength of an unsharp mask
    std::optional<Watermark> watermark = {};
    std::uint32_t corner_radius_px = 0;  // 0–resize_side_max_px; at most half of the shorter side counts
    Pad pad = {};
    /// What the picture is laid on when it has alpha, just before padding, and what `contain` and `pad` fill.
    /// Empty: alpha stays where the format has it and what is filled is transparent then; else white.
    std::optional<Colour> background = {};
    std::optional<Format> format = {};         // empty: the format of the original
    bool automatic_format = false;             // `format` is empty then: small, and shown by every browser
    std::optional<std::uint8_t> quality = {};  // 1–100; empty: the encoder's default of this project
    /// max_bytes_min–max_bytes_max: quality is lowered until the result is no larger; the variant fails when
    /// no quality is low enough. Its sides stay.
    std::optional<std::uint32_t> max_bytes = {};
    bool progressive = false;  // JPEG alone: a coarse picture first
    bool lossless = false;     // every visible pixel comes back: WebP, and what PNG and TIFF do anyway
    /// 1 (fast) to 9 (small), on the encoder's own scale; not TIFF. Empty: the default of this project.
    std::optional<std::uint8_t> effort = {};
    Metadata metadata = Metadata::none;
    Icc icc = Icc::srgb;
    Animation animation = Animation::keep;

    bool operator==(const Transform&) const = default;
};

/// True when saturation, brightness or contrast is not 1.
[[nodiscard]] constexpr bool adjusts_colour(const Transform& transform) {
    return transform.saturation != factor_one || transform.brightness != factor_one ||
           transform.contrast != factor_one;
}

/// Reads {"resize": {"width": 100, "height": 100, "fit": "inside"}, "format": "webp", "quality": 80}.
/// Every fault is reported at once, each with its pointer below `pointer` ("" for a document of its own).
/// Unknown members are faults.
[[nodiscard]] Result<Transform> parse_transform(std::string_view json, std::string_view pointer = "");

/// Reads what to_json wrote, perhaps with an earlier version of this program. What a format can do is a
/// matter of requests and may grow stricter; what is stored already is carried out as it was.
[[nodiscard]] Result<Transform> parse_stored_transform(std::string_view json);

/// Whether a text may be a transform at all, of whatever version: a JSON object.
[[nodiscard]] bool may_be_transform(std::string_view json);

/// The canonical form: members in fixed order, defaults left out, no spaces. Equal transforms have equal
/// text.
[[nodiscard]] std::string to_json(const Transform& transform);

}  // namespace safelight
