#include "transform/compact.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <optional>
#include <span>
#include <vector>

#include "base/text.h"
#include "transform/members.h"
#include "transform/read.h"

namespace safelight {
namespace {

namespace json = boost::json;

enum class Kind { number, flag, word, colour };

/// One key, and the JSON member that it stands for.
struct Key {
    std::string_view key;
    std::string_view section;
    std::string_view name;
    Kind kind;
};

constexpr auto keys = std::to_array<Key>({
    {"trim", "", "trim", Kind::number},
    {"cx", "crop", "x", Kind::number},
    {"cy", "crop", "y", Kind::number},
    {"cw", "crop", "width", Kind::number},
    {"ch", "crop", "height", Kind::number},
    {"cg", "crop", "gravity", Kind::word},
    {"rot", "", "rotate", Kind::number},
    {"flip", "", "flip", Kind::word},
    {"w", "resize", "width", Kind::number},
    {"h", "resize", "height", Kind::number},
    {"ls", "resize", "longest_side", Kind::number},
    {"area", "resize", "area", Kind::number},
    {"fit", "resize", "fit", Kind::word},
    {"enlarge", "resize", "enlarge", Kind::flag},
    {"g", "resize", "gravity", Kind::word},
    {"dpr", "resize", "dpr", Kind::number},
    {"grey", "", "greyscale", Kind::flag},
    {"sat", "", "saturation", Kind::number},
    {"bri", "", "brightness", Kind::number},
    {"con", "", "contrast", Kind::number},
    {"dd", "duotone", "dark", Kind::colour},
    {"dl", "duotone", "light", Kind::colour},
    {"blur", "", "blur", Kind::number},
    {"sharp", "", "sharpen", Kind::number},
    {"wm", "watermark", "image", Kind::word},
    {"wmp", "watermark", "position", Kind::word},
    {"wmo", "watermark", "opacity", Kind::number},
    {"wms", "watermark", "scale", Kind::number},
    {"wmm", "watermark", "margin", Kind::number},
    {"r", "", "corner_radius", Kind::number},
    {"pt", "pad", "top", Kind::number},
    {"pr", "pad", "right", Kind::number},
    {"pb", "pad", "bottom", Kind::number},
    {"pl", "pad", "left", Kind::number},
    {"bg", "", "background", Kind::colour},
    {"f", "", "format", Kind::word},
    {"q", "", "quality", Kind::number},
    {"max", "", "max_bytes", Kind::number},
    {"prog", "", "progressive", Kind::flag},
    {"lossless", "", "lossless", Kind::flag},
    {"effort", "", "effort", Kind::number},
    {"meta", "", "metadata", Kind::word},
    {"icc", "", "icc", Kind::word},
    {"anim", "", "animation", Kind::word},
});

/// JSON writes the fit of every resize; here it is left out when it is this.
constexpr std::string_view usual_fit = "inside";

const Key* find_key(std::string_view key) {
    const auto found = std::ranges::find(keys, key, &Key::key);
    return found == keys.end() ? nullptr : &*found;
}

const Key* find_member(std::string_view section, std::string_view name) {
    const auto found = std::ranges::find_if(
        keys, [&](const Key& key) { return key.section == section && key.name == name; });
    return found == keys.end() ? nullptr : &*found;
}

template <class Number>
std::optional<Number> parsed(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// What JSON would hold. A text that is not of its kind stays a string, which the reader refuses.
json::value value_of(Kind kind, std::string_view text) {
    if (kind == Kind::number) {
        if (const auto whole = parsed<std::int64_t>(text)) return *whole;
        if (const auto real = parsed<double>(text)) return *real;
    }
    if (kind == Kind::flag && (text == "true" || text == "false")) return text == "true";
    if (kind == Kind::colour) return json::string(fmt::format("#{}", text));
    return json::string(text);
}

/// The JSON form of the items, and the faults of their spelling.
class Items {
  public:
    explicit Items(std::string_view pointer) : pointer_(pointer) {}

    void add(std::string_view item) {
        const auto equals = item.find('=');
        const std::string key = to_valid_utf8(item.substr(0, std::min<std::size_t>(equals, 32)));
        if (equals == std::string_view::npos) {
            faults_.push_back({pointer_, fmt::format("\"{}\" is not of the form key=value.", key)});
            return;
        }
        const Key* known = find_key(item.substr(0, equals));
        if (known == nullptr) {
            faults_.push_back({pointer_to(escape_pointer(key)), fmt::format("There is no key \"{}\".", key)});
            return;
        }
        json::object& object = section(known->section);
        const bool is_new =
            object.emplace(known->name, value_of(known->kind, item.substr(equals + 1))).second;
        if (!is_new) faults_.push_back({pointer_to(key), fmt::format("\"{}\" is there twice.", key)});
    }

    Result<Transform> take() && {
        std::vector<Fault> faults;
        const ObjectReader reader(object_, "", faults);
        const Transform transform = read_transform(reader);
        check_format(reader, transform);
        for (const Fault& fault : faults) faults_.push_back(in_keys(fault));
        if (!faults_.empty()) return invalid(std::move(faults_));
        return transform;
    }

  private:
    json::object& section(std::string_view name) {
        if (name.empty()) return object_;
        return object_.emplace(name, json::object()).first->value().get_object();
    }

    [[nodiscard]] std::string pointer_to(std::string_view key) const {
        return fmt::format("{}/{}", pointer_, key);
    }

    /// A fault of the JSON form in the words of this one.
    [[nodiscard]] Fault in_keys(const Fault& fault) const {
        const std::string_view path = std::string_view(fault.pointer).substr(1);
        const auto slash = path.find('/');
        const bool has_section = slash != std::string_view::npos;
        const Key* key =
            has_section ? find_member(path.substr(0, slash), path.substr(slash + 1)) : find_member("", path);
        const std::string_view section = key != nullptr ? key->section : path;
        Fault translated{key != nullptr ? pointer_to(key->key) : pointer_, fault.detail};
        for (const Key& known : keys) {
            if (known.section != section) continue;
            replace_all(translated.detail, fmt::format("\"{}\"", known.name),
                        fmt::format("\"{}\"", known.key));
        }
        return translated;
    }

    static void replace_all(std::string& text, std::string_view from, std::string_view to) {
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
            text.replace(at, from.size(), to);
        }
    }

    std::string pointer_;
    json::object object_;
    std::vector<Fault> faults_;
};

}  // namespace

Result<Transform> parse_compact(std::string_view text, std::string_view pointer) {
    if (text.size() > compact_bytes_max)
        return invalid({{std::string(pointer),
                         fmt::format("A transform has {} characters at most.", compact_bytes_max)}});
    Items items(pointer);
    while (!text.empty()) {
        const auto comma = text.find(',');
        items.add(text.substr(0, comma));
        if (comma == std::string_view::npos) break;
        text.remove_prefix(comma + 1);
        if (text.empty()) items.add("");  // a comma at the end
    }
    return std::move(items).take();
}

std::string to_compact(const Transform& transform) {
    std::string text;
    for (const Member& member : members_of(transform)) {
        const Key* key = find_member(member.section, member.name);
        if (key->key == "fit" && member.value == usual_fit) continue;
        const std::string_view value = member.value;
        text += fmt::format("{}{}={}", text.empty() ? "" : ",", key->key,
                            key->kind == Kind::colour ? value.substr(1) : value);
    }
    return text;
}

Sha256 rendition_key(const Transform& transform) {
    const std::string canonical = to_compact(transform);
    return sha256_of(std::as_bytes(std::span(canonical)));
}

}  // namespace safelight
