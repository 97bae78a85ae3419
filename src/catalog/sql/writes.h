// What every database is told by the same statements and values: for a Connection of any of them, with its
// transaction open. Errors of every call: those of the connection.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/sql/rows.h"
#include "catalog/sql/rules.h"
#include "catalog/sql/statements.h"

namespace safelight {

/// The ledger row of what was made for a variant turns `live`. Errors: also conflict (the blob is not
/// reserved any more).
template <class Connection>
[[nodiscard]] Status turn_live(Connection& connection, BlobKey blob, std::string_view variant) {
    TRY_ASSIGN(const std::uint64_t turned_live, connection.run(sql::make_live, blob));
    if (turned_live == 0) return work_overdue(blob, variant);
    return {};
}

/// The image, without variants; the original's ledger row turns `live`. Errors: also conflict (the blob is
/// not reserved any more).
template <class Connection>
[[nodiscard]] Status insert_image(Connection& connection, const Image& image) {
    const ImageFacts& facts = image.facts;
    const ExifFacts& exif = facts.exif;
    TRY_ASSIGN(const std::uint64_t turned_live, connection.run(sql::make_live, image.blob));
    if (turned_live == 0) return upload_overdue(image.blob);
    TRY(connection.run_later(
        sql::insert_image, image.id, image.owner, std::string_view{image.filename}, image.blob,
        image.size_bytes, image.sha256, name_of(facts.format), facts.width_px, facts.height_px, facts.frames,
        facts.has_alpha, name_of(facts.colour_space), static_cast<int>(facts.orientation),
        std::string_view{exif.camera_make}, std::string_view{exif.camera_model},
        std::string_view{exif.taken_at}, std::string_view{exif.artist}, std::string_view{exif.copyright},
        member(exif.position, &GpsPosition::latitude), member(exif.position, &GpsPosition::longitude),
        member(image.focal_point, &FocalPoint::x), member(image.focal_point, &FocalPoint::y)));
    return {};
}

/// The outcome of a variant that is there, whose blob is `live` by now. What it had before is not touched.
template <class Connection>
[[nodiscard]] Status store_outcome(Connection& connection, ImageId image_id, const VariantOutcome& outcome,
                                   Timestamp now) {
    const std::string_view name = outcome.name;
    if (outcome.error) {
        TRY(connection.run_later(sql::variant_failed, image_id, name, now, name_of(outcome.error->code),
                                 std::string_view{outcome.error->detail}));
    } else if (outcome.content) {
        const VariantContent& content = *outcome.content;
        TRY(connection.run_later(sql::variant_made, image_id, name, now, content.blob,
                                 name_of(content.format), content.width_px, content.height_px,
                                 content.size_bytes, content.sha256));
    }
    return {};
}

template <class Connection>
[[nodiscard]] Status store_look(Connection& connection, ImageId image_id, const Look& look) {
    const std::vector<std::byte> dominant = bytes_of(std::span(&look.dominant, 1));
    const std::vector<std::byte> palette = bytes_of(look.palette);
    TRY(connection.run_later(sql::image_seen, image_id, look.dhash, std::span<const std::byte>(dominant),
                             std::span<const std::byte>(palette), std::span<const std::byte>(look.thumbhash),
                             std::string_view{look.blurhash}));
    return {};
}

/// Of an image that has another one, and whose job nobody else changes meanwhile. Returns whether somebody
/// lost the claim of the job.
template <class Connection>
[[nodiscard]] Result<bool> move_focal_point(Connection& connection, AccountId owner, ImageId id,
                                            const std::optional<FocalPoint>& focal_point, Timestamp now) {
    TRY_ASSIGN(const std::uint64_t taken, connection.run(sql::take_focal_claim, id, owner, now));
    TRY(connection.run_later(sql::set_focal_point, id, owner, member(focal_point, &FocalPoint::x),
                             member(focal_point, &FocalPoint::y)));
    TRY(connection.run_later(sql::take_focal_rerenders, id, now));
    TRY(connection.run_later(sql::remake_focal, id, now));
    return taken > 0;
}

/// What was made again takes the place of a ready variant's content; its blob's ledger row turns `live`.
/// Errors: also conflict (the blob is not reserved any more), fenced (the variant is not ready any more).
template <class Connection>
[[nodiscard]] Status store_remade(Connection& connection, const RerenderId& id, const VariantContent& content,
                                  std::string_view transform, Timestamp now) {
    TRY(turn_live(connection, content.blob, id.name));
    TRY_ASSIGN(
        const std::uint64_t replaced,
        connection.run(sql::variant_remade, id.image_id, id.name, now, content.blob, name_of(content.format),
                       content.width_px, content.height_px, content.size_bytes, content.sha256, transform));
    if (replaced == 0) return rerender_fenced();
    return {};
}

/// Runs a statement that changes a job while its claim is held. Errors: also fenced.
template <class Connection, class... Values>
[[nodiscard]] Status change_held_job(Connection& connection, std::string_view statement, JobId id,
                                     std::uint32_t attempt, const Values&... values) {
    TRY_ASSIGN(const std::uint64_t held, connection.run(statement, id, attempt, values...));
    if (held == 0) return job_fenced();
    return {};
}

/// The same for a rerender.
template <class Connection, class... Values>
[[nodiscard]] Status change_held_rerender(Connection& connection, std::string_view statement,
                                          const RerenderId& id, const Values&... values) {
    TRY_ASSIGN(const std::uint64_t held,
               connection.run(statement, id.image_id, id.name, id.token, values...));
    if (held == 0) return rerender_fenced();
    return {};
}

}  // namespace safelight
