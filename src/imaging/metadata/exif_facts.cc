#include "imaging/metadata/exif_facts.h"

#include "imaging/metadata/exif_tags.h"
#include "imaging/metadata/text.h"

namespace safelight {
namespace {

/// "2024:05:31 12:00:00" and "+02:00" as 2024-05-31T12:00:00+02:00; without the zone when it is not one.
std::string time_taken(const TiffDirectory& exif) {
    std::string time = text_of(exif.field(exif_tag::date_time_original), exif_text_bytes_max);
    if (time.size() != 19) return {};
    time[4] = time[4] == ':' ? '-' : time[4];
    time[7] = time[7] == ':' ? '-' : time[7];
    time[10] = time[10] == ' ' ? 'T' : time[10];
    if (!is_time_taken(time)) return {};
    const std::string with_zone =
        time + text_of(exif.field(exif_tag::offset_time_original), exif_text_bytes_max);
    return is_time_taken(with_zone) ? with_zone : time;
}

/// Degrees, minutes and seconds, negative when the reference says `negative`.
std::optional<double> angle(const TiffField& parts, const TiffField& reference, char positive,
                            char negative) {
    const std::string side = text_of(reference);
    const bool is_known = side.size() == 1 && (side[0] == positive || side[0] == negative);
    if (!is_known || !parts.is(TiffType::rational) || parts.count != 3) return std::nullopt;
    double degrees = 0;
    double unit = 1;
    for (std::uint32_t i = 0; i < 3; ++i, unit /= 60) {
        const TiffRational part = parts.rational(i);
        // Seconds, or minutes and seconds, that are not known are 0/0 in some files.
        if (part.denominator == 0 && (i == 0 || part.numerator != 0)) return std::nullopt;
        if (part.denominator != 0) degrees += unit * part.numerator / part.denominator;
    }
    return side[0] == negative ? -degrees : degrees;
}

std::optional<GpsPosition> position(const TiffDirectory& gps) {
    const auto latitude =
        angle(gps.field(exif_tag::latitude), gps.field(exif_tag::latitude_reference), 'N', 'S');
    const auto longitude =
        angle(gps.field(exif_tag::longitude), gps.field(exif_tag::longitude_reference), 'E', 'W');
    if (!latitude || !longitude) return std::nullopt;
    const GpsPosition found{*latitude, *longitude};
    return is_position(found) ? std::optional(found) : std::nullopt;
}

}  // namespace

std::string read_copyright(const TiffField& field, std::size_t bytes_max) {
    std::string photographer = text_of(field, bytes_max);
    const std::size_t first_end = field.values.text().find('\0');
    if (photographer.empty() && first_end == std::string_view::npos) return {};
    TiffField rest = field;
    rest.values = first_end == std::string_view::npos ? ByteView() : field.values.from(first_end + 1);
    const std::string editor = text_of(rest, bytes_max);
    if (editor.empty() || photographer.empty()) return photographer + editor;
    const std::string both = photographer + "; " + editor;
    return both.size() <= bytes_max ? both : photographer;
}

ExifFacts read_exif_facts(ByteView exif) {
    const auto directory = TiffDirectory::first_of(exif);
    if (!directory) return {};
    ExifFacts facts;
    facts.camera_make = text_of(directory->field(exif_tag::make), exif_text_bytes_max);
    facts.camera_model = text_of(directory->field(exif_tag::model), exif_text_bytes_max);
    facts.artist = text_of(directory->field(exif_tag::artist), exif_text_bytes_max);
    facts.copyright = read_copyright(directory->field(exif_tag::copyright), exif_text_bytes_max);
    if (const auto details = directory->directory(exif_tag::exif_directory))
        facts.taken_at = time_taken(*details);
    if (const auto gps = directory->directory(exif_tag::gps_directory)) facts.position = position(*gps);
    return facts;
}

}  // namespace safelight
