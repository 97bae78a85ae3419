// How long images and variants are kept: rules of each account, what is let go of by them, and when variants
// were read.
//
// Calls as those of catalog.h: each one transaction, durable when it returns; any thread; they block. Errors
// of every call: unavailable, storage_full.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/lane.h"
#include "base/result.h"

namespace safelight {

/// As they are set for an account: an empty one is the server's default, 0 is for ever.
struct OwnRetention {
    std::optional<std::uint64_t> delete_images_after_days{};    // since they were created
    std::optional<std::uint64_t> expire_variants_after_days{};  // since they were made or read

    bool operator==(const OwnRetention&) const = default;
};

struct RetentionField {
    std::string_view name;
    std::optional<std::uint64_t> OwnRetention::* value;
};
inline constexpr std::array<RetentionField, 2> retention_fields{{
    {"delete_images_after_days", &OwnRetention::delete_images_after_days},
    {"expire_variants_after_days", &OwnRetention::expire_variants_after_days},
}};
inline constexpr std::uint64_t retention_days_max = 36'500;

/// In force: an empty one is for ever, and none is 0.
struct RetentionRules {
    std::optional<Milliseconds> delete_images_after{};
    std::optional<Milliseconds> expire_variants_after{};

    [[nodiscard]] bool are_any() const { return delete_images_after || expire_variants_after; }
    bool operator==(const RetentionRules&) const = default;
};

/// What is in force for an account.
[[nodiscard]] RetentionRules in_force(const OwnRetention& own, const RetentionRules& defaults);

/// How coarsely it is kept when a variant was read that expires after so long: it may be read this much later
/// than is said, and so is kept this much longer. A day, or a quarter of a shorter time.
[[nodiscard]] Milliseconds read_grain(Milliseconds expire_after);

/// How long an account is left alone when all of its images have been looked at: short beside its rules.
[[nodiscard]] Milliseconds pause_between_looks(const RetentionRules& rules, Milliseconds least);

/// How accounts are looked at.
struct RetentionLook {
    RetentionRules defaults{};          // of accounts without rules of their own
    Milliseconds pause_min{60'000};     // between two looks at an account
    std::uint32_t images_max = 50;      // that one step deletes, or lets go of variants of
    std::uint32_t looked_at_max = 500;  // images whose variants one step looks at
};

/// What one step did.
struct RetentionStep {
    std::vector<JobId> deleted;   // with their images
    std::vector<BlobKey> doomed;  // their bytes are to be removed
    std::uint64_t expired_variants = 0;
};

/// That a variant was read.
struct VariantRead {
    AccountId owner;
    ImageId image;
    std::string name;
    Timestamp at;
};

/// A variant that had expired, and is pending again.
struct Remaking {
    WaitingJob job;                 // that makes it
    bool is_asked_for_now = false;  // by this call
};

class Retention {
  public:
    virtual ~Retention() = default;

    /// What is set for the account, and nothing for one that there is not.
    [[nodiscard]] virtual Result<OwnRetention> find_rules(AccountId account) = 0;
    /// Whether any account has a rule of its own by which variants expire.
    [[nodiscard]] virtual Result<bool> has_own_expiry() = 0;

    /// Goes on with the account that has been due for longest: deletes images that are too old, as
    /// Catalog::delete_image does, and when there are none lets ready variants expire that were neither made
    /// nor read for too long, are not to be made again and bear no watermark: their blobs turn `doomed`, and
    /// they keep their names, places and transforms. What was read before the account's rule was followed is
    /// not known, so that nothing expires sooner than by all of the rule's time. Several at once, also of
    /// other processes, do nothing twice. By the rules as they are then: after a change of an account's rules
    /// nothing goes by the old ones. Empty when no account is due; that costs no write. A `now` that a
    /// database with a clock of its own contradicts: unavailable.
    [[nodiscard]] virtual Result<std::optional<RetentionStep>> step(const RetentionLook& look,
                                                                    Timestamp now) = 0;

    /// From then on the variant, which has expired, is pending, and claimable at once. Somebody waits for it:
    /// its job becomes an interactive one if it has no other work. Of several calls one asks; for one that is
    /// asked for already that costs no write. Empty when the variant has not expired. Errors: not_found (the
    /// variant, or the image, also somebody else's).
    [[nodiscard]] virtual Result<std::optional<Remaking>> ask_again(AccountId owner, ImageId image,
                                                                    std::string_view variant,
                                                                    Timestamp now) = 0;

    /// Notes when variants were read that expire after so long, unless that is known closely enough; no error
    /// for those that are gone.
    [[nodiscard]] virtual Status note_reads(std::span<const VariantRead> reads,
                                            Milliseconds expire_after) = 0;
};

}  // namespace safelight
