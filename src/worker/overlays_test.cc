#include "worker/overlays.h"

#include <gtest/gtest.h>

#include "worker/testing/job_runner_fixture.h"

namespace safelight::testing {
namespace {

class OverlaysTest : public JobRunnerTest {
  protected:
    /// A job with a variant for each of these watermarks, and one without.
    Job job_with(const std::vector<ImageId>& watermarks) {
        const Job job = house.upload({});
        std::vector<VariantRequest> requests{{"plain", {}}};
        for (const ImageId image : watermarks) {
            requests.push_back(
                {"marked-" + std::to_string(requests.size()), {.watermark = Watermark{.image = image}}});
        }
        return value_of(house.catalog.add_variants(house.owner, job.id, requests, clock.now()));
    }

    void expect_failed(const Variant& variant, const std::string& detail) {
        EXPECT_EQ(variant.status, VariantStatus::failed) << variant.name;
        EXPECT_EQ(variant.error, (VariantError{ErrorCode::unsupported_transform, detail}));
    }
};

TEST_F(OverlaysTest, TheOriginalsOfWatermarksComeWithTheJob) {
    const Image logo = house.upload({}).image;
    const Job job = job_with({logo.id, logo.id});
    run(job.id);
    EXPECT_EQ(house.find(job.id).status, JobStatus::processed);
    const auto overlays = house.renderer.overlays();
    ASSERT_EQ(overlays.size(), 1U);
    EXPECT_EQ(sha256_of(overlays.at(logo.id)), logo.sha256);
    house.expect_in_order();
}

TEST_F(OverlaysTest, ADeletedOneFailsItsVariantAlone) {
    const Image logo = house.upload({}).image;
    const Job job = job_with({logo.id});
    ASSERT_TRUE(house.make_library()->delete_image(house.owner, logo.id));
    run(job.id);
    const Job done = house.find(job.id);
    EXPECT_EQ(done.image.variants[0].status, VariantStatus::ready);
    expect_failed(done.image.variants[1],
                  "The watermark " + logo.id.to_string() + " is none of your images, or not any more.");
    EXPECT_TRUE(due_times.empty()) << "no retry brings it back";
}

TEST_F(OverlaysTest, SomebodyElsesIsNotUsed) {
    const AccountId stranger = house.ids.next<AccountId>();
    const auto ingest = house.make_ingest();
    const auto upload = value_of(ingest->begin(stranger));
    ASSERT_TRUE(upload->write(make_picture(800)));
    const Image theirs = value_of(upload->finish({})).image;
    const Job job = job_with({theirs.id});
    run(job.id);
    expect_failed(house.find(job.id).image.variants[1],
                  "The watermark " + theirs.id.to_string() + " is none of your images, or not any more.");
    EXPECT_TRUE(house.renderer.overlays().empty());
}

TEST_F(OverlaysTest, ADamagedOneFailsItsVariantAlone) {
    const Image logo = house.upload({}).image;
    const Job job = job_with({logo.id});
    ASSERT_TRUE(house.blobs->remove(logo.blob));
    run(job.id);
    const Job done = house.find(job.id);
    EXPECT_EQ(done.image.variants[0].status, VariantStatus::ready);
    expect_failed(done.image.variants[1],
                  "The stored original of the watermark " + logo.id.to_string() + " is damaged.");
}

TEST_F(OverlaysTest, NothingIsRenderedWhenNoTransformIsLeft) {
    const Job job = house.upload({});
    const ImageId nobodys = house.ids.next<ImageId>();
    const std::vector<VariantRequest> requests{{"marked", {.watermark = Watermark{.image = nobodys}}}};
    ASSERT_TRUE(house.catalog.add_variants(house.owner, job.id, requests, clock.now()));
    run(job.id);
    EXPECT_EQ(house.find(job.id).status, JobStatus::failed);
    EXPECT_EQ(house.renderer.renders(), 0U);
}

TEST_F(OverlaysTest, TheirBytesAreBoundedTogether) {
    const Image first = house.upload({}, 1'000).image;
    const Image second = house.upload({}, 1'500).image;
    config.source_bytes_max = 2'499;
    const Job job = job_with({first.id, second.id});
    run(job.id);
    const Job done = house.find(job.id);
    EXPECT_EQ(done.image.variants[1].status, VariantStatus::ready);
    expect_failed(done.image.variants[2], "The watermarks of this job have more than 2499 bytes together.");
}

TEST_F(OverlaysTest, TheirNumberIsBounded) {
    std::vector<ImageId> logos;
    for (std::size_t i = 0; i <= overlays_max; ++i) logos.push_back(house.upload({}).image.id);
    const Job job = job_with(logos);
    run(job.id);
    const Job done = house.find(job.id);
    EXPECT_EQ(house.renderer.overlays().size(), overlays_max);
    EXPECT_EQ(done.image.variants[overlays_max].status, VariantStatus::ready);
    expect_failed(done.image.variants[overlays_max + 1],
                  "The variants of this job name more than 8 images as watermarks.");
}

TEST_F(OverlaysTest, PassingTroubleIsTriedAgain) {
    const Image logo = house.upload({}).image;
    const Job job = job_with({logo.id});
    house.script.before("find_image", failing(ErrorCode::unavailable));
    run(job.id);
    EXPECT_EQ(house.find(job.id).status, JobStatus::processing);
    ASSERT_EQ(due_times.size(), 1U);
    house.script.before("find_image", nullptr);
    clock.advance(12s);
    run(job.id);
    EXPECT_EQ(house.find(job.id).status, JobStatus::processed);
}

}  // namespace
}  // namespace safelight::testing
