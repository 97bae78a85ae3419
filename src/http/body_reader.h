// The body of one request, straight from the socket into the handler's buffer.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/channel.h"
#include "http/framing.h"
#include "http/input_buffer.h"
#include "http/message.h"
#include "http/server.h"

namespace safelight::http {

class BodyReader final : public RequestBody {
  public:
    /// Why a body could not be read to its end.
    enum class Failure { none, too_large, broken_framing, too_slow, cut_short, lost };

    /// All outlive the reader.
    BodyReader(const RequestHead& head, const ServerConfig& config, Channel& channel, InputBuffer& input);

    [[nodiscard]] std::optional<std::uint64_t> length_bytes() const override;
    [[nodiscard]] Task<Result<std::size_t>> read(std::span<std::byte> buffer) override;
    void limit(std::uint64_t bytes_max) override;
    [[nodiscard]] bool is_abandoned() override;

    [[nodiscard]] Failure failure() const { return failure_; }
    /// Names the fault of broken framing.
    [[nodiscard]] std::string_view failure_text() const { return failure_text_; }
    /// Nothing of it is left on the connection.
    [[nodiscard]] bool complete() const { return complete_; }
    /// The rest is short, known, and on its way: reading it costs less than a new connection.
    [[nodiscard]] bool worth_discarding() const;
    /// Reads the rest and throws it away. True when the connection stands before its next request then.
    [[nodiscard]] Task<bool> discard();
    [[nodiscard]] std::uint64_t received_bytes() const { return received_; }

  private:
    using Time = std::chrono::steady_clock::time_point;

    [[nodiscard]] Task<std::size_t> read_sized(std::span<char> buffer);
    [[nodiscard]] Task<std::size_t> read_chunked(ChunkDecoder& decoder, std::span<char> buffer);
    [[nodiscard]] Task<bool> answer_expectation();
    [[nodiscard]] Task<std::size_t> receive(std::span<char> buffer);
    [[nodiscard]] std::size_t take_buffered(std::span<char> buffer);
    std::size_t fail(Failure failure, std::string_view text);
    [[nodiscard]] Error error() const;

    const ServerConfig& config_;
    Channel& channel_;
    InputBuffer& input_;
    const std::optional<std::uint64_t> declared_;
    std::uint64_t limit_;
    std::uint64_t received_ = 0;
    std::optional<ChunkDecoder> decoder_;  // of a chunked body
    bool awaits_continue_;
    bool complete_;
    Failure failure_ = Failure::none;
    std::string_view failure_text_;
    std::chrono::nanoseconds waited_{0};  // for the client; what the handler takes for itself does not count
    Time discard_until_ = Time::max();
};

}  // namespace safelight::http
