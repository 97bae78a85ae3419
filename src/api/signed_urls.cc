#include "api/signed_urls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "api/handlers.h"
#include "api/json_body.h"
#include "api/request_values.h"
#include "http/router.h"
#include "transform/object_reader.h"
#include "transform/presets.h"

namespace safelight {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 3> signed_routes = {
    "/v1/images/{id}/original", "/v1/images/{id}/variants/{name}", "/v1/jobs/{id}/events"};
constexpr std::string_view signature_name = "signature";

constexpr std::size_t urls_max = 100;  // in one call
constexpr std::uint32_t expires_in_default_s = 3'600;

/// Errors: invalid_signature, when the query is not its three parameters, each once.
Result<UrlSignature> signature_of(const http::Request& request) {
    const std::map<std::string, std::string, std::less<>> query(request.query.begin(), request.query.end());
    const auto account = query.find("account");
    const auto expires = query.find("expires");
    const bool is_whole =
        request.query.size() == 3 && query.size() == 3 && account != query.end() && expires != query.end();
    if (!is_whole)
        return failure(ErrorCode::invalid_signature,
                       "A signed URL has the parameters account, expires and signature, and no others.");
    return UrlSignature{account->second, expires->second, query.find(signature_name)->second};
}

class SignedUrlAuthenticator final : public Authenticator {
  public:
    SignedUrlAuthenticator(Authenticator& inner, const UrlSigner& signer) : inner_(inner), signer_(signer) {}

    http::Task<Result<Principal>> authenticate(const http::Request& request) override {
        if (is_signed(request)) co_return principal_of(request);
        co_return co_await inner_.authenticate(request);
    }

    /// What was begun before a URL expired is sent to its end.
    CredentialsCheck check_of(const http::Request& request) override {
        return is_signed(request) ? Authenticator::check_of(request) : inner_.check_of(request);
    }

  private:
    [[nodiscard]] Result<Principal> principal_of(const http::Request& request) const {
        TRY_ASSIGN(const UrlSignature signature, signature_of(request));
        TRY_ASSIGN(const AccountId account, signer_.verify(request.path, signature));
        return Principal{account, {Scope::images_read}, "signed-url"};
    }

    Authenticator& inner_;
    const UrlSigner& signer_;
};

http::Router router_of_signed_routes() {
    http::Router router;
    for (const std::string_view route : signed_routes) router.add("GET", std::string(route), {});
    return router;
}

/// Whether a signed request for this path would be served, if what it names is there. Each has one spelling.
bool is_signable(std::string_view path) {
    static const http::Router router = router_of_signed_routes();
    const auto match = router.match("GET", path);
    const auto* const found = std::get_if<http::RouteMatch>(&match);
    if (found == nullptr || path.contains('%')) return false;
    const auto name = found->parameters.find("name");
    return Uuid::parse(found->parameters.at("id")) &&
           (name == found->parameters.end() || is_variant_name(name->second));
}

struct SigningRequest {
    std::vector<std::string> paths;
    std::chrono::seconds expires_in{expires_in_default_s};
};

std::vector<std::string> paths_of(const json::object& body, std::vector<Fault>& faults) {
    std::vector<std::string> paths;
    const json::value* const list = body.if_contains("urls");
    const bool is_list = list != nullptr && list->is_array() && !list->get_array().empty() &&
                         list->get_array().size() <= urls_max;
    if (!is_list) {
        faults.push_back({"/urls", fmt::format("\"urls\" is a list of 1 to {} URLs.", urls_max)});
        return paths;
    }
    for (const json::value& each : list->get_array()) {
        const std::string path = each.is_string() ? std::string(each.get_string()) : "";
        if (!is_signable(path))
            faults.push_back({fmt::format("/urls/{}", paths.size()),
                              "This is no path of an original, a variant or the events of a job, such as "
                              "\"url\" of an image has it."});
        paths.push_back(path);
    }
    return paths;
}

Result<SigningRequest> signing_request_of(const json::object& body, const UrlSigningConfig& config) {
    std::vector<Fault> faults;
    ObjectReader reader(body, "", faults);
    reader.allow_only({"urls", "expires_in_s"});
    const auto most_s =
        static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(config.lifetime_max).count());
    SigningRequest wanted{.paths = paths_of(body, faults)};
    wanted.expires_in = std::chrono::seconds(
        reader.whole_number("expires_in_s", 1, most_s).value_or(std::min(expires_in_default_s, most_s)));
    if (!faults.empty()) return invalid(std::move(faults));
    return wanted;
}

Result<std::string> signed_urls(const UrlSigner& signer, AccountId account, const SigningRequest& wanted,
                                Timestamp now) {
    const Timestamp expires_at = std::chrono::floor<std::chrono::seconds>(now) + wanted.expires_in;
    json::array urls;
    for (const std::string& path : wanted.paths) {
        TRY_ASSIGN(std::string url, signer.sign(path, account, expires_at));
        urls.emplace_back(std::move(url));
    }
    return json::serialize(json::object{{"urls", std::move(urls)}, {"expires_at", to_rfc3339(expires_at)}});
}

}  // namespace

bool is_signed(const http::Request& request) {
    const bool reads = request.method == "GET" || request.method == "HEAD";
    return reads && query_value(request, signature_name).has_value() &&
           std::ranges::find(signed_routes, request.route) != signed_routes.end();
}

std::unique_ptr<Authenticator> make_signed_url_authenticator(Authenticator& inner, const UrlSigner& signer) {
    return std::make_unique<SignedUrlAuthenticator>(inner, signer);
}

Handled sign_urls(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto body = co_await read_object(api, request, {.scope = Scope::images_read});
    if (!body) co_return std::unexpected(body.error());
    const auto wanted = signing_request_of(*body, api.url_signer.config());
    if (!wanted) co_return refuse(wanted.error());
    auto json = signed_urls(api.url_signer, principal.account, *wanted, api.clock.now());
    if (!json) co_return refuse(std::move(json).error());
    http::Response response = json_response(200, *std::move(json));
    response.headers.set("Cache-Control", "no-store");  // whoever has them has the pictures
    co_return response;
}

}  // namespace safelight
