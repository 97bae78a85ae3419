#include "service/job_watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <optional>
#include <thread>
#include <vector>

namespace safelight {
namespace {

JobId job(std::uint8_t number) {
    JobId id;
    id.uuid.bytes[0] = number;
    return id;
}

TEST(JobWatch, TellsThoseWhoWatchTheJob) {
    JobWatch watch;
    int first = 0;
    int second = 0;
    int other = 0;
    const auto a = watch.subscribe(job(1), [&] { ++first; });
    const auto b = watch.subscribe(job(1), [&] { ++second; });
    const auto c = watch.subscribe(job(2), [&] { ++other; });
    watch.notify(job(1));
    watch.notify(job(1));
    watch.notify(job(3));
    EXPECT_EQ(first, 2);
    EXPECT_EQ(second, 2);
    EXPECT_EQ(other, 0);
}

TEST(JobWatch, EndsWithTheSubscription) {
    JobWatch watch;
    int calls = 0;
    {
        const auto subscription = watch.subscribe(job(1), [&] { ++calls; });
        watch.notify(job(1));
    }
    watch.notify(job(1));
    EXPECT_EQ(calls, 1);
}

TEST(JobWatch, SubscriptionsMove) {
    JobWatch watch;
    int first = 0;
    int second = 0;
    JobWatch::Subscription kept;
    {
        auto subscription = watch.subscribe(job(1), [&] { ++first; });
        kept = std::move(subscription);
    }
    watch.notify(job(1));
    EXPECT_EQ(first, 1);
    kept = watch.subscribe(job(1), [&] { ++second; });
    watch.notify(job(1));
    EXPECT_EQ(first, 1) << "the one that was replaced has ended";
    EXPECT_EQ(second, 1);
    const JobWatch::Subscription moved(std::move(kept));
    watch.notify(job(1));
    EXPECT_EQ(second, 2);
}

TEST(JobWatch, NeverCallsAfterTheEndWhileOthersNotify) {
    JobWatch watch;
    std::atomic<bool> stop = false;
    constexpr int notifiers = 2;
    std::latch running(notifiers);
    std::vector<std::jthread> threads;
    for (int i = 0; i < notifiers; ++i) {
        threads.emplace_back([&] {
            watch.notify(job(1));
            running.count_down();
            while (!stop) watch.notify(job(1));
        });
    }
    running.wait();
    for (int i = 0; i < 2'000; ++i) {
        auto alive = std::make_unique<std::atomic<int>>(0);
        {
            const auto subscription = watch.subscribe(job(1), [&calls = *alive] { ++calls; });
        }
        // Under a sanitizer a late call would be a use after free.
        alive.reset();
    }
    stop = true;
}

TEST(JobWatch, WakesAThreadThatWaits) {
    JobWatch watch;
    std::latch notified(1);
    std::optional<JobWatch::Subscription> subscription;
    subscription.emplace(watch.subscribe(job(1), [&] { notified.count_down(); }));
    std::jthread notifier([&] { watch.notify(job(1)); });
    notified.wait();
}

TEST(JobWatch, WhoWatchesAllHearsOfEach) {
    JobWatch watch;
    int of_all = 0;
    int of_one = 0;
    const JobId first = job(1);
    const JobId second = job(2);
    auto all = watch.subscribe_to_all([&of_all] { ++of_all; });
    const auto one = watch.subscribe(first, [&of_one] { ++of_one; });
    watch.notify(first);
    watch.notify(second);
    watch.notify_of_work();
    EXPECT_EQ(of_all, 3);
    EXPECT_EQ(of_one, 1);
    all = JobWatch::Subscription();
    watch.notify(first);
    EXPECT_EQ(of_all, 3);
}

}  // namespace
}  // namespace safelight
