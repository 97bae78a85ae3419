#include "service/ingest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "service/testing/house.h"

namespace safelight {
namespace {

using namespace safelight::testing;
using namespace std::chrono_literals;

constexpr std::size_t small_bytes = 1'000;      // is looked at in memory
constexpr std::size_t large_bytes = 1'000'000;  // is streamed to the store
const Timestamp start{1'700'000'000'000ms};

class IngestTest : public ::testing::Test {
  protected:
    /// In pieces of 10,000 bytes, as a connection would deliver them.
    static Status write_pieces(Upload& upload, std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const auto piece = bytes.first(std::min<std::size_t>(bytes.size(), 10'000));
            TRY(upload.write(piece));
            bytes = bytes.subspan(piece.size());
        }
        return {};
    }

    Result<Job> ingest(std::span<const std::byte> bytes, const UploadDetails& details,
                       const IngestConfig& config = {}) {
        const auto ingest = house.make_ingest(config);
        TRY_ASSIGN(const auto upload, ingest->begin(house.owner));
        TRY(write_pieces(*upload, bytes));
        return upload->finish(details);
    }

    ErrorCode refusal(std::span<const std::byte> bytes, const UploadDetails& details = {},
                      const IngestConfig& config = {}) {
        const auto job = ingest(bytes, details, config);
        EXPECT_FALSE(job);
        return job ? ErrorCode::internal : job.error().code;
    }

    static Error error_of(ErrorCode code) { return {code, "injected", {}, {}}; }

    ManualClock clock{start};
    House house{clock};
};

class IngestOfSize : public IngestTest, public ::testing::WithParamInterface<std::size_t> {
  protected:
    const std::vector<std::byte> picture = make_picture(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Sizes, IngestOfSize, ::testing::Values(small_bytes, large_bytes),
                         [](const auto& info) { return info.param == small_bytes ? "Small" : "Large"; });

TEST_P(IngestOfSize, StoresImageJobAndVariants) {
    const auto job = ingest(picture, {.filename = "../cat.jpg",
                                      .metadata_json = R"({"album":"7"})",
                                      .variants = House::requests({"thumbnail", "large"}),
                                      .expected_sha256 = sha256_of(picture)});
    ASSERT_TRUE(job) << job.error().public_text;
    EXPECT_EQ(job->status, JobStatus::processing);
    EXPECT_EQ(job->metadata_json, R"({"album":"7"})");
    EXPECT_EQ(job->created_at, start);
    EXPECT_EQ(job->image.filename, "cat.jpg");
    EXPECT_EQ(job->image.size_bytes, picture.size());
    EXPECT_EQ(job->image.sha256, sha256_of(picture));
    EXPECT_EQ(job->image.facts, ScriptedRenderer::facts());
    ASSERT_EQ(job->image.variants.size(), 2U);
    EXPECT_EQ(job->image.variants[1].name, "large");
    EXPECT_EQ(house.find(job->id), *job);
    EXPECT_EQ(house.queue.published, 1U);
    house.expect_in_order();
    EXPECT_EQ(house.stored().size(), 1U);
}

TEST_P(IngestOfSize, ShowsTheRendererAllOfThePicture) {
    std::vector<std::byte> seen;
    house.renderer.on_probe([&](ByteSource& source) -> Result<ImageFacts> {
        TRY_ASSIGN(seen, read_all(source, large_bytes));
        return ScriptedRenderer::facts();
    });
    ASSERT_TRUE(ingest(picture, {}));
    EXPECT_EQ(seen, picture);
}

TEST_P(IngestOfSize, WithoutVariantsNothingIsPublished) {
    const auto job = ingest(picture, {});
    ASSERT_TRUE(job);
    EXPECT_EQ(job->status, JobStatus::unprocessed);
    EXPECT_EQ(house.queue.published, 0U);
}

TEST_P(IngestOfSize, NeedsTwoCatalogWrites) {
    ASSERT_TRUE(ingest(picture, {.variants = House::requests({"thumbnail"})}));
    EXPECT_EQ(house.script.count("reserve"), 1U);
    EXPECT_EQ(house.script.count("create_job"), 1U);
    EXPECT_EQ(house.script.count("abandon") + house.script.count("forget") + house.script.count("find"), 0U);
}

TEST_P(IngestOfSize, AProbeThatRefusesLeavesNothing) {
    for (const ErrorCode code :
         {ErrorCode::invalid_image, ErrorCode::image_too_large, ErrorCode::too_many_frames,
          ErrorCode::too_many_scans, ErrorCode::renderer_failed}) {
        house.renderer.on_probe([&](ByteSource&) -> Result<ImageFacts> { return failure(code, "No."); });
        EXPECT_EQ(refusal(picture), code);
        house.expect_nothing();
    }
}

TEST_P(IngestOfSize, AnExceptionOfTheRendererLeavesNothing) {
    house.renderer.on_probe([](ByteSource&) -> Result<ImageFacts> { throw std::runtime_error("bug"); });
    EXPECT_THROW(static_cast<void>(ingest(picture, {})), std::runtime_error);
    house.expect_nothing();
}

TEST_P(IngestOfSize, AnotherDigestIsRefused) {
    EXPECT_EQ(refusal(picture, {.expected_sha256 = Sha256{}}), ErrorCode::digest_mismatch);
    EXPECT_EQ(house.renderer.probes(), 0U);
    house.expect_nothing();
}

TEST_P(IngestOfSize, EveryFailureOfTheStoreLeavesNothing) {
    for (const BlobOperation operation :
         {BlobOperation::create, BlobOperation::write, BlobOperation::commit}) {
        for (const FaultMoment moment : {FaultMoment::before_effect, FaultMoment::after_effect}) {
            for (const ErrorCode code : {ErrorCode::unavailable, ErrorCode::storage_full}) {
                house.faults.fail(operation, 1, error_of(code), moment);
                EXPECT_EQ(refusal(picture), code) << static_cast<int>(operation);
                house.expect_nothing();
            }
        }
    }
    EXPECT_TRUE(ingest(picture, {})) << "works again";
}

TEST_P(IngestOfSize, EveryFailureOfTheCatalogLeavesNothing) {
    for (const char* call : {"reserve", "create_job"}) {
        house.script.before(call, failing(ErrorCode::unavailable));
        EXPECT_EQ(refusal(picture), ErrorCode::unavailable) << call;
        house.script.clear();
        house.expect_nothing();
    }
}

TEST_P(IngestOfSize, ACommittedJobKeepsItsBlobWhenTheAnswerGotLost) {
    house.script.after("create_job", failing(ErrorCode::unavailable));
    EXPECT_EQ(refusal(picture), ErrorCode::unavailable);
    house.expect_in_order();
    EXPECT_EQ(house.stored().size(), 1U);
}

TEST_P(IngestOfSize, WhatCannotBeRemovedIsLeftToTheSweeper) {
    house.renderer.on_probe(
        [](ByteSource&) -> Result<ImageFacts> { return failure(ErrorCode::invalid_image, "No."); });
    house.faults.fail_always(BlobOperation::remove, error_of(ErrorCode::unavailable));
    EXPECT_EQ(refusal(picture), ErrorCode::invalid_image);
    house.faults.clear();
    // A small picture was never stored.
    const std::size_t left = picture.size() == small_bytes ? 0 : 1;
    EXPECT_EQ(value_of(house.ledger.sweepable(std::nullopt, 10, clock.now())).size(), left);
}

TEST_P(IngestOfSize, ALedgerThatDoesNotAnswerLeavesARowWithADeadline) {
    house.script.before("create_job", failing(ErrorCode::unavailable));
    house.script.before("abandon", failing(ErrorCode::unavailable));
    EXPECT_EQ(refusal(picture), ErrorCode::unavailable);
    house.script.clear();
    EXPECT_TRUE(value_of(house.ledger.sweepable(std::nullopt, 10, clock.now())).empty());
    clock.advance(IngestConfig{}.write_deadline + 1ms);
    EXPECT_EQ(value_of(house.ledger.sweepable(std::nullopt, 10, clock.now())).size(), 1U);
}

TEST_P(IngestOfSize, AnUploadThatWasSweptIsRefused) {
    house.script.before("create_job", [&]() -> std::optional<Error> {
        clock.advance(IngestConfig{}.write_deadline + 1ms);
        EXPECT_EQ(value_of(house.ledger.sweepable(std::nullopt, 10, clock.now())).size(), 1U);
        return std::nullopt;
    });
    EXPECT_EQ(refusal(picture), ErrorCode::timeout);
    house.expect_nothing();
}

TEST_P(IngestOfSize, AnUnfinishedUploadLeavesNothing) {
    const auto ingest = house.make_ingest();
    {
        const auto upload = value_of(ingest->begin(house.owner));
        ASSERT_TRUE(write_pieces(*upload, picture));
        EXPECT_EQ(house.entries().size(), picture.size() == small_bytes ? 0U : 1U);
    }
    house.expect_nothing();
    EXPECT_NE(house.metrics.expose().find(R"(result="cancelled")"), std::string::npos);
}

TEST_P(IngestOfSize, AQueueThatDoesNotAnswerLosesNothing) {
    house.queue.publish_fails = true;
    const auto job = ingest(picture, {.variants = House::requests({"thumbnail"})});
    ASSERT_TRUE(job);
    EXPECT_EQ(house.log.count(telemetry::Level::warn, "publishing failed"), 1U);
    EXPECT_EQ(value_of(house.claims.claimable(10, clock.now())), std::vector{WaitingJob{job->id}});
}

TEST_P(IngestOfSize, TakesUpToTheLimitAndNoByteMore) {
    EXPECT_TRUE(ingest(picture, {}, {.bytes_max = picture.size()}));
    const auto before = house.stored();
    EXPECT_EQ(refusal(picture, {}, {.bytes_max = picture.size() - 1}), ErrorCode::payload_too_large);
    EXPECT_EQ(house.stored(), before);
    house.expect_in_order();
}

TEST_P(IngestOfSize, AfterARefusalEveryCallSaysTheSame) {
    const auto ingest = house.make_ingest({.bytes_max = picture.size() - 1});
    const auto upload = value_of(ingest->begin(house.owner));
    ASSERT_FALSE(write_pieces(*upload, picture));
    house.expect_nothing();
    const Status again = upload->write(std::span(picture).first(1));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::payload_too_large);
    const auto job = upload->finish({});
    ASSERT_FALSE(job);
    EXPECT_EQ(job.error().code, ErrorCode::payload_too_large);
}

TEST_P(IngestOfSize, IsFinishedOnce) {
    const auto ingest = house.make_ingest();
    const auto upload = value_of(ingest->begin(house.owner));
    ASSERT_TRUE(write_pieces(*upload, picture));
    ASSERT_TRUE(upload->finish({}));
    const auto again = upload->finish({});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::conflict);
    EXPECT_FALSE(upload->write(picture));
    house.expect_in_order();
    EXPECT_EQ(house.stored().size(), 1U);
}

TEST_F(IngestTest, OneWriteOfManyBytesIsStoredWhole) {
    const auto picture = make_picture(large_bytes);
    const auto ingest = house.make_ingest();
    const auto upload = value_of(ingest->begin(house.owner));
    ASSERT_TRUE(upload->write(picture));
    const auto job = upload->finish({});
    ASSERT_TRUE(job);
    EXPECT_EQ(job->image.sha256, sha256_of(picture));
    house.expect_in_order();
}

TEST_F(IngestTest, SingleBytesAreStoredWhole) {
    const auto picture = make_picture(500);
    const auto ingest = house.make_ingest();
    const auto upload = value_of(ingest->begin(house.owner));
    for (const std::byte& byte : picture) ASSERT_TRUE(upload->write({&byte, 1}));
    const auto job = upload->finish({});
    ASSERT_TRUE(job);
    EXPECT_EQ(job->image.sha256, sha256_of(picture));
}

TEST_F(IngestTest, WhatIsNoPictureIsRefusedByItsFirstBytes) {
    const auto ingest = house.make_ingest();
    const auto upload = value_of(ingest->begin(house.owner));
    EXPECT_TRUE(upload->write(bytes_of("<html xmlns=")));
    const Status refused = upload->write(bytes_of(std::string(large_bytes, 'x')));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unsupported_image);
    EXPECT_EQ(house.script.count("reserve"), 0U);
    EXPECT_EQ(house.faults.calls(BlobOperation::create), 0U);
}

TEST_F(IngestTest, ShortContentThatIsNoPictureIsRefusedAtTheEnd) {
    EXPECT_EQ(refusal(bytes_of("hello")), ErrorCode::unsupported_image);
    EXPECT_EQ(refusal({}), ErrorCode::empty_payload);
    EXPECT_EQ(house.script.count("reserve"), 0U);
}

TEST_F(IngestTest, ASmallPictureIsRefusedWithoutTouchingTheStore) {
    house.renderer.on_probe(
        [](ByteSource&) -> Result<ImageFacts> { return failure(ErrorCode::invalid_image, "No."); });
    EXPECT_EQ(refusal(make_picture(small_bytes)), ErrorCode::invalid_image);
    EXPECT_EQ(house.script.count("reserve"), 0U);
    EXPECT_EQ(house.faults.calls(BlobOperation::create), 0U);
}

TEST_F(IngestTest, AnUnreadableBlobIsNoAcceptedUpload) {
    house.faults.fail(BlobOperation::open, 1, error_of(ErrorCode::unavailable));
    EXPECT_EQ(refusal(make_picture(large_bytes)), ErrorCode::unavailable);
    house.expect_nothing();
}

TEST_F(IngestTest, CountsUploadsByResult) {
    static_cast<void>(ingest(make_picture(), {}));
    static_cast<void>(ingest(bytes_of("hello"), {}));
    const std::string text = house.metrics.expose();
    EXPECT_NE(text.find(R"(safelight_uploads_total{result="accepted"} 1)"), std::string::npos) << text;
    EXPECT_NE(text.find(R"(safelight_uploads_total{result="unsupported_image"} 1)"), std::string::npos)
        << text;
}

}  // namespace
}  // namespace safelight
