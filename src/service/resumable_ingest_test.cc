#include "service/resumable_ingest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "service/testing/house.h"

namespace safelight {
namespace {

using namespace safelight::testing;
using namespace std::chrono_literals;

constexpr std::size_t picture_bytes = 1'000;
constexpr std::uint64_t part_bytes = 300;

class ResumableIngestTest : public ::testing::Test {
  protected:
    [[nodiscard]] ResumableUpload create(std::uint64_t size_bytes = picture_bytes) {
        return value_of(resumable->create(house.owner, size_bytes, "details"));
    }
    [[nodiscard]] ResumableUpload find(const ResumableUpload& upload) {
        return value_of(resumable->find(house.owner, upload.id));
    }
    [[nodiscard]] std::vector<UploadPart> parts_of(const ResumableUpload& upload) {
        return value_of(house.database->resumable_uploads().parts(house.owner, upload.id));
    }
    [[nodiscard]] std::unique_ptr<UploadAppend> append_to(const ResumableUpload& upload,
                                                          const std::optional<Checksum>& checksum = {}) {
        return value_of(resumable->append(find(upload), checksum));
    }
    Result<UploadProgress> append(const ResumableUpload& upload, std::span<const std::byte> bytes,
                                  const std::optional<Checksum>& checksum = {}) {
        const auto append = append_to(upload, checksum);
        TRY(append->write(bytes));
        return append->finish({.filename = "cat.jpg", .variants = House::requests({"thumbnail"})});
    }
    [[nodiscard]] std::span<const std::byte> slice(std::size_t begin, std::size_t end) const {
        return std::span(picture).subspan(begin, end - begin);
    }
    [[nodiscard]] static Checksum sha1_of(std::span<const std::byte> bytes) {
        ChecksumHasher hasher(ChecksumAlgorithm::sha1);
        hasher.update(bytes);
        return hasher.finish();
    }
    template <class T>
    [[nodiscard]] static ErrorCode code_of(const Result<T>& result) {
        EXPECT_FALSE(result);
        return result ? ErrorCode::internal : result.error().code;
    }

    ManualClock clock{Timestamp{1'700'000'000'000ms}};
    House house{clock};
    std::unique_ptr<Ingest> ingest = house.make_ingest();
    const ResumableIngestConfig config{
        .bytes_max = 10'000, .part_bytes = part_bytes, .part_age = 60s, .parts_max = 20, .appends_max = 3};
    std::unique_ptr<ResumableIngest> resumable = house.make_resumable_ingest(*ingest, config);
    const std::vector<std::byte> picture = make_picture(picture_bytes);
};

TEST_F(ResumableIngestTest, PiecesBecomeAJobOfTheWhole) {
    const ResumableUpload upload = create();
    const std::size_t ends[] = {1, 2, 250, 700, 999};
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
        const auto progress = append(upload, slice(begin, end));
        ASSERT_TRUE(progress);
        EXPECT_EQ(progress->received_bytes, end);
        EXPECT_FALSE(progress->job);
        EXPECT_EQ(find(upload).received_bytes, end);
        house.expect_in_order();
        begin = end;
    }
    const auto progress = append(upload, slice(begin, picture_bytes));
    ASSERT_TRUE(progress);
    ASSERT_TRUE(progress->job);
    EXPECT_EQ(progress->received_bytes, picture_bytes);
    EXPECT_EQ(progress->job->image.sha256, sha256_of(picture));
    EXPECT_EQ(progress->job->image.filename, "cat.jpg");
    EXPECT_EQ(house.find(progress->job->id), *progress->job);
    EXPECT_EQ(find(upload).job, progress->job->id);
    house.expect_in_order();
    EXPECT_EQ(house.stored().size(), 1U) << "the parts are gone";
    EXPECT_EQ(house.queue.published, 1U);
}

TEST_F(ResumableIngestTest, OneRequestMayBringAll) {
    const ResumableUpload upload = create();
    const auto progress = append(upload, picture, sha1_of(picture));
    ASSERT_TRUE(progress);
    EXPECT_EQ(progress->job->image.sha256, sha256_of(picture));
    house.expect_in_order();
}

TEST_F(ResumableIngestTest, LongRequestsAreDurableBeforeTheirEnd) {
    const ResumableUpload upload = create();
    const auto append = append_to(upload);
    ASSERT_TRUE(append->write(slice(0, 650)));
    EXPECT_EQ(find(upload).received_bytes, 600U);
    EXPECT_EQ(find(upload).parts, 2U);
}

TEST_F(ResumableIngestTest, WhatIsCutOffIsKept) {
    const ResumableUpload upload = create();
    const auto append = append_to(upload);
    ASSERT_TRUE(append->write(slice(0, 650)));
    EXPECT_EQ(value_of(append->keep()), 650U);
    EXPECT_EQ(find(upload).received_bytes, 650U);
    house.expect_in_order();
}

TEST_F(ResumableIngestTest, WhatIsDestroyedLeavesWhatIsDurable) {
    const ResumableUpload upload = create();
    {
        const auto append = append_to(upload);
        ASSERT_TRUE(append->write(slice(0, 650)));
    }
    EXPECT_EQ(find(upload).received_bytes, 600U);
    house.expect_in_order();
    ASSERT_TRUE(append(upload, slice(600, picture_bytes))->job);
}

TEST_F(ResumableIngestTest, WithoutItsEndNoRequestEndsAnUpload) {
    const ResumableUpload upload = create();
    const auto append = append_to(upload);
    ASSERT_TRUE(append->write(picture));
    EXPECT_EQ(value_of(append->keep()), 900U);
    EXPECT_EQ(code_of(append->finish({})), ErrorCode::cancelled) << "it is over";
    EXPECT_FALSE(find(upload).job);
    house.expect_in_order();
}

TEST_F(ResumableIngestTest, AWrongChecksumLeavesTheOffset) {
    const ResumableUpload upload = create();
    ASSERT_TRUE(append(upload, slice(0, 100)));
    EXPECT_EQ(code_of(append(upload, slice(100, 900), sha1_of(slice(0, 100)))), ErrorCode::digest_mismatch);
    EXPECT_EQ(find(upload).received_bytes, 100U);
    house.expect_in_order();
    const auto cut = append_to(upload, sha1_of(slice(100, 900)));
    ASSERT_TRUE(cut->write(slice(100, 899)));
    EXPECT_EQ(value_of(cut->keep()), 100U) << "it cannot be checked";
    house.expect_in_order();
    EXPECT_EQ(append(upload, slice(100, 900), sha1_of(slice(100, 900)))->received_bytes, 900U);
}

TEST_F(ResumableIngestTest, OfTwoThatGoOnOneWins) {
    const ResumableUpload upload = create();
    const auto slow = append_to(upload);
    ASSERT_TRUE(slow->write(slice(0, 50)));
    ASSERT_TRUE(append(upload, slice(0, 120)));
    EXPECT_EQ(code_of(slow->finish({})), ErrorCode::fenced);
    EXPECT_EQ(code_of(slow->write(slice(50, 60))), ErrorCode::fenced) << "it is over";
    EXPECT_EQ(find(upload).received_bytes, 120U);
    house.expect_in_order();
}

TEST_F(ResumableIngestTest, OfTwoThatEndItOneMakesTheJob) {
    const ResumableUpload upload = create();
    ASSERT_TRUE(append(upload, slice(0, 500)));
    const auto slow = append_to(upload);
    ASSERT_TRUE(slow->write(slice(500, 700)));
    ASSERT_TRUE(append(upload, slice(500, 1'000))->job);
    EXPECT_EQ(code_of(slow->finish({})), ErrorCode::fenced);
    house.expect_in_order();
}

TEST_F(ResumableIngestTest, MoreThanWasSaidIsRefused) {
    const ResumableUpload upload = create();
    EXPECT_EQ(code_of(append(upload, make_picture(1'001))), ErrorCode::payload_too_large);
    EXPECT_EQ(find(upload).received_bytes, 0U);
    house.expect_in_order();
    EXPECT_EQ(code_of(resumable->create(house.owner, 10'001, "")), ErrorCode::payload_too_large);
    EXPECT_EQ(code_of(resumable->create(house.owner, 0, "")), ErrorCode::empty_payload);
}

TEST_F(ResumableIngestTest, WhatIsNoPictureIsToldAtItsBeginning) {
    const ResumableUpload upload = create(8'000);
    const std::vector<std::byte> text(5'000, std::byte{'x'});
    EXPECT_EQ(code_of(append(upload, text)), ErrorCode::unsupported_image);
    house.expect_nothing();
    // What was damaged on the way is to be sent again.
    const ResumableUpload checked = create(8'000);
    EXPECT_EQ(code_of(append(checked, text, sha1_of(make_picture(5'000)))), ErrorCode::digest_mismatch);
    EXPECT_EQ(find(checked).received_bytes, 0U);
    // One that is short is told at its end.
    const ResumableUpload brief = create(100);
    EXPECT_EQ(code_of(append(brief, std::span(text).first(100))), ErrorCode::unsupported_image);
    EXPECT_EQ(code_of(resumable->find(house.owner, brief.id)), ErrorCode::not_found);
    house.expect_nothing();
}

TEST_F(ResumableIngestTest, WhatCanNeverBeAJobIsRemoved) {
    house.renderer.on_probe(
        [](ByteSource&) -> Result<ImageFacts> { return failure(ErrorCode::invalid_image, "No."); });
    const ResumableUpload upload = create();
    ASSERT_TRUE(append(upload, slice(0, 500)));
    EXPECT_EQ(code_of(append(upload, slice(500, 1'000))), ErrorCode::invalid_image);
    EXPECT_EQ(code_of(resumable->find(house.owner, upload.id)), ErrorCode::not_found);
    house.expect_nothing();
}

TEST_F(ResumableIngestTest, APassingTroubleAtTheEndLeavesWhatWasThere) {
    for (const char* call : {"create_job", "reserve", "backlog"}) {
        const ResumableUpload upload = create();
        ASSERT_TRUE(append(upload, slice(0, 500)));
        clock.advance(2s);  // the backlog is asked for once a second
        house.script.before(call, failing(ErrorCode::unavailable));
        EXPECT_EQ(code_of(append(upload, slice(500, 1'000))), ErrorCode::unavailable) << call;
        house.script.clear();
        const std::uint64_t received = find(upload).received_bytes;
        EXPECT_EQ(received, std::string(call) == "reserve" ? 500U : 800U)
            << call << ": all but the last part";
        house.expect_in_order();
        EXPECT_TRUE(append(upload, slice(received, 1'000))->job) << call;
        house.expect_in_order();
    }
}

TEST_F(ResumableIngestTest, AnAnswerThatGotLostOnTheWayTakesNothingBack) {
    const ResumableUpload upload = create();
    house.script.after("append", failing_once(ErrorCode::unavailable));
    EXPECT_EQ(code_of(append(upload, slice(0, 200))), ErrorCode::unavailable);
    EXPECT_EQ(find(upload).received_bytes, 200U);
    house.expect_in_order();
    house.script.after("create_job", failing_once(ErrorCode::unavailable));
    EXPECT_EQ(code_of(append(upload, slice(200, 1'000))), ErrorCode::fenced)
        << "it is a job, whoever made it";
    EXPECT_TRUE(find(upload).job);
}

TEST_F(ResumableIngestTest, ADamagedPartIsNeverMadeAnOriginal) {
    const ResumableUpload upload = create();
    ASSERT_TRUE(append(upload, slice(0, 500)));
    house.faults.corrupt_reads();
    EXPECT_EQ(code_of(append(upload, slice(500, 1'000))), ErrorCode::corrupt_blob);
    house.faults.clear();
    EXPECT_EQ(code_of(resumable->find(house.owner, upload.id)), ErrorCode::not_found) << "it cannot go on";
    house.expect_nothing();
}

TEST_F(ResumableIngestTest, APartThatIsGoneIsDamageToo) {
    const ResumableUpload upload = create();
    ASSERT_TRUE(append(upload, slice(0, 500)));
    ASSERT_TRUE(house.blobs->remove(parts_of(upload)[0].blob));
    EXPECT_EQ(code_of(append(upload, slice(500, 1'000))), ErrorCode::corrupt_blob);
    EXPECT_EQ(code_of(resumable->find(house.owner, upload.id)), ErrorCode::not_found);
    house.expect_nothing();
}

TEST_F(ResumableIngestTest, WhoLosesTheRaceToTheEndIsToldSo) {
    const ResumableUpload upload = create();
    ASSERT_TRUE(append(upload, slice(0, 500)));
    const auto slow = append_to(upload);
    ASSERT_TRUE(slow->write(slice(500, 600)));
    // Between the slow one's look at the parts and its reading them the other ends the upload.
    bool did = false;
    house.script.after("parts", [&]() -> std::optional<Error> {
        if (!std::exchange(did, true)) EXPECT_TRUE(append(upload, slice(800, 1'000))->job);
        return std::nullopt;
    });
    ASSERT_TRUE(slow->write(slice(600, 1'000))) << "its second part is known";
    EXPECT_EQ(code_of(slow->finish({})), ErrorCode::fenced);
    house.script.clear();
    EXPECT_TRUE(find(upload).job);
    house.expect_in_order();
}

TEST_F(ResumableIngestTest, WhoIsRefusedTakesNothingFromWhoWentOn) {
    const ResumableUpload upload = create();
    ASSERT_TRUE(append(upload, slice(0, 100)));
    const auto wrong = append_to(upload);
    ASSERT_TRUE(wrong->write(slice(100, 200)));
    ASSERT_TRUE(append(upload, slice(100, 300)));
    house.renderer.on_probe(
        [](ByteSource&) -> Result<ImageFacts> { return failure(ErrorCode::invalid_image, "No."); });
    EXPECT_EQ(code_of(wrong->finish({})), ErrorCode::fenced);
    EXPECT_EQ(find(upload).received_bytes, 300U);
    house.expect_in_order();
}

TEST_F(ResumableIngestTest, AStoreThatIsFullLeavesWhatWasThere) {
    const ResumableUpload upload = create();
    ASSERT_TRUE(append(upload, slice(0, 100)));
    house.faults.fail_always(BlobOperation::write, {ErrorCode::storage_full, "injected", {}, {}});
    EXPECT_EQ(code_of(append(upload, slice(100, 200))), ErrorCode::storage_full);
    house.faults.clear();
    EXPECT_EQ(find(upload).received_bytes, 100U);
    house.expect_in_order();
}

TEST_F(ResumableIngestTest, APartThatTakesLongIsEndedAsItIs) {
    const ResumableUpload upload = create();
    const auto append = append_to(upload);
    ASSERT_TRUE(append->write(slice(0, 10)));
    EXPECT_EQ(find(upload).received_bytes, 0U);
    clock.advance(60s);
    ASSERT_TRUE(append->write(slice(10, 20)));
    EXPECT_EQ(find(upload).received_bytes, 20U);
}

TEST_F(ResumableIngestTest, PartsAreLimited) {
    const ResumableUpload upload = create();
    for (std::size_t i = 0; i < 20; ++i) ASSERT_TRUE(append(upload, slice(i, i + 1)));
    EXPECT_EQ(code_of(append(upload, slice(20, 30))), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of(resumable->find(house.owner, upload.id)), ErrorCode::not_found) << "it cannot go on";
    const ResumableUpload other = create(7'000);
    EXPECT_EQ(code_of(append(other, make_picture(7'000))), ErrorCode::invalid_argument) << "in one request";
    house.expect_nothing();
}

TEST_F(ResumableIngestTest, RequestsAtTheSameTimeAreLimited) {
    const ResumableUpload upload = create();
    std::vector<std::unique_ptr<UploadAppend>> appends;
    for (int i = 0; i < 3; ++i) appends.push_back(append_to(upload));
    EXPECT_EQ(code_of(resumable->append(find(upload), {})), ErrorCode::overloaded);
    appends.pop_back();
    EXPECT_TRUE(resumable->append(find(upload), {}));
}

TEST_F(ResumableIngestTest, RemovalLeavesNothing) {
    const ResumableUpload upload = create();
    ASSERT_TRUE(append(upload, slice(0, 700)));
    ASSERT_TRUE(resumable->remove(house.owner, upload.id));
    EXPECT_EQ(code_of(resumable->find(house.owner, upload.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(resumable->remove(house.owner, upload.id)), ErrorCode::not_found);
    house.expect_nothing();
}

TEST_F(ResumableIngestTest, RemovedInTheMiddleItCannotGoOn) {
    const ResumableUpload upload = create();
    const auto append = append_to(upload);
    ASSERT_TRUE(append->write(slice(0, 350)));
    ASSERT_TRUE(resumable->remove(house.owner, upload.id));
    EXPECT_EQ(code_of(append->finish({})), ErrorCode::fenced);
    house.expect_nothing();
}

TEST_F(ResumableIngestTest, ExpiredIsGone) {
    const ResumableUpload upload = create();
    clock.advance(config.lifetime - 1ms);
    ASSERT_TRUE(append(upload, slice(0, 10)));
    clock.advance(config.lifetime - 1ms);
    EXPECT_EQ(find(upload).received_bytes, 10U) << "it got something";
    clock.advance(1ms);
    EXPECT_EQ(code_of(resumable->find(house.owner, upload.id)), ErrorCode::not_found);
}

TEST_F(ResumableIngestTest, ConfigurationIsChecked) {
    EXPECT_TRUE(ResumableIngestConfig{}.validate());
    const auto refused = ResumableIngestConfig{.bytes_max = 0,
                                               .part_bytes = 0,
                                               .part_age = 0ms,
                                               .parts_max = 0,
                                               .appends_max = 0,
                                               .unfinished_max = 0,
                                               .lifetime = 0ms}
                             .validate();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().faults.size(), 7U);
}

}  // namespace
}  // namespace safelight
