// The part of the suite for quotas:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, QuotaConformance, testing::Values(backend), backend_name);
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "catalog/bulk_operations.h"
#include "catalog/conformance/catalog_suite.h"
#include "catalog/quotas.h"
#include "catalog/rerenders.h"

namespace safelight {

class QuotaConformance : public CatalogConformance {
  protected:
    [[nodiscard]] UploadQuotas& quotas() { return under_test().database().upload_quotas(); }
    [[nodiscard]] Accounts& accounts() { return under_test().database().accounts(); }

    [[nodiscard]] Usage usage(AccountId account = default_account()) {
        auto usage = quotas().usage(account, now());
        if (!usage) throw std::runtime_error(usage.error().log_text);
        return *usage;
    }
    [[nodiscard]] static std::uint64_t pixels_of(const Job& job) {
        const ImageFacts& facts = job.image.facts;
        return std::uint64_t{facts.width_px} * facts.height_px * facts.frames;
    }
    /// A draft as of now.
    [[nodiscard]] Job fresh_draft(AccountId owner = default_account(),
                                  const std::vector<std::string>& variants = {}) {
        Job job = draft(variants, owner);
        job.updated_at = now();
        return job;
    }
    Result<Job> create_within(const Quotas& limits, AccountId owner = default_account()) {
        return catalog().create_job(fresh_draft(owner), {.quotas = limits});
    }
    Status begin_upload(const Quotas& limits, AccountId account = default_account()) {
        return quotas().enter({.account = account}, limits, now());
    }
    [[nodiscard]] UploadPlaceId new_place() { return ids_.next<UploadPlaceId>(); }
    Status take_place(UploadPlaceId place, std::uint64_t limit, AccountId account = default_account()) {
        return quotas().enter(
            {.account = account, .counts = false, .place = place, .place_expires_at = now() + lease},
            {.concurrent_uploads = limit}, now());
    }

    /// Their variant "a" is to be made again.
    void request_rerenders(const std::vector<Job>& jobs);
    /// The same, and each is held.
    [[nodiscard]] std::vector<RerenderClaim> claimed_rerenders(const std::vector<Job>& jobs);
    /// Page by page.
    Status remove_all(CatalogDatabase& database, const BulkClaim& removal);
    /// Originals and variants.
    [[nodiscard]] std::uint64_t stored_bytes_of(const std::vector<JobId>& jobs);

    /// How many of `count` calls at the same time, over two handles on the database, have no error; each
    /// other's error has to be `expected`.
    [[nodiscard]] int successes(int count, ErrorCode expected,
                                const std::function<Status(CatalogDatabase&, int)>& call);
};

}  // namespace safelight
