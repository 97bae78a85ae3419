#include "api/keyed_body.h"

#include <memory>
#include <span>
#include <utility>

#include "api/fingerprint.h"
#include "api/upload.h"

namespace safelight {
namespace {

http::Task<Received<void>> drain(const ApiParts& api, http::Request& request, std::uint64_t bytes_max,
                                 KeyedBody& keyed) {
    request.body->limit(bytes_max);
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(upload_piece_bytes);
    for (;;) {
        const auto count = co_await request.body->read(std::span(buffer.get(), upload_piece_bytes));
        if (!count) co_return refuse_body(count.error());
        if (*count == 0) co_return Received<void>{};
        const auto hashed = co_await http::on_pool(api.pool, [&]() -> Status {
            keyed.hasher().update(std::span(buffer.get(), *count));
            return {};
        });
        if (!hashed) co_return refuse(hashed.error());
    }
}

}  // namespace

KeyedBody::KeyedBody(IdempotentCall& call, const http::Request& request, std::vector<std::string_view> fields)
    : call_(call), request_(request), fields_(std::move(fields)) {}

void KeyedBody::note_fingerprint() {
    if (std::exchange(is_noted_, true)) return;
    Fingerprint fingerprint;
    for (const std::string_view field : fields_) fingerprint.add(request_.headers.get(field));
    call_.note_fingerprint(fingerprint_of(request_, fingerprint.finish(hasher_.finish())));
}

Handled serve_once(const ApiParts& api, http::Request& request, std::uint64_t bytes_max, KeyedBody& keyed,
                   Handled work) {
    Answer answer = http::Response{};
    if (!keyed.call().was_served()) {
        answer = co_await std::move(work);
    } else if (auto drained = co_await drain(api, request, bytes_max, keyed); !drained) {
        answer = std::unexpected(std::move(drained).error());
    }
    keyed.note_fingerprint();
    co_return answer;
}

}  // namespace safelight
