#include "api/json.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <iterator>

#include "api/facts_json.h"
#include "api/problems.h"
#include "base/text.h"

namespace safelight {
namespace {

constexpr std::size_t job_bytes_guess = 1'024;

void append_time(std::string& json, const std::optional<Timestamp>& time) {
    if (time) {
        fmt::format_to(std::back_inserter(json), R"("{}")", to_rfc3339(*time));
    } else {
        json += "null";
    }
}

void append_content(std::string& json, const std::optional<VariantContent>& content) {
    if (!content) {
        json += R"("media_type":null,"width":null,"height":null,"bytes":null,"etag":null)";
        return;
    }
    fmt::format_to(std::back_inserter(json),
                   R"("media_type":"{}","width":{},"height":{},"bytes":{},"etag":"\"{}\"")",
                   media_type_of_stored(known_format(*content)), content->width_px, content->height_px,
                   content->size_bytes, content->sha256.to_hex());
}

void append_error(std::string& json, const std::optional<VariantError>& error) {
    if (!error) {
        json += "null";
        return;
    }
    const ProblemType& type = type_of(problem_of(error->code));
    fmt::format_to(std::back_inserter(json), R"({{"type":"{}","title":"{}","detail":)", uri_of(type),
                   type.title);
    append_quoted(json,
                  error->code == ErrorCode::internal ? type.explanation : std::string_view(error->detail));
    json += '}';
}

void append_variant(std::string& json, ImageId image_id, const Variant& variant) {
    json += R"({"name":)";
    append_quoted(json, variant.name);
    fmt::format_to(std::back_inserter(json), R"(,"status":"{}","transform":{},)", name_of(variant.status),
                   variant.unknown_transform ? *variant.unknown_transform : to_json(variant.transform));
    append_content(json, variant.content);
    json += R"(,"url":)";
    append_quoted(json, url_of_variant(image_id, variant.name));
    json += R"(,"error":)";
    append_error(json, variant.error);
    json += '}';
}

/// Without the closing brace.
void append_open_image(std::string& json, const Image& image) {
    fmt::format_to(std::back_inserter(json), R"({{"id":"{}","filename":)", image.id.to_string());
    append_quoted(json, image.filename);
    fmt::format_to(
        std::back_inserter(json),
        R"(,"media_type":"{}","bytes":{},"sha256":"{}","width":{},"height":{},"frames":{},"has_alpha":{},)",
        media_type_of_stored(known_format(image)), image.size_bytes, image.sha256.to_hex(),
        image.facts.width_px, image.facts.height_px, image.facts.frames, image.facts.has_alpha);
    append_facts(json, image);
    fmt::format_to(std::back_inserter(json), R"(,"url":"{}","variants":[)", url_of_original(image.id));
    for (const Variant& variant : image.variants) {
        if (&variant != &image.variants.front()) json += ',';
        append_variant(json, image.id, variant);
    }
    json += ']';
}

void append_image(std::string& json, const Image& image) {
    append_open_image(json, image);
    json += '}';
}

void append_record(std::string& json, const Image& image) {
    append_image(json, image);
}

void append_record(std::string& json, const SimilarImage& similar) {
    append_open_image(json, similar.image);
    fmt::format_to(std::back_inserter(json), R"(,"distance":{}}})", similar.distance);
}

void append_record(std::string& json, const Job& job) {
    fmt::format_to(
        std::back_inserter(json),
        R"({{"id":"{}","status":"{}","priority":"{}","created_at":"{}","updated_at":"{}","finished_at":)",
        job.id.to_string(), name_of(job.status), name_of(job.priority), to_rfc3339(job.created_at),
        to_rfc3339(job.updated_at));
    append_time(json, job.finished_at);
    fmt::format_to(std::back_inserter(json), R"(,"attempts":{},"metadata":{},"image":)", job.attempts,
                   job.metadata_json.empty() ? "{}" : job.metadata_json);
    append_image(json, job.image);
    json += '}';
}

template <class Record>
std::string page_json(std::span<const Record> records, const std::optional<std::string>& next_cursor) {
    std::string json;
    json.reserve(records.size() * job_bytes_guess + 64);
    json += R"({"items":[)";
    for (const Record& record : records) {
        if (&record != &records.front()) json += ',';
        append_record(json, record);
    }
    json += R"(],"next_cursor":)";
    if (next_cursor) {
        append_quoted(json, *next_cursor);
    } else {
        json += "null";
    }
    json += '}';
    return json;
}

}  // namespace

void append_quoted(std::string& json, std::string_view text) {
    const std::string valid = is_utf8(text) ? std::string() : to_valid_utf8(text);
    if (!valid.empty()) text = valid;
    json += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            fmt::format_to(std::back_inserter(json), R"(\u{:04x})", static_cast<unsigned>(c));
        } else {
            json += c;
        }
    }
    json += '"';
}

std::string to_json(const Job& job) {
    std::string json;
    json.reserve(job_bytes_guess);
    append_record(json, job);
    return json;
}

std::string to_json(const Variant& variant, ImageId image_id) {
    std::string json;
    append_variant(json, image_id, variant);
    return json;
}

std::string to_json(const Image& image) {
    std::string json;
    json.reserve(job_bytes_guess);
    append_image(json, image);
    return json;
}

std::string to_json(std::span<const Job> jobs, const std::optional<std::string>& next_cursor) {
    return page_json(jobs, next_cursor);
}

std::string to_json(std::span<const Image> images, const std::optional<std::string>& next_cursor) {
    return page_json(images, next_cursor);
}

std::string to_json(std::span<const SimilarImage> images) {
    return page_json(images, std::nullopt);
}

std::string_view media_type_of_stored(std::optional<Format> format) {
    return format ? media_type_of(*format) : "application/octet-stream";
}

std::string url_of(const Job& job) {
    return fmt::format("/v1/jobs/{}", job.id.to_string());
}

std::string url_of_original(ImageId id) {
    return fmt::format("/v1/images/{}/original", id.to_string());
}

std::string url_of_variant(ImageId id, std::string_view name) {
    return fmt::format("/v1/images/{}/variants/{}", id.to_string(), name);
}

std::string etag_of(const Sha256& sha256) {
    return fmt::format(R"("{}")", sha256.to_hex());
}

Result<std::string> normalised_metadata(std::string_view text, std::string_view pointer) {
    namespace json = boost::json;
    json::parse_options options;
    options.max_depth = metadata_depth_max;
    boost::system::error_code error;
    const json::value document = json::parse(text, error, {}, options);
    if (error == json::error::too_deep) {
        return invalid({{std::string(pointer),
                         fmt::format("The metadata is nested deeper than {} levels.", metadata_depth_max)}});
    }
    if (error || !document.is_object())
        return invalid({{std::string(pointer), "The metadata is a JSON object."}});
    return json::serialize(document);
}

}  // namespace safelight
