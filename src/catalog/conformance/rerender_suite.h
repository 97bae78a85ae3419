// The part of the suite for variants that are made again:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, RerenderConformance, testing::Values(backend), backend_name);
#pragma once

#include <array>
#include <optional>
#include <stdexcept>

#include "catalog/conformance/catalog_suite.h"

namespace safelight {

class RerenderConformance : public CatalogConformance {
  protected:
    [[nodiscard]] Rerenders& rerenders() { return under_test().database().rerenders(); }

    Job create_ready(AccountId owner = default_account()) {
        const Job job = create({"a"}, owner);
        process(job.id, {"a"});
        return find(job.id, owner);
    }
    std::uint64_t request(const Job& job, std::uint32_t side_px, bool failed_again = false) {
        const auto queued =
            rerenders().request(std::array{job.image.id}, "a", transform(side_px), failed_again, now());
        if (!queued) throw std::runtime_error(queued.error().log_text);
        return *queued;
    }
    [[nodiscard]] std::optional<RerenderClaim> take() {
        const auto claim = rerenders().claim(lease, now());
        if (!claim) throw std::runtime_error(claim.error().log_text);
        return claim->claim;
    }
    [[nodiscard]] static RerenderId id_of(const RerenderClaim& claim) {
        return {claim.image.id, claim.name, claim.token};
    }
    [[nodiscard]] VariantSurvey survey(std::uint32_t side_px, std::optional<ImageId> after = {},
                                       std::uint32_t limit = 100) {
        const auto survey = rerenders().survey("a", transform(side_px), after, limit);
        if (!survey) throw std::runtime_error(survey.error().log_text);
        return *survey;
    }
    [[nodiscard]] static Transform focal_transform() {
        return parse_transform(
                   R"({"resize": {"width": 20, "height": 20, "fit": "cover", "gravity": "focal"}})")
            .value();
    }
    /// Pending variants "a", around the focal point, and "b", which is not.
    Job create_focal() {
        Job job = draft({"a", "b"});
        job.image.variants[0].transform = focal_transform();
        const auto created = catalog().create_job(job);
        if (!created) throw std::runtime_error(created.error().log_text);
        return *created;
    }
    [[nodiscard]] Result<FocalPointChange> move_focal_point(const Job& job, std::optional<FocalPoint> to) {
        return catalog().set_focal_point(default_account(), job.image.id, to, now());
    }
    [[nodiscard]] std::uint64_t waiting() { return rerenders().counts("a")->waiting; }
};

}  // namespace safelight
