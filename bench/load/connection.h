// A keep-alive connection that has one request on the way at most. It never blocks (but to connect) and never
// copies what it sends.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/load/response_reader.h"
#include "bench/load/url.h"

namespace safelight::bench {

class Connection {
  public:
    enum class Progress : std::uint8_t {
        needs_write,  // call advance() when the socket can be written or read
        needs_read,   // all that may be sent is sent: call advance() when it can be read
        answered,     // response() is complete; it may have come before the whole request was sent
        broken,       // closed; error() says why
    };

    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { close(); }

    /// Connects unless it is connected and the server has not closed it meanwhile; tells whether it did.
    /// Blocks. Errors: unavailable.
    [[nodiscard]] Result<bool> ensure_open(const Url& url);
    void close();
    [[nodiscard]] int descriptor() const { return descriptor_; }

    /// A new request, of pieces that stay the caller's and must live until it is answered. Only
    /// `send_limit_bytes` of them are sent before release().
    void begin(const std::vector<std::string_view>& pieces,
               std::size_t send_limit_bytes = std::numeric_limits<std::size_t>::max());
    /// Lets the rest of the request go.
    void release() { send_limit_bytes_ = std::numeric_limits<std::size_t>::max(); }
    /// Sends what fits, reads what is there.
    Progress advance();

    /// Has everything that the limit allows been sent?
    [[nodiscard]] bool is_held() const { return sent_bytes_ >= send_limit_bytes_; }
    [[nodiscard]] const ResponseReader& response() const { return response_; }
    [[nodiscard]] const std::string& error() const { return error_; }

  private:
    enum class Sent : std::uint8_t { everything, a_part, broken };
    Sent send();
    Progress receive(Sent sent);
    Progress fail(std::string why);
    [[nodiscard]] std::vector<iovec> next_pieces() const;
    void drop_sent(std::size_t bytes);

    int descriptor_ = -1;
    std::vector<iovec> pieces_;
    std::size_t first_piece_ = 0;
    std::size_t send_limit_bytes_ = 0;
    std::size_t sent_bytes_ = 0;
    ResponseReader response_;
    std::string error_;
};

}  // namespace safelight::bench
