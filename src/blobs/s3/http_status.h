// The few statuses by which an S3 store says how a request went, by name. They stay in this room.
#pragma once

namespace safelight::s3::http_status {

inline constexpr int ok = 200;
inline constexpr int no_content = 204;
inline constexpr int partial_content = 206;
inline constexpr int moved_permanently = 301;
inline constexpr int temporary_redirect = 307;
inline constexpr int unauthorized = 401;
inline constexpr int forbidden = 403;
inline constexpr int not_found = 404;
inline constexpr int method_not_allowed = 405;
inline constexpr int request_timeout = 408;
inline constexpr int conflict = 409;
inline constexpr int precondition_failed = 412;
inline constexpr int range_not_satisfiable = 416;
inline constexpr int too_many_requests = 429;
inline constexpr int internal_error = 500;
inline constexpr int not_implemented = 501;
inline constexpr int bad_gateway = 502;
inline constexpr int service_unavailable = 503;
inline constexpr int gateway_timeout = 504;
inline constexpr int insufficient_storage = 507;

[[nodiscard]] constexpr bool is_success(int status) {
    return status / 100 == 2;
}

}  // namespace safelight::s3::http_status
