#include "api/source_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>
#include <vector>

#include "access/strict_json.h"
#include "api/json.h"
#include "api/request_values.h"
#include "base/text.h"

namespace safelight {
namespace {

namespace json = boost::json;

constexpr std::size_t depth_max = metadata_depth_max + 1;
constexpr std::size_t shown_bytes_max = 64;

/// The JSON forms of a field; its content is looked at together with that of forms and queries.
struct Member {
    std::string_view name;
    std::optional<std::string> UploadFields::* value;
    bool takes_text;
    json::kind other_kind;  // null: none
    std::string_view rule;
};

constexpr std::array members{
    Member{"filename", &UploadFields::filename, true, json::kind::null, "\"filename\" is a text."},
    Member{"variants", &UploadFields::variants, true, json::kind::array,
           "\"variants\" is a list of preset names and {\"name\": …, \"transform\": …} objects, or a text of "
           "preset names with commas between them."},
    Member{"metadata", &UploadFields::metadata, false, json::kind::object, "\"metadata\" is a JSON object."},
    Member{"focal_point", &UploadFields::focal_point, true, json::kind::object,
           "\"focal_point\" is {\"x\": 0.3, \"y\": 0.6}."},
    Member{"priority", &UploadFields::priority, true, json::kind::null,
           "\"priority\" is one of: interactive, normal, bulk."},
};

std::string names_of_members() {
    std::string names = "source_url";
    for (const Member& member : members) names.append(", ").append(member.name);
    return names;
}

std::optional<std::string> text_of(const Member& member, const json::value& value) {
    if (value.is_string() && member.takes_text) return std::string(value.get_string());
    if (value.kind() == member.other_kind && !value.is_null()) return json::serialize(value);
    return std::nullopt;
}

void read_member(std::string_view name, const json::value& value, UploadFields& said,
                 std::vector<Fault>& faults) {
    const auto known = std::ranges::find(members, name, &Member::name);
    if (known == members.end()) {
        const std::string shown = to_valid_utf8(name.substr(0, shown_bytes_max));
        faults.push_back({pointer_to(shown), fmt::format("There is no member \"{}\" here; known are: {}.",
                                                         shown, names_of_members())});
        return;
    }
    auto text = text_of(*known, value);
    if (!text) faults.push_back({pointer_to(name), std::string(known->rule)});
    said.*known->value = std::move(text);
}

}  // namespace

Result<SourceRequest> parse_source_request(std::string_view text) {
    const auto document = parse_strict_object(text, depth_max);
    if (!document) {
        return invalid({{"", fmt::format("The body is a JSON object of at most {} levels, with "
                                         "\"source_url\" and no member twice.",
                                         depth_max)}});
    }
    SourceRequest request;
    std::vector<Fault> faults;
    const json::value* const url = document->if_contains("source_url");
    if (url != nullptr && url->is_string()) {
        request.url = url->get_string();
    } else {
        faults.push_back({"/source_url", "\"source_url\" is the http or https address of the picture."});
    }
    for (const auto& member : *document) {
        if (member.key() != "source_url") read_member(member.key(), member.value(), request.said, faults);
    }
    if (!faults.empty()) return invalid(std::move(faults));
    return request;
}

}  // namespace safelight
