#include "bench/load/upload_request.h"

#include <fmt/format.h>

namespace safelight::bench {
namespace {

constexpr std::string_view boundary = "------------------------safelight-upload-load-7d1f0c5b";
constexpr std::size_t start_marker_bytes = 2;

}  // namespace

UploadRequest::UploadRequest(const Url& url, const HeaderFields& headers, const std::string& field,
                             Picture picture, bool is_unique)
    : picture_(std::move(picture)), is_unique_(is_unique && is_jpeg(picture_.bytes)) {
    const std::string part_head = fmt::format(
        "--{}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
        boundary, field, picture_.name, media_type_of(picture_.bytes));
    tail_ = fmt::format("\r\n--{}--\r\n", boundary);
    const std::size_t body_bytes =
        part_head.size() + picture_.bytes.size() + next_comment().size() + tail_.size();
    head_ = fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\n", url.target, url.authority());
    for (const auto& [name, value] : headers) head_ += fmt::format("{}: {}\r\n", name, value);
    head_ += fmt::format("Content-Type: multipart/form-data; boundary={}\r\nContent-Length: {}\r\n\r\n",
                         boundary, body_bytes);
    head_ += part_head;
}

std::vector<std::string_view> UploadRequest::pieces(std::string_view comment) const {
    const std::string_view bytes = picture_.bytes;
    if (comment.empty()) return {head_, bytes, tail_};
    return {head_, bytes.substr(0, start_marker_bytes), comment, bytes.substr(start_marker_bytes), tail_};
}

}  // namespace safelight::bench
