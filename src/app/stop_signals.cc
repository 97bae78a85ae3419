#include "app/stop_signals.h"

#include <pthread.h>

#include <cerrno>
#include <ctime>

namespace safelight::app {

StopSignals::StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    // A client that goes away, and a file that grows past a limit, are errors of a call and no reason to die.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
}

int StopSignals::wait() const {
    int signal = 0;
    sigwait(&signals_, &signal);
    return signal;
}

bool StopSignals::wait_for(Milliseconds time) {
    if (came_) return true;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    const std::chrono::nanoseconds rest = time - seconds;
    const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = rest.count()};
    came_ = sigtimedwait(&signals_, nullptr, &timeout) > 0;
    return came_;
}

void StopSignals::end_at_the_next() const {
    std::signal(SIGTERM, SIG_DFL);
    std::signal(SIGINT, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
}

}  // namespace safelight::app
