#include "service/library.h"

#include <gtest/gtest.h>

#include "service/testing/house.h"

namespace safelight {
namespace {

using namespace safelight::testing;
using namespace std::chrono_literals;

const Timestamp start{1'700'000'000'000ms};

class LibraryTest : public ::testing::Test {
  protected:
    template <class T>
    static ErrorCode code_of(const Result<T>& result) {
        EXPECT_FALSE(result);
        return result ? ErrorCode::internal : result.error().code;
    }

    /// What a worker would commit: a blob for the first pending variant, or its failure.
    Variant make_variant(const Job& job, std::string_view text) {
        const Claim claim = *value_of(house.claims.claim(job.id, 1min, clock.now()));
        VariantContent content;
        content.blob = house.ids.next<BlobKey>();
        EXPECT_TRUE(house.ledger.reserve(std::span(&content.blob, 1), clock.now() + 1min));
        const BlobInfo info = value_of(put(*house.blobs, content.blob, bytes_of(text)));
        content.format = Format::webp;
        content.width_px = 4;
        content.height_px = 3;
        content.size_bytes = info.size_bytes;
        content.sha256 = info.sha256;
        const VariantOutcome outcome{claim.pending.front().name, content, std::nullopt};
        EXPECT_TRUE(house.claims.complete(job.id, claim.attempt, std::span(&outcome, 1), clock.now()));
        return house.find(job.id).image.variants.front();
    }

    ManualClock clock{start};
    House house{clock};
    const std::unique_ptr<Library> library = house.make_library();
    const AccountId stranger = house.ids.next<AccountId>();
};

TEST_F(LibraryTest, ARetryIsPublishedAndTold) {
    const Job job = house.upload();
    const Claim claim = *value_of(house.claims.claim(job.id, 1min, clock.now()));
    const VariantOutcome failed{"thumbnail", std::nullopt, VariantError{ErrorCode::invalid_image, "Broken."}};
    EXPECT_TRUE(house.claims.complete(job.id, claim.attempt, std::span(&failed, 1), clock.now()));
    int told = 0;
    const auto subscription = house.watch.subscribe(job.id, [&told] { ++told; });
    const std::uint32_t published = house.queue.published;
    EXPECT_EQ(value_of(library->retry_job(house.owner, job.id)).status, JobStatus::processing);
    EXPECT_EQ(told, 1);
    EXPECT_EQ(house.queue.published, published + 1);
    EXPECT_EQ(code_of(library->retry_job(house.owner, job.id)), ErrorCode::nothing_to_retry);
    EXPECT_EQ(code_of(library->retry_job(stranger, job.id)), ErrorCode::not_found);
    EXPECT_EQ(house.queue.published, published + 1);
}

TEST_F(LibraryTest, ARetryIsNotTakenOnPastTheBacklog) {
    const Job job = house.upload();
    EXPECT_TRUE(library->cancel_job(house.owner, job.id));
    const Job waiting = house.upload();
    const auto full = house.make_library(1);
    EXPECT_EQ(code_of(full->retry_job(house.owner, job.id)), ErrorCode::overloaded);
    EXPECT_TRUE(full->cancel_job(house.owner, waiting.id)) << "that makes it shorter";
}

TEST_F(LibraryTest, ACancellationIsToldAndNotPublished) {
    const Job job = house.upload();
    int told = 0;
    const auto subscription = house.watch.subscribe(job.id, [&told] { ++told; });
    const std::uint32_t published = house.queue.published;
    EXPECT_EQ(value_of(library->cancel_job(house.owner, job.id)).status, JobStatus::failed);
    EXPECT_EQ(told, 1);
    EXPECT_EQ(house.queue.published, published);
    EXPECT_EQ(code_of(library->cancel_job(house.owner, job.id)), ErrorCode::nothing_to_cancel);
    EXPECT_EQ(code_of(library->cancel_job(stranger, job.id)), ErrorCode::not_found);
}

TEST_F(LibraryTest, FindsAndLists) {
    const Job first = house.upload();
    clock.advance(1s);
    const Job second = house.upload();
    EXPECT_EQ(value_of(library->find_job(house.owner, first.id)), first);
    EXPECT_EQ(value_of(library->find_image(house.owner, first.image.id)), first.image);
    const auto jobs = value_of(library->list_jobs({.owner = house.owner}));
    ASSERT_EQ(jobs.items.size(), 2U);
    EXPECT_EQ(jobs.items[0], second);
    const auto images = value_of(library->list_images({.owner = house.owner, .limit = 1}));
    ASSERT_EQ(images.items.size(), 1U);
    EXPECT_TRUE(images.has_more);
    EXPECT_EQ(images.items[0], second.image);
}

TEST_F(LibraryTest, SomebodyElsesIsNotFound) {
    const Job job = house.upload();
    EXPECT_EQ(code_of(library->find_job(stranger, job.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(library->find_image(stranger, job.image.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(library->open_original(stranger, job.image.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(library->open_variant(stranger, job.image.id, "thumbnail")), ErrorCode::not_found);
    EXPECT_EQ(code_of(library->request_variants(stranger, job.id, House::requests({"a"}))),
              ErrorCode::not_found);
    EXPECT_EQ(code_of(library->delete_job(stranger, job.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(library->delete_image(stranger, job.image.id)), ErrorCode::not_found);
    EXPECT_TRUE(value_of(library->list_jobs({.owner = stranger})).items.empty());
    EXPECT_EQ(value_of(library->find_job(house.owner, job.id)), job);
}

TEST_F(LibraryTest, AskingForVariantsPublishesAndNotifies) {
    const Job job = house.upload({});
    int notified = 0;
    const auto subscription = house.watch.subscribe(job.id, [&] { ++notified; });
    const auto asked = library->request_variants(house.owner, job.id, House::requests({"thumbnail"}));
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->status, JobStatus::processing);
    EXPECT_EQ(house.queue.published, 1U);
    EXPECT_EQ(notified, 1);
}

TEST_F(LibraryTest, MovingTheFocalPointPublishesWhatHasToBeDoneByAnother) {
    auto wanted = House::requests({"thumbnail"});
    wanted[0].transform = value_of(
        parse_transform(R"({"resize": {"width": 20, "height": 20, "fit": "cover", "gravity": "focal"}})"));
    const Job job = house.upload({});
    ASSERT_TRUE(library->request_variants(house.owner, job.id, wanted));
    int told = 0;
    const auto subscription = house.watch.subscribe(job.id, [&told] { ++told; });
    const std::uint32_t published = house.queue.published;
    EXPECT_TRUE(library->set_focal_point(house.owner, job.image.id, FocalPoint{0.1, 0.2}));
    EXPECT_EQ(house.queue.published, published) << "nobody is at work";
    EXPECT_TRUE(value_of(house.claims.claim(job.id, 1min, clock.now())));
    EXPECT_TRUE(library->set_focal_point(house.owner, job.image.id, FocalPoint{0.3, 0.4}));
    EXPECT_EQ(house.queue.published, published + 1);
    EXPECT_EQ(told, 1) << "who is at work stops";
}

TEST_F(LibraryTest, AQueueThatDoesNotAnswerIsNoError) {
    const Job job = house.upload({});
    house.queue.publish_fails = true;
    EXPECT_TRUE(library->request_variants(house.owner, job.id, House::requests({"thumbnail"})));
    EXPECT_EQ(house.log.count(telemetry::Level::warn, "publishing failed"), 1U);
}

TEST_F(LibraryTest, ANameTakenByAnotherTransformIsAConflict) {
    const Job job = house.upload({"thumbnail"});
    EXPECT_TRUE(library->request_variants(house.owner, job.id, House::requests({"thumbnail"})))
        << "the same again";
    Transform other;
    other.quality = 5;
    const VariantRequest request{"thumbnail", other};
    EXPECT_EQ(code_of(library->request_variants(house.owner, job.id, std::span(&request, 1))),
              ErrorCode::conflict);
}

TEST_F(LibraryTest, AnImageHasABoundedNumberOfVariants) {
    const Job job = house.upload({});
    std::vector<std::string> names;
    for (std::size_t i = 0; i < variants_per_image_max; ++i) names.push_back("v" + std::to_string(i));
    const auto requests = House::requests(names);
    ASSERT_TRUE(library->request_variants(house.owner, job.id, requests));
    ASSERT_TRUE(library->request_variants(house.owner, job.id, requests)) << "none of them is new";
    EXPECT_EQ(code_of(library->request_variants(house.owner, job.id, House::requests({"one-more"}))),
              ErrorCode::invalid_argument);
    EXPECT_EQ(house.find(job.id).image.variants.size(), variants_per_image_max);
}

TEST_F(LibraryTest, NoMoreVariantsAreTakenOnWhileTooManyJobsWait) {
    const Job job = house.upload({"thumbnail"});
    const auto full = house.make_library(1);
    EXPECT_EQ(code_of(full->request_variants(house.owner, job.id, House::requests({"more"}))),
              ErrorCode::overloaded);
    EXPECT_EQ(house.find(job.id).image.variants.size(), 1U);
}

TEST_F(LibraryTest, OpensTheOriginal) {
    const Job job = house.upload();
    const Content content = value_of(library->open_original(house.owner, job.image.id));
    EXPECT_EQ(content.format, Format::jpeg);
    EXPECT_EQ(content.filename, "cat.jpg");
    EXPECT_EQ(content.modified_at, start);
    EXPECT_EQ(content.sha256, job.image.sha256);
    EXPECT_EQ(sha256_of(value_of(read_all(*content.bytes, 1'000'000))), job.image.sha256);
}

TEST_F(LibraryTest, OpensAVariantWhenItIsReady) {
    const Job job = house.upload({"thumbnail"});
    EXPECT_EQ(code_of(library->open_variant(house.owner, job.image.id, "thumbnail")),
              ErrorCode::variant_not_ready);
    EXPECT_EQ(code_of(library->open_variant(house.owner, job.image.id, "other")), ErrorCode::not_found);
    clock.advance(5s);
    const Variant variant = make_variant(job, "pixels");
    const Content content = value_of(library->open_variant(house.owner, job.image.id, "thumbnail"));
    EXPECT_EQ(content.format, Format::webp);
    EXPECT_EQ(content.filename, "cat-thumbnail.webp");
    EXPECT_EQ(content.modified_at, start + 5s);
    EXPECT_EQ(content.sha256, variant.content->sha256);
    EXPECT_EQ(value_of(read_all(*content.bytes, 100)), bytes_of("pixels"));
}

TEST_F(LibraryTest, AFailedVariantSaysWhy) {
    const Job job = house.upload({"thumbnail"});
    const Claim claim = *value_of(house.claims.claim(job.id, 1min, clock.now()));
    const VariantOutcome outcome{"thumbnail", std::nullopt,
                                 VariantError{ErrorCode::invalid_image, "It is broken."}};
    ASSERT_TRUE(house.claims.complete(job.id, claim.attempt, std::span(&outcome, 1), clock.now()));
    const auto content = library->open_variant(house.owner, job.image.id, "thumbnail");
    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().code, ErrorCode::variant_failed);
    EXPECT_EQ(content.error().public_text, "It is broken.");
}

TEST_F(LibraryTest, ALostBlobIsReportedLoudly) {
    const Job job = house.upload();
    ASSERT_TRUE(house.blobs->remove(job.image.blob));
    EXPECT_EQ(code_of(library->open_original(house.owner, job.image.id)), ErrorCode::corrupt_blob);
    EXPECT_EQ(house.log.count(telemetry::Level::error, "stored bytes are damaged"), 1U);
}

TEST_F(LibraryTest, ABlobOfAnotherSizeIsReportedLoudly) {
    const Job job = house.upload();
    ASSERT_TRUE(house.blobs->remove(job.image.blob));
    ASSERT_TRUE(put(*house.blobs, job.image.blob, bytes_of("short")));
    EXPECT_EQ(code_of(library->open_original(house.owner, job.image.id)), ErrorCode::corrupt_blob);
    EXPECT_EQ(house.log.count(telemetry::Level::error, "stored bytes are damaged"), 1U);
}

TEST_F(LibraryTest, AVariantThatIsMadeAgainIsNeverMissing) {
    const Job job = house.upload();
    const Variant old = make_variant(job, "old bytes");
    VariantContent remade = *old.content;
    remade.blob = house.ids.next<BlobKey>();
    ASSERT_TRUE(house.ledger.reserve(std::span(&remade.blob, 1), clock.now() + 1min));
    remade.size_bytes = value_of(put(*house.blobs, remade.blob, bytes_of("new bytes, and more"))).size_bytes;
    Transform wanted;
    wanted.quality = 50;
    ASSERT_TRUE(house.rerenders.request(std::span(&job.image.id, 1), old.name, wanted, false, clock.now()));
    // Between the look into the catalog and the store.
    house.script.after("find_image", [&]() -> std::optional<Error> {
        house.script.clear();
        const RerenderClaim held = *value_of(house.rerenders.claim(1min, clock.now())).claim;
        EXPECT_TRUE(house.rerenders.complete({held.image.id, held.name, held.token}, remade, clock.now()));
        EXPECT_TRUE(house.blobs->remove(old.content->blob)) << "as the sweeper does";
        return std::nullopt;
    });
    const Content content = value_of(library->open_variant(house.owner, job.image.id, old.name));
    EXPECT_EQ(content.bytes->size_bytes(), remade.size_bytes);
    EXPECT_EQ(house.log.count(telemetry::Level::error, "stored bytes are damaged"), 0U);
}

TEST_F(LibraryTest, ALostVariantIsReportedLoudly) {
    const Job job = house.upload();
    const Variant variant = make_variant(job, "bytes");
    ASSERT_TRUE(house.blobs->remove(variant.content->blob));
    EXPECT_EQ(code_of(library->open_variant(house.owner, job.image.id, variant.name)),
              ErrorCode::corrupt_blob);
    EXPECT_EQ(house.log.count(telemetry::Level::error, "stored bytes are damaged"), 1U);
}

TEST_F(LibraryTest, AnImageDeletedMeanwhileIsNotFound) {
    const Job job = house.upload();
    house.script.after("find_image", [&]() -> std::optional<Error> {
        house.script.clear();
        EXPECT_TRUE(library->delete_job(house.owner, job.id));
        return std::nullopt;
    });
    EXPECT_EQ(code_of(library->open_original(house.owner, job.image.id)), ErrorCode::not_found);
    EXPECT_EQ(house.log.count(telemetry::Level::error, "stored bytes are damaged"), 0U);
}

TEST_F(LibraryTest, AStoreThatDoesNotAnswerIsUnavailable) {
    const Job job = house.upload();
    house.faults.fail_always(BlobOperation::open, {ErrorCode::unavailable, "injected", {}, {}});
    EXPECT_EQ(code_of(library->open_original(house.owner, job.image.id)), ErrorCode::unavailable);
}

TEST_F(LibraryTest, DeletingAJobRemovesEverything) {
    const Job job = house.upload({"thumbnail"});
    make_variant(job, "pixels");
    int notified = 0;
    const auto subscription = house.watch.subscribe(job.id, [&] { ++notified; });
    ASSERT_TRUE(library->delete_job(house.owner, job.id));
    house.expect_nothing();
    EXPECT_EQ(notified, 1);
    EXPECT_EQ(code_of(library->find_job(house.owner, job.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(library->open_original(house.owner, job.image.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(library->delete_job(house.owner, job.id)), ErrorCode::not_found);
}

TEST_F(LibraryTest, DeletingAnImageRemovesEverything) {
    const Job job = house.upload({"thumbnail"});
    make_variant(job, "pixels");
    bool notified = false;
    const auto subscription = house.watch.subscribe(job.id, [&] { notified = true; });
    ASSERT_TRUE(library->delete_image(house.owner, job.image.id));
    EXPECT_TRUE(notified) << "whoever waits for the job has to learn that it is gone";
    house.expect_nothing();
    EXPECT_EQ(code_of(library->find_job(house.owner, job.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(library->delete_image(house.owner, job.image.id)), ErrorCode::not_found);
}

TEST_F(LibraryTest, WhatTheStoreDoesNotRemoveIsLeftToTheSweeper) {
    const Job job = house.upload();
    house.faults.fail_always(BlobOperation::remove, {ErrorCode::unavailable, "injected", {}, {}});
    ASSERT_TRUE(library->delete_job(house.owner, job.id));
    EXPECT_EQ(code_of(library->open_original(house.owner, job.image.id)), ErrorCode::not_found);
    EXPECT_EQ(value_of(house.ledger.sweepable(std::nullopt, 10, clock.now())), std::vector{job.image.blob});
}

TEST_F(LibraryTest, ALedgerThatDoesNotAnswerIsLeftToTheSweeper) {
    const Job job = house.upload();
    house.script.before("forget", failing(ErrorCode::unavailable));
    ASSERT_TRUE(library->delete_job(house.owner, job.id));
    EXPECT_TRUE(house.stored().empty());
    EXPECT_EQ(value_of(house.ledger.sweepable(std::nullopt, 10, clock.now())), std::vector{job.image.blob});
}

}  // namespace
}  // namespace safelight
