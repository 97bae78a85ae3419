// The kernels of x86-64, each for those processors that have its instructions.
#pragma once

#include <vector>

#include "imaging/resample/kernels.h"

namespace safelight {

/// Adds those that this processor can run, slowest first; each builds upon the one before it, which the
/// portable one begins. On other processors none.
void add_x86_kernels(std::vector<Kernels>& kernels);

}  // namespace safelight
