#include "image/format.h"

#include <algorithm>
#include <string>

#include "image/svg_sniff.h"

namespace safelight {
namespace {

struct Names {
    Format format;
    std::string_view name;
    std::string_view media_type;
};

constexpr std::array<Names, all_formats.size()> names{{
    {Format::jpeg, "jpeg", "image/jpeg"},
    {Format::png, "png", "image/png"},
    {Format::gif, "gif", "image/gif"},
    {Format::webp, "webp", "image/webp"},
    {Format::tiff, "tiff", "image/tiff"},
    {Format::avif, "avif", "image/avif"},
    {Format::heic, "heic", "image/heic"},
    {Format::jxl, "jxl", "image/jxl"},
    {Format::bmp, "bmp", "image/bmp"},
    {Format::svg, "svg", "image/svg+xml"},
}};

constexpr std::array<std::string_view, 2> avif_brands{"avif", "avis"};
constexpr std::array<std::string_view, 8> heic_brands{"heic", "heix", "hevc", "hevx",
                                                      "heim", "heis", "hevm", "hevs"};

const Names& names_of(Format format) {
    return *std::ranges::find(names, format, &Names::format);
}

/// Two letters are not enough: the four bytes that are reserved, and the size of a header that there is.
bool is_bmp(std::string_view head) {
    using namespace std::string_view_literals;
    if (!head.starts_with("BM"sv) || head.size() < 18 || head.substr(6, 4) != "\0\0\0\0"sv) return false;
    constexpr std::array header_bytes{12, 40, 52, 56, 108, 124};
    return head.substr(15, 3) == "\0\0\0"sv &&
           std::ranges::find(header_bytes, static_cast<unsigned char>(head[14])) != header_bytes.end();
}

/// ISO-BMFF: the major brand decides; with a generic one ("mif1", "msf1") the compatible brands do.
std::optional<Format> sniff_isobmff(std::string_view head) {
    if (head.size() < 16 || head.substr(4, 4) != "ftyp") return std::nullopt;
    const auto is_one_of = [](std::string_view brand, const auto& brands) {
        return std::ranges::find(brands, brand) != brands.end();
    };
    const std::string_view major = head.substr(8, 4);
    if (is_one_of(major, avif_brands)) return Format::avif;
    if (is_one_of(major, heic_brands)) return Format::heic;
    if (major != "mif1" && major != "msf1") return std::nullopt;
    const auto box_size = (std::size_t{static_cast<unsigned char>(head[2])} << 8) |
                          std::size_t{static_cast<unsigned char>(head[3])};
    for (std::size_t at = 16; at + 4 <= std::min(head.size(), box_size); at += 4) {
        if (is_one_of(head.substr(at, 4), avif_brands)) return Format::avif;
        if (is_one_of(head.substr(at, 4), heic_brands)) return Format::heic;
    }
    return std::nullopt;
}

}  // namespace

std::string_view name_of(Format format) {
    return names_of(format).name;
}

std::optional<Format> format_from_name(std::string_view name) {
    const auto found = std::ranges::find(names, name, &Names::name);
    return found == names.end() ? std::nullopt : std::optional(found->format);
}

std::string_view media_type_of(Format format) {
    return names_of(format).media_type;
}

std::optional<Format> format_from_media_type(std::string_view media_type) {
    const auto found = std::ranges::find(names, media_type, &Names::media_type);
    return found == names.end() ? std::nullopt : std::optional(found->format);
}

std::optional<Format> sniff(std::span<const std::byte> bytes) {
    using namespace std::string_view_literals;
    const std::string_view head(reinterpret_cast<const char*>(bytes.data()),
                                std::min(bytes.size(), sniff_bytes));
    if (head.starts_with("\xff\xd8\xff"sv)) return Format::jpeg;
    if (head.starts_with("\x89PNG\r\n\x1a\n"sv)) return Format::png;
    if (head.starts_with("GIF87a"sv) || head.starts_with("GIF89a"sv)) return Format::gif;
    if (head.size() >= 12 && head.starts_with("RIFF"sv) && head.substr(8, 4) == "WEBP"sv) return Format::webp;
    if (head.starts_with("II*\0"sv) || head.starts_with("MM\0*"sv)) return Format::tiff;
    if (head.starts_with("\xff\x0a"sv) || head.starts_with("\0\0\0\x0cJXL \r\n\x87\n"sv)) return Format::jxl;
    if (is_bmp(head)) return Format::bmp;
    if (begins_svg(head)) return Format::svg;
    return sniff_isobmff(head);
}

}  // namespace safelight
