#include "app/gate.h"

#include <algorithm>
#include <stop_token>

#include "access/jwks_source.h"
#include "api/signed_urls.h"

namespace safelight::app {
namespace {

constexpr Milliseconds uses_interval{1'000};

}  // namespace

Gate::Gate(const Config& config, Backends& backends, ThreadPool& pool)
    : config_(config.tokens),
      access_({}, backends.database->accounts(), *backends.clock, *backends.log),
      keys_(backends.database->accounts(), *backends.ids, *backends.clock),
      url_signer_(config.signed_urls, *backends.clock),
      uses_duty_("key-uses", *backends.log, [this](const std::stop_token&) {
          access_.write_uses();
          return uses_interval;
      }) {
    bearers_ =
        config.access == Access::keys ? make_key_authenticator(backends, pool) : make_open_authenticator();
    authenticator_ = make_signed_url_authenticator(*bearers_, url_signer_);
}

/// Of API keys, and of tokens where any are taken.
std::unique_ptr<Authenticator> Gate::make_key_authenticator(Backends& backends, ThreadPool& pool) {
    if (config_.is_on() && !config_.jwks.empty()) {
        token_keys_ = std::make_unique<KeyKeeper>(make_jwks_source(config_.jwks), config_.jwks_interval_min,
                                                  *backends.log);
        keys_duty_ = std::make_unique<Duty>("token-keys", *backends.log,
                                            [this](const std::stop_token&) { return refresh_token_keys(); });
    }
    if (config_.is_on())
        tokens_ = std::make_unique<TokenControl>(
            config_, TokenControl::Parts{token_keys_.get(), backends.database->accounts(), *backends.ids,
                                         *backends.clock});
    uses_duty_.start();
    return make_bearer_authenticator(access_, tokens_.get(), pool);
}

Gate::~Gate() {
    if (keys_duty_) keys_duty_->stop();
    uses_duty_.stop();
    access_.write_uses();
}

Status Gate::open() {
    if (!token_keys_) return {};
    if (!is_url(config_.jwks)) TRY(token_keys_->refresh());
    keys_duty_->start();
    return {};
}

/// Sooner again when it went wrong.
Milliseconds Gate::refresh_token_keys() {
    const Milliseconds soon = std::min(config_.jwks_interval_min, config_.jwks_refresh);
    return token_keys_->refresh() ? config_.jwks_refresh : soon;
}

}  // namespace safelight::app
