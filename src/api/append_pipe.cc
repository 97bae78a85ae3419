#include "api/append_pipe.h"

namespace safelight {

http::Task<Status> AppendPipe::write(std::span<const std::byte> bytes) {
    co_return co_await http::on_pool(pool_, [&] { return push(bytes); });
}

http::Task<Result<UploadProgress>> AppendPipe::finish(std::span<const std::byte> last,
                                                      const UploadDetails& details) {
    const bool is_end = received_bytes_ + last.size() == upload_.size_bytes;
    co_return co_await http::on_pool_patiently(is_end ? ending_pool_ : pool_,
                                               [&] { return push_last(last, details); });
}

http::Task<void> AppendPipe::keep(std::span<const std::byte> last) {
    // Nobody waits for an answer; what is not kept is sent again.
    (void)co_await http::on_pool_patiently(pool_, [&]() -> Result<std::uint64_t> {
        TRY(push(last));
        auto kept = append_->keep();
        append_.reset();
        return kept;
    });
    co_await abandon();
}

http::Task<void> AppendPipe::abandon() {
    // The destructor removes blobs and rows, so it belongs on the pool; a full one gets a moment to drain.
    if (!append_ || co_await http::run_on_pool_patiently(pool_, [this] { append_.reset(); })) co_return;
    // Still refused: what is destroyed here costs this thread a moment, and a leak would last.
    append_.reset();
}

Status AppendPipe::push(std::span<const std::byte> bytes) {
    if (hasher_ != nullptr) hasher_->update(bytes);
    received_bytes_ += bytes.size();
    if (!append_) {
        TRY_ASSIGN(append_, ingest_.append(upload_, checksum_));
    }
    return append_->write(bytes);
}

Result<UploadProgress> AppendPipe::push_last(std::span<const std::byte> last, const UploadDetails& details) {
    TRY(push(last));
    auto progress = append_->finish(details);
    append_.reset();
    return progress;
}

}  // namespace safelight
