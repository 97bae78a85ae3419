#include "catalog/records.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

TEST(Records, StatusIsAFunctionOfTheVariants) {
    EXPECT_EQ(status_of({0, 0, 0}), JobStatus::unprocessed);
    EXPECT_EQ(status_of({1, 0, 0}), JobStatus::processing);
    EXPECT_EQ(status_of({1, 1, 0}), JobStatus::processing);
    EXPECT_EQ(status_of({1, 0, 1}), JobStatus::processing);
    EXPECT_EQ(status_of({1, 1, 1}), JobStatus::processing);
    EXPECT_EQ(status_of({0, 1, 0}), JobStatus::processed);
    EXPECT_EQ(status_of({0, 1, 1}), JobStatus::failed);
    EXPECT_EQ(status_of({0, 0, 1}), JobStatus::failed);
}

TEST(Records, OnlyProcessingIsUnfinished) {
    EXPECT_TRUE(is_finished(JobStatus::unprocessed));
    EXPECT_FALSE(is_finished(JobStatus::processing));
    EXPECT_TRUE(is_finished(JobStatus::processed));
    EXPECT_TRUE(is_finished(JobStatus::failed));
}

TEST(Records, NamesGoBothWays) {
    for (const auto status :
         {JobStatus::unprocessed, JobStatus::processing, JobStatus::processed, JobStatus::failed}) {
        EXPECT_EQ(job_status_from_name(name_of(status)), status);
    }
    for (const auto status :
         {VariantStatus::pending, VariantStatus::ready, VariantStatus::failed, VariantStatus::expired}) {
        EXPECT_EQ(variant_status_from_name(name_of(status)), status);
    }
    EXPECT_EQ(name_of(JobStatus::processed), "PROCESSED");
    EXPECT_EQ(name_of(VariantStatus::pending), "pending");
    EXPECT_FALSE(job_status_from_name("processed"));
    EXPECT_FALSE(variant_status_from_name(""));
}

TEST(Records, AnIdTellsItsTime) {
    const ManualClock clock{Timestamp{Milliseconds{1'795'000'000'123}}};
    IdGenerator ids{clock};
    EXPECT_EQ(time_of(ids.next<JobId>().uuid), clock.now());
    EXPECT_EQ(time_of(Uuid::lowest_at(clock.now())), clock.now());
}

TEST(Records, TheDefaultAccountNeverChanges) {
    EXPECT_EQ(default_account().to_string(), "01934b7e-5f00-7000-8000-5afe11640001");
}

}  // namespace
}  // namespace safelight
