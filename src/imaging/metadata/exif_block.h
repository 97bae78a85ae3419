// The EXIF that variants carry: made anew from a list of tags, never copied through.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "image/format.h"
#include "transform/transform.h"

namespace safelight {

/// A TIFF structure, little-endian, with what `policy` lets through of the original's metadata; empty when
/// that is nothing. `copyright`: Artist and Copyright (read_credits). `all_but_location`: also camera, lens,
/// times, and how the picture was exposed. Never: position, names of owners, serial numbers, unique ids,
/// maker notes, comments, small pictures, the orientation, which has been applied. A value of another type,
/// shape or length than its tag has is left out; texts are cleaned (text_of). A few kilobytes at most.
[[nodiscard]] std::vector<std::byte> exif_block(std::span<const std::byte> file, Format format,
                                                Metadata policy);

}  // namespace safelight
