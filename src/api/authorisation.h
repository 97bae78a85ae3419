// Who asks, and whether they may.
#pragma once

#include <functional>
#include <memory>

#include "access/access_control.h"
#include "api/problems.h"
#include "base/thread_pool.h"
#include "http/message.h"
#include "http/task.h"

namespace safelight {

struct ApiParts;

using CredentialsCheck = std::function<Status()>;

/// Says who asks, before a byte of the body is read. Any thread may call; must not block (use http::on_pool).
class Authenticator {
  public:
    virtual ~Authenticator() = default;
    /// Errors: unauthenticated, unavailable.
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

/// By "Authorization: Bearer …". What is passed in outlives it.
[[nodiscard]] std::unique_ptr<Authenticator> make_key_authenticator(AccessControl& control, ThreadPool& pool);

/// The principal of a request that needs `scope`. Ask again during whatever takes long: a key may have been
/// revoked meanwhile.
[[nodiscard]] http::Task<std::expected<Principal, Refusal>> authorise(Authenticator& authenticator,
                                                                      const http::Request& request,
                                                                      Scope scope);

}  // namespace safelight
