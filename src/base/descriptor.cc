#include "base/descriptor.h"

#include <unistd.h>

namespace safelight {

void Descriptor::close() {
    // Nothing is lost when close fails: what has to be durable is synced before.
    if (number_ >= 0) ::close(std::exchange(number_, -1));
}

}  // namespace safelight
