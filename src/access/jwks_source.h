// Where an issuer's public keys are read: a file, or a URL.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace safelight {

class JwksSource {
  public:
    virtual ~JwksSource() = default;
    /// The document as it is now. Blocks, for five seconds at most. Any thread may call. Errors:
    /// unavailable (it cannot be read, or has more than jwks_bytes_max).
    [[nodiscard]] virtual Result<std::string> read() = 0;
};

/// `jwks` as in TokenConfig. A URL is asked as it is: redirects are not followed.
[[nodiscard]] std::unique_ptr<JwksSource> make_jwks_source(const std::string& jwks);

}  // namespace safelight
