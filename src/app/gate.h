// Who is served, as configured: what knows keys and tokens, and what it does in the background.
#pragma once

#include <memory>

#include "access/access_control.h"
#include "access/key_keeper.h"
#include "access/key_ring.h"
#include "access/token_control.h"
#include "access/url_signer.h"
#include "api/authorisation.h"
#include "app/config.h"
#include "app/wiring.h"
#include "base/thread_pool.h"
#include "worker/duties/duty.h"

namespace safelight::app {

class Gate {
  public:
    /// What is passed in outlives it.
    Gate(const Config& config, Backends& backends, ThreadPool& pool);
    /// Writes down which keys were used.
    ~Gate();
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

    /// Begins to read the keys of tokens. A file has to be there; a URL may answer later. Blocks. Errors:
    /// unavailable, invalid_argument.
    [[nodiscard]] Status open();

    [[nodiscard]] Authenticator& authenticator() { return *authenticator_; }
    [[nodiscard]] KeyRing& keys() { return keys_; }
    [[nodiscard]] const UrlSigner& url_signer() const { return url_signer_; }

  private:
    [[nodiscard]] std::unique_ptr<Authenticator> make_key_authenticator(Backends& backends, ThreadPool& pool);
    [[nodiscard]] Milliseconds refresh_token_keys();

    const TokenConfig& config_;
    AccessControl access_;
    KeyRing keys_;
    std::unique_ptr<KeyKeeper> token_keys_;  // empty: no token is signed by a public key
    std::unique_ptr<TokenControl> tokens_;   // empty: none are taken
    const UrlSigner url_signer_;
    std::unique_ptr<Authenticator> bearers_;  // who sends credentials, or nothing
    std::unique_ptr<Authenticator> authenticator_;
    Duty uses_duty_;
    std::unique_ptr<Duty> keys_duty_;
};

}  // namespace safelight::app
