// Making ready variants again: what is found, who holds it, and what takes whose place.
#include <array>

#include "catalog/conformance/rerender_suite.h"

namespace safelight {
namespace {

TEST_P(RerenderConformance, TheNewContentTakesTheOldOnesPlaceInOneTransaction) {
    const Job job = create_ready();
    const VariantContent old = *job.image.variants[0].content;
    EXPECT_EQ(request(job, 200), 1U);
    EXPECT_EQ(find(job.id), job) << "nothing is to be seen of what waits";
    EXPECT_EQ(backlog(), 0U);
    EXPECT_EQ(*rerenders().backlog(), 1U);

    const auto claim = take();
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->job_id, job.id);
    EXPECT_EQ(claim->image.id, job.image.id);
    EXPECT_EQ(claim->image.blob, job.image.blob);
    EXPECT_EQ(claim->name, "a");
    EXPECT_EQ(claim->transform, transform(200));
    EXPECT_EQ(claim->tries, 1U);
    EXPECT_EQ(claim->lease_until, now() + lease);
    EXPECT_EQ(find(job.id), job);

    advance(Milliseconds{5});
    const VariantContent content = *made("a").content;
    SAFELIGHT_ASSERT_OK(rerenders().complete(id_of(*claim), content, now()));
    const Job done = find(job.id);
    EXPECT_EQ(done.status, JobStatus::processed);
    EXPECT_EQ(done.finished_at, job.finished_at);
    EXPECT_EQ(done.updated_at, now());
    EXPECT_EQ(done.attempts, job.attempts);
    const Variant& variant = done.image.variants[0];
    EXPECT_EQ(variant.status, VariantStatus::ready);
    EXPECT_EQ(variant.transform, transform(200));
    EXPECT_EQ(variant.content, content);
    EXPECT_EQ(variant.updated_at, now());
    EXPECT_EQ(state_of(content.blob), BlobState::live);
    EXPECT_EQ(state_of(old.blob), BlobState::doomed);
    EXPECT_EQ(*rerenders().backlog(), 0U);
    EXPECT_FALSE(take());
    EXPECT_EQ(request(job, 200), 0U) << "nothing is done twice";
}

TEST_P(RerenderConformance, TheSurveySaysWhatIsStale) {
    const Job current = create_ready();
    const Job other = create_ready(stranger_);
    const Job pending = create({"a"});
    const Job unnamed = create({"b"});
    const Job failing = create({"a"});
    process(failing.id, {}, {"a"});

    VariantSurvey found = survey(200);
    EXPECT_EQ(found.stale, (std::vector{current.image.id, other.image.id})) << "over all owners";
    EXPECT_EQ(found.stale_transforms, (std::map<std::string, std::uint64_t>{{to_json(transform(100)), 2}}));
    EXPECT_EQ(found.unmade, std::vector{pending.image.id});
    EXPECT_EQ(found.given_up, std::vector{failing.image.id});
    EXPECT_EQ(found.unready, 0U);
    EXPECT_EQ(survey(100).unready, 2U);
    EXPECT_EQ(found.current, 0U);
    EXPECT_FALSE(found.next_after);
    EXPECT_EQ(survey(100).current, 2U);
    EXPECT_TRUE(survey(100).stale.empty());

    request(current, 200);
    found = survey(200);
    EXPECT_EQ(found.waiting, 1U);
    EXPECT_EQ(found.stale, std::vector{other.image.id});
    SAFELIGHT_ASSERT_OK(rerenders().fail(id_of(*take()), {ErrorCode::invalid_image, "It is broken."}));
    EXPECT_EQ(survey(200).failed, std::vector{current.image.id});
}

TEST_P(RerenderConformance, TheSurveyComesInPagesOfImages) {
    const Job first = create_ready();
    const Job second = create_ready();
    const Job third = create_ready();
    const VariantSurvey page = survey(200, {}, 2);
    EXPECT_EQ(page.stale, (std::vector{first.image.id, second.image.id}));
    ASSERT_EQ(page.next_after, second.image.id);
    EXPECT_EQ(survey(200, page.next_after, 2).stale, std::vector{third.image.id});
    EXPECT_FALSE(survey(200, page.next_after, 2).next_after);
}

TEST_P(RerenderConformance, OnlyReadyVariantsOfAnotherTransformAreQueued) {
    const Job pending = create({"a"});
    EXPECT_EQ(request(pending, 200), 0U);
    const Job ready = create_ready();
    EXPECT_EQ(request(ready, 100), 0U);
    EXPECT_EQ(request(ready, 200), 1U);
    EXPECT_EQ(request(ready, 200), 0U);
    EXPECT_EQ(waiting(), 1U);
}

TEST_P(RerenderConformance, WhatWasNeverMadeIsItsJobsToMakeByTheNewTransform) {
    const Job failing = create({"a", "b"});
    process(failing.id, {"b"}, {"a"});
    const Job pending = create({"a"});
    const auto late = claims().claim(pending.id, lease, now());
    const Job ready = create_ready();
    const Job other = create({"b"});
    advance(Milliseconds{5});
    const std::array images{failing.image.id, pending.image.id, ready.image.id, other.image.id};
    const Job given_up = find(failing.id);
    const auto change = [&](bool failed_again) {
        return rerenders().change_unmade(images, "a", transform(200), failed_again, now());
    };
    EXPECT_EQ(change(false), 1U);
    EXPECT_EQ(find(failing.id), given_up) << "not unless it was asked for";
    EXPECT_EQ(change(true), 1U);

    const Job again = find(failing.id);
    EXPECT_EQ(again.status, JobStatus::processing);
    EXPECT_EQ(again.updated_at, now());
    EXPECT_EQ(again.image.variants[0].status, VariantStatus::pending);
    EXPECT_EQ(again.image.variants[0].transform, transform(200));
    EXPECT_FALSE(again.image.variants[0].error);
    EXPECT_EQ(again.image.variants[1], given_up.image.variants[1]);
    EXPECT_EQ(code_of(claims().complete(pending.id, (*late)->attempt, std::array{made("a")}, {}, now())),
              ErrorCode::fenced)
        << "it was made by the old transform";
    process(pending.id, {"a"});
    EXPECT_EQ(find(pending.id).image.variants[0].transform, transform(200));
    EXPECT_EQ(find(ready.id), ready);
    EXPECT_EQ(find(other.id), other);
    const Job claimed = create({"a"});
    const auto held = claims().claim(claimed.id, lease, now());
    EXPECT_EQ(rerenders().change_unmade(std::array{claimed.image.id}, "a", transform(100), true, now()), 0U)
        << "it is as wanted";
    SAFELIGHT_ASSERT_OK(claims().complete(claimed.id, (*held)->attempt, std::array{made("a")}, {}, now()));
    EXPECT_EQ(change(true), 0U) << "nothing is done twice";
}

TEST_P(RerenderConformance, AHeldOneIsNotClaimedTwiceAndAnExpiredOneIs) {
    const Job job = create_ready();
    request(job, 200);
    const auto held = take();
    ASSERT_TRUE(held);
    advance(lease - Milliseconds{1});
    EXPECT_FALSE(take());
    SAFELIGHT_ASSERT_OK(rerenders().renew(id_of(*held), lease, now()));
    advance(lease - Milliseconds{1});
    EXPECT_FALSE(take());
    advance(Milliseconds{1});
    const auto second = take();
    ASSERT_TRUE(second);
    EXPECT_GT(second->token, held->token);
    EXPECT_EQ(second->tries, 2U);

    const VariantContent late = *made("a").content;
    EXPECT_EQ(code_of(rerenders().complete(id_of(*held), late, now())), ErrorCode::fenced);
    EXPECT_EQ(code_of(rerenders().renew(id_of(*held), lease, now())), ErrorCode::fenced);
    EXPECT_EQ(code_of(rerenders().release(id_of(*held), now(), true)), ErrorCode::fenced);
    EXPECT_EQ(code_of(rerenders().fail(id_of(*held), {ErrorCode::timeout, "Slow."})), ErrorCode::fenced);
    EXPECT_EQ(state_of(late.blob), BlobState::writing);
    EXPECT_EQ(find(job.id), job);
    SAFELIGHT_ASSERT_OK(rerenders().complete(id_of(*second), *made("a").content, now()));
}

TEST_P(RerenderConformance, WhatIsAskedForOtherwiseFencesWhoMakesIt) {
    const Job job = create_ready();
    request(job, 200);
    const auto first = take();
    EXPECT_EQ(request(job, 300), 1U);
    const VariantContent late = *made("a").content;
    EXPECT_EQ(code_of(rerenders().complete(id_of(*first), late, now())), ErrorCode::fenced);
    const auto second = take();
    ASSERT_TRUE(second) << "due at once";
    EXPECT_EQ(second->transform, transform(300));
    EXPECT_EQ(second->tries, 1U);
    SAFELIGHT_ASSERT_OK(rerenders().complete(id_of(*second), *made("a").content, now()));

    // The row went and comes back: the token of the first is still good for nothing.
    request(job, 200);
    ASSERT_TRUE(take());
    EXPECT_EQ(code_of(rerenders().complete(id_of(*first), late, now())), ErrorCode::fenced);
    EXPECT_EQ(find(job.id).image.variants[0].transform, transform(300));
}

TEST_P(RerenderConformance, WhatIsAsWantedLeavesTheQueue) {
    const Job job = create_ready();
    request(job, 200);
    const auto held = take();
    EXPECT_EQ(survey(100).withdrawn, std::vector{job.image.id});
    EXPECT_EQ(request(job, 100), 0U);
    EXPECT_EQ(waiting(), 0U);
    EXPECT_EQ(code_of(rerenders().complete(id_of(*held), *made("a").content, now())), ErrorCode::fenced);
}

TEST_P(RerenderConformance, AnotherFocalPointMakesWhatIsCroppedAroundItAgain) {
    const Job job = create_focal();
    process(job.id, {"a", "b"});
    SAFELIGHT_ASSERT_OK(move_focal_point(job, FocalPoint{0.1, 0.2}));
    EXPECT_EQ(waiting(), 1U);
    const auto claim = take();
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->name, "a");
    EXPECT_EQ(claim->transform, focal_transform());
    EXPECT_EQ(claim->image.focal_point, (FocalPoint{0.1, 0.2}));
    EXPECT_FALSE(take()) << "b is as it was";
    SAFELIGHT_ASSERT_OK(rerenders().complete(id_of(*claim), *made("a").content, now()));
    EXPECT_EQ(waiting(), 0U);
    EXPECT_EQ(find(job.id).image.variants[0].transform, focal_transform());
}

TEST_P(RerenderConformance, TheSameFocalPointMakesNothingAgain) {
    const Job job = create_focal();
    process(job.id, {"a", "b"});
    SAFELIGHT_ASSERT_OK(move_focal_point(job, std::nullopt));
    EXPECT_EQ(waiting(), 0U);
    SAFELIGHT_ASSERT_OK(move_focal_point(job, FocalPoint{0.5, 0.5}));
    SAFELIGHT_ASSERT_OK(rerenders().complete(id_of(*take()), *made("a").content, now()));
    SAFELIGHT_ASSERT_OK(move_focal_point(job, FocalPoint{0.5, 0.5}));
    EXPECT_EQ(waiting(), 0U);
}

TEST_P(RerenderConformance, AFocalPointThatMovesOnFencesWhoMakesItForTheLastOne) {
    const Job job = create_focal();
    process(job.id, {"a", "b"});
    SAFELIGHT_ASSERT_OK(move_focal_point(job, FocalPoint{0.1, 0.2}));
    const auto late = take();
    SAFELIGHT_ASSERT_OK(move_focal_point(job, FocalPoint{0.3, 0.4}));
    EXPECT_EQ(code_of(rerenders().complete(id_of(*late), *made("a").content, now())), ErrorCode::fenced);
    const auto claim = take();
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->image.focal_point, (FocalPoint{0.3, 0.4}));
    EXPECT_EQ(claim->tries, 1U);
}

TEST_P(RerenderConformance, APresetThatIsAsWantedLeavesWhatTheFocalPointWants) {
    const Job job = create_focal();
    process(job.id, {"a", "b"});
    SAFELIGHT_ASSERT_OK(move_focal_point(job, FocalPoint{0.1, 0.2}));
    const auto survey = rerenders().survey("a", focal_transform(), {}, 100);
    ASSERT_TRUE(survey);
    EXPECT_TRUE(survey->withdrawn.empty());
    EXPECT_EQ(*rerenders().request(std::array{job.image.id}, "a", focal_transform(), false, now()), 0U);
    EXPECT_EQ(waiting(), 1U);
}

TEST_P(RerenderConformance, APresetThatChangesToAndFroLosesNothingThatTheFocalPointWants) {
    const Job job = create_focal();
    process(job.id, {"a", "b"});
    SAFELIGHT_ASSERT_OK(move_focal_point(job, FocalPoint{0.1, 0.2}));
    EXPECT_EQ(request(job, 200), 1U);
    const auto late = take();
    EXPECT_EQ(*rerenders().request(std::array{job.image.id}, "a", focal_transform(), false, now()), 0U);
    EXPECT_EQ(code_of(rerenders().complete(id_of(*late), *made("a").content, now())), ErrorCode::fenced);
    EXPECT_EQ(waiting(), 1U);
    const auto claim = take();
    ASSERT_TRUE(claim) << "at once";
    EXPECT_EQ(claim->transform, focal_transform());
    EXPECT_EQ(claim->image.focal_point, (FocalPoint{0.1, 0.2}));
}

TEST_P(RerenderConformance, WhoIsAtWorkForTheOldFocalPointLosesTheClaim) {
    const Job job = create_focal();
    const auto late = claims().claim(job.id, lease, now());
    EXPECT_EQ(move_focal_point(job, FocalPoint{0.1, 0.2})->claimable, WaitingJob{job.id});
    EXPECT_EQ(
        code_of(claims().complete(job.id, (*late)->attempt, std::array{made("a"), made("b")}, {}, now())),
        ErrorCode::fenced);
    const auto claim = claims().claim(job.id, lease, now());
    ASSERT_TRUE(claim && *claim) << "at once";
    EXPECT_EQ((*claim)->image.focal_point, (FocalPoint{0.1, 0.2}));
    EXPECT_EQ((*claim)->pending.size(), 2U);

    // Who makes nothing that depends on it goes on.
    const Job other = create({"b"});
    const auto held = claims().claim(other.id, lease, now());
    EXPECT_EQ(move_focal_point(other, FocalPoint{0.1, 0.2})->claimable, std::nullopt);
    SAFELIGHT_ASSERT_OK(claims().complete(other.id, (*held)->attempt, std::array{made("b")}, {}, now()));
}

TEST_P(RerenderConformance, FailureKeepsTheOldContentAndIsNotTriedAgainUnlessAskedFor) {
    const Job job = create_ready();
    request(job, 200);
    SAFELIGHT_ASSERT_OK(rerenders().fail(id_of(*take()), {ErrorCode::invalid_image, "It is broken."}));
    EXPECT_EQ(find(job.id), job);
    EXPECT_EQ(rerenders().counts("a")->failed, 1U);
    EXPECT_EQ(*rerenders().backlog(), 0U);
    EXPECT_FALSE(take());
    EXPECT_EQ(request(job, 200), 0U);
    EXPECT_EQ(request(job, 200, true), 1U);
    const auto again = take();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->tries, 1U);
    SAFELIGHT_ASSERT_OK(rerenders().fail(id_of(*again), {ErrorCode::invalid_image, "It is broken."}));
    EXPECT_EQ(request(job, 300), 1U) << "another transform is another matter";
    EXPECT_EQ(rerenders().counts("a")->failed, 0U);
}

TEST_P(RerenderConformance, ReleaseSaysWhenItIsDueAndWhetherTheTryCounts) {
    const Job job = create_ready();
    request(job, 200);
    SAFELIGHT_ASSERT_OK(rerenders().release(id_of(*take()), now() + Milliseconds{1'000}, true));
    EXPECT_FALSE(take());
    advance(Milliseconds{1'000});
    const auto second = take();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->tries, 2U);
    SAFELIGHT_ASSERT_OK(rerenders().release(id_of(*second), now(), false));
    EXPECT_EQ(take()->tries, 2U);
}

TEST_P(RerenderConformance, OldestFirst) {
    const Job late = create_ready();
    const Job early = create_ready();
    request(early, 200);
    advance(Milliseconds{1});
    request(late, 200);
    EXPECT_EQ(take()->image.id, early.image.id);
    EXPECT_EQ(take()->image.id, late.image.id);
    EXPECT_FALSE(take());
}

TEST_P(RerenderConformance, ABlobThatWasSweptIsNotPutInPlace) {
    const Job job = create_ready();
    request(job, 200);
    const auto claim = take();
    const VariantContent content = *made("a").content;
    SAFELIGHT_ASSERT_OK(ledger().abandon(std::array{content.blob}));
    EXPECT_EQ(code_of(rerenders().complete(id_of(*claim), content, now())), ErrorCode::conflict);
    EXPECT_EQ(find(job.id), job);
    SAFELIGHT_ASSERT_OK(rerenders().complete(id_of(*claim), *made("a").content, now()));
}

TEST_P(RerenderConformance, ADeletedImageTakesItsRerenderAlong) {
    const Job job = create_ready();
    request(job, 200);
    const auto claim = take();
    SAFELIGHT_ASSERT_OK(catalog().delete_job(default_account(), job.id, now()));
    EXPECT_EQ(waiting(), 0U);
    EXPECT_EQ(*rerenders().backlog(), 0U);
    const VariantContent content = *made("a").content;
    EXPECT_EQ(code_of(rerenders().complete(id_of(*claim), content, now())), ErrorCode::fenced);
    EXPECT_EQ(state_of(content.blob), BlobState::writing);
    EXPECT_EQ(request(job, 200), 0U);
}

TEST_P(RerenderConformance, AskingForTheComingTransformIsHarmless) {
    const Job job = create_ready();
    const std::array coming{VariantRequest{"a", transform(200)}};
    EXPECT_EQ(code_of(catalog().add_variants(default_account(), job.id, coming, now())), ErrorCode::conflict);
    request(job, 200);
    const auto asked = catalog().add_variants(default_account(), job.id, coming, now());
    SAFELIGHT_ASSERT_OK(asked);
    EXPECT_EQ(*asked, job);
}

TEST_P(RerenderConformance, MoreVariantsCanBeAskedForMeanwhile) {
    const Job job = create_ready();
    request(job, 200);
    const auto claim = take();
    const std::array more{CatalogConformance::request("b")};
    SAFELIGHT_ASSERT_OK(catalog().add_variants(default_account(), job.id, more, now()));
    SAFELIGHT_ASSERT_OK(rerenders().complete(id_of(*claim), *made("a").content, now()));
    EXPECT_EQ(find(job.id).status, JobStatus::processing);
    process(job.id, {"b"});
    EXPECT_EQ(find(job.id).status, JobStatus::processed);
}

TEST_P(RerenderConformance, AnotherProcessSeesAndTakesThem) {
    const Job job = create_ready();
    const auto other = under_test().open_another();
    SAFELIGHT_ASSERT_OK(
        other->rerenders().request(std::array{job.image.id}, "a", transform(200), false, now()));
    EXPECT_TRUE(take());
    const auto second = other->rerenders().claim(lease, now());
    SAFELIGHT_ASSERT_OK(second);
    EXPECT_FALSE(second->claim);
}

}  // namespace
}  // namespace safelight
