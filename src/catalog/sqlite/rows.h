// From rows to records.
#pragma once

#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/sqlite/connection.h"

namespace safelight::sqlite {

/// Reads the columns of a row from left to right. What cannot be understood (written by a newer version, or
/// by hand) is remembered: ask `status` at the end.
class Columns {
  public:
    explicit Columns(const Query& query, int first = 0) : query_(query), next_(first) {}

    template <class AnyId>
    [[nodiscard]] AnyId id() {
        return AnyId{uuid()};
    }
    [[nodiscard]] Uuid uuid();
    [[nodiscard]] Sha256 sha256();
    [[nodiscard]] double real() { return query_.real(next_++); }
    /// Valid until the next row.
    [[nodiscard]] std::span<const std::byte> bytes() { return query_.bytes(next_++); }
    [[nodiscard]] std::string text() { return std::string(query_.text(next_++)); }
    [[nodiscard]] std::string_view view() { return query_.text(next_++); }
    template <class Integer = std::int64_t>
    [[nodiscard]] Integer number() {
        return static_cast<Integer>(query_.integer(next_++));
    }
    [[nodiscard]] Timestamp time() { return Timestamp{Milliseconds{query_.integer(next_++)}}; }
    [[nodiscard]] std::optional<Timestamp> optional_time();
    template <class Value>
    [[nodiscard]] Value named(std::optional<Value> (*from_name)(std::string_view)) {
        const auto value = from_name(query_.text(next_++));
        if (!value) understood_ = false;
        return value.value_or(Value{});
    }
    [[nodiscard]] bool next_is_null() const { return query_.is_null(next_); }
    void skip(int count) { next_ += count; }
    void not_understood() { understood_ = false; }
    [[nodiscard]] Status status() const;

  private:
    const Query& query_;
    int next_;
    bool understood_ = true;
};

/// Without its variants.
[[nodiscard]] Image read_image(Columns& columns);
/// With its image, without variants.
[[nodiscard]] Job read_job(Columns& columns);

/// A variant with what places it.
struct PlacedVariant {
    ImageId image_id;
    std::int64_t position = 0;
    Variant variant;
};
[[nodiscard]] PlacedVariant read_variant(Columns& columns);

/// Runs through a query of variants; sorted by image and position.
[[nodiscard]] Result<std::vector<PlacedVariant>> read_variants(Query query);

/// With its variants; of any owner. Empty when it is gone.
[[nodiscard]] Result<std::optional<Image>> find_image(Connection& connection, ImageId id);

/// All variants of one image, in order.
[[nodiscard]] Result<std::vector<Variant>> variants_of(Connection& connection, ImageId image_id);

/// Hands the variants to the images they belong to.
void distribute(std::vector<PlacedVariant> variants, std::span<Image* const> images);

}  // namespace safelight::sqlite
