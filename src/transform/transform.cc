#include "transform/transform.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

namespace safelight {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<Fit, std::string_view>, 4> fit_names{
    {{Fit::inside, "inside"}, {Fit::outside, "outside"}, {Fit::cover, "cover"}, {Fit::fill, "fill"}}};

std::string_view name_of(Fit fit) {
    for (const auto& [known, name] : fit_names) {
        if (known == fit) return name;
    }
    return "inside";
}

/// Reads the members of one JSON object and gathers every fault with its pointer.
class ObjectReader {
  public:
    ObjectReader(const json::object& object, std::string pointer, std::vector<Fault>& faults)
        : object_(object), pointer_(std::move(pointer)), faults_(faults) {}

    void allow_only(std::initializer_list<std::string_view> names) {
        for (const auto& member : object_) {
            const std::string_view key = member.key();
            if (std::find(names.begin(), names.end(), key) == names.end()) {
                fault(key, fmt::format("There is no member \"{}\" here; known are: {}.", key.substr(0, 64),
                                       fmt::join(names, ", ")));
            }
        }
    }

    std::optional<std::uint32_t> whole_number(std::string_view name, std::uint32_t min, std::uint32_t max) {
        const json::value* value = object_.if_contains(name);
        if (value == nullptr) return std::nullopt;
        const std::int64_t* number = value->if_int64();
        if (number == nullptr || *number < min || *number > max) {
            fault(name, fmt::format("\"{}\" is a whole number from {} to {}.", name, min, max));
            return std::nullopt;
        }
        return static_cast<std::uint32_t>(*number);
    }

    std::optional<bool> boolean(std::string_view name) {
        const json::value* value = object_.if_contains(name);
        if (value == nullptr) return std::nullopt;
        const bool* flag = value->if_bool();
        if (flag == nullptr) {
            fault(name, fmt::format("\"{}\" is true or false.", name));
            return std::nullopt;
        }
        return *flag;
    }

    std::optional<std::string> text(std::string_view name) {
        const json::value* value = object_.if_contains(name);
        if (value == nullptr) return std::nullopt;
        const json::string* string = value->if_string();
        if (string == nullptr) {
            fault(name, fmt::format("\"{}\" is a string.", name));
            return std::nullopt;
        }
        return std::string(*string);
    }

    const json::object* object(std::string_view name) {
        const json::value* value = object_.if_contains(name);
        if (value == nullptr) return nullptr;
        if (!value->is_object()) fault(name, fmt::format("\"{}\" is an object.", name));
        return value->if_object();
    }

    void fault(std::string_view name, std::string detail) {
        faults_.push_back({fmt::format("{}/{}", pointer_, escape(name)), std::move(detail)});
    }

    std::string pointer_to(std::string_view name) const { return fmt::format("{}/{}", pointer_, name); }

  private:
    /// RFC 6901: "~" and "/" in a member's name.
    static std::string escape(std::string_view name) {
        std::string escaped;
        for (const char c : name) {
            if (c == '~') {
                escaped += "~0";
            } else if (c == '/') {
                escaped += "~1";
            } else {
                escaped += c;
            }
        }
        return escaped;
    }

    const json::object& object_;
    std::string pointer_;
    std::vector<Fault>& faults_;
};

std::string choices() {
    std::string list;
    for (const auto& [fit, name] : fit_names) list += (list.empty() ? "" : ", ") + std::string(name);
    return list;
}

Resize read_resize(ObjectReader reader) {
    reader.allow_only({"width", "height", "fit", "enlarge"});
    Resize resize;
    resize.width_px = reader.whole_number("width", 1, resize_side_max_px);
    resize.height_px = reader.whole_number("height", 1, resize_side_max_px);
    if (const auto fit = reader.text("fit")) {
        const auto found = std::ranges::find(fit_names, *fit, &std::pair<Fit, std::string_view>::second);
        if (found == fit_names.end()) {
            reader.fault("fit", fmt::format("\"fit\" is one of: {}.", choices()));
        } else {
            resize.fit = found->first;
        }
    }
    resize.enlarge = reader.boolean("enlarge").value_or(false);
    return resize;
}

}  // namespace

Result<Transform> parse_transform(std::string_view text, std::string_view pointer) {
    boost::system::error_code parse_error;
    const json::value document = json::parse(text, parse_error);
    if (parse_error)
        return invalid({{std::string(pointer), "A transform is a JSON object; this is not JSON."}});
    const json::object* object = document.if_object();
    if (object == nullptr) return invalid({{std::string(pointer), "A transform is a JSON object."}});

    std::vector<Fault> faults;
    ObjectReader reader(*object, std::string(pointer), faults);
    reader.allow_only({"resize", "format", "quality"});
    Transform transform;
    if (const json::object* resize = reader.object("resize")) {
        if (!resize->contains("width") && !resize->contains("height")) {
            reader.fault("resize", "\"resize\" needs \"width\", \"height\" or both.");
        }
        transform.resize = read_resize(ObjectReader(*resize, reader.pointer_to("resize"), faults));
    }
    if (const auto name = reader.text("format")) {
        transform.format = format_from_name(*name);
        if (!transform.format || *transform.format == Format::heic) {
            reader.fault("format", "\"format\" is one of: jpeg, png, gif, webp, tiff, avif.");
        }
    }
    if (const auto quality = reader.whole_number("quality", 1, 100)) {
        transform.quality = static_cast<std::uint8_t>(*quality);
    }
    if (!faults.empty()) return invalid(std::move(faults));
    return transform;
}

std::string to_json(const Transform& transform) {
    json::object object;
    if (transform.resize) {
        json::object resize;
        if (transform.resize->width_px) resize["width"] = *transform.resize->width_px;
        if (transform.resize->height_px) resize["height"] = *transform.resize->height_px;
        resize["fit"] = name_of(transform.resize->fit);
        if (transform.resize->enlarge) resize["enlarge"] = true;
        object["resize"] = std::move(resize);
    }
    if (transform.format) object["format"] = name_of(*transform.format);
    if (transform.quality) object["quality"] = *transform.quality;
    return json::serialize(object);
}

}  // namespace safelight
