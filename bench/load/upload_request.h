// The bytes of an upload: one multipart/form-data POST with one file, the same for all but the unique
// comment.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/load/picture.h"
#include "bench/load/url.h"

namespace safelight::bench {

using HeaderFields = std::vector<std::pair<std::string, std::string>>;

class UploadRequest {
  public:
    /// `is_unique`: each upload gets a comment of its own, if the picture is a JPEG.
    UploadRequest(const Url& url, const HeaderFields& headers, const std::string& field, Picture picture,
                  bool is_unique);

    [[nodiscard]] bool is_unique() const { return is_unique_; }
    [[nodiscard]] const Picture& picture() const { return picture_; }
    /// The comment for the next upload; empty when they are not unique.
    [[nodiscard]] std::string next_comment() { return is_unique_ ? comments_.next() : std::string(); }
    /// The request, of pieces of this object and of `comment`.
    [[nodiscard]] std::vector<std::string_view> pieces(std::string_view comment) const;
    /// How much of the request has gone when half of the picture has.
    [[nodiscard]] std::size_t half_bytes() const { return head_.size() + picture_.bytes.size() / 2; }

  private:
    Picture picture_;
    bool is_unique_;
    UniqueComments comments_;
    std::string head_;  // the request's and the part's
    std::string tail_;
};

}  // namespace safelight::bench
