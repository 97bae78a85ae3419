#include "api/json_body.h"

#include <boost/json.hpp>
#include <utility>

#include "api/handlers.h"
#include "api/request_values.h"
#include "api/upload.h"

namespace safelight {
namespace {

constexpr std::uint64_t body_bytes_max = 16 * 1'024;

}  // namespace

http::Task<Received<boost::json::object>> read_object(const ApiParts& api, http::Request& request,
                                                      ObjectBody body) {
    const auto text = co_await read_body_text(api, request, body.scope, body_bytes_max);
    if (!text) co_return std::unexpected(text.error());
    if (text->empty() && body.may_be_empty) co_return boost::json::object{};
    const std::string type = media_type_of(request);
    if (type != "application/json" && (body.other_type.empty() || type != body.other_type))
        co_return refuse(Problem::unsupported_media_type, "The body has to be application/json.");
    boost::system::error_code error;
    boost::json::value document = boost::json::parse(*text, error);
    if (error || !document.is_object())
        co_return refuse(invalid({{"", "The body is a JSON object."}}).error());
    co_return std::move(document.get_object());
}

}  // namespace safelight
