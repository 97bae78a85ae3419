// The part of the suite for the order of changes:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, ChangeConformance, testing::Values(backend), backend_name);
#pragma once

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "catalog/conformance/catalog_suite.h"

namespace safelight {

class ChangeConformance : public CatalogConformance {
  protected:
    [[nodiscard]] JobChanges& changes() { return under_test().database().changes(); }
    [[nodiscard]] ChangePlace end() { return changes().end().value(); }
    /// Until all changes show: transactions of others, of other tests on the same server say, may hold them
    /// back.
    void settle() {
        ChangePlace newest{};
        for (const AccountId owner : {default_account(), stranger_}) {
            const auto jobs = catalog().list_jobs({.owner = owner, .limit = 200});
            if (!jobs) throw std::runtime_error(jobs.error().log_text);
            for (const Job& job : jobs->items)
                newest = std::max(newest, changes().find(owner, job.id).value().place);
        }
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (end() < newest) {
            if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("changes do not show");
            std::this_thread::yield();
        }
    }
    /// Once all changes show.
    [[nodiscard]] std::vector<JobChange> after(const ChangePlace& place, std::uint32_t limit = 100,
                                               AccountId owner = default_account()) {
        settle();
        return visible_after(place, limit, owner);
    }
    [[nodiscard]] std::vector<JobChange> visible_after(const ChangePlace& place, std::uint32_t limit = 100,
                                                       AccountId owner = default_account()) {
        auto page = changes().after(owner, place, limit);
        if (!page) throw std::runtime_error(page.error().log_text);
        return *std::move(page);
    }
    [[nodiscard]] static std::vector<JobId> ids_of(const std::vector<JobChange>& page) {
        std::vector<JobId> ids;
        for (const JobChange& change : page) ids.push_back(change.job.id);
        return ids;
    }
};

}  // namespace safelight
