// Lanes: in which a job waits, and that one account's many jobs do not stand in the way of another's few.
#include <array>

#include "catalog/conformance/catalog_suite.h"

namespace safelight {
namespace {

TEST_P(CatalogConformance, AJobWaitsInTheLaneOfItsPriority) {
    for (const Priority priority : {Priority::interactive, Priority::normal, Priority::bulk}) {
        Job job = draft({"a"});
        job.priority = priority;
        const Job created = catalog().create_job(job).value();
        EXPECT_EQ(created.priority, priority);
        EXPECT_EQ(created.lane, lane_of(priority));
        const Job found = find(job.id);
        EXPECT_EQ(found.priority, priority);
        EXPECT_EQ(found.lane, created.lane);
    }
}

TEST_P(CatalogConformance, AJobWithoutVariantsHasItsPriorityAsWell) {
    Job job = draft({});
    job.priority = Priority::bulk;
    EXPECT_EQ(catalog().create_job(job).value().lane, Lane::bulk);
    EXPECT_EQ(find(job.id).priority, Priority::bulk);
    const std::array wanted{request("a")};
    EXPECT_EQ(catalog().add_variants(default_account(), job.id, wanted, now()).value().lane, Lane::bulk);
}

TEST_P(CatalogConformance, OfOneAccountNoMoreThanItsShareWaitsInALane) {
    for (std::size_t i = 0; i < lane_share; ++i) ASSERT_EQ(create({"a"}).lane, Lane::normal);
    EXPECT_EQ(create({"a"}).lane, Lane::overflow_normal);
    EXPECT_EQ(create({"a"}, stranger_).lane, Lane::normal) << "others have shares of their own";
    Job urgent = draft({"a"});
    urgent.priority = Priority::interactive;
    EXPECT_EQ(catalog().create_job(urgent).value().lane, Lane::interactive) << "and so have other lanes";
}

TEST_P(CatalogConformance, WhatIsFinishedMakesRoomInTheShare) {
    const Job first = create({"a"});
    for (std::size_t i = 1; i < lane_share; ++i) static_cast<void>(create({"a"}));
    const Job late = create({"a"});
    ASSERT_EQ(late.lane, Lane::overflow_normal);
    static_cast<void>(process(first.id, {"a"}));
    EXPECT_EQ(create({"a"}).lane, Lane::overflow_normal) << "an older one still waits there";
    for (const JobId waiting : claimable()) static_cast<void>(process(waiting, {"a"}));
    EXPECT_EQ(create({"a"}).lane, Lane::normal);
}

TEST_P(CatalogConformance, LessUrgentWorkDoesNotOvertakeWhatIsInTheOverflow) {
    for (std::size_t i = 0; i <= lane_share; ++i) static_cast<void>(create({"a"}));
    Job patient = draft({"a"});
    patient.priority = Priority::bulk;
    EXPECT_EQ(catalog().create_job(patient).value().lane, Lane::overflow_bulk);
    Job urgent = draft({"a"});
    urgent.priority = Priority::interactive;
    EXPECT_EQ(catalog().create_job(urgent).value().lane, Lane::interactive) << "more urgent work does";
}

TEST_P(CatalogConformance, AMovedFocalPointTellsTheLaneOfItsJob) {
    Job job = draft({});
    job.priority = Priority::interactive;
    SAFELIGHT_ASSERT_OK(catalog().create_job(job));
    auto wanted = request("a");
    wanted.transform =
        parse_transform(R"({"resize":{"width":9,"height":9,"fit":"cover","gravity":"focal"}})").value();
    SAFELIGHT_ASSERT_OK(catalog().add_variants(default_account(), job.id, std::span(&wanted, 1), now()));
    static_cast<void>(claim(job.id));
    const auto change =
        catalog().set_focal_point(default_account(), job.image.id, FocalPoint{0.1, 0.2}, now());
    SAFELIGHT_ASSERT_OK(change);
    EXPECT_EQ(change->claimable, (WaitingJob{job.id, Lane::interactive}));
}

TEST_P(CatalogConformance, WhatIsDeletedMakesRoomInTheShare) {
    const Job first = create({"a"});
    for (std::size_t i = 1; i < lane_share; ++i) static_cast<void>(create({"a"}));
    SAFELIGHT_ASSERT_OK(catalog().delete_job(default_account(), first.id, now()));
    EXPECT_EQ(create({"a"}).lane, Lane::normal);
}

TEST_P(CatalogConformance, TheLaneIsChosenAnewWhenThereIsWorkAgain) {
    const Job failed_job = create({"a"});
    static_cast<void>(process(failed_job.id, {}, {"a"}));
    std::vector<Job> waiting;
    for (std::size_t i = 0; i < lane_share; ++i) waiting.push_back(create({"a"}));
    JobControl& control = under_test().database().control();
    EXPECT_EQ(control.retry(default_account(), failed_job.id, 3, now()).value().lane, Lane::overflow_normal)
        << "the lane has become full";
    static_cast<void>(process(failed_job.id, {}, {"a"}));
    static_cast<void>(process(waiting.front().id, {"a"}));
    EXPECT_EQ(control.retry(default_account(), failed_job.id, 3, now()).value().lane, Lane::normal)
        << "there is room again";
}

TEST_P(CatalogConformance, MoreVariantsOfAWaitingJobDoNotMoveIt) {
    const Job job = create({"a"});
    for (std::size_t i = 0; i < lane_share; ++i) static_cast<void>(create({"a"}));
    const std::array wanted{request("b")};
    EXPECT_EQ(catalog().add_variants(default_account(), job.id, wanted, now()).value().lane, Lane::normal);
}

TEST_P(CatalogConformance, ClaimableJobsComeByLaneAndEachLaneHasItsLimit) {
    std::vector<WaitingJob> expected;
    for (const Priority priority : {Priority::bulk, Priority::normal, Priority::interactive}) {
        for (int i = 0; i < 2; ++i) {
            Job job = draft({"a"});
            job.priority = priority;
            const Job created = catalog().create_job(job).value();
            if (i == 0) expected.insert(expected.begin(), {created.id, created.lane});
            advance(Milliseconds{1});
        }
    }
    EXPECT_EQ(claims().claimable(1, now()).value(), expected);
    EXPECT_EQ(claimable().size(), 6U);
}

TEST_P(CatalogConformance, ACompletionTellsTheLaneOfWhatIsLeft) {
    Job job = draft({"a", "b"});
    job.priority = Priority::interactive;
    SAFELIGHT_ASSERT_OK(catalog().create_job(job));
    const Completion completion = process(job.id, {"a"});
    EXPECT_TRUE(completion.more_pending);
    EXPECT_EQ(completion.lane, Lane::interactive);
}

}  // namespace
}  // namespace safelight
