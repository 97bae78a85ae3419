// For tests of every room: a process that can start no thread.
#pragma once

#include <pthread.h>

#include <cstddef>

namespace safelight {

/// Has every new thread ask for a stack that no address space holds, and takes that back. Processes that are
/// started meanwhile have threads.
class NoThreads {
  public:
    NoThreads() {
        ::pthread_getattr_default_np(&before_);
        pthread_attr_t beyond{};
        ::pthread_attr_init(&beyond);
        ::pthread_attr_setstacksize(&beyond, std::size_t{1} << 60U);
        ::pthread_setattr_default_np(&beyond);
        ::pthread_attr_destroy(&beyond);
    }
    ~NoThreads() {
        ::pthread_setattr_default_np(&before_);
        ::pthread_attr_destroy(&before_);
    }
    NoThreads(const NoThreads&) = delete;
    NoThreads& operator=(const NoThreads&) = delete;

  private:
    pthread_attr_t before_{};
};

}  // namespace safelight
