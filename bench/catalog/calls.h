// How long the catalog's calls take.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "bench/catalog/fill.h"

namespace safelight::bench {

/// Each time that a call took, in microseconds.
struct CallTimes {
    std::string name;
    std::vector<double> times_us;
};
/// In the order in which the calls are made.
using Times = std::vector<CallTimes>;

/// One after the other, as one client makes them.
class Calls {
  public:
    Calls(CatalogDatabase& database, Filling filling);

    /// Every call so many times.
    void measure(std::size_t count, Times& times);

  private:
    struct Target {
        AccountId owner;
        JobId job;
        ImageId image;
    };

    [[nodiscard]] AccountId any_owner();
    [[nodiscard]] Uuid any_cursor();
    [[nodiscard]] Target any_target();
    void collect_targets();
    void measure_reads(std::size_t count, Times& times);
    void measure_lives(std::size_t count, Times& times);

    CatalogDatabase& database_;
    const Filling filling_;
    SystemClock clock_;
    IdGenerator ids_{clock_};
    std::vector<Target> targets_;
};

}  // namespace safelight::bench
