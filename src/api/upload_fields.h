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
};

inline constexpr std::array upload_fields{
    UploadField{"filename", &UploadFields::filename}, UploadField{"variants", &UploadFields::variants},
    UploadField{"metadata", &UploadFields::metadata}, UploadField{"focal_point", &UploadFields::focal_point},
    UploadField{"priority", &UploadFields::priority}};

}  // namespace safelight
