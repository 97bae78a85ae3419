// Identifiers: UUIDs, time-ordered (version 7, RFC 9562), wrapped so that one kind is not taken for another.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace safelight {

struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    auto operator<=>(const Uuid&) const = default;

    /// 36 characters, lower case: "01934b7e-5f00-7abc-8def-0123456789ab". Sorts as the bytes do.
    [[nodiscard]] std::string to_string() const;
    /// Takes the form of to_string, in either case; empty otherwise.
    [[nodiscard]] static std::optional<Uuid> parse(std::string_view text);
    /// The smallest version-7 UUID of that millisecond: a bound for range scans by time.
    [[nodiscard]] static Uuid lowest_at(Timestamp time);
};

/// A UUID of one kind. `Id<struct ImageTag>` and `Id<struct JobTag>` do not mix.
template <class Tag>
struct Id {
    Uuid uuid;

    auto operator<=>(const Id&) const = default;
    [[nodiscard]] std::string to_string() const { return uuid.to_string(); }
    [[nodiscard]] static std::optional<Id> parse(std::string_view text) {
        if (const auto uuid = Uuid::parse(text)) return Id{*uuid};
        return std::nullopt;
    }
};

using AccountId = Id<struct AccountTag>;
using ImageId = Id<struct ImageTag>;
using JobId = Id<struct JobTag>;
/// Names a blob in a blob store; made here, never by a client.
using BlobKey = Id<struct BlobTag>;

/// Makes version-7 UUIDs that rise strictly within this generator, even when the clock steps back.
/// Any thread may call; never blocks for long.
class IdGenerator {
  public:
    /// `clock` must outlive the generator.
    explicit IdGenerator(const Clock& clock) : clock_(clock) {}

    template <class AnyId>
    [[nodiscard]] AnyId next() {
        return AnyId{next_uuid()};
    }

  private:
    [[nodiscard]] Uuid next_uuid();

    const Clock& clock_;
    std::mutex mutex_;
    std::int64_t last_ms_ = 0;    // guarded by mutex_
    std::uint16_t sequence_ = 0;  // guarded by mutex_; the 12 bits after the time
};

}  // namespace safelight

template <>
struct std::hash<safelight::Uuid> {
    std::size_t operator()(const safelight::Uuid& uuid) const noexcept {
        return std::hash<std::string_view>{}(
            {reinterpret_cast<const char*>(uuid.bytes.data()), uuid.bytes.size()});
    }
};
template <class Tag>
struct std::hash<safelight::Id<Tag>> {
    std::size_t operator()(const safelight::Id<Tag>& id) const noexcept {
        return std::hash<safelight::Uuid>{}(id.uuid);
    }
};
