// One HTTP/1.1 response, taken apart as its bytes come in: by Content-Length, in chunks, or up to the
// connection's end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace safelight::bench {

class ResponseReader {
  public:
    enum class State : std::uint8_t { incomplete, complete, broken };

    /// The next bytes. Interim responses (1xx) are passed over. Bytes behind the response are broken: the
    /// client never has two requests on the way.
    State take(std::string_view bytes);
    /// The server has closed the connection.
    State end();

    /// Valid once the response is complete.
    [[nodiscard]] int status() const { return status_; }
    [[nodiscard]] const std::string& body() const { return body_; }
    [[nodiscard]] bool keeps_connection() const { return keeps_connection_; }

  private:
    State take_head(std::string_view head);
    bool take_field(std::string_view name, std::string_view value);
    State take_body();
    State take_chunks();

    std::string buffer_;  // what has not been taken apart yet
    std::string body_;
    std::optional<std::size_t> length_;
    int status_ = 0;
    bool has_head_ = false;
    bool is_chunked_ = false;
    bool in_trailer_ = false;
    bool keeps_connection_ = true;
};

}  // namespace safelight::bench
