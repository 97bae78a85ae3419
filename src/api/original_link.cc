#include "api/original_link.h"

#include <string>
#include <utility>

#include "api/json.h"
#include "http/semantics.h"

namespace safelight {
namespace {

/// Clients repeat their conditions to the store, whose validators are others than ours: those that can make
/// it refuse are decided here, with the bytes. So is what needs no bytes.
bool may_be_sent_on(const http::Request& request, const Image& image) {
    if (request.headers.has("If-Match") || request.headers.has("If-Unmodified-Since")) return false;
    const http::Validators validators{.etag = etag_of(image.sha256), .last_modified = image.created_at};
    return http::evaluate_preconditions(request, validators) == http::Precondition::proceed;
}

/// The store sends no Content-Security-Policy and no nosniff: what a browser could execute stays with us.
bool is_inert(const Image& image) {
    return !image.is_unknown_format && image.facts.format != Format::svg;
}

}  // namespace

std::optional<Answer> redirect_to_original(const OriginalLinks& links, const http::Request& request,
                                           const Image& image) {
    const bool is_wanted = links.store != nullptr && image.size_bytes >= links.bytes_min;
    if (!is_wanted || !is_inert(image) || !may_be_sent_on(request, image)) return std::nullopt;
    auto link = links.store->link_to(
        image.blob, {.method = request.method == "HEAD" ? LinkMethod::head : LinkMethod::get,
                     .valid_for = links.valid_for,
                     .content_type = std::string(media_type_of(image.facts.format)),
                     .content_disposition = http::content_disposition("inline", image.filename)});
    if (!link) return refuse(std::move(link).error());
    http::Response response;
    response.status = 307;
    response.headers.set("Location", *std::move(link));
    // Whoever has the address has the picture, until it expires.
    response.headers.set("Cache-Control", "private, no-store");
    return response;
}

}  // namespace safelight
