// What is said with a picture: in the query, or in the fields of the form around it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace safelight {

/// As the client wrote it; empty: not said.
struct UploadFields {
    std::optional<std::string> filename;  // of a form: of its part "file"
    std::optional<std::string> variants;
    std::optional<std::string> metadata;
    std::optional<std::string> focal_point;
    std::optional<std::string> priority;
};

struct UploadField {
    std::string_view name;
    std::optional<std::string> UploadFields::* value;
    bool in_form = true;    // as a field of its own
    bool is_newer = false;  // than fingerprints that were kept: counts in them only when it is said
};

inline constexpr std::array upload_fields{
    UploadField{.name = "filename", .value = &UploadFields::filename, .in_form = false},
    UploadField{.name = "variants", .value = &UploadFields::variants},
    UploadField{.name = "metadata", .value = &UploadFields::metadata},
    UploadField{.name = "focal_point", .value = &UploadFields::focal_point},
    UploadField{.name = "priority", .value = &UploadFields::priority, .is_newer = true}};

}  // namespace safelight
