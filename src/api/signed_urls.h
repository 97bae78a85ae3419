// Requests by signed URLs, which need no credentials.
#pragma once

#include <memory>

#include "access/url_signer.h"
#include "api/authorisation.h"
#include "http/message.h"

namespace safelight {

/// Whether it bears a signature in a place where one counts: a GET or HEAD of a picture's bytes, or of the
/// events of a job. Its other parameters are the signature's, or it is refused by the authenticator below.
[[nodiscard]] bool is_signed(const http::Request& request);

/// Whom a signed request acts for is what its URL says, for reading alone; any other is left to `inner`. Both
/// outlive it. Errors of a signed request: invalid_signature.
[[nodiscard]] std::unique_ptr<Authenticator> make_signed_url_authenticator(Authenticator& inner,
                                                                           const UrlSigner& signer);

}  // namespace safelight
