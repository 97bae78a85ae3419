#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "transform/members.h"
#include "transform/read.h"

namespace safelight {

namespace json = boost::json;

namespace {

Result<Transform> parse(std::string_view text, std::string_view pointer, bool is_request) {
    boost::system::error_code parse_error;
    const json::value document = json::parse(text, parse_error);
    if (parse_error)
        return invalid({{std::string(pointer), "A transform is a JSON object; this is not JSON."}});
    const json::object* object = document.if_object();
    if (object == nullptr) return invalid({{std::string(pointer), "A transform is a JSON object."}});
    std::vector<Fault> faults;
    const ObjectReader reader(*object, std::string(pointer), faults);
    const Transform transform = read_transform(reader);
    if (is_request) check_format(reader, transform);
    if (!faults.empty()) return invalid(std::move(faults));
    return transform;
}

}  // namespace

Result<Transform> parse_transform(std::string_view text, std::string_view pointer) {
    return parse(text, pointer, true);
}

Result<Transform> parse_stored_transform(std::string_view text) {
    return parse(text, "", false);
}

bool may_be_transform(std::string_view text) {
    boost::system::error_code parse_error;
    return json::parse(text, parse_error).is_object() && !parse_error;
}

std::string to_json(const Transform& transform) {
    std::string text = "{";
    std::string_view section;
    for (const Member& member : members_of(transform)) {
        if (member.section != section) {
            if (!section.empty()) text += '}';
            if (text.size() > 1) text += ',';
            section = member.section;
            if (!section.empty()) text += fmt::format("\"{}\":{{", section);
        } else if (text.size() > 1) {
            text += ',';
        }
        // No value needs escaping: numbers, words of our own, and hexadecimal digits.
        text += member.quoted ? fmt::format("\"{}\":\"{}\"", member.name, member.value)
                              : fmt::format("\"{}\":{}", member.name, member.value);
    }
    if (!section.empty()) text += '}';
    return text + '}';
}

}  // namespace safelight
