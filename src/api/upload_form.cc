#include "api/upload_form.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/request_values.h"
#include "base/text.h"

namespace safelight {
Status UploadForm::part_begins(const http::PartHead& head) {
    part_name_ = to_valid_utf8(std::string_view(head.name).substr(0, 64));
    field_ = nullptr;
    if (head.name == "file") {
        if (has_file_) return invalid({{"/file", "Only one file can be sent in a request."}});
        has_file_ = true;
        fields.filename = head.filename;
        return {};
    }
    const auto known = std::ranges::find_if(
        upload_fields, [&](const UploadField& field) { return field.in_form && field.name == head.name; });
    if (known == upload_fields.end()) {
        std::string names = "file";
        for (const UploadField& field : upload_fields)
            if (field.in_form) names.append(", ").append(field.name);
        return invalid({{pointer_to(part_name_),
                         fmt::format("There is no field \"{}\" here; known are: {}.", part_name_, names)}});
    }
    std::optional<std::string>& field = fields.*known->value;
    if (field) return invalid({{pointer_to(part_name_), fmt::format("\"{}\" is given twice.", part_name_)}});
    field_ = &field.emplace();
    return {};
}

Status UploadForm::part_data(std::span<const std::byte> bytes) {
    if (field_ != nullptr) {
        if (field_->size() + bytes.size() > form_field_bytes_max) {
            return invalid({{pointer_to(part_name_), fmt::format("\"{}\" has more than {} bytes.", part_name_,
                                                                 form_field_bytes_max)}});
        }
        field_->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return {};
    }
    picture_bytes_ += bytes.size();
    if (picture_bytes_ > picture_bytes_max_) {
        return failure(ErrorCode::payload_too_large,
                       fmt::format("A picture may have at most {} bytes.", picture_bytes_max_));
    }
    picture.insert(picture.end(), bytes.begin(), bytes.end());
    return {};
}

Status UploadForm::part_ends() {
    return {};
}

Status UploadForm::check_complete() const {
    if (!has_file_) return invalid({{"/file", "A part named \"file\" with the picture is needed."}});
    if (picture_bytes_ == 0) return failure(ErrorCode::empty_payload, "The picture has no bytes at all.");
    return {};
}

}  // namespace safelight
