#include "http/body_reader.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace safelight::http {
namespace {

constexpr std::uint64_t discard_bytes_max = 65'536;
constexpr std::chrono::milliseconds discard_time_max{500};
constexpr double earned_s_max = 1e7;  // keeps the arithmetic on times in range
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

BodyReader::BodyReader(const RequestHead& head, const ServerConfig& config, Channel& channel,
                       InputBuffer& input)
    : config_(config),
      channel_(channel),
      input_(input),
      declared_(head.chunked ? std::nullopt : std::optional(head.content_length.value_or(0))),
      limit_(config.body_bytes_max),
      awaits_continue_(head.expects_continue),
      complete_(declared_ == 0U) {
    if (head.chunked) decoder_.emplace(ChunkDecoder::Limits{});
}

std::optional<std::uint64_t> BodyReader::length_bytes() const {
    return declared_;
}

void BodyReader::limit(std::uint64_t bytes_max) {
    limit_ = std::min(limit_, bytes_max);
}

bool BodyReader::is_abandoned() {
    return failure_ == Failure::lost || (complete_ && input_.empty() && channel_.is_closed());
}

Task<Result<std::size_t>> BodyReader::read(std::span<std::byte> buffer) {
    assert(!buffer.empty());
    if (failure_ == Failure::none && (declared_.value_or(0) > limit_ || received_ > limit_)) {
        fail(Failure::too_large, "The request body is too large.");
    }
    if (failure_ != Failure::none) co_return std::unexpected(error());
    if (complete_) co_return 0;
    if (awaits_continue_ && !co_await answer_expectation()) co_return std::unexpected(error());
    const std::span<char> characters(reinterpret_cast<char*>(buffer.data()), buffer.size());
    const std::size_t bytes =
        decoder_ ? co_await read_chunked(*decoder_, characters) : co_await read_sized(characters);
    if (failure_ != Failure::none) co_return std::unexpected(error());
    received_ += bytes;
    if (declared_ == received_) complete_ = true;
    co_return bytes;
}

bool BodyReader::worth_discarding() const {
    return failure_ == Failure::none && !awaits_continue_ && declared_ &&
           *declared_ - received_ <= discard_bytes_max;
}

Task<bool> BodyReader::discard() {
    std::array<std::byte, 4'096> waste;
    limit_ = UINT64_MAX;
    discard_until_ = std::chrono::steady_clock::now() + discard_time_max;
    while (!complete_) {
        if (!co_await read(waste)) co_return false;
    }
    co_return true;
}

/// RFC 9110 section 10.1.1: not needed once the body has begun to come.
Task<bool> BodyReader::answer_expectation() {
    awaits_continue_ = false;
    if (!input_.empty()) co_return true;
    const IoResult sent = co_await channel_.write(continue_line, {}, config_.send_timeout);
    if (sent.end != IoEnd::done) fail(Failure::lost, "The connection is gone.");
    co_return failure_ == Failure::none;
}

Task<std::size_t> BodyReader::read_sized(std::span<char> buffer) {
    const std::uint64_t remaining = declared_.value_or(0) - received_;
    buffer = buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), remaining)));
    if (!input_.empty()) co_return take_buffered(buffer);
    co_return co_await receive(buffer);
}

Task<std::size_t> BodyReader::read_chunked(ChunkDecoder& decoder, std::span<char> buffer) {
    for (;;) {
        const ChunkDecoder::Step step = decoder.next(input_.view(), buffer.size());
        if (step.kind == ChunkDecoder::Kind::fault) co_return fail(Failure::broken_framing, step.fault);
        if (step.kind == ChunkDecoder::Kind::data) std::ranges::copy(step.data, buffer.begin());
        input_.consume(step.consumed);
        if (step.kind == ChunkDecoder::Kind::data) co_return step.data.size();
        if (step.kind == ChunkDecoder::Kind::end) {
            complete_ = true;
            co_return 0;
        }
        // What a chunk announces counts at once: an endless body is not read up to the limit first.
        if (decoder.chunk_remaining() > limit_ - received_) {
            co_return fail(Failure::too_large, "The request body is too large.");
        }
        if (step.consumed > 0) continue;
        if (decoder.chunk_remaining() > 0) {
            const auto bytes = std::min<std::uint64_t>(buffer.size(), decoder.chunk_remaining());
            const std::size_t got = co_await receive(buffer.first(static_cast<std::size_t>(bytes)));
            co_return decoder.next({buffer.data(), got}, got).data.size();
        }
        const std::size_t got = co_await receive(input_.prepare());
        if (got == 0) co_return 0;
        input_.commit(got);
    }
}

std::size_t BodyReader::take_buffered(std::span<char> buffer) {
    const std::string_view there = input_.view().substr(0, buffer.size());
    std::ranges::copy(there, buffer.begin());
    const std::size_t bytes = there.size();
    input_.consume(bytes);
    return bytes;
}

/// At least one byte, or a failure. The client may keep us waiting for the grace, and for as long as what it
/// sent so far would take at the minimum rate.
Task<std::size_t> BodyReader::receive(std::span<char> buffer) {
    const double earned_s = static_cast<double>(received_) / config_.body_rate_min_bytes_per_s;
    const std::chrono::nanoseconds earned{static_cast<std::int64_t>(std::min(earned_s, earned_s_max) * 1e9)};
    const auto allowed = std::max<std::chrono::nanoseconds>(config_.body_rate_grace, earned);
    const Time start = std::chrono::steady_clock::now();
    const Time deadline =
        std::min(discard_until_, start + std::max(allowed - waited_, std::chrono::nanoseconds{0}));
    const IoResult result = co_await channel_.read(buffer, deadline);
    waited_ += std::chrono::steady_clock::now() - start;
    switch (result.end) {
        case IoEnd::done:
            co_return result.bytes;
        case IoEnd::closed:
            co_return fail(Failure::cut_short, "The request body ended early.");
        case IoEnd::timeout:
            co_return fail(Failure::too_slow, "The request body came too slowly.");
        case IoEnd::failed:
            break;
    }
    co_return fail(Failure::lost, "The connection is gone.");
}

std::size_t BodyReader::fail(Failure failure, std::string_view text) {
    failure_ = failure;
    failure_text_ = text;
    return 0;
}

Error BodyReader::error() const {
    ErrorCode code = ErrorCode::internal;
    switch (failure_) {
        case Failure::none:
            break;
        case Failure::too_large:
            code = ErrorCode::payload_too_large;
            break;
        case Failure::broken_framing:
            code = ErrorCode::invalid_argument;
            break;
        case Failure::too_slow:
            code = ErrorCode::timeout;
            break;
        case Failure::cut_short:
        case Failure::lost:
            code = ErrorCode::cancelled;
            break;
    }
    return {code, std::string(failure_text_), {}, {}};
}

}  // namespace safelight::http
