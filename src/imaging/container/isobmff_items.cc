#include "imaging/container/isobmff_items.h"

#include <algorithm>

#include "imaging/container/boxes.h"

namespace safelight {
namespace {

constexpr std::uint64_t full_box_bytes = 4;  // version and flags
constexpr std::uint64_t items_max = 10'000;  // a picture of many tiles has some hundreds

/// Big-endian numbers of sizes that the file chooses.
class Cursor {
  public:
    explicit Cursor(ByteView view) : view_(view) {}

    std::uint64_t number(unsigned bytes) {
        std::uint64_t value = 0;
        for (unsigned i = 0; i < bytes; ++i) value = value << 8 | view_.u8(at_ + i);
        skip(bytes);
        return value;
    }
    void skip(std::uint64_t bytes) {
        if (!view_.holds(at_, bytes)) ok_ = false;
        if (ok_) at_ += bytes;
    }
    [[nodiscard]] std::uint64_t at() const { return at_; }
    [[nodiscard]] bool ok() const { return ok_; }

  private:
    ByteView view_;
    std::uint64_t at_ = 0;
    bool ok_ = true;
};

constexpr bool is_field_size(unsigned bytes) {
    return bytes == 0 || bytes == 4 || bytes == 8;
}

/// infe from version 2 on: id, protection, type, name, for "mime" the content type.
std::optional<std::uint32_t> id_of_entry(ByteView entry, std::string_view type) {
    constexpr std::string_view xmp = "application/rdf+xml";
    const std::uint8_t version = entry.u8(0);
    if (version < 2) return std::nullopt;
    const unsigned id_bytes = version == 2 ? 2 : 4;
    const std::uint64_t type_at = full_box_bytes + id_bytes + 2;
    if (!entry.has_text(type_at, type)) return std::nullopt;
    if (type == "mime" && !entry.from(type_at + 4).text().contains(xmp)) return std::nullopt;
    return id_bytes == 2 ? entry.u16be(full_box_bytes) : entry.u32be(full_box_bytes);
}

std::optional<std::uint32_t> find_id(ByteView iinf, std::string_view type) {
    Boxes entries(iinf.from(full_box_bytes + (iinf.u8(0) == 0 ? 2 : 4)));
    while (const auto entry = entries.next()) {
        if (!entry->is("infe")) continue;
        if (const auto id = id_of_entry(entry->payload, type)) return id;
    }
    return std::nullopt;
}

}  // namespace

std::vector<ItemLocation> item_locations(ByteView iloc) {
    const std::uint8_t version = iloc.u8(0);
    const unsigned offset_bytes = iloc.u8(4) >> 4;
    const unsigned length_bytes = iloc.u8(4) & 0xf;
    const unsigned base_bytes = iloc.u8(5) >> 4;
    const unsigned index_bytes = version == 0 ? 0 : iloc.u8(5) & 0xf;
    if (version > 2 || !is_field_size(offset_bytes) || !is_field_size(length_bytes) ||
        !is_field_size(base_bytes) || !is_field_size(index_bytes)) {
        return {};
    }
    std::vector<ItemLocation> locations;
    Cursor cursor(iloc);
    cursor.skip(full_box_bytes + 2);
    const std::uint64_t count = std::min(cursor.number(version < 2 ? 2 : 4), items_max);
    for (std::uint64_t i = 0; i < count && cursor.ok(); ++i) {
        ItemLocation item;
        item.id = static_cast<std::uint32_t>(cursor.number(version < 2 ? 2 : 4));
        item.method = version == 0 ? 0 : static_cast<std::uint32_t>(cursor.number(2) & 0xf);
        cursor.skip(2);  // which file
        const std::uint64_t base_at = cursor.at();
        const std::uint64_t base = cursor.number(base_bytes);
        item.extents = static_cast<std::uint32_t>(cursor.number(2));
        const std::uint64_t first_extent = cursor.at() + index_bytes;
        Cursor extent(iloc);
        extent.skip(first_extent);
        item.field_at = base_bytes > 0 ? base_at : first_extent;
        item.offset = base + extent.number(offset_bytes);
        item.length = extent.number(length_bytes);
        cursor.skip(std::uint64_t{item.extents} * (index_bytes + offset_bytes + length_bytes));
        if (cursor.ok() && item.offset >= base) locations.push_back(item);
    }
    return locations;
}

ByteView find_item(ByteView file, std::string_view type) {
    const auto meta = find_box(file, "meta");
    if (!meta) return {};
    const ByteView inside = meta->payload.from(full_box_bytes);
    const auto entries = find_box(inside, "iinf");
    const auto locations = find_box(inside, "iloc");
    const auto id = entries ? find_id(entries->payload, type) : std::nullopt;
    if (!id || !locations) return {};
    for (const ItemLocation& item : item_locations(locations->payload)) {
        if (item.id == *id && item.is_plain())
            return file.part(item.offset, item.length).value_or(ByteView());
    }
    return {};
}

ByteView exif_of_item(ByteView item) {
    return item.from(std::uint64_t{4} + item.u32be(0));
}

}  // namespace safelight
