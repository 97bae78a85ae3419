#include "catalog/sql/rows.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace safelight {
namespace {

std::optional<ColourSpace> colour_space_from_name(std::string_view name) {
    for (const ColourSpace space : {ColourSpace::grey, ColourSpace::rgb, ColourSpace::cmyk}) {
        if (name_of(space) == name) return space;
    }
    return std::nullopt;
}

VariantContent read_content(Columns& columns) {
    VariantContent content;
    content.blob = columns.id<BlobKey>();
    const auto format = format_from_name(columns.view());
    content.format = format.value_or(Format{});
    content.is_unknown_format = !format;
    content.width_px = columns.number<std::uint32_t>();
    content.height_px = columns.number<std::uint32_t>();
    content.size_bytes = columns.number<std::uint64_t>();
    content.sha256 = columns.sha256();
    return content;
}

constexpr int content_columns = 6;

/// Two numbers, or two nulls.
template <class Pair>
std::optional<Pair> read_pair(Columns& columns) {
    if (columns.next_is_null()) {
        columns.skip(2);
        return std::nullopt;
    }
    const double first = columns.real();
    return Pair{first, columns.real()};
}

ExifFacts read_exif(Columns& columns) {
    ExifFacts exif;
    exif.camera_make = columns.text();
    exif.camera_model = columns.text();
    exif.taken_at = columns.text();
    exif.artist = columns.text();
    exif.copyright = columns.text();
    exif.position = read_pair<GpsPosition>(columns);
    return exif;
}

std::vector<Colour> read_colours(Columns& columns) {
    const auto bytes = columns.bytes();
    std::vector<Colour> colours;
    for (std::size_t i = 0; i + 2 < bytes.size(); i += 3) {
        colours.push_back({std::to_integer<std::uint8_t>(bytes[i]),
                           std::to_integer<std::uint8_t>(bytes[i + 1]),
                           std::to_integer<std::uint8_t>(bytes[i + 2])});
    }
    if (colours.empty()) columns.not_understood();
    return colours;
}

constexpr int look_columns = 5;

std::optional<Look> read_look(Columns& columns) {
    if (columns.next_is_null()) {
        columns.skip(look_columns);
        return std::nullopt;
    }
    Look look;
    look.dhash = columns.number<std::uint64_t>();
    const std::vector<Colour> dominant = read_colours(columns);
    if (!dominant.empty()) look.dominant = dominant.front();
    look.palette = read_colours(columns);
    const auto thumbhash = columns.bytes();
    look.thumbhash.assign(thumbhash.begin(), thumbhash.end());
    look.blurhash = columns.text();
    return look;
}

std::optional<BlobState> blob_state_from_name(std::string_view name) {
    if (name == "writing") return BlobState::writing;
    if (name == "live") return BlobState::live;
    if (name == "doomed") return BlobState::doomed;
    return std::nullopt;
}

}  // namespace

Image read_image(Columns& columns) {
    Image image;
    image.id = columns.id<ImageId>();
    image.owner = columns.id<AccountId>();
    image.filename = columns.text();
    image.blob = columns.id<BlobKey>();
    image.size_bytes = columns.number<std::uint64_t>();
    image.sha256 = columns.sha256();
    const auto format = format_from_name(columns.view());
    image.facts.format = format.value_or(Format{});
    image.is_unknown_format = !format;
    image.facts.width_px = columns.number<std::uint32_t>();
    image.facts.height_px = columns.number<std::uint32_t>();
    image.facts.frames = columns.number<std::uint32_t>();
    image.facts.has_alpha = columns.number() != 0;
    image.facts.colour_space = columns.named(colour_space_from_name);
    image.facts.orientation = Orientation{columns.number<std::uint8_t>()};
    image.facts.exif = read_exif(columns);
    image.focal_point = read_pair<FocalPoint>(columns);
    image.look = read_look(columns);
    image.created_at = time_of(image.id.uuid);
    return image;
}

Lane read_lane(Columns& columns) {
    return static_cast<Lane>(columns.number<std::uint8_t>());  // the schema says which there are
}

WaitingJob read_waiting_job(Columns& columns) {
    const auto id = columns.id<JobId>();
    return {id, read_lane(columns)};
}

Job read_job(Columns& columns) {
    Job job;
    job.id = columns.id<JobId>();
    job.owner = columns.id<AccountId>();
    job.status = columns.named(job_status_from_name);
    job.priority = static_cast<Priority>(columns.number<std::uint8_t>());
    job.lane = read_lane(columns);
    job.attempts = columns.number<std::uint32_t>();
    job.metadata_json = columns.text();
    job.updated_at = columns.time();
    job.finished_at = columns.optional_time();
    job.created_at = time_of(job.id.uuid);
    job.image = read_image(columns);
    return job;
}

JobChange read_job_change(Columns& columns) {
    JobChange change;
    change.job = read_job(columns);
    // Before changes were counted: before all of them.
    change.place = {columns.next_is_null() ? 0 : columns.number<std::uint64_t>(), change.job.id};
    return change;
}

PlacedVariant read_variant(Columns& columns) {
    PlacedVariant placed;
    Variant& variant = placed.variant;
    placed.image_id = columns.id<ImageId>();
    variant.name = columns.text();
    placed.position = columns.number();
    const std::string_view stored = columns.view();
    if (auto transform = parse_stored_transform(stored)) {
        variant.transform = *transform;
    } else if (may_be_transform(stored)) {
        variant.unknown_transform = stored;
    } else {
        columns.not_understood();
    }
    variant.status = columns.named(variant_status_from_name);
    if (columns.number() != 0) variant.status = VariantStatus::expired;
    variant.updated_at = columns.time();
    variant.read_at = columns.optional_time();
    if (columns.next_is_null()) {
        columns.skip(content_columns);
    } else {
        variant.content = read_content(columns);
    }
    if (!columns.next_is_null()) {
        const ErrorCode code = error_code_from_name(columns.view());
        variant.error = VariantError{code, columns.text()};
    }
    return placed;
}

void sort_by_place(std::vector<PlacedVariant>& variants) {
    std::ranges::sort(variants, {},
                      [](const PlacedVariant& placed) { return std::tie(placed.image_id, placed.position); });
}

std::vector<Variant> without_places(std::vector<PlacedVariant> placed) {
    std::vector<Variant> variants;
    variants.reserve(placed.size());
    for (auto& one : placed) variants.push_back(std::move(one.variant));
    return variants;
}

void distribute(std::vector<PlacedVariant> variants, std::span<Image* const> images) {
    std::unordered_map<ImageId, Image*> by_id;
    for (Image* image : images) by_id.emplace(image->id, image);
    for (auto& placed : variants) {
        if (const auto found = by_id.find(placed.image_id); found != by_id.end()) {
            found->second->variants.push_back(std::move(placed.variant));
        }
    }
}

LedgerEntry read_entry(Columns& columns) {
    LedgerEntry entry;
    entry.key = columns.id<BlobKey>();
    entry.state = columns.named(blob_state_from_name);
    entry.deadline = columns.time();
    return entry;
}

BlobLedger::Reference read_reference(Columns& columns) {
    BlobLedger::Reference reference;
    reference.key = columns.id<BlobKey>();
    reference.size_bytes = columns.number<std::uint64_t>();
    reference.sha256 = columns.sha256();
    reference.image_id = columns.id<ImageId>();
    reference.variant = columns.text();
    return reference;
}

BlobKey read_key(Columns& columns) {
    return columns.id<BlobKey>();
}

std::vector<std::byte> bytes_of(std::span<const Colour> colours) {
    std::vector<std::byte> bytes;
    for (const Colour colour : colours) {
        for (const std::uint8_t channel : {colour.red, colour.green, colour.blue})
            bytes.push_back(static_cast<std::byte>(channel));
    }
    return bytes;
}

}  // namespace safelight
