#include "imaging/metadata/attach_avif.h"

#include <array>
#include <cstdint>
#include <string_view>

#include "imaging/container/boxes.h"
#include "imaging/container/byte_writer.h"
#include "imaging/container/isobmff_items.h"

namespace safelight {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t box_header_bytes = 8;

void append_box(ByteBuffer& out, std::string_view type, std::span<const std::byte> payload) {
    append_big(out, box_header_bytes + payload.size(), 4);
    append(out, type);
    append(out, payload);
}

/// Offsets, lengths and bases of 4 bytes, no indices.
bool has_known_form(ByteView iloc) {
    return iloc.u8(4) == 0x44 && iloc.u8(5) == 0x40;
}

/// The meta box of a file with one more item and one more property.
class MetaWriter {
  public:
    MetaWriter(ByteView meta, const Attachments& attachments) : meta_(meta), attachments_(attachments) {}

    /// Its payload; the offsets in it are still those of the old file, and the new item's is 0. Nothing when
    /// it is not as libheif writes it.
    std::optional<ByteBuffer> write() {
        const auto primary = find_box(meta_.from(4), "pitm");
        const auto items = find_box(meta_.from(4), "iinf");
        if (!primary || !items || primary->payload.u8(0) != 0 || items->payload.u8(0) != 0)
            return std::nullopt;
        primary_ = primary->payload.u16be(4);
        item_ = items->payload.u16be(4) + 1U;  // libheif counts from 1 without gaps
        const bool has_references = find_box(meta_.from(4), "iref").has_value();
        append(out_, meta_.bytes().first(4));
        Boxes boxes(meta_.from(4));
        while (const auto box = boxes.next()) {
            write_box(*box);
            if (box->is("iinf") && !has_references) write_references(ByteView(no_references));
        }
        if (boxes.is_broken() || !ok_) return std::nullopt;
        return std::move(out_);
    }

  private:
    static constexpr std::array<std::byte, 4> no_references{};  // version and flags

    void write_box(const Box& box) {
        const bool has_exif = !attachments_.exif.empty();
        if (has_exif && box.is("iinf")) return write_items(box.payload);
        if (has_exif && box.is("iref")) return write_references(box.payload);
        if (has_exif && box.is("iloc")) return write_locations(box.payload);
        if (!attachments_.icc.empty() && box.is("iprp")) return write_properties(box.payload);
        append(out_, box.whole.bytes());
    }

    void write_items(ByteView old) {
        ByteBuffer payload(old.bytes().begin(), old.bytes().end());
        ByteBuffer entry;
        append(entry, "\2\0\0\0"sv);  // version 2
        append_big(entry, item_, 2);
        append(entry, "\0\0Exif\0"sv);  // not protected, type, no name
        append_box(payload, "infe", entry);
        put_big(payload, 4, old.u16be(4) + 1U, 2);
        append_box(out_, "iinf", payload);
    }

    void write_references(ByteView old) {
        if (attachments_.exif.empty()) return;
        ByteBuffer payload(old.bytes().begin(), old.bytes().end());
        ByteBuffer reference;
        append_big(reference, item_, 2);
        append_big(reference, 1, 2);
        append_big(reference, primary_, 2);
        append_box(payload, "cdsc", reference);
        ok_ = ok_ && old.u8(0) == 0;
        append_box(out_, "iref", payload);
    }

    /// The new item in the form of the others: id, file, base, one extent.
    void write_locations(ByteView old) {
        const std::uint8_t version = old.u8(0);
        ok_ = ok_ && version <= 1 && has_known_form(old);
        ByteBuffer payload(old.bytes().begin(), old.bytes().end());
        append_big(payload, item_, 2);
        append_big(payload, 0, version == 0 ? 2 : 4);  // in this file
        append_big(payload, 0, 4);
        append_big(payload, 1, 2);
        append_big(payload, 0, 4);
        append_big(payload, exif_header_bytes + attachments_.exif.size(), 4);
        put_big(payload, 6, old.u16be(6) + 1U, 2);
        append_box(out_, "iloc", payload);
    }

    void write_properties(ByteView old) {
        const auto list = find_box(old, "ipco");
        const auto associations = find_box(old, "ipma");
        if (!list || !associations) {
            ok_ = false;
            return;
        }
        ByteBuffer profile;
        append(profile, "prof"sv);
        append(profile, attachments_.icc);
        ByteBuffer properties(list->payload.bytes().begin(), list->payload.bytes().end());
        append_box(properties, "colr", profile);
        unsigned count = 0;
        Boxes counted{ByteView(properties)};
        while (counted.next()) ++count;
        ByteBuffer payload;
        append_box(payload, "ipco", properties);
        append_box(payload, "ipma", associated(associations->payload, count));
        append_box(out_, "iprp", payload);
    }

    /// Version 0 with indices of one byte: item, number of properties, their indices. The primary item gets
    /// the new one.
    ByteBuffer associated(ByteView old, unsigned property) {
        ok_ = ok_ && old.u32be(0) == 0 && property < 0x80;
        ByteBuffer out(old.bytes().begin(), old.bytes().begin() + 8);
        std::uint64_t at = 8;
        bool found = false;
        for (std::uint32_t i = 0; i < old.u32be(4) && old.holds(at, 3); ++i) {
            const unsigned count = old.u8(at + 2);
            const bool is_primary = old.u16be(at) == primary_;
            const auto indices = old.part(at + 3, count);
            if (!indices) break;
            append_big(out, old.u16be(at), 2);
            append_big(out, count + (is_primary ? 1 : 0), 1);
            append(out, indices->bytes());
            if (is_primary) append_big(out, property, 1);
            found = found || is_primary;
            at += 3U + count;
        }
        ok_ = ok_ && found && at == old.size();
        return out;
    }

  public:
    static constexpr std::string_view exif_header =
        "\0\0\0\6Exif\0\0"sv;  // where the structure begins, a name
    static constexpr std::size_t exif_header_bytes = exif_header.size();

  private:
    ByteView meta_;
    const Attachments& attachments_;
    ByteBuffer out_;
    std::uint32_t primary_ = 0;
    std::uint32_t item_ = 0;
    bool ok_ = true;
};

/// Moves what lay at `from` and beyond by `distance`; the last item, when it is new, comes to `last_offset`.
bool move_items(ByteBuffer& meta, std::size_t iloc_at, std::uint64_t from, std::uint64_t distance,
                std::optional<std::uint64_t> last_offset) {
    const ByteView iloc = ByteView(meta).from(iloc_at);
    const auto locations = item_locations(iloc);
    if (locations.size() != iloc.u16be(6)) return false;
    for (const ItemLocation& item : locations) {
        const bool is_new = last_offset && &item == &locations.back();
        if (item.method != 0) continue;  // moves with the meta box
        if (!is_new && item.offset < from) return false;
        const std::uint64_t moved = iloc.u32be(item.field_at) + distance;
        put_big(meta, iloc_at + item.field_at, is_new ? *last_offset : moved, 4);
    }
    return true;
}

}  // namespace

std::optional<std::vector<std::byte>> attach_to_avif(std::span<const std::byte> file,
                                                     const Attachments& attachments) {
    const ByteView view(file);
    const auto meta = find_box(view, "meta");
    if (!meta) return std::nullopt;
    auto written = MetaWriter(meta->payload, attachments).write();
    if (!written) return std::nullopt;
    const auto iloc = find_box(ByteView(*written).from(4), "iloc");
    if (!iloc || !has_known_form(iloc->payload)) return std::nullopt;
    const auto meta_at = static_cast<std::size_t>(meta->whole.bytes().data() - file.data());
    const auto iloc_at = static_cast<std::size_t>(iloc->payload.bytes().data() - written->data());
    const std::size_t meta_end = meta_at + meta->whole.size();
    const std::size_t distance = written->size() + box_header_bytes - meta->whole.size();
    std::optional<std::uint64_t> exif_at;
    if (!attachments.exif.empty()) exif_at = file.size() + distance + box_header_bytes;
    if (!move_items(*written, iloc_at, meta_end, distance, exif_at)) return std::nullopt;
    ByteBuffer out;
    append(out, file.first(meta_at));
    append_box(out, "meta", *written);
    append(out, file.subspan(meta_end));
    if (!attachments.exif.empty()) {
        ByteBuffer item;
        append(item, MetaWriter::exif_header);
        append(item, attachments.exif);
        append_box(out, "mdat", item);
    }
    return out;
}

}  // namespace safelight
