// Who we are to the store.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace safelight::s3 {

/// Secret but for the access key; never logged, never part of an error.
struct Credentials {
    std::string access_key;
    std::string secret_key;
    std::string session_token = {};  // of temporary credentials; empty otherwise
};

/// Any thread may call; may block for as long as its source takes to answer.
class CredentialsProvider {
  public:
    virtual ~CredentialsProvider() = default;

    /// What is valid now. Errors: unavailable.
    [[nodiscard]] virtual Result<Credentials> current() = 0;

    /// The store has called them expired: the next `current` asks the source again.
    virtual void expire() {}
};

/// The same ones for ever.
[[nodiscard]] std::unique_ptr<CredentialsProvider> make_static_credentials(Credentials credentials);

}  // namespace safelight::s3
