#include "api/guarded_stream.h"

#include <chrono>
#include <utility>

namespace safelight {
namespace {

class GuardedStream final : public http::ResponseStream {
  public:
    GuardedStream(std::unique_ptr<http::ResponseStream> inner, CredentialsCheck check, Milliseconds interval)
        : inner_(std::move(inner)), check_(std::move(check)), interval_(interval) {}

    Result<std::size_t> read(std::span<std::byte> buffer) override {
        const auto now = SteadyClock::now();
        if (now - checked_at_ >= interval_) {
            TRY(check_());
            checked_at_ = now;
        }
        return inner_->read(buffer);
    }

  private:
    using SteadyClock = std::chrono::steady_clock;

    const std::unique_ptr<http::ResponseStream> inner_;
    const CredentialsCheck check_;
    const Milliseconds interval_;
    SteadyClock::time_point checked_at_ = SteadyClock::now();
};

}  // namespace

std::unique_ptr<http::ResponseStream> make_guarded_stream(std::unique_ptr<http::ResponseStream> inner,
                                                          CredentialsCheck check, Milliseconds interval) {
    return std::make_unique<GuardedStream>(std::move(inner), std::move(check), interval);
}

}  // namespace safelight
