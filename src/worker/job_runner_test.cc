#include "worker/job_runner.h"

#include <gtest/gtest.h>

#include "worker/testing/job_runner_fixture.h"

namespace safelight::testing {
namespace {

TEST_F(JobRunnerTest, MakesAllPendingVariants) {
    const Job job = house.upload({"thumbnail", "large"});
    run(job.id);
    const Job done = house.find(job.id);
    EXPECT_EQ(done.status, JobStatus::processed);
    EXPECT_EQ(done.attempts, 1U);
    for (const Variant& variant : done.image.variants) {
        ASSERT_TRUE(variant.content) << variant.name;
        EXPECT_EQ(variant.content->format, Format::jpeg);
        EXPECT_EQ(variant.content->width_px, 4U);
        EXPECT_EQ(variant.content->height_px, 3U);
    }
    EXPECT_EQ(house.renderer.renders(), 1U) << "one decode for all";
    house.expect_in_order();
    EXPECT_EQ(house.stored().size(), 3U);
    EXPECT_EQ(house.log.count(telemetry::Level::info, "job attempt"), 1U);
}

TEST_F(JobRunnerTest, NeedsThreeCatalogWrites) {
    const Job job = house.upload({"thumbnail", "large"});
    const auto reserved = house.script.count("reserve");
    run(job.id);
    EXPECT_EQ(house.script.count("claim"), 1U);
    EXPECT_EQ(house.script.count("reserve") - reserved, 1U);
    EXPECT_EQ(house.script.count("complete"), 1U);
    for (const char* call : {"renew", "release", "abandon", "forget", "find"}) {
        EXPECT_EQ(house.script.count(call), 0U) << call;
    }
}

const Look some_look{.dominant = {1, 2, 3},
                     .palette = {{1, 2, 3}},
                     .thumbhash = {std::byte{7}},
                     .blurhash = "00HetT",
                     .dhash = 42};

TEST_F(JobRunnerTest, StoresTheLookWithTheFirstVariantsAndAsksForItOnce) {
    house.renderer.on_look(some_look);
    const Job job = house.upload({"thumbnail"});
    run(job.id);
    EXPECT_EQ(house.find(job.id).image.look, some_look);
    EXPECT_EQ(house.renderer.looks(), 1U);

    const std::array more{VariantRequest{.name = "more", .transform = {}}};
    ASSERT_TRUE(house.catalog.add_variants(house.owner, job.id, more, clock.now()));
    run(job.id);
    EXPECT_EQ(house.renderer.renders(), 2U);
    EXPECT_EQ(house.renderer.looks(), 1U);
    EXPECT_EQ(house.find(job.id).image.look, some_look);
}

TEST_F(JobRunnerTest, ALookThatWasNotFoundIsAskedForAgain) {
    const Job job = house.upload({"thumbnail"});
    run(job.id);
    EXPECT_FALSE(house.find(job.id).image.look);
    house.renderer.on_look(some_look);
    const std::array more{VariantRequest{.name = "more", .transform = {}}};
    ASSERT_TRUE(house.catalog.add_variants(house.owner, job.id, more, clock.now()));
    run(job.id);
    EXPECT_EQ(house.find(job.id).image.look, some_look);
}

TEST_F(JobRunnerTest, TheRendererLearnsTheFocalPoint) {
    const Job job = house.upload({"thumbnail"});
    ASSERT_TRUE(
        house.catalog.set_focal_point(house.owner, job.image.id, FocalPoint{0.25, 0.75}, house.clock.now()));
    run(job.id);
    EXPECT_EQ(house.renderer.focal_point(), (FocalPoint{0.25, 0.75}));
}

TEST_F(JobRunnerTest, ACopyIsReadUntilTheJobIsFinished) {
    LocalCopies kept(make_memory_store(clock), 1'000'000, house.log);
    copies = &kept;
    const Job job = house.upload({"thumbnail"});
    const auto original = value_of(read_all(*value_of(house.blobs->open(job.image.blob)), 10'000));
    LocalCopies::Writer writer(kept, job.image.blob);
    writer.write(original);
    writer.finish({original.size(), job.image.sha256});
    const auto opens = house.faults.calls(BlobOperation::open);

    render_fails_with(ErrorCode::unavailable);
    run(job.id);
    EXPECT_TRUE(kept.open(job.image.blob)) << "there is another try";

    house.renderer.on_render(nullptr);
    clock.advance(std::chrono::hours{1});
    run(job.id);
    EXPECT_EQ(house.find(job.id).status, JobStatus::processed);
    EXPECT_EQ(house.faults.calls(BlobOperation::open), opens) << "the store was never asked";
    EXPECT_EQ(kept.size_bytes(), 0U);
}

TEST_F(JobRunnerTest, TellsTheWatch) {
    const Job job = house.upload();
    int notified = 0;
    const auto subscription = house.watch.subscribe(job.id, [&] { ++notified; });
    run(job.id);
    EXPECT_EQ(notified, 1);
}

TEST_F(JobRunnerTest, ASecondHintDoesNothing) {
    const Job job = house.upload();
    run(job.id);
    const Job done = house.find(job.id);
    run(job.id);
    EXPECT_EQ(house.find(job.id), done);
    EXPECT_EQ(house.renderer.renders(), 1U);
}

TEST_F(JobRunnerTest, AHintForAJobThatIsGoneDoesNothing) {
    run(house.ids.next<JobId>());
    EXPECT_EQ(house.renderer.renders(), 0U);
}

TEST_F(JobRunnerTest, ACatalogThatDoesNotAnswerIsLogged) {
    const Job job = house.upload();
    house.script.before("claim", failing(ErrorCode::unavailable));
    run(job.id);
    EXPECT_EQ(house.log.count(telemetry::Level::warn, "claiming failed"), 1U);
}

TEST_F(JobRunnerTest, VariantsAskedForMeanwhileArePublishedAgain) {
    const Job job = house.upload({"thumbnail"});
    before_render([&] {
        ASSERT_TRUE(house.catalog.add_variants(house.owner, job.id, House::requests({"thumbnail", "late"}),
                                               clock.now()));
    });
    const std::uint32_t published = house.queue.published;
    run(job.id);
    EXPECT_EQ(house.queue.published, published + 1);
    EXPECT_EQ(house.find(job.id).status, JobStatus::processing);
    house.renderer.on_render(nullptr);
    run(job.id);
    EXPECT_EQ(house.find(job.id).status, JobStatus::processed);
    house.expect_in_order();
}

// Failures of the picture

TEST_F(JobRunnerTest, APermanentErrorFailsAtOnce) {
    for (const ErrorCode code :
         {ErrorCode::invalid_image, ErrorCode::unsupported_image, ErrorCode::image_too_large,
          ErrorCode::too_many_frames, ErrorCode::unsupported_transform}) {
        const Job job = house.upload({"thumbnail", "large"});
        render_fails_with(code);
        run(job.id);
        const Job failed = house.find(job.id);
        expect_all_failed(failed, code);
        EXPECT_EQ(failed.attempts, 1U);
        EXPECT_EQ(failed.image.variants[0].error->detail, "Injected.");
    }
    house.expect_in_order();
    EXPECT_TRUE(due_times.empty());
}

TEST_F(JobRunnerTest, OneBadTransformDoesNotTakeItsSiblingsAlong) {
    const Job job = house.upload({"good", "bad", "fine"});
    house.renderer.on_render(
        [](ByteSource& source, std::span<const Transform> transforms, const CancelCheck&) {
            auto renditions = ScriptedRenderer::make(source, transforms);
            (*renditions)[1] = failure(ErrorCode::unsupported_transform, "Cannot.");
            return renditions;
        });
    run(job.id);
    const Job done = house.find(job.id);
    EXPECT_EQ(done.status, JobStatus::failed);
    EXPECT_EQ(done.image.variants[0].status, VariantStatus::ready);
    EXPECT_EQ(done.image.variants[1].error, (VariantError{ErrorCode::unsupported_transform, "Cannot."}));
    EXPECT_EQ(done.image.variants[2].status, VariantStatus::ready);
    house.expect_in_order();
    EXPECT_EQ(house.stored().size(), 3U);
}

TEST_F(JobRunnerTest, OneTransformsPassingTroubleEndsWithItsSiblingsReady) {
    const Job job = house.upload({"good", "flaky"});
    house.renderer.on_render(
        [](ByteSource& source, std::span<const Transform> transforms, const CancelCheck&) {
            auto renditions = ScriptedRenderer::make(source, transforms);
            (*renditions)[1] = failure(ErrorCode::overloaded, "Died.");
            return renditions;
        });
    for (int i = 0; i < 2; ++i) {
        run(job.id);
        EXPECT_EQ(house.find(job.id).status, JobStatus::processing);
        house.expect_in_order();
        clock.advance(1min);
    }
    run(job.id);
    const Job done = house.find(job.id);
    EXPECT_EQ(done.image.variants[0].status, VariantStatus::ready);
    EXPECT_EQ(done.image.variants[1].error->code, ErrorCode::attempts_exhausted);
    house.expect_in_order();
}

TEST_F(JobRunnerTest, TransientErrorsAreRetriedWithBackOffThenGivenUp) {
    const Job job = house.upload();
    render_fails_with(ErrorCode::overloaded);
    run(job.id);
    expect_waiting(job);
    run(job.id);
    EXPECT_EQ(house.renderer.renders(), 1U) << "not due yet";
    clock.advance(1500ms);
    run(job.id);
    EXPECT_GE(due_times.back(), clock.now() + 1s);
    EXPECT_LE(due_times.back(), clock.now() + 3s);
    clock.advance(3s);
    run(job.id);
    const Job failed = house.find(job.id);
    expect_all_failed(failed, ErrorCode::attempts_exhausted);
    EXPECT_EQ(failed.attempts, 3U);
    EXPECT_EQ(due_times.size(), 2U);
    house.expect_in_order();
}

TEST_F(JobRunnerTest, ARetryThatSucceedsLeavesNoTrace) {
    const Job job = house.upload();
    render_fails_with(ErrorCode::timeout);
    run(job.id);
    house.renderer.on_render(nullptr);
    clock.advance(2s);
    run(job.id);
    EXPECT_EQ(house.find(job.id).status, JobStatus::processed);
    house.expect_in_order();
}

TEST_F(JobRunnerTest, WorkersThatDiedUseUpTheTries) {
    const Job job = house.upload();
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(*house.claims.claim(job.id, 30s, clock.now()));  // and its process is killed
        clock.advance(31s);
    }
    run(job.id);
    expect_all_failed(house.find(job.id), ErrorCode::attempts_exhausted);
    EXPECT_EQ(house.renderer.renders(), 0U);
}

TEST_F(JobRunnerTest, ExceptionsAreATransientInternalFailure) {
    const Job job = house.upload();
    before_render([] { throw std::runtime_error("bug"); });
    run(job.id);
    expect_waiting(job);
    EXPECT_EQ(house.log.count(telemetry::Level::error, "exception in a job"), 1U);
    clock.advance(2s);
    run(job.id);
    clock.advance(4s);
    run(job.id);
    expect_all_failed(house.find(job.id), ErrorCode::attempts_exhausted);
}

TEST_F(JobRunnerTest, ARendererThatMisbehavesIsNotBelieved) {
    const auto spoil = [](auto change) {
        return [change](ByteSource& source, std::span<const Transform> transforms, const CancelCheck&) {
            auto renditions = ScriptedRenderer::make(source, transforms);
            change(*renditions);
            return renditions;
        };
    };
    const std::vector<ScriptedRenderer::Render> lies{
        spoil([](Renditions& renditions) { renditions.pop_back(); }),
        spoil([](Renditions& renditions) { renditions.push_back(renditions[0]); }),
        spoil([](Renditions& renditions) { renditions[0]->bytes.clear(); }),
        spoil([](Renditions& renditions) { renditions[0]->width_px = 0; }),
        spoil([](Renditions& renditions) { renditions[0]->height_px = 0; })};
    for (const auto& lie : lies) {
        const Job job = house.upload();
        house.renderer.on_render(lie);
        run(job.id);
        EXPECT_EQ(house.find(job.id).status, JobStatus::processing);
    }
    EXPECT_EQ(due_times.size(), lies.size());
    house.expect_in_order();
}

TEST_F(JobRunnerTest, ARenderThatTakesTooLongIsCancelledAndCounted) {
    config.render_timeout = 1ms;
    const Job job = house.upload();
    render_until_cancelled();
    run(job.id);
    expect_waiting(job);
    EXPECT_EQ(value_of(house.claims.claim(job.id, 30s, due_times.back()))->tries, 2U);
}

}  // namespace
}  // namespace safelight::testing
