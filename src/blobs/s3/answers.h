// The XML that a store answers with, and the documents that we send. Whoever reads bounds its length
// first.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace safelight::s3 {

struct ListedObject {
    std::string name;
    std::uint64_t size_bytes = 0;
    Timestamp modified_at;
};

struct ObjectPage {
    std::vector<ListedObject> objects;
    std::string next_token;  // empty on the last page
};

struct ListedUpload {
    std::string name;
    std::string id;
    Timestamp started_at;
};

struct UploadPage {
    std::vector<ListedUpload> uploads;
    std::string next_name;  // empty, as next_id, on the last page
    std::string next_id;
};

/// Empty for what is no such answer. A page that says that more follows, but not where, is none.
[[nodiscard]] std::optional<ObjectPage> parse_object_page(std::string_view xml);
[[nodiscard]] std::optional<UploadPage> parse_upload_page(std::string_view xml);

/// The id in an InitiateMultipartUploadResult.
[[nodiscard]] std::optional<std::string> parse_upload_id(std::string_view xml);

[[nodiscard]] bool is_completed_upload(std::string_view xml);

/// The code in an <Error>, when it is a plain word: "NoSuchKey". Empty otherwise. The message beside it can
/// hold what was signed, and is not looked at.
[[nodiscard]] std::string error_code_in(std::string_view xml);

struct DeletedObject {
    std::string name;
    bool is_gone = false;
};

/// What became of each object of a batch, in no order. Empty for what is no DeleteResult.
[[nodiscard]] std::optional<std::vector<DeletedObject>> parse_deletions(std::string_view xml);

/// The body that deletes a batch of objects.
[[nodiscard]] std::string batch_deletion(std::span<const std::string> names);

/// The body that completes an upload; the first ETag is of part 1.
[[nodiscard]] std::string completion(std::span<const std::string> etags);

/// The body that makes a bucket in that region; empty where the default is meant.
[[nodiscard]] std::string bucket_location(std::string_view region);

}  // namespace safelight::s3
