#include "blobs/s3/credentials.h"

#include <utility>

namespace safelight::s3 {
namespace {

class StaticCredentials final : public CredentialsProvider {
  public:
    explicit StaticCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}

    Result<Credentials> current() override {
        if (!credentials_.access_key.empty() && !credentials_.secret_key.empty()) return credentials_;
        return failure(ErrorCode::unavailable, "The storage is not available.",
                       "the access key or the secret key of the S3 store is empty");
    }

  private:
    const Credentials credentials_;
};

}  // namespace

std::unique_ptr<CredentialsProvider> make_static_credentials(Credentials credentials) {
    return std::make_unique<StaticCredentials>(std::move(credentials));
}

}  // namespace safelight::s3
