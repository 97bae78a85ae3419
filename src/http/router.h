// Which handler serves a method and a path.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/message.h"

namespace safelight::http {

struct Route {
    std::string method;   // "GET" also serves HEAD
    std::string pattern;  // "/v1/jobs/{id}"; a last part "{name...}" takes the rest of the path, slashes included
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

    /// `path` is still encoded. A path with a malformed escape, an encoded NUL, or an empty segment matches nothing.
    [[nodiscard]] std::variant<RouteMatch, NoSuchPath, NoSuchMethod> match(std::string_view method,
                                                                           std::string_view path) const;
    [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  private:
    std::vector<Route> routes_;
};

}  // namespace safelight::http
