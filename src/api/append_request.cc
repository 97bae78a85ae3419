#include "api/append_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "api/append_pipe.h"
#include "api/upload_rights.h"

namespace safelight {
namespace {

constexpr std::size_t read_bytes = 64 * 1'024;

/// The body, up to its end, to `pipe`. `filled` bytes of `buffer` are left for whoever ends it.
http::Task<Received<void>> receive(const AppendRequest& append, AppendPipe& pipe, std::span<std::byte> buffer,
                                   std::size_t& filled) {
    UploadRights rights(append.api, append.request,
                        append.keyed == nullptr ? nullptr : &append.keyed->call());
    for (;;) {
        if (buffer.size() - filled < read_bytes) {
            const auto written = co_await pipe.write(buffer.first(std::exchange(filled, 0)));
            if (!written) co_return refuse(written.error());
        }
        const auto count = co_await append.request.body->read(buffer.subspan(filled, read_bytes));
        if (!count) co_return refuse_body(count.error());
        if (*count == 0) break;
        filled += *count;
        if (auto still = co_await rights.check_now_and_then(); !still) co_return still;
    }
    co_return co_await rights.check();
}

/// Whether what has come may stay although the request is refused: it was cut off, or too slow.
bool is_cut(const Refusal& refusal) {
    return refusal.problem == Problem::request_timeout || refusal.error.code == ErrorCode::cancelled ||
           refusal.problem == Problem::bad_request;
}

std::unexpected<Refusal> refuse_end(const AppendRequest& append, Error error) {
    const bool is_checksum =
        append.request.headers.has("Upload-Checksum") && error.code == ErrorCode::digest_mismatch;
    if (is_checksum) return refuse(Problem::checksum_mismatch, std::move(error.public_text));
    return refuse(std::move(error));
}

}  // namespace

http::Task<Received<UploadProgress>> receive_append(AppendRequest append) {
    const std::uint64_t missing = append.upload.size_bytes - append.upload.received_bytes;
    if (append.request.body->length_bytes().value_or(0) > missing) {
        co_return refuse(Problem::payload_too_large,
                         fmt::format("No more than {} bytes are missing.", missing));
    }
    append.request.body->limit(missing);
    AppendPipe pipe(append.api.pool, append.api.ending_pool, append.api.resumable_ingest, append.upload,
                    append.checksum, append.keyed == nullptr ? nullptr : &append.keyed->hasher());
    const std::size_t capacity =
        static_cast<std::size_t>(std::min<std::uint64_t>(missing, upload_piece_bytes)) + read_bytes;
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(capacity);
    std::size_t filled = 0;
    auto received = co_await receive(append, pipe, std::span(buffer.get(), capacity), filled);
    if (!received) {
        if (append.keeps_what_came && is_cut(received.error())) {
            co_await pipe.keep(std::span(buffer.get(), filled));
        } else {
            co_await pipe.abandon();
        }
        co_return std::unexpected(std::move(received).error());
    }
    auto progress = co_await pipe.finish(std::span(buffer.get(), filled), append.details);
    if (!progress) {
        co_await pipe.abandon();
        co_return refuse_end(append, std::move(progress).error());
    }
    if (progress->job) append.api.watch.notify_of_work();
    co_return *std::move(progress);
}

}  // namespace safelight
