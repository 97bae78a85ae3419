// The part of the suite for the order of changes:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, ChangeConformance, testing::Values(backend), backend_name);
#pragma once

#include <stdexcept>
#include <vector>

#include "catalog/conformance/catalog_suite.h"

namespace safelight {

class ChangeConformance : public CatalogConformance {
  protected:
    [[nodiscard]] JobChanges& changes() { return under_test().database().changes(); }
    [[nodiscard]] ChangePlace end() { return changes().end().value(); }
    [[nodiscard]] std::vector<JobChange> after(const ChangePlace& place, std::uint32_t limit = 100,
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
