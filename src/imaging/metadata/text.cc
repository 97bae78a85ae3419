#include "imaging/metadata/text.h"

#include "base/text.h"
#include "image/exif_facts.h"

namespace safelight {
namespace {

std::string utf8_of_latin1(std::string_view text) {
    std::string utf8;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            utf8 += c;
        } else {
            utf8 += static_cast<char>(0xc0 | byte >> 6);
            utf8 += static_cast<char>(0x80 | (byte & 0x3f));
        }
    }
    return utf8;
}

}  // namespace

std::string text_of(ByteView bytes, std::size_t bytes_max) {
    const std::string_view raw = trim(bytes.text().substr(0, bytes.text().find('\0')));
    if (raw.size() > bytes_max) return {};
    const std::string clean =
        without_control_characters(is_utf8(raw) ? std::string(raw) : utf8_of_latin1(raw));
    const std::string_view text = trim(clean);
    return text.size() > bytes_max ? std::string() : std::string(text);
}

std::string text_of(const TiffField& field, std::size_t bytes_max) {
    if (!field.is(TiffType::ascii) && !field.is(TiffType::utf8)) return {};
    return text_of(field.values, bytes_max);
}

}  // namespace safelight
