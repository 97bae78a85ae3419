// Who asks, and whether they may.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "access/access_control.h"
#include "access/token_control.h"
#include "api/problems.h"
#include "base/thread_pool.h"
#include "http/message.h"
#include "http/task.h"

namespace safelight {

struct ApiParts;

/// Whether an authenticator refused for good, rather than for trouble that passes.
[[nodiscard]] constexpr bool is_of_credentials(ErrorCode code) {
    return code == ErrorCode::unauthenticated || code == ErrorCode::invalid_signature;
}

using CredentialsCheck = std::function<Status()>;

/// Says who asks, before a byte of the body is read. Any thread may call; must not block (use http::on_pool).
class Authenticator {
  public:
    virtual ~Authenticator() = default;
    /// Errors: unauthenticated, invalid_signature, unavailable.
    [[nodiscard]] virtual http::Task<Result<Principal>> authenticate(const http::Request& request) = 0;
    /// What says later whether the request's credentials are still good: it may block, and outlives the
    /// request.
    [[nodiscard]] virtual CredentialsCheck check_of(const http::Request&) {
        return [] { return Status(); };
    }
};

/// Everybody is default_account(), and may do everything but manage accounts and keys: that a page in the
/// browser of somebody at this machine makes itself a key would outlast its visit.
[[nodiscard]] std::unique_ptr<Authenticator> make_open_authenticator();

/// By "Authorization: Bearer …": an API key, or a token where there are `tokens`. What is passed in outlives
/// it.
[[nodiscard]] std::unique_ptr<Authenticator> make_bearer_authenticator(AccessControl& keys,
                                                                       TokenControl* tokens,
                                                                       ThreadPool& pool);

/// The credentials of "Authorization: Bearer …"; of a field that occurs once: two of them were joined to what
/// is no token.
[[nodiscard]] std::optional<std::string> bearer_of(const http::Request& request);

/// The principal of a request that needs `scope`. Ask again during whatever takes long: a key may have been
/// revoked meanwhile.
[[nodiscard]] http::Task<std::expected<Principal, Refusal>> authorise(Authenticator& authenticator,
                                                                      const http::Request& request,
                                                                      Scope scope);

}  // namespace safelight
