#include <fmt/format.h>

#include "api/handlers.h"
#include "api/request_values.h"
#include "image/format_support.h"

namespace safelight {
namespace {

std::string to_json(const FormatSupport& support) {
    return fmt::format(
        R"({{"format":"{}","media_type":"{}","read":{},"write":{},"animation":{},"alpha":{},"lossless":{},"quality":{}}})",
        name_of(support.format), media_type_of(support.format), support.reads, support.writes,
        support.animation, support.alpha, support.lossless, support.quality);
}

std::string to_json(std::span<const FormatSupport> formats) {
    std::string json = R"({"items":[)";
    for (const FormatSupport& support : formats) {
        if (json.back() == '}') json += ',';
        json += to_json(support);
    }
    return json + "]}";
}

}  // namespace

Handled list_formats(const ApiParts& api, const Principal&, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    co_return conditional_json(request, to_json(std::span(api.formats)));
}

}  // namespace safelight
