#include "api/upload_details.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>
#include <vector>

#include "api/focal_point.h"
#include "api/json.h"
#include "api/request_values.h"
#include "http/semantics.h"

namespace safelight {

Result<UploadFields> said_in_query(const http::Request& request) {
    TRY(check_query(request, {"variants", "filename", "metadata", "focal_point", "priority"}));
    UploadFields said;
    for (const UploadField& field : upload_fields) said.*field.value = query_value(request, field.name);
    return said;
}

Result<UploadFields> said_in_all(const UploadFields& in_query, UploadFields elsewhere,
                                 std::string_view where) {
    std::vector<Fault> faults;
    for (const UploadField& field : upload_fields) {
        const auto& asked = in_query.*field.value;
        auto& all = elsewhere.*field.value;
        if (asked && all) {
            faults.push_back({fmt::format("?{}", field.name),
                              fmt::format("\"{}\" is given in the query and in {}.", field.name, where)});
        }
        if (asked) all = asked;
    }
    if (!faults.empty()) return invalid(std::move(faults));
    return elsewhere;
}

Status read_details(const ApiParts& api, const UploadFields& said, std::string_view place,
                    UploadDetails& details) {
    details.filename = said.filename.value_or("");
    std::vector<Fault> faults;
    const auto note = [&](const Error& error) {
        faults.insert(faults.end(), error.faults.begin(), error.faults.end());
    };
    details.variants = api.default_variants;
    if (said.variants) {
        auto variants = parse_variants(*said.variants, api.presets, fmt::format("{}variants", place));
        if (variants) {
            details.variants = *std::move(variants);
        } else {
            note(variants.error());
        }
    }
    if (said.metadata) {
        auto metadata = normalised_metadata(*said.metadata, fmt::format("{}metadata", place));
        if (metadata) {
            details.metadata_json = *std::move(metadata);
        } else {
            note(metadata.error());
        }
    }
    if (said.focal_point) {
        const auto point = parse_focal_point(*said.focal_point, fmt::format("{}focal_point", place));
        if (point) {
            details.focal_point = *point;
        } else {
            note(point.error());
        }
    }
    if (said.priority) {
        const auto priority = priority_from_name(*said.priority);
        if (priority) {
            details.priority = *priority;
        } else {
            faults.push_back(
                {fmt::format("{}priority", place), "\"priority\" is one of: interactive, normal, bulk."});
        }
    }
    if (!faults.empty()) return invalid(std::move(faults));
    return {};
}

Result<std::optional<Sha256>> digest_of(const http::Request& request) {
    const auto field = request.headers.get("Content-Digest");
    if (!field) return std::nullopt;
    TRY_ASSIGN(const auto value, http::sha256_of_content_digest(*field));
    if (!value) return std::nullopt;
    Sha256 digest;
    if (value->size() != digest.bytes.size()) {
        return failure(ErrorCode::invalid_argument, "The sha-256 of Content-Digest has not 32 bytes.");
    }
    std::ranges::transform(*value, digest.bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
    return digest;
}

std::string kept_text(const UploadFields& said, const UploadDetails& details) {
    UploadFields kept = said;
    std::string variants;
    for (const VariantRequest& request : details.variants) {
        variants += variants.empty() ? "[" : ",";
        variants += R"({"name":)";
        append_quoted(variants, request.name);
        variants += fmt::format(R"(,"transform":{}}})", to_json(request.transform));
    }
    kept.variants = variants.empty() ? "" : variants + "]";
    boost::json::object members;
    for (const UploadField& field : upload_fields) {
        if (const auto& value = kept.*field.value) members.emplace(field.name, *value);
    }
    return boost::json::serialize(members);
}

std::optional<UploadFields> kept_fields(std::string_view text) {
    boost::system::error_code error;
    const boost::json::value document = boost::json::parse(text, error);
    if (error || !document.is_object()) return std::nullopt;
    UploadFields kept;
    for (const UploadField& field : upload_fields) {
        const auto* const value = document.get_object().if_contains(field.name);
        if (value == nullptr) continue;
        if (!value->is_string()) return std::nullopt;
        kept.*field.value = std::string(value->get_string());
    }
    return kept;
}

}  // namespace safelight
