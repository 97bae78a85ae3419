// Gathers when variants are read, and has it noted from time to time: by that they expire.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "catalog/records.h"
#include "catalog/retention.h"
#include "telemetry/log.h"

namespace safelight {

struct VariantReadsConfig {
    RetentionRules defaults{};      // of accounts without rules of their own
    Milliseconds interval{60'000};  // between two notes
};

/// Any thread may call. What is passed in outlives it. What it has gathered is lost with the process: then a
/// variant may expire too soon, and is made again.
class VariantReads {
  public:
    VariantReads(const VariantReadsConfig& config, const Clock& clock, Retention& store,
                 telemetry::Logger& log);
    /// Notes what was gathered.
    ~VariantReads();
    VariantReads(const VariantReads&) = delete;
    VariantReads& operator=(const VariantReads&) = delete;

    /// `variant` was read just now. Never blocks. Nothing is gathered while no variant may expire, nor what
    /// is known already; nor more than fits.
    void note(AccountId owner, ImageId image, const Variant& variant);

    /// Has noted what was gathered, and looks whether variants may expire. Blocks. Throws nothing of its own.
    void flush();

    static constexpr std::size_t gathered_max = 100'000;

  private:
    struct Read {
        AccountId owner;
        Timestamp at;
    };
    using Place = std::pair<ImageId, std::string>;

    void run(const std::stop_token& stop);
    void look_for_rules();
    void note_reads(AccountId owner, const std::vector<VariantRead>& reads);
    void log_failure(const Error& error);

    const VariantReadsConfig config_;
    const Clock& clock_;
    Retention& store_;
    telemetry::Logger& log_;
    const Milliseconds least_grain_;
    std::atomic<bool> may_expire_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<Place, Read> gathered_;  // guarded by mutex_
    std::jthread thread_;             // last: ends before the rest goes
};

}  // namespace safelight
