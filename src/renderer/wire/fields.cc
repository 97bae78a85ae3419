#include "renderer/wire/fields.h"

namespace safelight::wire {
namespace {

constexpr std::size_t number_bytes = 8;

}  // namespace

void FieldWriter::number(std::uint64_t value) {
    for (std::size_t i = 0; i < number_bytes; ++i) bytes_.push_back(static_cast<std::byte>(value >> (8 * i)));
}

void FieldWriter::text(std::string_view value) {
    bytes(std::as_bytes(std::span(value)));
}

void FieldWriter::bytes(std::span<const std::byte> value) {
    number(value.size());
    bytes_.insert(bytes_.end(), value.begin(), value.end());
}

std::uint64_t FieldReader::number(std::uint64_t most) {
    if (bytes_.size() < number_bytes) fail();
    if (!ok_) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < number_bytes; ++i)
        value |= std::to_integer<std::uint64_t>(bytes_[i]) << (8 * i);
    bytes_ = bytes_.subspan(number_bytes);
    if (value <= most) return value;
    fail();
    return 0;
}

std::string FieldReader::text(std::size_t bytes_max) {
    const auto value = bytes(bytes_max);
    return {reinterpret_cast<const char*>(value.data()), value.size()};
}

std::span<const std::byte> FieldReader::bytes(std::size_t bytes_max) {
    const auto size = static_cast<std::size_t>(number(bytes_max));
    if (size > bytes_.size()) fail();
    if (!ok_) return {};
    const auto value = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return value;
}

}  // namespace safelight::wire
