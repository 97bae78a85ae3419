#include "imaging/metadata/credits.h"

#include <initializer_list>

#include "imaging/metadata/exif_facts.h"
#include "imaging/metadata/exif_tags.h"
#include "imaging/metadata/text.h"
#include "imaging/metadata/xmp.h"

namespace safelight {
namespace {

enum class IptcDataSet : std::uint8_t { by_line = 80, credit = 110, copyright = 116 };

/// IPTC IIM 4.2: 0x1c, record, data set, length, value; of record 2. Several of a kind come with "; " between
/// them.
std::string iptc_text(ByteView iptc, IptcDataSet wanted) {
    constexpr std::uint8_t mark = 0x1c;
    std::string all;
    while (iptc.u8(0) == mark && iptc.holds(0, 5)) {
        const std::uint16_t length = iptc.u16be(3);
        const auto value = iptc.part(5, length);
        if (length > 0x7fff || !value)
            break;  // the upper bit: a length of several bytes, which texts do not need
        if (iptc.u8(1) == 2 && iptc.u8(2) == static_cast<std::uint8_t>(wanted)) {
            const std::string text = text_of(*value);
            if (!text.empty()) all += (all.empty() ? "" : "; ") + text;
            if (all.size() > metadata_text_bytes_max) return {};
        }
        iptc = iptc.from(5U + length);
    }
    return all;
}

std::string first_that_says(std::initializer_list<std::string> texts) {
    for (const std::string& text : texts) {
        if (!text.empty()) return text;
    }
    return {};
}

/// The credit line among the artists.
std::string with_credit(std::string artist, const std::string& credit) {
    if (credit.empty() || artist.contains(credit)) return artist;
    if (artist.empty()) return credit;
    std::string both = artist + "; " + credit;
    return both.size() > metadata_text_bytes_max ? artist : both;
}

}  // namespace

Credits read_credits(const MetadataBlocks& blocks) {
    Credits exif;
    if (const auto directory = TiffDirectory::first_of(blocks.exif)) {
        exif.artist = text_of(directory->field(exif_tag::artist));
        exif.copyright = read_copyright(directory->field(exif_tag::copyright), metadata_text_bytes_max);
    }
    const std::string artist = first_that_says({exif.artist, xmp_text(blocks.xmp, "dc:creator"),
                                                iptc_text(blocks.iptc, IptcDataSet::by_line), blocks.author});
    const std::string credit = first_that_says(
        {xmp_text(blocks.xmp, "photoshop:Credit"), iptc_text(blocks.iptc, IptcDataSet::credit)});
    return {with_credit(artist, credit),
            first_that_says({exif.copyright, first_xmp_text(blocks.xmp, "dc:rights"),
                             iptc_text(blocks.iptc, IptcDataSet::copyright), blocks.copyright})};
}

}  // namespace safelight
