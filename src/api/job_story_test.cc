#include "api/job_story.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace safelight {
namespace {

JobChange change_of(std::uint64_t number, JobStatus status, std::uint32_t attempts,
                    const std::vector<VariantStatus>& variants) {
    JobChange change;
    change.job.status = status;
    change.job.attempts = attempts;
    for (const VariantStatus each : variants) {
        Variant& variant = change.job.image.variants.emplace_back();
        variant.name = "v" + std::to_string(change.job.image.variants.size());
        variant.status = each;
        if (each == VariantStatus::ready) variant.content = VariantContent{};
        if (each == VariantStatus::failed) variant.error = VariantError{ErrorCode::timeout, "Late."};
    }
    change.place = {number, change.job.id};
    return change;
}

std::vector<std::string> types_of(const std::vector<JobEvent>& events) {
    std::vector<std::string> types;
    for (const JobEvent& event : events) {
        types.emplace_back(event.type);
        EXPECT_TRUE(boost::json::parse(event.data).is_object()) << event.data;
        EXPECT_EQ(event.data.find('\n'), std::string::npos) << "one line";
    }
    return types;
}

using Types = std::vector<std::string>;
constexpr auto pending = VariantStatus::pending;
constexpr auto ready = VariantStatus::ready;
constexpr auto failed = VariantStatus::failed;

const JobChange queued = change_of(1, JobStatus::processing, 0, {pending});
const JobChange started = change_of(1, JobStatus::processing, 1, {pending});
const JobChange done = change_of(2, JobStatus::processed, 1, {ready});

TEST(JobStory, IsToldStepByStepAndEachOnce) {
    JobStory story;
    EXPECT_EQ(types_of(story.tell(queued)), (Types{"job.received", "job.queued"}));
    EXPECT_EQ(types_of(story.tell(queued)), Types{});
    EXPECT_EQ(types_of(story.tell(started)), Types{"job.started"});
    EXPECT_EQ(types_of(story.tell(started)), Types{});
    EXPECT_FALSE(story.is_finished());
    EXPECT_EQ(types_of(story.tell(done)), (Types{"variant.ready", "job.finished"}));
    EXPECT_TRUE(story.is_finished());
    EXPECT_EQ(types_of(story.tell(done)), Types{});
}

TEST(JobStory, WhatWasOverBeforeAnybodyLookedIsWhole) {
    JobStory story;
    const auto mixed = change_of(2, JobStatus::failed, 1, {ready, failed});
    EXPECT_EQ(types_of(story.tell(mixed)), (Types{"job.received", "job.queued", "job.started",
                                                  "variant.ready", "variant.failed", "job.finished"}));
}

TEST(JobStory, AJobWithoutWorkIsOnlyReceived) {
    JobStory story;
    EXPECT_EQ(types_of(story.tell(change_of(1, JobStatus::unprocessed, 0, {}))), Types{"job.received"});
    EXPECT_EQ(types_of(story.tell(change_of(2, JobStatus::processing, 0, {pending}))), Types{"job.queued"});
}

TEST(JobStory, ACancelledJobWasNeverStarted) {
    JobStory story;
    (void)story.tell(queued);
    EXPECT_EQ(types_of(story.tell(change_of(2, JobStatus::failed, 0, {failed}))),
              (Types{"variant.failed", "job.finished"}));
}

TEST(JobStory, ARetryIsAnotherRoundAndWhatWasReadyIsNotToldAgain) {
    JobStory story;
    (void)story.tell(change_of(2, JobStatus::failed, 1, {ready, failed}));
    EXPECT_EQ(types_of(story.tell(change_of(3, JobStatus::processing, 1, {ready, pending}))),
              Types{"job.queued"});
    EXPECT_FALSE(story.is_finished());
    EXPECT_EQ(types_of(story.tell(change_of(4, JobStatus::processed, 2, {ready, ready}))),
              (Types{"job.started", "variant.ready", "job.finished"}));
}

TEST(JobStory, ARoundThatNobodySawIsToldAtItsEnd) {
    JobStory story;
    (void)story.tell(change_of(2, JobStatus::failed, 1, {failed}));
    EXPECT_EQ(types_of(story.tell(change_of(4, JobStatus::failed, 2, {failed}))),
              (Types{"job.queued", "job.started", "variant.failed", "job.finished"}));
    EXPECT_EQ(types_of(story.tell(change_of(6, JobStatus::processed, 3, {ready}))),
              (Types{"job.queued", "job.started", "variant.ready", "job.finished"}));
}

TEST(JobStory, AVariantThatHadExpiredIsToldAgain) {
    constexpr auto expired = VariantStatus::expired;
    JobStory story;
    (void)story.tell(change_of(2, JobStatus::processed, 1, {ready, ready}));
    EXPECT_EQ(types_of(story.tell(change_of(2, JobStatus::processed, 1, {expired, expired}))), Types{})
        << "the job has not changed";
    EXPECT_EQ(types_of(story.tell(change_of(3, JobStatus::processing, 1, {pending, expired}))),
              Types{"job.queued"});
    EXPECT_EQ(types_of(story.tell(change_of(4, JobStatus::processed, 2, {ready, expired}))),
              (Types{"job.started", "variant.ready", "job.finished"}));
}

TEST(JobStory, WhoKnowsTheFinishHearsNothing) {
    JobStory story = JobStory::known_until(done);
    EXPECT_TRUE(story.is_finished());
    EXPECT_EQ(types_of(story.tell(done)), Types{});
    EXPECT_EQ(types_of(story.tell(change_of(3, JobStatus::processing, 1, {ready, pending}))),
              Types{"job.queued"});
}

TEST(JobStory, WhoKnowsThatItIsQueuedHearsTheRest) {
    JobStory story = JobStory::known_until(queued);
    EXPECT_EQ(types_of(story.tell(started)), Types{"job.started"});
    EXPECT_EQ(types_of(story.tell(done)), (Types{"variant.ready", "job.finished"}));
}

TEST(JobStory, TheFinishCarriesTheWholeJob) {
    JobStory story;
    const auto events = story.tell(done);
    const auto job = boost::json::parse(events.back().data);
    EXPECT_EQ(job.at("status"), "PROCESSED");
    EXPECT_EQ(job.at("image").at("variants").at(0).at("name"), "v1");
}

}  // namespace
}  // namespace safelight
