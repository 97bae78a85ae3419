#include "base/thread_shortage.h"

#include <system_error>
#include <thread>

namespace safelight {

bool lacks_threads() {
    try {
        std::thread([] {}).join();
        return false;
    } catch (const std::system_error&) {
        return true;
    }
}

}  // namespace safelight
