#include "api/upload_pipe.h"

namespace safelight {

void UploadPipe::expect_body(const Sha256& digest) {
    expected_ = digest;
    hasher_.emplace();
}

http::Task<Status> UploadPipe::write(Piece piece) {
    co_return co_await http::on_pool(pool_, [&] { return push(piece); });
}

http::Task<Result<Job>> UploadPipe::finish(Piece piece, const UploadDetails& details) {
    co_return co_await http::on_pool(pool_, [&] { return push_last(piece, details); });
}

http::Task<void> UploadPipe::abandon() {
    // The destructor removes files and rows, so it belongs on the pool; a full one gets a moment to drain.
    if (!upload_ || co_await http::run_on_pool_patiently(pool_, [this] { upload_.reset(); })) co_return;
    // Still refused: what is destroyed here costs this thread a moment, and a leak would last.
    upload_.reset();
}

Status UploadPipe::push(const Piece& piece) {
    if (hasher_) hasher_->update(piece.body);
    if (piece.picture.empty()) return {};
    if (!upload_) {
        TRY_ASSIGN(upload_, ingest_.begin(owner_));
    }
    return upload_->write(piece.picture);
}

Result<Job> UploadPipe::push_last(const Piece& piece, const UploadDetails& details) {
    TRY(push(piece));
    if (hasher_ && hasher_->finish() != *expected_) {
        return failure(ErrorCode::digest_mismatch, "The body is not what its Content-Digest says.");
    }
    if (!upload_) return failure(ErrorCode::empty_payload, "The picture has no bytes at all.");
    auto job = upload_->finish(details);
    upload_.reset();
    return job;
}

}  // namespace safelight
