// A catalog that counts its calls, and fails or pauses where a test says so; all else is the real one behind
// it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/catalog.h"

namespace safelight::testing {

/// Any thread may call.
class CatalogScript {
  public:
    /// Called on the calling thread; an error is what the call returns.
    using Hook = std::function<std::optional<Error>()>;

    void before(const std::string& call, Hook hook) {
        const std::lock_guard lock(mutex_);
        before_[call] = std::move(hook);
    }
    /// The call has had its effect, and says that it had not.
    void after(const std::string& call, Hook hook) {
        const std::lock_guard lock(mutex_);
        after_[call] = std::move(hook);
    }
    void clear() {
        const std::lock_guard lock(mutex_);
        before_.clear();
        after_.clear();
    }
    [[nodiscard]] std::size_t count(const std::string& call) {
        const std::lock_guard lock(mutex_);
        return counts_[call];
    }
    /// Waits until the call was made that often.
    void await(const std::string& call, std::size_t count) {
        std::unique_lock lock(mutex_);
        counted_.wait(lock, [&] { return counts_[call] >= count; });
    }

    template <class Call>
    auto run(const std::string& name, Call&& call) -> decltype(call()) {
        using Outcome = decltype(call());
        if (const Hook hook = begin(name)) {
            if (auto error = hook()) return Outcome(std::unexpect, std::move(*error));
        }
        Outcome outcome = call();
        if (const Hook hook = end(name)) {
            if (auto error = hook()) return Outcome(std::unexpect, std::move(*error));
        }
        return outcome;
    }

  private:
    Hook begin(const std::string& name) {
        const std::lock_guard lock(mutex_);
        const auto found = before_.find(name);
        return found == before_.end() ? nullptr : found->second;
    }
    Hook end(const std::string& name) {
        const std::lock_guard lock(mutex_);
        ++counts_[name];
        counted_.notify_all();
        const auto found = after_.find(name);
        return found == after_.end() ? nullptr : found->second;
    }

    std::mutex mutex_;
    std::condition_variable counted_;
    std::map<std::string, Hook> before_;         // guarded by mutex_
    std::map<std::string, Hook> after_;          // guarded by mutex_
    std::map<std::string, std::size_t> counts_;  // calls that reached the catalog; guarded by mutex_
};

class FaultyCatalog final : public Catalog {
  public:
    FaultyCatalog(Catalog& inner, CatalogScript& script) : inner_(inner), script_(script) {}

    using Catalog::create_job;
    Result<Job> create_job(const Job& job, const WithJob& with) override {
        return script_.run("create_job", [&] { return inner_.create_job(job, with); });
    }
    Result<Job> find_job(AccountId owner, JobId id) override {
        return script_.run("find_job", [&] { return inner_.find_job(owner, id); });
    }
    Result<Image> find_image(AccountId owner, ImageId id) override {
        return script_.run("find_image", [&] { return inner_.find_image(owner, id); });
    }
    Result<Page<Job>> list_jobs(const ListQuery& query) override { return inner_.list_jobs(query); }
    Result<Page<Image>> list_images(const ListQuery& query) override { return inner_.list_images(query); }
    Result<std::vector<SimilarImage>> similar_images(const SimilarQuery& query) override {
        return inner_.similar_images(query);
    }
    Result<FocalPointChange> set_focal_point(AccountId owner, ImageId id,
                                             const std::optional<FocalPoint>& focal_point,
                                             Timestamp now) override {
        return script_.run("set_focal_point",
                           [&] { return inner_.set_focal_point(owner, id, focal_point, now); });
    }
    Result<Job> add_variants(AccountId owner, JobId id, std::span<const VariantRequest> variants,
                             Timestamp now) override {
        return script_.run("add_variants", [&] { return inner_.add_variants(owner, id, variants, now); });
    }
    Result<Deletion> delete_job(AccountId owner, JobId id, Timestamp now) override {
        return script_.run("delete_job", [&] { return inner_.delete_job(owner, id, now); });
    }
    Result<Deletion> delete_image(AccountId owner, ImageId id, Timestamp now) override {
        return script_.run("delete_image", [&] { return inner_.delete_image(owner, id, now); });
    }

  private:
    Catalog& inner_;
    CatalogScript& script_;
};

class FaultyClaims final : public JobClaims {
  public:
    FaultyClaims(JobClaims& inner, CatalogScript& script) : inner_(inner), script_(script) {}

    Result<std::optional<Claim>> claim(JobId id, Milliseconds lease, Timestamp now) override {
        return script_.run("claim", [&] { return inner_.claim(id, lease, now); });
    }
    Status renew(JobId id, std::uint32_t attempt, Milliseconds lease, Timestamp now) override {
        return script_.run("renew", [&] { return inner_.renew(id, attempt, lease, now); });
    }
    using JobClaims::complete;
    Result<Completion> complete(JobId id, std::uint32_t attempt, std::span<const VariantOutcome> outcomes,
                                const std::optional<Look>& look, Timestamp now) override {
        return script_.run("complete", [&] { return inner_.complete(id, attempt, outcomes, look, now); });
    }
    Status release(JobId id, std::uint32_t attempt, Timestamp due_at, bool counts, Timestamp now) override {
        return script_.run("release", [&] { return inner_.release(id, attempt, due_at, counts, now); });
    }
    Result<std::vector<WaitingJob>> claimable(std::uint32_t limit, Timestamp now) override {
        return script_.run("claimable", [&] { return inner_.claimable(limit, now); });
    }
    Result<std::uint64_t> backlog() override {
        return script_.run("backlog", [&] { return inner_.backlog(); });
    }

  private:
    JobClaims& inner_;
    CatalogScript& script_;
};

class FaultyRerenders final : public Rerenders {
  public:
    FaultyRerenders(Rerenders& inner, CatalogScript& script) : inner_(inner), script_(script) {}

    Result<VariantSurvey> survey(std::string_view name, const Transform& wanted, std::optional<ImageId> after,
                                 std::uint32_t limit) override {
        return script_.run("survey", [&] { return inner_.survey(name, wanted, after, limit); });
    }
    Result<std::uint64_t> request(std::span<const ImageId> images, std::string_view name,
                                  const Transform& wanted, bool failed_again, Timestamp now) override {
        return script_.run("request_rerenders",
                           [&] { return inner_.request(images, name, wanted, failed_again, now); });
    }
    Result<std::uint64_t> change_unmade(std::span<const ImageId> images, std::string_view name,
                                        const Transform& wanted, bool failed_again, Timestamp now) override {
        return script_.run("change_unmade",
                           [&] { return inner_.change_unmade(images, name, wanted, failed_again, now); });
    }
    Result<RerenderCounts> counts(std::string_view name) override { return inner_.counts(name); }
    Result<std::uint64_t> backlog() override { return inner_.backlog(); }
    Result<RerenderSearch> claim(Milliseconds lease, Timestamp now) override {
        return script_.run("claim_rerender", [&] { return inner_.claim(lease, now); });
    }
    Status renew(const RerenderId& id, Milliseconds lease, Timestamp now) override {
        return script_.run("renew_rerender", [&] { return inner_.renew(id, lease, now); });
    }
    Status complete(const RerenderId& id, const VariantContent& content, Timestamp now) override {
        return script_.run("complete_rerender", [&] { return inner_.complete(id, content, now); });
    }
    Status fail(const RerenderId& id, const VariantError& error) override {
        return script_.run("fail_rerender", [&] { return inner_.fail(id, error); });
    }
    Status release(const RerenderId& id, Timestamp due_at, bool counts) override {
        return script_.run("release_rerender", [&] { return inner_.release(id, due_at, counts); });
    }

  private:
    Rerenders& inner_;
    CatalogScript& script_;
};

class FaultyLedger final : public BlobLedger {
  public:
    FaultyLedger(BlobLedger& inner, CatalogScript& script) : inner_(inner), script_(script) {}

    Status reserve(std::span<const BlobKey> keys, Timestamp deadline) override {
        return script_.run("reserve", [&] { return inner_.reserve(keys, deadline); });
    }
    Status abandon(std::span<const BlobKey> keys) override {
        return script_.run("abandon", [&] { return inner_.abandon(keys); });
    }
    Result<std::vector<BlobKey>> sweepable(std::optional<BlobKey> after, std::uint32_t limit,
                                           Timestamp now) override {
        return script_.run("sweepable", [&] { return inner_.sweepable(after, limit, now); });
    }
    Status forget(std::span<const BlobKey> keys) override {
        return script_.run("forget", [&] { return inner_.forget(keys); });
    }
    Result<std::vector<LedgerEntry>> entries(std::optional<BlobKey> after, std::uint32_t limit) override {
        return inner_.entries(after, limit);
    }
    Result<std::optional<LedgerEntry>> find(BlobKey key) override {
        return script_.run("find", [&] { return inner_.find(key); });
    }
    Result<std::vector<Reference>> references(std::optional<BlobKey> after, std::uint32_t limit) override {
        return inner_.references(after, limit);
    }

  private:
    BlobLedger& inner_;
    CatalogScript& script_;
};

class FaultyResumableUploads final : public ResumableUploads {
  public:
    FaultyResumableUploads(ResumableUploads& inner, CatalogScript& script) : inner_(inner), script_(script) {}

    Status create(const ResumableUpload& upload, std::uint32_t unfinished_max) override {
        return inner_.create(upload, unfinished_max);
    }
    Result<ResumableUpload> find(AccountId owner, UploadId id) override {
        return script_.run("find upload", [&] { return inner_.find(owner, id); });
    }
    Result<std::vector<UploadPart>> parts(AccountId owner, UploadId id) override {
        return script_.run("parts", [&] { return inner_.parts(owner, id); });
    }
    Status append(AccountId owner, UploadId id, std::span<const UploadPart> parts,
                  Timestamp expires_at) override {
        return script_.run("append", [&] { return inner_.append(owner, id, parts, expires_at); });
    }
    Result<std::vector<BlobKey>> remove(AccountId owner, UploadId id) override {
        return script_.run("remove", [&] { return inner_.remove(owner, id); });
    }
    Result<std::vector<BlobKey>> give_up(AccountId owner, UploadId id,
                                         std::uint64_t received_bytes) override {
        return script_.run("give up", [&] { return inner_.give_up(owner, id, received_bytes); });
    }
    Result<std::uint64_t> sweep(std::uint32_t limit, Timestamp now) override {
        return inner_.sweep(limit, now);
    }

  private:
    ResumableUploads& inner_;
    CatalogScript& script_;
};

/// A hook that fails always, or once.
[[nodiscard]] inline CatalogScript::Hook failing(ErrorCode code) {
    return [code] { return std::optional(Error{code, "injected", {}, {}}); };
}
[[nodiscard]] inline CatalogScript::Hook failing_once(ErrorCode code) {
    return [code, left = std::make_shared<std::atomic<int>>(1)]() -> std::optional<Error> {
        if ((*left)-- <= 0) return std::nullopt;
        return Error{code, "injected", {}, {}};
    };
}

}  // namespace safelight::testing
