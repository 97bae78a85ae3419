// Uploads that arrive in parts: what has been received, who may add to it, and what is let go of.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "catalog/conformance/resumable_suite.h"

namespace safelight {
namespace {

TEST_P(ResumableConformance, BeginsWithNothing) {
    const ResumableUpload upload = create_upload(100);
    EXPECT_EQ(state_of_upload(upload), upload);
    EXPECT_TRUE(parts_of(upload).empty());
}

TEST_P(ResumableConformance, IsItsOwnersAlone) {
    const ResumableUpload upload = create_upload(100);
    const UploadPart part = part_at(0, 10);
    EXPECT_EQ(code_of(uploads().find(stranger_, upload.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(uploads().remove(stranger_, upload.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(uploads().append(stranger_, upload.id, std::vector{part}, now())), ErrorCode::fenced);
    SAFELIGHT_ASSERT_OK(append(upload, {part}));
    EXPECT_TRUE(uploads().parts(stranger_, upload.id).value().empty());
    EXPECT_EQ(code_of(catalog().create_job(draft({}, stranger_), {.upload = UploadEnd{upload.id, 10}})),
              ErrorCode::fenced);
    EXPECT_EQ(state_of_upload(upload).received_bytes, 10U);
}

TEST_P(ResumableConformance, PartsFollowOneAnother) {
    const ResumableUpload upload = create_upload(100);
    const std::vector first{part_at(0, 10), part_at(10, 20)};
    SAFELIGHT_ASSERT_OK(append(upload, first));
    advance(Milliseconds{1'000});
    const UploadPart second = part_at(30, 5);
    SAFELIGHT_ASSERT_OK(append(upload, {second}));
    const ResumableUpload now_is = state_of_upload(upload);
    EXPECT_EQ(now_is.received_bytes, 35U);
    EXPECT_EQ(now_is.parts, 3U);
    EXPECT_EQ(now_is.expires_at, now() + lifetime) << "prolonged";
    EXPECT_EQ(parts_of(upload), (std::vector{first[0], first[1], second}));
    for (const UploadPart& part : parts_of(upload)) EXPECT_EQ(state_of(part.blob), BlobState::live);
}

TEST_P(ResumableConformance, WhatDoesNotFollowIsRefused) {
    const ResumableUpload upload = create_upload(100);
    SAFELIGHT_ASSERT_OK(append(upload, {part_at(0, 10)}));
    for (const std::uint64_t offset : {0U, 5U, 11U}) {
        const UploadPart part = part_at(offset, 10);
        EXPECT_EQ(code_of(append(upload, {part})), ErrorCode::fenced) << offset;
        EXPECT_EQ(state_of(part.blob), BlobState::writing);
    }
    EXPECT_EQ(code_of(append(upload, {part_at(10, 90)})), ErrorCode::fenced) << "nothing would be missing";
    EXPECT_EQ(code_of(append(upload, {part_at(10, 91)})), ErrorCode::fenced) << "too many";
    EXPECT_EQ(state_of_upload(upload).received_bytes, 10U);
    EXPECT_EQ(parts_of(upload).size(), 1U);
}

TEST_P(ResumableConformance, APartThatWasSweptChangesNothing) {
    const ResumableUpload upload = create_upload(100);
    const UploadPart good = part_at(0, 10);
    const UploadPart swept = part_at(10, 10);
    SAFELIGHT_ASSERT_OK(ledger().abandon(std::vector{swept.blob}));
    EXPECT_EQ(code_of(append(upload, {good, swept})), ErrorCode::conflict);
    EXPECT_EQ(state_of_upload(upload).received_bytes, 0U);
    EXPECT_TRUE(parts_of(upload).empty());
    EXPECT_EQ(state_of(good.blob), BlobState::writing);
}

TEST_P(ResumableConformance, BecomesAJobWithItsLastPart) {
    const ResumableUpload upload = create_upload(100);
    const UploadPart part = part_at(0, 60);
    SAFELIGHT_ASSERT_OK(append(upload, {part}));
    advance(Milliseconds{1'000});
    const auto job = finish(upload, 60);
    SAFELIGHT_ASSERT_OK(job);
    const ResumableUpload ended = state_of_upload(upload);
    EXPECT_EQ(ended.job, job->id);
    EXPECT_EQ(ended.received_bytes, 100U);
    EXPECT_EQ(ended.expires_at, now() + lifetime) << "prolonged";
    EXPECT_TRUE(parts_of(upload).empty());
    EXPECT_EQ(state_of(part.blob), BlobState::doomed);
    EXPECT_EQ(state_of(job->image.blob), BlobState::live);
    // Once.
    EXPECT_EQ(code_of(finish(upload, 100)), ErrorCode::fenced);
    EXPECT_EQ(code_of(append(upload, {part_at(100, 1)})), ErrorCode::fenced);
    SAFELIGHT_ASSERT_OK(catalog().delete_job(upload.owner, job->id, now()));
    EXPECT_EQ(state_of_upload(upload).job, job->id) << "the upload was finished all the same";
}

TEST_P(ResumableConformance, ThereIsNoJobForWhoIsLate) {
    const ResumableUpload upload = create_upload(100);
    SAFELIGHT_ASSERT_OK(append(upload, {part_at(0, 60)}));
    const Job late = draft({"thumbnail"});
    EXPECT_EQ(code_of(catalog().create_job(late, {.upload = UploadEnd{upload.id, 50}})), ErrorCode::fenced);
    EXPECT_EQ(code_of(catalog().find_job(late.owner, late.id)), ErrorCode::not_found);
    EXPECT_EQ(state_of(late.image.blob), BlobState::writing);
    EXPECT_EQ(parts_of(upload).size(), 1U);
}

TEST_P(ResumableConformance, OfTwoThatGoOnOneWins) {
    const ResumableUpload upload = create_upload(1'000'000);
    const auto other = under_test().open_another();
    for (std::uint64_t offset = 0; offset < 200; offset += 10) {
        const std::vector mine{part_at(offset, 10)};
        const std::vector theirs{part_at(offset, 10)};
        std::atomic<int> won = 0;
        const auto go_on = [&](ResumableUploads& by, const std::vector<UploadPart>& parts) {
            if (by.append(upload.owner, upload.id, parts, now() + lifetime)) ++won;
        };
        std::thread thread([&] { go_on(other->resumable_uploads(), theirs); });
        go_on(uploads(), mine);
        thread.join();
        ASSERT_EQ(won, 1) << offset;
    }
    EXPECT_EQ(state_of_upload(upload).received_bytes, 200U);
    EXPECT_EQ(parts_of(upload).size(), 20U);
}

TEST_P(ResumableConformance, RemovalLetsGoOfItsParts) {
    const ResumableUpload upload = create_upload(100);
    const std::vector parts{part_at(0, 10), part_at(10, 10)};
    SAFELIGHT_ASSERT_OK(append(upload, parts));
    const auto blobs = uploads().remove(upload.owner, upload.id);
    SAFELIGHT_ASSERT_OK(blobs);
    EXPECT_EQ(*blobs, (std::vector{parts[0].blob, parts[1].blob}));
    for (const UploadPart& part : parts) EXPECT_EQ(state_of(part.blob), BlobState::doomed);
    EXPECT_EQ(code_of(uploads().find(upload.owner, upload.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(uploads().remove(upload.owner, upload.id)), ErrorCode::not_found);
    EXPECT_EQ(code_of(append(upload, {part_at(20, 10)})), ErrorCode::fenced);
}

TEST_P(ResumableConformance, IsGivenUpOnlyAsItWasFound) {
    const ResumableUpload upload = create_upload(100);
    const UploadPart part = part_at(0, 60);
    SAFELIGHT_ASSERT_OK(append(upload, {part}));
    EXPECT_EQ(code_of(uploads().give_up(upload.owner, upload.id, 0)), ErrorCode::fenced) << "it went on";
    EXPECT_EQ(code_of(uploads().give_up(stranger_, upload.id, 60)), ErrorCode::fenced);
    EXPECT_EQ(parts_of(upload).size(), 1U);
    const auto blobs = uploads().give_up(upload.owner, upload.id, 60);
    SAFELIGHT_ASSERT_OK(blobs);
    EXPECT_EQ(*blobs, std::vector{part.blob});
    EXPECT_EQ(code_of(uploads().find(upload.owner, upload.id)), ErrorCode::not_found);
    const ResumableUpload finished = create_upload(100);
    SAFELIGHT_ASSERT_OK(finish(finished, 0));
    EXPECT_EQ(code_of(uploads().give_up(finished.owner, finished.id, 100)), ErrorCode::fenced);
    EXPECT_TRUE(state_of_upload(finished).job);
}

TEST_P(ResumableConformance, ExpiredOnesAreSwept) {
    const ResumableUpload old = create_upload(100);
    const UploadPart part = part_at(0, 10);
    SAFELIGHT_ASSERT_OK(append(old, {part}));
    advance(Milliseconds{1'000});
    const ResumableUpload young = create_upload(100);
    advance(lifetime - Milliseconds{1'001});
    EXPECT_EQ(uploads().sweep(10, now()).value(), 0U);
    advance(Milliseconds{1});
    EXPECT_EQ(uploads().sweep(10, now()).value(), 1U);
    EXPECT_EQ(code_of(uploads().find(old.owner, old.id)), ErrorCode::not_found);
    EXPECT_EQ(state_of(part.blob), BlobState::doomed);
    EXPECT_EQ(state_of_upload(young), young);
    advance(Milliseconds{1'000});
    for (int i = 0; i < 4; ++i) create_upload(1);
    advance(lifetime);
    EXPECT_EQ(uploads().sweep(3, now()).value(), 3U) << "in batches";
    EXPECT_EQ(uploads().sweep(3, now()).value(), 2U);
}

TEST_P(ResumableConformance, AnAccountHasSoManyUnfinishedOnes) {
    std::vector<ResumableUpload> all;
    for (std::uint32_t i = 0; i < unfinished_max; ++i) all.push_back(create_upload(100));
    EXPECT_EQ(code_of(uploads().create(draft_upload(100), unfinished_max)), ErrorCode::overloaded);
    SAFELIGHT_ASSERT_OK(uploads().create(draft_upload(100, stranger_), unfinished_max));
    SAFELIGHT_ASSERT_OK(finish(all[0], 0));
    create_upload(100);
    EXPECT_EQ(code_of(uploads().create(draft_upload(100), unfinished_max)), ErrorCode::overloaded);
    SAFELIGHT_ASSERT_OK(uploads().remove(all[1].owner, all[1].id));
    create_upload(100);
}

TEST_P(ResumableConformance, PartsAreAmongTheReferences) {
    const ResumableUpload upload = create_upload(100);
    const UploadPart part = part_at(0, 10);
    SAFELIGHT_ASSERT_OK(append(upload, {part}));
    const Job job = create({});
    const auto references = ledger().references(std::nullopt, 10);
    SAFELIGHT_ASSERT_OK(references);
    ASSERT_EQ(references->size(), 2U);
    const auto& first = references->front();
    EXPECT_EQ(first.key, part.blob);
    EXPECT_EQ(first.size_bytes, part.size_bytes);
    EXPECT_EQ(first.sha256, part.sha256);
    EXPECT_EQ(first.image_id.uuid, upload.id.uuid);
    EXPECT_EQ(first.variant, BlobLedger::upload_part);
    EXPECT_EQ(references->back().key, job.image.blob);
    EXPECT_EQ(ledger().references(part.blob, 10).value().size(), 1U);
}

}  // namespace
}  // namespace safelight
