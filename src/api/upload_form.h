// The multipart form of an upload: one picture, and a few short fields around it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/upload_fields.h"
#include "http/multipart.h"

namespace safelight {

inline constexpr std::size_t form_field_bytes_max = 64 * 1'024;

/// Takes the parser's events. The picture's bytes are added to `picture`, which the caller empties between
/// feeds. Errors of its events: invalid_argument (a second file, an unknown or repeated field),
/// payload_too_large.
class UploadForm final : public http::MultipartSink {
  public:
    explicit UploadForm(std::uint64_t picture_bytes_max) : picture_bytes_max_(picture_bytes_max) {}

    [[nodiscard]] Status part_begins(const http::PartHead& head) override;
    [[nodiscard]] Status part_data(std::span<const std::byte> bytes) override;
    [[nodiscard]] Status part_ends() override;

    /// Valid once every byte was fed. Error: invalid_argument (no file).
    [[nodiscard]] Status check_complete() const;

    std::vector<std::byte> picture;
    UploadFields fields;

  private:
    const std::uint64_t picture_bytes_max_;
    std::uint64_t picture_bytes_ = 0;
    bool has_file_ = false;
    std::string part_name_;
    std::string* field_ = nullptr;  // the field that the present part fills; null: the file
};

}  // namespace safelight
