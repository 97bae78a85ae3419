// A library around another.
#pragma once

#include "service/library.h"

namespace safelight::testing {

/// Passes every call on: what tests override a call or two of.
class PassingLibrary : public Library {
  public:
    explicit PassingLibrary(Library& inner) : inner_(inner) {}

    Result<Job> find_job(AccountId owner, JobId id) override { return inner_.find_job(owner, id); }
    Result<Image> find_image(AccountId owner, ImageId id) override { return inner_.find_image(owner, id); }
    Result<Page<Job>> list_jobs(const ListQuery& query) override { return inner_.list_jobs(query); }
    Result<Page<Image>> list_images(const ListQuery& query) override { return inner_.list_images(query); }
    Result<std::vector<SimilarImage>> similar_images(const SimilarQuery& query) override {
        return inner_.similar_images(query);
    }
    Result<Image> set_focal_point(AccountId owner, ImageId id,
                                  const std::optional<FocalPoint>& focal_point) override {
        return inner_.set_focal_point(owner, id, focal_point);
    }
    Result<Job> request_variants(AccountId owner, JobId id,
                                 std::span<const VariantRequest> variants) override {
        return inner_.request_variants(owner, id, variants);
    }
    Result<Job> retry_job(AccountId owner, JobId id) override { return inner_.retry_job(owner, id); }
    Result<Job> cancel_job(AccountId owner, JobId id) override { return inner_.cancel_job(owner, id); }
    Result<BulkOperation> begin_bulk_operation(AccountId owner, BulkKind kind,
                                               const JobFilter& filter) override {
        return inner_.begin_bulk_operation(owner, kind, filter);
    }
    Result<BulkOperation> find_bulk_operation(AccountId owner, BulkOperationId id) override {
        return inner_.find_bulk_operation(owner, id);
    }
    Result<Content> open_original(AccountId owner, ImageId id) override {
        return inner_.open_original(owner, id);
    }
    Result<Content> open_variant(AccountId owner, ImageId id, std::string_view name) override {
        return inner_.open_variant(owner, id, name);
    }
    Result<std::optional<JobId>> remake_variant(AccountId owner, ImageId id, std::string_view name) override {
        return inner_.remake_variant(owner, id, name);
    }
    Status delete_job(AccountId owner, JobId id) override { return inner_.delete_job(owner, id); }
    Status delete_image(AccountId owner, ImageId id) override { return inner_.delete_image(owner, id); }

  private:
    Library& inner_;
};

}  // namespace safelight::testing
