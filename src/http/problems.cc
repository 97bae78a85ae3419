#include "http/problems.h"

#include <exception>
#include <string>

namespace safelight::http {
namespace {

int status_of(ServerProblem problem) {
    switch (problem) {
        case ServerProblem::bad_request:
            return 400;
        case ServerProblem::length_required:
            return 411;
        case ServerProblem::payload_too_large:
            return 413;
        case ServerProblem::uri_too_long:
            return 414;
        case ServerProblem::header_fields_too_large:
            return 431;
        case ServerProblem::request_timeout:
            return 408;
        case ServerProblem::not_found:
            return 404;
        case ServerProblem::method_not_allowed:
            return 405;
        case ServerProblem::not_implemented:
            return 501;
        case ServerProblem::version_not_supported:
            return 505;
        case ServerProblem::expectation_failed:
            return 417;
        case ServerProblem::handler_failed:
            return 500;
        case ServerProblem::too_many_connections:
            return 503;
    }
    return 500;
}

Response plain(ServerProblem problem, std::string_view detail) {
    Response response;
    response.status = status_of(problem);
    response.headers.set("Content-Type", "text/plain; charset=utf-8");
    response.body = std::string(detail) + "\n";
    return response;
}

Response by_hook(const ServerHooks& hooks, ServerProblem problem, std::string_view detail,
                 const Request* request) {
    if (!hooks.problem) return plain(problem, detail);
    try {
        return hooks.problem(problem, detail, request);
    } catch (const std::exception&) {
        return plain(problem, detail);
    }
}

}  // namespace

Response render_problem(const ServerHooks& hooks, ServerProblem problem, std::string_view detail,
                        const Request* request) {
    Response response = by_hook(hooks, problem, detail, request);
    if (problem == ServerProblem::too_many_connections && !response.headers.has("Retry-After")) {
        response.headers.set("Retry-After", "1");
    }
    return response;
}

}  // namespace safelight::http
