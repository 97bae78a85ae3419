#include "imaging/metadata/tiff_writer.h"

#include <utility>

namespace safelight {
namespace {

constexpr std::size_t entry_bytes = 12;
constexpr std::size_t inline_bytes = 4;

void pad_to_even(ByteBuffer& out) {
    if (out.size() % 2 != 0) out.push_back(std::byte{0});
}

}  // namespace

TiffEntry text_entry(std::uint16_t tag, std::string_view text) {
    TiffEntry entry{
        tag, std::to_underlying(TiffType::ascii), static_cast<std::uint32_t>(text.size() + 1), {}};
    append(entry.value, text);
    entry.value.push_back(std::byte{0});
    return entry;
}

TiffEntry u32_entry(std::uint16_t tag, std::uint32_t value) {
    TiffEntry entry{tag, std::to_underlying(TiffType::u32), 1, {}};
    append_little(entry.value, value, 4);
    return entry;
}

TiffEntry bytes_entry(std::uint16_t tag, TiffType type, std::span<const std::byte> bytes) {
    return {tag, std::to_underlying(type), static_cast<std::uint32_t>(bytes.size()),
            ByteBuffer(bytes.begin(), bytes.end())};
}

std::uint32_t append_directory(ByteBuffer& structure, std::span<const TiffEntry> entries) {
    pad_to_even(structure);
    const std::size_t offset = structure.size();
    append_little(structure, entries.size(), 2);
    ByteBuffer values;
    const std::size_t values_at = offset + 2 + entries.size() * entry_bytes + 4;
    for (const TiffEntry& entry : entries) {
        append_little(structure, entry.tag, 2);
        append_little(structure, entry.type, 2);
        append_little(structure, entry.count, 4);
        if (entry.value.size() <= inline_bytes) {
            append(structure, entry.value);
            structure.resize(structure.size() + inline_bytes - entry.value.size());
        } else {
            append_little(structure, values_at + values.size(), 4);
            append(values, entry.value);
            pad_to_even(values);
        }
    }
    append_little(structure, 0, 4);  // no next directory
    append(structure, values);
    return static_cast<std::uint32_t>(offset);
}

void set_u32_entry(ByteBuffer& structure, std::uint32_t offset, std::size_t index, std::uint32_t value) {
    put_little(structure, offset + 2 + index * entry_bytes + 8, value, 4);
}

}  // namespace safelight
