#include "http/router.h"

#include <algorithm>
#include <utility>

#include "http/semantics.h"

namespace safelight::http {
namespace {

/// The decoded segments of a path; empty when the path can match nothing.
std::optional<std::vector<std::string>> split_path(std::string_view path) {
    std::vector<std::string> segments;
    if (!path.starts_with('/')) return std::nullopt;
    path.remove_prefix(1);
    while (!path.empty()) {
        const auto slash = path.find('/');
        const std::string_view raw = path.substr(0, slash);
        auto decoded = percent_decode(raw);
        if (!decoded || decoded->empty() || *decoded == "." || *decoded == ".." ||
            decoded->find('\0') != std::string::npos) {
            return std::nullopt;
        }
        segments.push_back(std::move(*decoded));
        if (slash == std::string_view::npos) break;
        path.remove_prefix(slash + 1);
        if (path.empty()) return std::nullopt;
    }
    return segments;
}

void allow(std::vector<std::string_view>& methods, std::string_view method) {
    if (std::ranges::find(methods, method) == methods.end()) methods.push_back(method);
}

std::string join(const std::vector<std::string_view>& methods) {
    std::string text;
    for (const std::string_view method : methods) {
        if (!text.empty()) text += ", ";
        text += method;
    }
    return text;
}

}  // namespace

std::vector<Router::Part> Router::parse(std::string_view pattern) {
    std::vector<Part> parts;
    if (pattern.starts_with('/')) pattern.remove_prefix(1);
    while (!pattern.empty()) {
        const auto slash = pattern.find('/');
        std::string_view part = pattern.substr(0, slash);
        if (part.starts_with('{') && part.ends_with("...}")) {
            parts.push_back({PartKind::rest, std::string(part.substr(1, part.size() - 5))});
        } else if (part.starts_with('{') && part.ends_with('}')) {
            parts.push_back({PartKind::parameter, std::string(part.substr(1, part.size() - 2))});
        } else {
            parts.push_back({PartKind::literal, std::string(part)});
        }
        pattern.remove_prefix(slash == std::string_view::npos ? pattern.size() : slash + 1);
    }
    return parts;
}

void Router::add(std::string method, std::string pattern, Handler handler) {
    std::vector<Part> parts = parse(pattern);
    routes_.push_back({std::move(method), std::move(pattern), std::move(handler)});
    auto place = std::ranges::lower_bound(patterns_, parts, {}, &Pattern::parts);
    if (place == patterns_.end() || place->parts != parts)
        place = patterns_.insert(place, {std::move(parts), {}});
    place->routes.push_back(routes_.size() - 1);
}

bool Router::matches(const Pattern& pattern, const std::vector<std::string>& segments) {
    const auto& parts = pattern.parts;
    const bool takes_rest = !parts.empty() && parts.back().kind == PartKind::rest;
    if (takes_rest ? segments.size() < parts.size() : segments.size() != parts.size()) return false;
    for (std::size_t i = 0; i < parts.size() && parts[i].kind != PartKind::rest; ++i) {
        if (parts[i].kind == PartKind::literal && parts[i].text != segments[i]) return false;
    }
    // A slash that came out of an escape would make the joined rest say something else than its segments.
    return !takes_rest ||
           std::none_of(segments.begin() + static_cast<std::ptrdiff_t>(parts.size()) - 1, segments.end(),
                        [](const std::string& segment) { return segment.contains('/'); });
}

const Route* Router::find(const Pattern& pattern, std::string_view method) const {
    const Route* get = nullptr;
    for (const std::size_t index : pattern.routes) {
        const Route& route = routes_[index];
        if (route.method == method) return &route;
        if (route.method == "GET") get = &route;
    }
    return method == "HEAD" ? get : nullptr;
}

std::variant<RouteMatch, NoSuchPath, NoSuchMethod> Router::match(std::string_view method,
                                                                 std::string_view path) const {
    const auto segments = split_path(path);
    if (!segments) return NoSuchPath{};
    std::vector<std::string_view> allowed;
    for (const Pattern& pattern : patterns_) {
        if (!matches(pattern, *segments)) continue;
        if (const Route* route = find(pattern, method)) {
            RouteMatch match{route, {}};
            for (std::size_t i = 0; i < pattern.parts.size(); ++i) {
                if (pattern.parts[i].kind == PartKind::literal) continue;
                std::string value = (*segments)[i];
                if (pattern.parts[i].kind == PartKind::rest) {
                    for (std::size_t j = i + 1; j < segments->size(); ++j) value += "/" + (*segments)[j];
                }
                match.parameters.emplace(pattern.parts[i].text, std::move(value));
            }
            return match;
        }
        for (const std::size_t index : pattern.routes) {
            allow(allowed, routes_[index].method);
            if (routes_[index].method == "GET") allow(allowed, "HEAD");
        }
    }
    if (allowed.empty()) return NoSuchPath{};
    return NoSuchMethod{join(allowed)};
}

}  // namespace safelight::http
