#include "blobs/s3/metadata_credentials.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "blobs/s3/http_client.h"
#include "blobs/s3/http_status.h"

namespace safelight::s3 {
namespace {

constexpr std::string_view token_lifetime_s = "21600";
constexpr Milliseconds retry_after{10'000};
constexpr Milliseconds refused_for{1'000};

std::unexpected<Error> no_credentials(std::string log_text) {
    return failure(ErrorCode::unavailable, "The storage is not available.",
                   "no credentials for the S3 store: " + std::move(log_text));
}

struct Lease {
    Credentials credentials;
    Timestamp expires_at;
};

std::string text_of(const boost::json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    const auto* const text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

/// The same document from both services.
Result<Lease> parse_lease(std::string_view body) {
    boost::system::error_code error;
    const boost::json::value document = boost::json::parse(body, error);
    const auto* const object = error ? nullptr : document.if_object();
    if (object == nullptr) return no_credentials("the metadata service answered with what is no JSON object");
    Lease lease{.credentials = {text_of(*object, "AccessKeyId"), text_of(*object, "SecretAccessKey"),
                                text_of(*object, "Token")},
                .expires_at = {}};
    const auto expires_at = parse_rfc3339(text_of(*object, "Expiration"));
    if (lease.credentials.access_key.empty() || lease.credentials.secret_key.empty() || !expires_at)
        return no_credentials("the metadata service's answer holds no keys with an expiration");
    lease.expires_at = *expires_at;
    return lease;
}

/// Asks a metadata service; the answer's body.
class Service {
  public:
    explicit Service(const MetadataConfig& config)
        : timeout_(config.timeout),
          client_({.connect_timeout = config.timeout,
                   .stall_timeout = config.timeout,
                   .idle_connections_max = 1,
                   .ca_file = {},
                   .proxy = {}}) {}

    Result<std::string> ask(std::string method, std::string url, std::vector<NameValue> headers) {
        const HttpRequest request{.method = std::move(method),
                                  .url = std::move(url),
                                  .headers = std::move(headers),
                                  .body = {},
                                  .timeout = timeout_,
                                  .into = {}};
        auto answer = client_.exchange(request);
        if (!answer) return no_credentials("no answer from the metadata service: " + answer.error().text);
        if (answer->status != http_status::ok)
            return no_credentials("the metadata service answered " + std::to_string(answer->status));
        return std::move(answer->body);
    }

  private:
    const Milliseconds timeout_;
    HttpClient client_;
};

/// Keeps what it got until shortly before it expires. One thread asks, the others wait for it.
class LeasedCredentials : public CredentialsProvider {
  public:
    LeasedCredentials(const Clock& clock, const MetadataConfig& config)
        : service_(config), clock_(clock), renew_before_(config.renew_before) {}

    Result<Credentials> current() override {
        const std::lock_guard lock(mutex_);
        const Timestamp now = clock_.now();
        if (lease_ && now < renew_at_) return lease_->credentials;
        // Those who waited for an answer that did not come do not all wait for one of their own.
        if (refusal_ && now < refused_until_) return std::unexpected(*refusal_);
        auto fresh = fetch();
        refusal_.reset();
        if (fresh) {
            lease_ = std::move(*fresh);
            // Credentials that are short-lived all along are not asked for with every request.
            renew_at_ =
                std::max(lease_->expires_at - renew_before_, std::min(now + retry_after, lease_->expires_at));
            return lease_->credentials;
        }
        if (!lease_ || now >= lease_->expires_at) {
            refusal_ = fresh.error();
            refused_until_ = clock_.now() + refused_for;
            return forward(std::move(fresh));
        }
        renew_at_ = std::min(now + retry_after, lease_->expires_at);
        return lease_->credentials;
    }

    void expire() override {
        const std::lock_guard lock(mutex_);
        lease_.reset();
        refusal_.reset();
    }

  protected:
    [[nodiscard]] virtual Result<Lease> fetch() = 0;

    Service service_;  // guarded by mutex_

  private:
    const Clock& clock_;
    const Milliseconds renew_before_;
    std::mutex mutex_;
    std::optional<Lease> lease_;  // guarded by mutex_
    Timestamp renew_at_;          // guarded by mutex_
    std::optional<Error>
        refusal_;              // guarded by mutex_; what the last question came to, when there are no keys
    Timestamp refused_until_;  // guarded by mutex_
};

class InstanceCredentials final : public LeasedCredentials {
  public:
    InstanceCredentials(const Clock& clock, const MetadataConfig& config, std::string endpoint)
        : LeasedCredentials(clock, config), endpoint_(std::move(endpoint)) {}

  private:
    Result<Lease> fetch() override {
        const std::string roles = endpoint_ + "/latest/meta-data/iam/security-credentials/";
        TRY_ASSIGN(const std::string token,
                   service_.ask("PUT", endpoint_ + "/latest/api/token",
                                {{"x-aws-ec2-metadata-token-ttl-seconds", std::string(token_lifetime_s)}}));
        const std::vector<NameValue> headers{{"x-aws-ec2-metadata-token", token}};
        TRY_ASSIGN(const std::string list, service_.ask("GET", roles, headers));
        const std::string role(trim(std::string_view(list).substr(0, list.find('\n'))));
        if (role.empty()) return no_credentials("the machine has no role");
        TRY_ASSIGN(const std::string document, service_.ask("GET", roles + role, headers));
        return parse_lease(document);
    }

    const std::string endpoint_;
};

class ContainerCredentials final : public LeasedCredentials {
  public:
    ContainerCredentials(const Clock& clock, const MetadataConfig& config, std::string url, std::string token,
                         std::string token_file)
        : LeasedCredentials(clock, config),
          url_(std::move(url)),
          token_(std::move(token)),
          token_file_(std::move(token_file)) {}

  private:
    Result<Lease> fetch() override {
        TRY_ASSIGN(const std::string token, current_token());
        std::vector<NameValue> headers;
        if (!token.empty()) headers.emplace_back("authorization", token);
        TRY_ASSIGN(const std::string document, service_.ask("GET", url_, headers));
        return parse_lease(document);
    }

    [[nodiscard]] Result<std::string> current_token() const {
        if (token_file_.empty()) return token_;
        std::ifstream file(token_file_);
        std::string token;
        if (std::getline(file, token)) return std::string(trim(token));
        return no_credentials("the token file cannot be read");
    }

    const std::string url_;
    const std::string token_;
    const std::string token_file_;
};

}  // namespace

std::unique_ptr<CredentialsProvider> make_instance_credentials(const Clock& clock,
                                                               const MetadataConfig& config,
                                                               std::string endpoint) {
    return std::make_unique<InstanceCredentials>(clock, config, std::move(endpoint));
}

std::unique_ptr<CredentialsProvider> make_container_credentials(const Clock& clock,
                                                                const MetadataConfig& config, std::string url,
                                                                std::string token, std::string token_file) {
    return std::make_unique<ContainerCredentials>(clock, config, std::move(url), std::move(token),
                                                  std::move(token_file));
}

}  // namespace safelight::s3
