// Creating, finding, asking for more, deleting; who owns what; the status as a function of the variants.
#include <algorithm>
#include <array>

#include "catalog/conformance/catalog_suite.h"

namespace safelight {
namespace {

using testing::Test;

TEST_P(CatalogConformance, CreatedJobIsFoundAsStored) {
    const Job draft_job = draft({"thumbnail", "large", "a"});
    const auto created = catalog().create_job(draft_job);
    SAFELIGHT_ASSERT_OK(created);
    EXPECT_EQ(created->status, JobStatus::processing);
    EXPECT_EQ(created->attempts, 0U);
    EXPECT_EQ(created->created_at, time_of(draft_job.id.uuid));
    EXPECT_EQ(created->image.facts, draft_job.image.facts);
    EXPECT_EQ(created->image.sha256, draft_job.image.sha256);
    EXPECT_EQ(created->image.filename, "cät.jpg");
    EXPECT_EQ(created->metadata_json, draft_job.metadata_json);
    EXPECT_FALSE(created->finished_at);
    ASSERT_EQ(created->image.variants.size(), 3U);
    EXPECT_EQ(created->image.variants[0].name, "thumbnail");
    EXPECT_EQ(created->image.variants[1].name, "large");
    EXPECT_EQ(created->image.variants[2].name, "a");

    EXPECT_EQ(find(draft_job.id), *created);
    const auto image = catalog().find_image(default_account(), draft_job.image.id);
    SAFELIGHT_ASSERT_OK(image);
    EXPECT_EQ(*image, created->image);
    EXPECT_EQ(state_of(draft_job.image.blob), BlobState::live);
}

TEST_P(CatalogConformance, JobWithoutVariantsIsUnprocessed) {
    const Job job = create({});
    EXPECT_EQ(job.status, JobStatus::unprocessed);
    EXPECT_EQ(find(job.id), job);
    EXPECT_FALSE(find(job.id).finished_at);
    EXPECT_EQ(backlog(), 0U);
    const auto claim = claims().claim(job.id, lease, now());
    SAFELIGHT_ASSERT_OK(claim);
    EXPECT_FALSE(claim->has_value());
}

TEST_P(CatalogConformance, WhatTheCallerSaysOfStatesDoesNotCount) {
    Job job = draft({"thumbnail"});
    job.status = JobStatus::processed;
    job.attempts = 9;
    job.finished_at = now();
    job.image.variants[0].status = VariantStatus::failed;
    job.image.variants[0].error = VariantError{ErrorCode::internal, "no"};
    const auto created = catalog().create_job(job);
    SAFELIGHT_ASSERT_OK(created);
    EXPECT_EQ(created->status, JobStatus::processing);
    EXPECT_EQ(created->attempts, 0U);
    EXPECT_EQ(find(job.id), *created);
}

TEST_P(CatalogConformance, BlobHasToBeReserved) {
    Job job = draft({"thumbnail"});
    job.image.blob = ids_.next<BlobKey>();
    EXPECT_EQ(code_of(catalog().create_job(job)), ErrorCode::conflict);

    job = draft({"thumbnail"});
    SAFELIGHT_ASSERT_OK(ledger().abandon(std::array{job.image.blob}));
    EXPECT_EQ(code_of(catalog().create_job(job)), ErrorCode::conflict);
    EXPECT_EQ(state_of(job.image.blob), BlobState::doomed);
    EXPECT_EQ(code_of(catalog().find_job(default_account(), job.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(catalog().find_image(default_account(), job.image.id)), ErrorCode::not_found);
}

TEST_P(CatalogConformance, IdsAndNamesAreTakenOnce) {
    const Job first = create({"thumbnail"});
    Job again = draft({"thumbnail"});
    again.id = first.id;
    EXPECT_EQ(code_of(catalog().create_job(again)), ErrorCode::conflict);
    EXPECT_EQ(state_of(again.image.blob), BlobState::writing) << "nothing of it was done";

    Job same_image = draft({"thumbnail"});
    same_image.image.id = first.image.id;
    EXPECT_EQ(code_of(catalog().create_job(same_image)), ErrorCode::conflict);
    EXPECT_EQ(code_of(catalog().create_job(draft({"twice", "twice"}))), ErrorCode::conflict);
    EXPECT_EQ(find(first.id), first);
    EXPECT_EQ(backlog(), 1U);
}

TEST_P(CatalogConformance, LifeOfAJob) {
    const Job job = create({"thumbnail", "large"});
    EXPECT_EQ(backlog(), 1U);
    EXPECT_EQ(claimable(), std::vector{job.id});

    advance(Milliseconds{5});
    const Claim held = claim(job.id);
    EXPECT_EQ(held.job_id, job.id);
    EXPECT_EQ(held.attempt, 1U);
    EXPECT_EQ(held.tries, 1U);
    EXPECT_EQ(held.lease_until, now() + lease);
    EXPECT_EQ(held.image, job.image);
    EXPECT_EQ(held.pending, job.image.variants);
    EXPECT_EQ(find(job.id).status, JobStatus::processing);
    EXPECT_EQ(find(job.id).attempts, 1U);
    EXPECT_TRUE(claimable().empty());

    advance(Milliseconds{5});
    const std::array outcomes{made("thumbnail"), failed("large")};
    const auto completion = claims().complete(job.id, held.attempt, outcomes, now());
    SAFELIGHT_ASSERT_OK(completion);
    EXPECT_EQ(completion->status, JobStatus::failed);
    EXPECT_FALSE(completion->more_pending);

    const Job done = find(job.id);
    EXPECT_EQ(done.status, JobStatus::failed);
    EXPECT_EQ(done.finished_at, now());
    EXPECT_EQ(done.updated_at, now());
    ASSERT_EQ(done.image.variants.size(), 2U);
    EXPECT_EQ(done.image.variants[0].status, VariantStatus::ready);
    EXPECT_EQ(done.image.variants[0].content, outcomes[0].content);
    EXPECT_FALSE(done.image.variants[0].error);
    EXPECT_EQ(done.image.variants[0].updated_at, now());
    EXPECT_EQ(done.image.variants[1].status, VariantStatus::failed);
    EXPECT_EQ(done.image.variants[1].error, outcomes[1].error);
    EXPECT_FALSE(done.image.variants[1].content);
    EXPECT_EQ(state_of(outcomes[0].content->blob), BlobState::live);
    EXPECT_EQ(backlog(), 0U);
}

TEST_P(CatalogConformance, StatusAgreesForEveryCombination) {
    const std::vector<std::string> names{"a", "b", "c"};
    // Each variant is left pending, made or failed: 3³ combinations, and each subset of them asked for.
    for (std::size_t count = 0; count <= names.size(); ++count) {
        std::size_t combinations = 1;
        for (std::size_t i = 0; i < count; ++i) combinations *= 3;
        for (std::size_t combination = 0; combination < combinations; ++combination) {
            const Job job = create({names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count)});
            VariantCounts counts;
            std::vector<VariantOutcome> outcomes;
            for (std::size_t i = 0, digits = combination; i < count; ++i, digits /= 3) {
                if (digits % 3 == 0) ++counts.pending;
                if (digits % 3 == 1) {
                    ++counts.ready;
                    outcomes.push_back(made(names[i]));
                }
                if (digits % 3 == 2) {
                    ++counts.failed;
                    outcomes.push_back(failed(names[i]));
                }
            }
            if (count > 0) {
                const auto completion = claims().complete(job.id, claim(job.id).attempt, outcomes, now());
                SAFELIGHT_ASSERT_OK(completion);
                EXPECT_EQ(completion->status, status_of(counts));
                EXPECT_EQ(completion->more_pending, counts.pending > 0);
            }
            const Job found = find(job.id);
            EXPECT_EQ(found.status, status_of(counts)) << count << " variants, combination " << combination;
            const bool has_result = found.status == JobStatus::processed || found.status == JobStatus::failed;
            EXPECT_EQ(found.finished_at.has_value(), has_result);
        }
    }
}

TEST_P(CatalogConformance, AnImageHasABoundedNumberOfVariants) {
    const Job job = create({});
    std::vector<VariantRequest> most;
    for (std::size_t i = 0; i < variants_per_image_max; ++i) most.push_back(request("v" + std::to_string(i)));
    SAFELIGHT_ASSERT_OK(catalog().add_variants(default_account(), job.id, most, now()));
    SAFELIGHT_ASSERT_OK(catalog().add_variants(default_account(), job.id, most, now()));  // none is new
    EXPECT_EQ(code_of(catalog().add_variants(default_account(), job.id, std::array{request("more")}, now())),
              ErrorCode::invalid_argument);
    EXPECT_EQ(find(job.id).image.variants.size(), variants_per_image_max);
}

TEST_P(CatalogConformance, AddingVariantsTakesTheJobBackToProcessing) {
    const Job job = create({"thumbnail"});
    EXPECT_EQ(process(job.id, {"thumbnail"}).status, JobStatus::processed);
    advance(Milliseconds{7});
    const std::array wanted{request("large", 800), request("thumbnail"), request("small", 10)};
    const auto added = catalog().add_variants(default_account(), job.id, wanted, now());
    SAFELIGHT_ASSERT_OK(added);
    EXPECT_EQ(added->status, JobStatus::processing);
    EXPECT_FALSE(added->finished_at);
    EXPECT_EQ(added->updated_at, now());
    ASSERT_EQ(added->image.variants.size(), 3U);
    EXPECT_EQ(added->image.variants[0].status, VariantStatus::ready) << "what is there stays as it is";
    EXPECT_EQ(added->image.variants[1].name, "large");
    EXPECT_EQ(added->image.variants[1].transform, transform(800));
    EXPECT_EQ(added->image.variants[2].name, "small");
    EXPECT_EQ(find(job.id), *added);
    EXPECT_EQ(claimable(), std::vector{job.id});

    const Claim held = claim(job.id);
    ASSERT_EQ(held.pending.size(), 2U) << "only what has to be made";
    EXPECT_EQ(held.pending[0].name, "large");
    EXPECT_EQ(held.image.variants.size(), 3U);
    EXPECT_EQ(held.attempt, 2U);
    EXPECT_EQ(held.tries, 1U);
}

TEST_P(CatalogConformance, AddingWhatIsThereChangesNothing) {
    const Job job = create({"thumbnail"});
    process(job.id, {}, {"thumbnail"});
    const Job before = find(job.id);
    advance(Milliseconds{9});
    const std::array wanted{request("thumbnail"), request("thumbnail")};
    const auto added = catalog().add_variants(default_account(), job.id, wanted, now());
    SAFELIGHT_ASSERT_OK(added);
    EXPECT_EQ(*added, before);
    EXPECT_EQ(find(job.id), before);
    EXPECT_EQ(backlog(), 0U);
}

TEST_P(CatalogConformance, AddingUnderATakenNameAddsNothing) {
    const Job job = create({"a", "b"});
    const std::array wanted{request("a", 1), request("new"), request("b", 2), request("new", 3)};
    const auto added = catalog().add_variants(default_account(), job.id, wanted, now());
    ASSERT_EQ(code_of(added), ErrorCode::conflict);
    ASSERT_EQ(added.error().faults.size(), 3U) << "each fault is named";
    EXPECT_EQ(added.error().faults[0].pointer, "/variants/0");
    EXPECT_EQ(added.error().faults[1].pointer, "/variants/2");
    EXPECT_EQ(added.error().faults[2].pointer, "/variants/3");
    EXPECT_EQ(find(job.id), job);
}

TEST_P(CatalogConformance, AddingToAnUnprocessedJobStartsIt) {
    const Job job = create({});
    const auto added = catalog().add_variants(default_account(), job.id, std::array{request("a")}, now());
    SAFELIGHT_ASSERT_OK(added);
    EXPECT_EQ(added->status, JobStatus::processing);
    EXPECT_EQ(process(job.id, {"a"}).status, JobStatus::processed);
}

TEST_P(CatalogConformance, NobodySeesAStrangersThings) {
    const Job job = create({"thumbnail"});
    EXPECT_EQ(code_of(catalog().find_job(stranger_, job.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(catalog().find_image(stranger_, job.image.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(catalog().add_variants(stranger_, job.id, std::array{request("x")}, now())),
              ErrorCode::not_found);
    EXPECT_EQ(code_of(catalog().delete_job(stranger_, job.id, now())), ErrorCode::not_found);
    EXPECT_EQ(code_of(catalog().delete_image(stranger_, job.image.id, now())), ErrorCode::not_found);
    const auto jobs = catalog().list_jobs({.owner = stranger_});
    SAFELIGHT_ASSERT_OK(jobs);
    EXPECT_TRUE(jobs->items.empty());
    const auto images = catalog().list_images({.owner = stranger_});
    SAFELIGHT_ASSERT_OK(images);
    EXPECT_TRUE(images->items.empty());
    EXPECT_EQ(find(job.id), job);
}

TEST_P(CatalogConformance, UnknownIdsAreNotFound) {
    const auto job = ids_.next<JobId>();
    const auto image = ids_.next<ImageId>();
    EXPECT_EQ(code_of(catalog().find_job(default_account(), job)), ErrorCode::not_found);
    EXPECT_EQ(code_of(catalog().find_image(default_account(), image)), ErrorCode::not_found);
    EXPECT_EQ(code_of(catalog().add_variants(default_account(), job, {}, now())), ErrorCode::not_found);
    EXPECT_EQ(code_of(catalog().delete_job(default_account(), job, now())), ErrorCode::not_found);
    EXPECT_EQ(code_of(catalog().delete_image(default_account(), image, now())), ErrorCode::not_found);
    EXPECT_EQ(code_of(claims().renew(job, 1, lease, now())), ErrorCode::fenced);
    EXPECT_EQ(code_of(claims().release(job, 1, now(), true, now())), ErrorCode::fenced);
    EXPECT_EQ(code_of(claims().complete(job, 1, {}, now())), ErrorCode::fenced);
    const auto claim = claims().claim(job, lease, now());
    SAFELIGHT_ASSERT_OK(claim);
    EXPECT_FALSE(claim->has_value());
}

TEST_P(CatalogConformance, DeletingDoomsEveryBlob) {
    std::vector<std::string> names;
    for (int i = 0; i < 40; ++i) names.push_back("v" + std::to_string(i));
    const Job job = create(names);
    const Job other = create({"thumbnail"});
    process(job.id, names);
    process(other.id, {"thumbnail"});
    std::vector<BlobKey> expected{job.image.blob};
    for (const Variant& variant : find(job.id).image.variants) expected.push_back(variant.content->blob);

    auto doomed = catalog().delete_job(default_account(), job.id, now());
    SAFELIGHT_ASSERT_OK(doomed);
    EXPECT_EQ(doomed->job_id, job.id);
    std::ranges::sort(doomed->blobs);
    std::ranges::sort(expected);
    EXPECT_EQ(doomed->blobs, expected);
    for (const BlobKey& key : expected) EXPECT_EQ(state_of(key), BlobState::doomed);
    EXPECT_EQ(code_of(catalog().find_job(default_account(), job.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(catalog().find_image(default_account(), job.image.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(catalog().delete_job(default_account(), job.id, now())), ErrorCode::not_found);
    EXPECT_EQ(find(other.id).status, JobStatus::processed);
    EXPECT_EQ(state_of(other.image.blob), BlobState::live);
}

TEST_P(CatalogConformance, DeletingTheImageDeletesTheJob) {
    const Job job = create({"thumbnail"});
    const auto doomed = catalog().delete_image(default_account(), job.image.id, now());
    SAFELIGHT_ASSERT_OK(doomed);
    EXPECT_EQ(doomed->job_id, job.id);
    EXPECT_EQ(doomed->blobs, std::vector{job.image.blob});
    EXPECT_EQ(code_of(catalog().find_job(default_account(), job.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(catalog().delete_image(default_account(), job.image.id, now())), ErrorCode::not_found);
    EXPECT_EQ(backlog(), 0U);
}

TEST_P(CatalogConformance, LateWorkOnADeletedJobIsFenced) {
    const Job job = create({"thumbnail"});
    const Claim held = claim(job.id);
    const VariantOutcome outcome = made("thumbnail");
    SAFELIGHT_ASSERT_OK(catalog().delete_job(default_account(), job.id, now()));
    EXPECT_EQ(code_of(claims().renew(job.id, held.attempt, lease, now())), ErrorCode::fenced);
    EXPECT_EQ(code_of(claims().complete(job.id, held.attempt, std::array{outcome}, now())),
              ErrorCode::fenced);
    EXPECT_EQ(code_of(claims().release(job.id, held.attempt, now(), true, now())), ErrorCode::fenced);
    EXPECT_EQ(state_of(outcome.content->blob), BlobState::writing) << "the worker's to doom";
    EXPECT_EQ(code_of(catalog().find_job(default_account(), job.id)), ErrorCode::not_found);
}

TEST_P(CatalogConformance, IsReadyForUse) {
    SAFELIGHT_ASSERT_OK(under_test().database().check());
}

}  // namespace
}  // namespace safelight
