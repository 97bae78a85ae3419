// The JSON of what is known of an image beside its container.
#pragma once

#include <string>

#include "catalog/records.h"

namespace safelight {

/// Appends the members "focal_point", "look" and "exif", with commas between them.
void append_facts(std::string& json, const Image& image);

}  // namespace safelight
