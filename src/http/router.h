// Which handler serves a method and a path.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/message.h"

namespace safelight::http {

struct Route {
    std::string method;  // "GET" also serves HEAD
    std::string
        pattern;  // "/v1/jobs/{id}"; a last part "{name...}" takes the rest of the path, slashes included
    Handler handler;
};

struct RouteMatch {
    const Route* route = nullptr;
    std::map<std::string, std::string, std::less<>> parameters;  // percent-decoded
};
struct NoSuchPath {};
struct NoSuchMethod {
    std::string allow;  // for the Allow header: "GET, HEAD, POST"
};

/// Fill it, then share it: matching is const and any thread may call it.
class Router {
  public:
    void add(std::string method, std::string pattern, Handler handler);

    /// `path` is still encoded. A path with a malformed escape, an encoded NUL, an empty segment, or a
    /// segment "." or
    /// ".." matches nothing. An encoded slash stays inside its parameter, and is refused inside "{name...}".
    [[nodiscard]] std::variant<RouteMatch, NoSuchPath, NoSuchMethod> match(std::string_view method,
                                                                           std::string_view path) const;
    [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  private:
    enum class PartKind { literal, parameter, rest };  // in the order in which they are tried
    struct Part {
        PartKind kind = PartKind::literal;
        std::string text;  // the literal, or the parameter's name

        auto operator<=>(const Part&) const = default;
    };
    /// The routes of one path, whatever their methods.
    struct Pattern {
        std::vector<Part> parts;
        std::vector<std::size_t> routes;  // indexes into routes_
    };

    [[nodiscard]] static std::vector<Part> parse(std::string_view pattern);
    [[nodiscard]] static bool matches(const Pattern& pattern, const std::vector<std::string>& segments);
    [[nodiscard]] const Route* find(const Pattern& pattern, std::string_view method) const;

    std::vector<Route> routes_;
    std::vector<Pattern> patterns_;  // the most specific first
};

}  // namespace safelight::http
