// What clients write in paths, queries and headers, as typed values.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/catalog.h"
#include "http/message.h"

namespace safelight {

/// The id in the path. Errors: not_found, also for what is no id at all: nothing is there.
template <class AnyId>
[[nodiscard]] Result<AnyId> id_of(const http::Request& request) {
    const auto found = request.path_parameters.find("id");
    const auto id = found == request.path_parameters.end() ? std::nullopt : AnyId::parse(found->second);
    if (!id) return failure(ErrorCode::not_found, "There is nothing with this id.");
    return *id;
}

/// Errors: invalid_argument, one fault for each parameter that is unknown or given twice. The parameters of a
/// signed URL are the authenticator's.
[[nodiscard]] Status check_query(const http::Request& request, std::initializer_list<std::string_view> known);
/// The same of a request that says everything in its address: a body is a fault as well.
[[nodiscard]] Status check_bare(const http::Request& request, std::initializer_list<std::string_view> known);
[[nodiscard]] std::optional<std::string> query_value(const http::Request& request, std::string_view name);

enum class ListKind { jobs, images, accounts, keys, webhooks, deliveries };

inline constexpr std::uint32_t list_limit_default = 50;
inline constexpr std::uint32_t list_limit_max = 200;

/// Filters, limit and cursor of a list. Errors: invalid_argument, one fault for each parameter.
[[nodiscard]] Result<ListQuery> list_query(const http::Request& request, ListKind kind, AccountId owner);

/// The same filters without limit and cursor, of a request without a body. Errors: as list_query.
[[nodiscard]] Result<JobFilter> job_filter(const http::Request& request);

/// Limit and cursor of a list that has no other filters than `known`. Errors: as list_query.
struct PageQuery {
    std::uint32_t limit = list_limit_default;
    std::optional<Uuid> after{};
};
[[nodiscard]] Result<PageQuery> page_query(const http::Request& request, ListKind kind,
                                           std::initializer_list<std::string_view> known = {});

inline constexpr std::uint32_t similar_distance_max = 32;  // of 64 bits: half is chance

/// ?similar_to=…&max_distance=…&limit=… of the list of images. Errors: as list_query.
[[nodiscard]] Result<SimilarQuery> similar_query(const http::Request& request, AccountId owner);

/// A position in a list, in a form that clients can only hand back: a version, the kind of list, the last id.
[[nodiscard]] std::string cursor_after(ListKind kind, const Uuid& last);
[[nodiscard]] std::optional<Uuid> parse_cursor(ListKind kind, std::string_view cursor);

/// The address of the next page: the request's own path and filters with another cursor.
[[nodiscard]] std::string next_page(const http::Request& request, std::string_view cursor);

inline constexpr std::uint32_t wait_max_s = 60;
/// `Prefer: wait=N` as it is honoured: 1 to 60 seconds; empty without it.
[[nodiscard]] std::optional<std::uint32_t> wait_of(const http::Request& request);

/// The media type of Content-Type in lower case, without parameters; empty when there is none.
[[nodiscard]] std::string media_type_of(const http::Request& request);

/// The JSON pointer (RFC 6901) to a member of the outermost object.
[[nodiscard]] std::string pointer_to(std::string_view name);

}  // namespace safelight
