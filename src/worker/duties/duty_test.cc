#include "worker/duties/duty.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <utility>

namespace safelight {
namespace {

using namespace std::chrono_literals;

const std::unique_ptr<telemetry::Logger> silent_log = telemetry::make_silent_logger();

TEST(Duty, BeginsAtOnceAndAgainWhenWoken) {
    std::counting_semaphore<> rounds(0);
    Duty duty("test", *silent_log, [&](const std::stop_token&) {
        rounds.release();
        return 1h;
    });
    duty.start();
    rounds.acquire();
    duty.wake();
    rounds.acquire();
    duty.wake();
    rounds.acquire();
}

TEST(Duty, OutlivesAnException) {
    std::atomic<int> rounds = 0;
    std::counting_semaphore<> began(0);
    Duty duty("test", *silent_log, [&](const std::stop_token&) -> Milliseconds {
        began.release();
        if (++rounds == 1) throw std::runtime_error("a bad moment");
        return 1h;
    });
    duty.start();
    began.acquire();
    duty.wake();
    began.acquire();
    EXPECT_EQ(rounds, 2);
}

TEST(Duty, ComesAgainAfterItsPause) {
    std::counting_semaphore<> rounds(0);
    Duty duty("test", *silent_log, [&](const std::stop_token&) {
        rounds.release();
        return 1ms;
    });
    duty.start();
    for (int i = 0; i < 5; ++i) rounds.acquire();
}

TEST(Duty, AWakeDuringARoundIsNotLost) {
    std::counting_semaphore<> rounds(0);
    std::latch in_first_round(1);
    std::latch go_on(1);
    bool is_first = true;
    Duty duty("test", *silent_log, [&](const std::stop_token&) {
        if (std::exchange(is_first, false)) in_first_round.count_down();
        go_on.wait();
        rounds.release();
        return 1h;
    });
    duty.start();
    in_first_round.wait();
    duty.wake();
    go_on.count_down();
    rounds.acquire();
    rounds.acquire();
}

TEST(Duty, StartAndStopAreIdempotent) {
    std::atomic<int> rounds = 0;
    Duty duty("test", *silent_log, [&](const std::stop_token&) {
        ++rounds;
        return 1h;
    });
    duty.stop();
    duty.start();
    duty.start();
    duty.stop();
    duty.stop();
    EXPECT_LE(rounds, 1) << "one thread, one round";
}

TEST(Duty, StopWaitsForTheRoundAndTellsIt) {
    std::latch in_round(1);
    std::atomic<bool> ended = false;
    Duty duty("test", *silent_log, [&](const std::stop_token& stop) {
        in_round.count_down();
        std::latch stopped(1);
        const std::stop_callback on_stop(stop, [&stopped] { stopped.count_down(); });
        stopped.wait();
        ended = true;
        return 1h;
    });
    duty.start();
    in_round.wait();
    duty.stop();
    EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace safelight
