// The named transforms of the configuration.
#include "api/handlers.h"
#include "api/json.h"
#include "api/request_values.h"
#include "transform/compact.h"

namespace safelight {
namespace {

std::string list_of(const Presets& presets) {
    std::string json = R"({"items":[)";
    bool is_first = true;
    for (const auto& [name, transform] : presets.all()) {
        if (!is_first) json += ',';
        is_first = false;
        json += R"({"name":)";
        append_quoted(json, name);
        json += R"(,"version":)";
        append_quoted(json, version_of(transform));
        json += R"(,"transform":)" + to_json(transform) + R"(,"compact":)";
        append_quoted(json, to_compact(transform));
        json += '}';
    }
    return json + "]}";
}

}  // namespace

Handled list_presets(const ApiParts& api, const Principal&, http::Request& request) {
    if (auto status = check_query(request, {}); !status) co_return refuse(status.error());
    co_return conditional_json(request, list_of(api.presets));
}

}  // namespace safelight
