#include "api/handlers.h"
#include "api/json.h"
#include "api/request_values.h"

namespace safelight {

Handled list_images(const ApiParts& api, const Principal& principal, http::Request& request) {
    const auto query = list_query(request, ListKind::images, principal.account);
    if (!query) co_return refuse(query.error());
    const auto page = co_await http::on_pool(api.pool, [&] { return api.library.list_images(*query); });
    if (!page) co_return refuse(page.error());

    std::optional<std::string> cursor;
    if (page->has_more && !page->items.empty())
        cursor = cursor_after(ListKind::images, page->items.back().id.uuid);
    http::Response response = json_response(200, to_json(std::span(page->items), cursor));
    if (cursor) response.headers.set("Link", "<" + next_page(request, *cursor) + ">; rel=\"next\"");
    co_return response;
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
