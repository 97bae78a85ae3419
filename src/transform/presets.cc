#include "transform/presets.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <utility>

#include "base/text.h"
#include "transform/compact.h"
#include "transform/object_reader.h"

namespace safelight {
namespace {

namespace json = boost::json;

constexpr std::size_t name_characters_max = 64;
constexpr std::string_view name_rule =
    "A variant's name has 1 to 64 characters of a-z, 0-9, '-' and '_', and begins with a letter or digit.";

std::string known_names(const Presets& presets) {
    std::vector<std::string_view> names;
    for (const auto& [name, transform] : presets.all()) names.push_back(name);
    return fmt::format("{}", fmt::join(names, ", "));
}

/// In either spelling: a JSON object, or a string in the compact one.
Result<Transform> parse_either(const json::value& transform, const std::string& pointer) {
    if (const json::string* compact = transform.if_string()) return parse_compact(*compact, pointer);
    return parse_transform(json::serialize(transform), pointer);
}

/// Gathers requests and faults; a preset's name or an object of name and transform at a time.
class RequestList {
  public:
    explicit RequestList(const Presets& presets) : presets_(presets) {}

    void add_preset(std::string_view name, const std::string& pointer) {
        const Transform* transform = presets_.find(name);
        if (transform == nullptr) {
            const std::string shown = to_valid_utf8(name.substr(0, name_characters_max));
            faults_.push_back({pointer, fmt::format("There is no preset \"{}\"; known are: {}.", shown,
                                                    known_names(presets_))});
            return;
        }
        add({std::string(name), *transform}, pointer);
    }

    void add_item(const json::value& item, const std::string& pointer) {
        if (const json::string* name = item.if_string()) return add_preset(*name, pointer);
        const json::object* object = item.if_object();
        if (object == nullptr) {
            faults_.push_back(
                {pointer, "An item is a preset's name or an object with \"name\" and \"transform\"."});
            return;
        }
        for (const auto& member : *object) {
            if (member.key() == "name" || member.key() == "transform") continue;
            faults_.push_back({pointer, "An item has only the members \"name\" and \"transform\"."});
        }
        const json::value* name = object->if_contains("name");
        if (name == nullptr || !name->is_string() || !is_variant_name(name->get_string())) {
            faults_.push_back({pointer + "/name", std::string(name_rule)});
            return;
        }
        const json::value* transform = object->if_contains("transform");
        if (transform == nullptr) return add_preset(name->get_string(), pointer + "/name");
        auto parsed = parse_either(*transform, pointer + "/transform");
        if (!parsed) {
            faults_.insert(faults_.end(), parsed.error().faults.begin(), parsed.error().faults.end());
            return;
        }
        add({std::string(name->get_string()), *std::move(parsed)}, pointer);
    }

    Result<std::vector<VariantRequest>> take() && {
        if (!faults_.empty()) return invalid(std::move(faults_));
        return std::move(requests_);
    }

  private:
    void add(VariantRequest request, const std::string& pointer) {
        if (!names_.insert(request.name).second) {
            faults_.push_back({pointer, fmt::format("\"{}\" is asked for twice.", request.name)});
            return;
        }
        requests_.push_back(std::move(request));
    }

    const Presets& presets_;
    std::set<std::string, std::less<>> names_;
    std::vector<VariantRequest> requests_;
    std::vector<Fault> faults_;
};

std::vector<std::string_view> split_at_commas(std::string_view text) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto comma = text.find(',');
        parts.push_back(trim(text.substr(0, comma)));
        if (comma == std::string_view::npos) return parts;
        text.remove_prefix(comma + 1);
    }
}

/// Where in a text of lines the byte at `offset` stands, for people: both from 1.
std::string place_of(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const auto line = 1 + std::ranges::count(before, '\n');
    const auto line_begin = before.rfind('\n');
    return fmt::format("line {}, column {}", line,
                       line_begin == std::string_view::npos ? offset + 1 : offset - line_begin);
}

/// The document, or one fault that says where it is no JSON.
Result<json::value> parse_document(std::string_view text) {
    json::stream_parser parser;
    boost::system::error_code error;
    std::size_t offset = parser.write_some(text.data(), text.size(), error);
    if (!error && offset < text.size()) error = json::error::extra_data;
    if (!error) parser.finish(error);
    if (error) {
        return invalid(
            {{"", fmt::format("This is no JSON: {} at {}.", error.message(), place_of(text, offset))}});
    }
    return parser.release();
}

std::unexpected<Error> too_many(std::string_view pointer) {
    return invalid({{std::string(pointer), fmt::format("At most {} variants can be asked for at once.",
                                                       variants_per_request_max)}});
}

}  // namespace

bool is_variant_name(std::string_view name) {
    const auto is_alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    if (name.empty() || name.size() > name_characters_max || !is_alphanumeric(name.front())) return false;
    return std::ranges::all_of(name, [&](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

std::string version_of(const Transform& transform) {
    constexpr std::size_t version_digits = 12;
    return rendition_key(transform).to_hex().substr(0, version_digits);
}

Presets::Presets() {
    transforms_["thumbnail"] = Transform{
        .resize = Resize{.width_px = 100, .height_px = 100, .fit = Fit::inside, .enlarge = false},
        .format = std::nullopt,
        .quality = std::nullopt,
    };
}

Result<Presets> Presets::parse(std::string_view text) {
    TRY_ASSIGN(const json::value document, parse_document(text));
    const json::object* object = document.if_object();
    const json::value* list = object != nullptr ? object->if_contains("presets") : nullptr;
    if (list == nullptr || !list->is_object() || object->size() != 1) {
        return invalid({{"", "Presets are a JSON object {\"presets\": {\"name\": {transform}, …}}."}});
    }
    Presets presets;
    std::vector<Fault> faults;
    for (const auto& member : list->get_object()) {
        const std::string pointer = "/presets/" + escape_pointer(to_valid_utf8(member.key()));
        if (!is_variant_name(member.key())) {
            faults.push_back({pointer, std::string(name_rule)});
            continue;
        }
        auto transform = parse_either(member.value(), pointer);
        if (!transform) {
            faults.insert(faults.end(), transform.error().faults.begin(), transform.error().faults.end());
            continue;
        }
        presets.transforms_[std::string(member.key())] = *std::move(transform);
    }
    if (!faults.empty()) return invalid(std::move(faults));
    return presets;
}

const Transform* Presets::find(std::string_view name) const {
    const auto found = transforms_.find(name);
    return found == transforms_.end() ? nullptr : &found->second;
}

Result<std::vector<VariantRequest>> parse_variants(std::string_view text, const Presets& presets,
                                                   std::string_view pointer) {
    text = trim(text);
    RequestList list(presets);
    if (text.empty()) return std::move(list).take();
    if (!text.starts_with('[')) {
        const auto names = split_at_commas(text);
        if (names.size() > variants_per_request_max) return too_many(pointer);
        for (const std::string_view name : names) list.add_preset(name, std::string(pointer));
        return std::move(list).take();
    }
    boost::system::error_code parse_error;
    const json::value document = json::parse(text, parse_error);
    if (parse_error)
        return invalid({{std::string(pointer), "This is neither preset names nor a JSON list."}});
    const json::array& items = document.get_array();
    if (items.size() > variants_per_request_max) return too_many(pointer);
    for (std::size_t i = 0; i < items.size(); ++i) list.add_item(items[i], fmt::format("{}/{}", pointer, i));
    return std::move(list).take();
}

}  // namespace safelight
