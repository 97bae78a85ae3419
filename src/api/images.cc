#include <fmt/format.h>

#include "api/focal_point.h"
#include "api/handlers.h"
#include "api/json.h"
#include "api/request_values.h"
#include "api/upload.h"

namespace safelight {
namespace {

constexpr std::uint64_t patch_bytes_max = 4'096;
constexpr const char* patch_type = "application/merge-patch+json";

Handled list_similar(const ApiParts& api, const Principal& principal, http::Request& request) {
    const auto query = similar_query(request, principal.account);
    if (!query) co_return refuse(query.error());
    const auto images = co_await http::on_pool(api.pool, [&] { return api.library.similar_images(*query); });
    if (!images) co_return refuse(images.error());
    co_return json_response(200, to_json(std::span(*images)));
}

}  // namespace

Handled list_images(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (query_value(request, "similar_to")) co_return co_await list_similar(api, principal, request);
    const auto query = list_query(request, ListKind::images, principal.account);
    if (!query) co_return refuse(query.error());
    const auto page = co_await http::on_pool(api.pool, [&] { return api.library.list_images(*query); });
    if (!page) co_return refuse(page.error());

    std::optional<std::string> cursor;
    if (page->has_more && !page->items.empty())
        cursor = cursor_after(ListKind::images, page->items.back().id.uuid);
    co_return page_response(request, to_json(std::span(page->items), cursor), cursor);
}

Handled get_image(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<ImageId>(request);
    if (!id) co_return refuse(id.error());
    const auto image =
        co_await http::on_pool(api.pool, [&] { return api.library.find_image(principal.account, *id); });
    if (!image) co_return refuse(image.error());
    co_return conditional_json(request, to_json(*image));
}

Handled update_image(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<ImageId>(request);
    if (!id) co_return refuse(id.error());
    const std::string type = media_type_of(request);
    if (type != patch_type && type != "application/json") {
        auto refused = refuse(Problem::unsupported_media_type,
                              fmt::format("The body has to be {} or application/json.", patch_type));
        refused.error().headers.set("Accept-Patch", patch_type);
        co_return refused;
    }
    const auto text = co_await read_body_text(api, request, Scope::images_write, patch_bytes_max);
    if (!text) co_return std::unexpected(text.error());
    const auto patch = parse_image_patch(*text);
    if (!patch) co_return refuse(patch.error());
    const auto image = co_await http::on_pool(api.pool, [&] {
        return patch->changes_focal_point
                   ? api.library.set_focal_point(principal.account, *id, patch->focal_point)
                   : api.library.find_image(principal.account, *id);
    });
    if (!image) co_return refuse(image.error());
    co_return json_response(200, to_json(*image));
}

Handled delete_image(const ApiParts& api, const Principal& principal, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    const auto id = id_of<ImageId>(request);
    if (!id) co_return refuse(id.error());
    const auto deleted =
        co_await http::on_pool(api.pool, [&] { return api.library.delete_image(principal.account, *id); });
    if (!deleted) co_return refuse(deleted.error());
    co_return http::Response{.status = 204, .headers = {}, .body = {}};
}

}  // namespace safelight
