// What `safelight doctor` found out about a part, and how it is printed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace safelight::app {

struct Findings {
    std::vector<std::string> facts;
    std::vector<std::string> warnings;  // it works, and will not always
    std::vector<Error> faults;          // the public text, and below it what the log would say
    bool is_put_off = false;            // nothing was looked at: another part has to be mended first
};

[[nodiscard]] Findings put_off();

/// An error is the only fault.
using Finding = Result<Findings>;

/// Lines that begin with the verdict and the part: "FAIL" for each fault, "warn" for each warning, and "ok"
/// with the facts when there is neither; else the facts follow without a verdict. "--": not looked at.
[[nodiscard]] std::string lines_of(std::string_view part, const Finding& finding);

/// Without faults.
[[nodiscard]] bool is_well(const Finding& finding);

}  // namespace safelight::app
