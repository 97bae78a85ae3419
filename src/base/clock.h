// Time is passed in: whoever needs it takes a Clock&, so that tests can set it.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace safelight {

/// Wall-clock time, UTC, in milliseconds: what is stored and shown.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
using Milliseconds = std::chrono::milliseconds;

/// Any thread may call; never blocks.
class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Timestamp now() const = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] Timestamp now() const override;
};

/// Stands still until it is told to move. For tests.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(Timestamp start) : now_(start) {}
    [[nodiscard]] Timestamp now() const override {
        const std::lock_guard lock(mutex_);
        return now_;
    }
    void advance(Milliseconds by) {
        const std::lock_guard lock(mutex_);
        now_ += by;
    }

  private:
    mutable std::mutex mutex_;
    Timestamp now_;
};

/// RFC 3339 in UTC with milliseconds: "2026-11-23T20:08:00.123Z".
[[nodiscard]] std::string to_rfc3339(Timestamp time);

/// Takes any RFC 3339 date-time with offset; sub-millisecond digits are cut off. Empty when malformed.
[[nodiscard]] std::optional<Timestamp> parse_rfc3339(std::string_view text);

/// The HTTP date (IMF-fixdate): "Mon, 23 Nov 2026 20:08:00 GMT".
[[nodiscard]] std::string to_http_date(Timestamp time);

/// Takes IMF-fixdate only; empty otherwise (the obsolete forms are ignored, as RFC 9110 allows for
/// conditions).
[[nodiscard]] std::optional<Timestamp> parse_http_date(std::string_view text);

}  // namespace safelight
