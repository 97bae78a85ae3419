#include "catalog/sql/row.h"

#include <algorithm>

namespace safelight {

Uuid Columns::uuid() {
    const auto bytes = row_.bytes(next_++);
    Uuid uuid;
    if (bytes.size() != uuid.bytes.size()) {
        understood_ = false;
        return uuid;
    }
    std::ranges::transform(bytes, uuid.bytes.begin(),
                           [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
    return uuid;
}

Sha256 Columns::sha256() {
    const auto bytes = row_.bytes(next_++);
    Sha256 hash;
    if (bytes.size() != hash.bytes.size()) {
        understood_ = false;
        return hash;
    }
    std::ranges::copy(bytes, hash.bytes.begin());
    return hash;
}

std::optional<Timestamp> Columns::optional_time() {
    if (!next_is_null()) return time();
    skip(1);
    return std::nullopt;
}

Status Columns::status() const {
    if (understood_) return {};
    return failure(ErrorCode::internal, "Something went wrong.",
                   "the catalog holds a value that this version does not understand");
}

}  // namespace safelight
