#pragma once

#include <string>

#include "imaging/metadata/blocks.h"

namespace safelight {

/// Who made a picture, and whose it is. Texts as text_of gives them; empty when the file does not say.
struct Credits {
    std::string artist;  // "; " between several; whom the picture is to be credited to is among them
    std::string copyright;

    bool operator==(const Credits&) const = default;
};

/// From EXIF (Artist, Copyright); where it does not say, from XMP (dc:creator, dc:rights), IPTC (2:80, 2:116)
/// or PNG's texts (Author, Copyright), in this order. The credit line is photoshop:Credit or IPTC 2:110.
[[nodiscard]] Credits read_credits(const MetadataBlocks& blocks);

}  // namespace safelight
