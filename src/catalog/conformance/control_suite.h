// The part of the suite for jobs that are tried again or called off:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, ControlConformance, testing::Values(backend), backend_name);
#pragma once

#include "catalog/conformance/catalog_suite.h"

namespace safelight {

class ControlConformance : public CatalogConformance {
  protected:
    static constexpr std::uint32_t tries_max = 3;

    [[nodiscard]] JobControl& control() { return under_test().database().control(); }
    [[nodiscard]] Result<Job> retry(JobId id) {
        return control().retry(default_account(), id, tries_max, now());
    }
    [[nodiscard]] Result<Job> cancel(JobId id) { return control().cancel(default_account(), id, now()); }
    /// A job whose variants "a" was made and "b" failed.
    [[nodiscard]] Job create_failed() {
        const Job job = create({"a", "b"});
        process(job.id, {"a"}, {"b"});
        return find(job.id);
    }
};

}  // namespace safelight
