// The operations of S3 that are used here, on one bucket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "blobs/s3/answers.h"
#include "blobs/s3/refusal.h"
#include "blobs/s3/requester.h"

namespace safelight::s3 {

struct ObjectHead {
    std::uint64_t size_bytes = 0;
    std::string mark;  // of the writer that made it
};

struct Piece {
    std::size_t count = 0;
    std::uint64_t total_bytes = 0;  // of the object
    std::string etag;
};

struct StartedUpload {
    std::string id;
    bool may_be_twice = false;  // an attempt whose answer was lost may have started another one
};

/// Any thread may call; calls block. What a writer makes bears its mark, by which it is known again when the
/// answer was lost.
class Bucket {
  public:
    explicit Bucket(Requester& requester, std::uint32_t list_page_max)
        : requester_(requester), list_page_max_(list_page_max) {}

    /// `is_new`: with If-None-Match, so that the answer is Refusal::exists when the object is there.
    [[nodiscard]] Outcome<void> put(const std::string& object, std::span<const std::byte> bytes,
                                    const Sha256& sha256, const std::string& mark, bool is_new);

    /// Empty when there is no such object.
    [[nodiscard]] Outcome<std::optional<ObjectHead>> head(const std::string& object,
                                                          Patience patience = Patience::full);

    /// Bytes from `offset` on, fewer than `out` takes only at the end of the object. `out` is not empty. At
    /// or past the end there are none (and no ETag).
    [[nodiscard]] Outcome<Piece> get(const std::string& object, std::uint64_t offset,
                                     std::span<std::byte> out);

    /// An object that is not there is a success.
    [[nodiscard]] Outcome<void> remove(const std::string& object, Patience patience = Patience::full);

    /// Up to batch_max objects in one request; for each, in their order, whether it is gone. Those that are
    /// not have to be asked for one by one, to learn why. Refusal::not_implemented: the store has no batches.
    [[nodiscard]] Outcome<std::vector<bool>> remove_batch(std::span<const std::string> objects);
    static constexpr std::size_t batch_max = 1'000;

    [[nodiscard]] Outcome<StartedUpload> start_upload(const std::string& object, const std::string& mark);
    /// The part's ETag. Numbers begin at 1.
    [[nodiscard]] Outcome<std::string> upload_part(const std::string& object, const std::string& id,
                                                   std::size_t number, std::span<const std::byte> bytes);
    [[nodiscard]] Outcome<void> complete_upload(const std::string& object, const std::string& id,
                                                std::span<const std::string> etags, bool is_new);
    /// An upload that is not there is a success.
    [[nodiscard]] Outcome<void> abort_upload(const std::string& object, const std::string& id,
                                             Patience patience = Patience::full);
    /// Every unfinished upload of exactly that object.
    [[nodiscard]] Outcome<void> abort_uploads_of(const std::string& object,
                                                 Patience patience = Patience::full);

    /// `token` and `after` are of the page before; the first page has none.
    [[nodiscard]] Outcome<ObjectPage> list(const std::string& prefix, const std::string& token);
    [[nodiscard]] Outcome<UploadPage> list_uploads(const std::string& prefix, const UploadPage& after,
                                                   Patience patience = Patience::full);

    /// A bucket that is ours already is a success.
    [[nodiscard]] Outcome<void> make(const std::string& region);

  private:
    Requester& requester_;
    const std::uint32_t list_page_max_;
};

}  // namespace safelight::s3
