// The part of the suite for uploads that arrive in parts:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, ResumableConformance, testing::Values(backend), backend_name);
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "catalog/conformance/catalog_suite.h"
#include "catalog/resumable_uploads.h"

namespace safelight {

class ResumableConformance : public CatalogConformance {
  protected:
    static constexpr std::uint32_t unfinished_max = 10;

    [[nodiscard]] ResumableUploads& uploads() { return under_test().database().resumable_uploads(); }

    [[nodiscard]] ResumableUpload draft_upload(std::uint64_t size_bytes,
                                               AccountId owner = default_account()) {
        ResumableUpload upload;
        upload.id = ids_.next<UploadId>();
        upload.owner = owner;
        upload.size_bytes = size_bytes;
        upload.details = R"({"said":"é"})";
        upload.expires_at = now() + lifetime;
        return upload;
    }
    ResumableUpload create_upload(std::uint64_t size_bytes, AccountId owner = default_account()) {
        const ResumableUpload upload = draft_upload(size_bytes, owner);
        if (const Status status = uploads().create(upload, unfinished_max); !status)
            throw std::runtime_error(status.error().log_text);
        return upload;
    }
    /// Its blob is reserved.
    [[nodiscard]] UploadPart part_at(std::uint64_t offset, std::uint64_t size_bytes) {
        const std::string text = std::to_string(offset);
        return {.offset = offset,
                .blob = reserve(),
                .size_bytes = size_bytes,
                .sha256 = sha256_of(std::as_bytes(std::span(text)))};
    }
    Status append(const ResumableUpload& upload, const std::vector<UploadPart>& parts) {
        return uploads().append(upload.owner, upload.id, parts, now() + lifetime);
    }
    [[nodiscard]] ResumableUpload state_of_upload(const ResumableUpload& upload) {
        auto found = uploads().find(upload.owner, upload.id);
        if (!found) throw std::runtime_error(found.error().public_text);
        return *std::move(found);
    }
    [[nodiscard]] std::vector<UploadPart> parts_of(const ResumableUpload& upload) {
        auto parts = uploads().parts(upload.owner, upload.id);
        if (!parts) throw std::runtime_error(parts.error().log_text);
        return *std::move(parts);
    }
    Result<Job> finish(const ResumableUpload& upload, std::uint64_t received_bytes) {
        return catalog().create_job(
            draft({"thumbnail"}, upload.owner),
            {.record_of = {}, .upload = UploadEnd{upload.id, received_bytes, now() + lifetime}});
    }

    static constexpr Milliseconds lifetime{86'400'000};
};

}  // namespace safelight
