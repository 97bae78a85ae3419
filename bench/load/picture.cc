#include "bench/load/picture.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <random>

namespace safelight::bench {
namespace {

constexpr std::size_t segment_data_bytes_max = 65'533;  // two of the 16 bits' worth are the length itself
constexpr std::size_t segment_head_bytes = 4;

std::string comment_segment(std::string_view text) {
    const std::size_t length = text.size() + 2;
    std::string segment = "\xff\xfe";
    segment.push_back(static_cast<char>(length >> 8));
    segment.push_back(static_cast<char>(length & 0xff));
    segment += text;
    return segment;
}

/// Where the first scan begins.
std::optional<std::size_t> find_scan(std::string_view jpeg) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(jpeg[at]); };
    for (std::size_t at = 2; at + segment_head_bytes <= jpeg.size();) {
        if (byte(at) != 0xff) return std::nullopt;
        if (byte(at + 1) == 0xda) return at;
        at += 2U + (std::size_t{byte(at + 2)} << 8U) + byte(at + 3);
    }
    return std::nullopt;
}

}  // namespace

Result<Picture> read_picture(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    Picture picture{path.substr(path.rfind('/') + 1), {std::istreambuf_iterator<char>(file), {}}};
    if (!file || picture.bytes.empty()) {
        return failure(ErrorCode::invalid_argument, fmt::format("{} cannot be read, or is empty.", path));
    }
    return picture;
}

bool is_jpeg(std::string_view bytes) {
    return bytes.starts_with("\xff\xd8\xff");
}

std::string_view media_type_of(std::string_view bytes) {
    if (is_jpeg(bytes)) return "image/jpeg";
    if (bytes.starts_with("\x89PNG")) return "image/png";
    if (bytes.starts_with("GIF8")) return "image/gif";
    if (bytes.starts_with("RIFF") && bytes.substr(8).starts_with("WEBP")) return "image/webp";
    if (bytes.starts_with("II*") || bytes.starts_with("MM")) return "image/tiff";
    return "application/octet-stream";
}

Result<std::string> pad_jpeg(const std::string& jpeg, std::uint64_t bytes_wanted) {
    const auto scan = is_jpeg(jpeg) ? find_scan(jpeg) : std::nullopt;
    if (!scan || bytes_wanted < jpeg.size()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("Only a JPEG of at most {} bytes can be padded to that.", bytes_wanted));
    }
    std::string padded = jpeg.substr(0, *scan);
    std::uint64_t missing = bytes_wanted - jpeg.size();
    while (missing > 0) {
        const std::uint64_t data_bytes = std::min<std::uint64_t>(
            segment_data_bytes_max, std::max(missing, segment_head_bytes) - segment_head_bytes);
        padded += comment_segment(std::string(data_bytes, ' '));
        missing -= std::min(missing, data_bytes + segment_head_bytes);
    }
    padded.append(jpeg, *scan);
    return padded;
}

UniqueComments::UniqueComments() {
    std::random_device random;
    run_ = (std::uint64_t{random()} << 32U) | random();
}

std::string UniqueComments::next() {
    return comment_segment(fmt::format("{:016x}-{:016x}", run_, serial_++));
}

}  // namespace safelight::bench
