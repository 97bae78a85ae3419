#include <array>
#include <utility>

#include "api/handlers.h"
#include "embedded/api_documents.h"
#include "http/semantics.h"

namespace safelight {
namespace {

constexpr const char* page_policy =
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> media_types{{
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".webp", "image/webp"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
}};

std::string media_type_by_name(std::string_view path) {
    for (const auto& [ending, type] : media_types) {
        if (path.ends_with(ending)) return std::string(type);
    }
    return "application/octet-stream";
}

void protect_page(http::Headers& headers) {
    headers.set("Content-Security-Policy", page_policy);
    headers.set("Referrer-Policy", "no-referrer");
}

/// A file of the program: revalidated each time, since the next version of the program may bring another.
Answer answer_with(const http::Request& request, const EmbeddedFile* file) {
    if (file == nullptr) return refuse(Problem::not_found, "There is nothing at this address.");
    const http::Validators validators{.etag = "\"" + std::string(file->sha256) + "\"",
                                      .last_modified = std::nullopt};
    http::Response response;
    response.headers.set("ETag", validators.etag);
    response.headers.set("Cache-Control", "no-cache");
    if (auto decided = decide_by_condition(request, validators, response)) return std::move(*decided);
    response.headers.set("Content-Type", media_type_by_name(file->path));
    protect_page(response.headers);
    response.body = http::StaticBody{file->bytes};
    return response;
}

Answer asset(const ApiParts& api, const http::Request& request, std::string_view folder) {
    const auto path = request.path_parameters.find("path");
    const std::string rest = path == request.path_parameters.end() ? std::string() : path->second;
    return answer_with(request, find_embedded(api.web_assets, std::string(folder) + rest));
}

}  // namespace

Handled get_openapi(const ApiParts&, const Principal&, http::Request& request) {
    co_return answer_with(request, find_embedded(api_documents(), "openapi.json"));
}

Handled get_start_page(const ApiParts& api, const Principal&, http::Request& request) {
    co_return answer_with(request, find_embedded(api.web_assets, "index.html"));
}

Handled get_asset(const ApiParts& api, const Principal&, http::Request& request) {
    co_return asset(api, request, "assets/");
}

Handled get_api_docs(const ApiParts& api, const Principal&, http::Request& request) {
    co_return answer_with(request, find_embedded(api.web_assets, "api-docs/index.html"));
}

Handled get_api_docs_file(const ApiParts& api, const Principal&, http::Request& request) {
    co_return asset(api, request, "api-docs/");
}

Handled get_problem_page(const ApiParts&, const Principal&, http::Request& request) {
    const auto slug = request.path_parameters.find("type");
    const ProblemType* type =
        slug == request.path_parameters.end() ? nullptr : find_problem_type(slug->second);
    if (type == nullptr) co_return refuse(Problem::not_found, "There is no such type of problem.");
    http::Response response;
    response.headers.set("Content-Type", "text/html; charset=utf-8");
    response.headers.set("Cache-Control", "no-cache");
    protect_page(response.headers);
    response.body = page_of(*type);
    co_return response;
}

}  // namespace safelight
