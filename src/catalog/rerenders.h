// Making variants again, because the preset that they are named after has changed. One that is ready stays so
// with its old content until the new one takes its place; its job's status does not move. One that was never
// made is its job's to make, by the new transform.
//
// Calls as those of catalog.h: each one transaction, durable when it returns; any thread; they block. Errors
// of every call: unavailable, storage_full.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/records.h"

namespace safelight {

/// The variants of one name that a stretch of images has, of all owners.
struct VariantSurvey {
    std::vector<ImageId>
        stale;  // ready, made by another transform than the wanted one, and not queued for it
    std::vector<ImageId> withdrawn;                         // as wanted, but queued for another transform
    std::vector<ImageId> failed;                            // could not be made by the wanted transform
    std::vector<ImageId> unmade;                            // pending by another transform
    std::vector<ImageId> given_up;                          // failed by another transform, as their job's
    std::map<std::string, std::uint64_t> stale_transforms;  // canonical form → how many of `stale` have it
    std::uint64_t current = 0;                              // ready, made by the wanted transform
    std::uint64_t waiting = 0;                              // queued for the wanted transform already
    std::uint64_t unready = 0;                              // pending or failed, by the wanted transform
    std::optional<ImageId> next_after;                      // where to go on; empty at the end
};

struct RerenderCounts {
    std::uint64_t waiting = 0;  // claimed or not
    std::uint64_t failed = 0;   // given up; the variant has its old content
};

/// A worker's hold on one variant that is made again.
struct RerenderClaim {
    std::uint64_t token = 0;  // the fencing token; every claim has another
    std::uint32_t tries = 0;  // claims since it was asked for, this one included
    Timestamp lease_until;
    JobId job_id;
    Image image;  // without its variants
    std::string name;
    Transform transform;  // the wanted one
};

/// So many that need a newer version of the program are put off by one call of claim() at most.
inline constexpr std::uint32_t rerenders_put_off_max = 100;

/// What a call of claim() has found.
struct RerenderSearch {
    std::optional<RerenderClaim> claim;
    bool may_be_more = false;  // another call may find one; without a claim, at once
};

/// Names a claim.
struct RerenderId {
    ImageId image_id;
    std::string_view name;
    std::uint64_t token = 0;
};

class Rerenders {
  public:
    virtual ~Rerenders() = default;

    /// Looks at the next `limit` images after `after`, in the order of their ids. What became of them by the
    /// time of request() is looked at there again.
    [[nodiscard]] virtual Result<VariantSurvey> survey(std::string_view name, const Transform& wanted,
                                                       std::optional<ImageId> after, std::uint32_t limit) = 0;

    /// Those of the images' variants `name` that are ready and made by another transform are queued for
    /// `wanted`, due at once; whoever makes them by another transform now is fenced. What is queued for
    /// `wanted` already, or failed for it, is left alone (the latter not when `failed_again`). Those that
    /// are as wanted already leave the queue; what is cropped around the focal point waits on, by its own
    /// transform, since the point may have moved since it was made. Returns how many were queued. Idempotent.
    [[nodiscard]] virtual Result<std::uint64_t> request(std::span<const ImageId> images,
                                                        std::string_view name, const Transform& wanted,
                                                        bool failed_again, Timestamp now) = 0;

    /// Those of the images' variants `name` that are pending by another transform, or failed by it when
    /// `failed_again`, are pending by `wanted` from now on: their jobs are PROCESSING and claimable, tries
    /// count anew, and whoever works on them loses the claim. Returns how many there were. Nobody has to
    /// publish them: what is claimable is looked for. Idempotent.
    [[nodiscard]] virtual Result<std::uint64_t> change_unmade(std::span<const ImageId> images,
                                                              std::string_view name, const Transform& wanted,
                                                              bool failed_again, Timestamp now) = 0;

    [[nodiscard]] virtual Result<RerenderCounts> counts(std::string_view name) = 0;
    /// How many wait, of all names. Cheap.
    [[nodiscard]] virtual Result<std::uint64_t> backlog() = 0;

    /// Takes the one that has been due for longest and that nobody holds, for `lease`. When there is none,
    /// there is no claim and no more; that costs no write. Those that need a newer version of the program are
    /// left to it: each that comes first is put off by `lease`, and nothing else of it changes (whoever's
    /// lease ran out may still finish). After `rerenders_put_off_max` of them the call ends without a claim,
    /// though there may be more.
    [[nodiscard]] virtual Result<RerenderSearch> claim(Milliseconds lease, Timestamp now) = 0;

    /// Errors of the calls below: fenced (somebody else's, asked for otherwise, withdrawn, or the image is
    /// gone; nothing is changed).
    [[nodiscard]] virtual Status renew(const RerenderId& id, Milliseconds lease, Timestamp now) = 0;

    /// In one transaction the variant has the new transform and content, whose ledger row turns `live`, and
    /// the old content's turns `doomed`. Errors: also conflict (the blob is not reserved any more; nothing is
    /// changed, the claim is still held).
    [[nodiscard]] virtual Status complete(const RerenderId& id, const VariantContent& content,
                                          Timestamp now) = 0;

    /// Gives up for good: the variant keeps its transform and content, the reason is kept.
    [[nodiscard]] virtual Status fail(const RerenderId& id, const VariantError& error) = 0;

    /// Gives the claim back, to be claimed again from `due_at` on. With `counts` false the try is not
    /// counted.
    [[nodiscard]] virtual Status release(const RerenderId& id, Timestamp due_at, bool counts) = 0;
};

}  // namespace safelight
