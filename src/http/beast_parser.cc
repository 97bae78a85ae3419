#include "http/beast_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <cassert>
#include <utility>

namespace safelight::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using BeastView = boost::beast::string_view;

std::string_view view_of(BeastView text) {
    return {text.data(), text.size()};
}

/// Puts the fields where they stay; Beast's own message would copy each of them once more.
class BeastParser : public beast_http::basic_parser<true> {
  public:
    BeastParser() {
        eager(false);
        body_limit(boost::none);  // the body's limits are the reader's
    }

    /// The bytes that Beast has taken.
    std::size_t feed(std::string_view text, error_code& error) {
        return put(boost::asio::const_buffer(text.data(), text.size()), error);
    }
    ParsedHead& head() { return head_; }

  private:
    void on_request_impl(beast_http::verb /*method*/, BeastView method, BeastView target, int version,
                         error_code& /*error*/) override {
        head_.method = view_of(method);
        head_.target = view_of(target);
        head_.is_http_1_0 = version == 10;
    }
    void on_field_impl(beast_http::field /*field*/, BeastView name, BeastView value,
                       error_code& /*error*/) override {
        head_.headers.add(std::string(view_of(name)), std::string(view_of(value)));
    }
    void on_response_impl(int /*status*/, BeastView /*reason*/, int /*version*/,
                          error_code& /*error*/) override {}
    void on_header_impl(error_code& /*error*/) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/, error_code& /*error*/) override {
    }
    std::size_t on_body_impl(BeastView body, error_code& /*error*/) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t /*size*/, BeastView /*extensions*/,
                              error_code& /*error*/) override {}
    std::size_t on_chunk_body_impl(std::uint64_t /*remaining*/, BeastView body,
                                   error_code& /*error*/) override {
        return body.size();
    }
    void on_finish_impl(error_code& /*error*/) override {}

    ParsedHead head_;
};

HeadFault::Cause cause_of(const error_code& error, const Headers& fields_before) {
    using Cause = HeadFault::Cause;
    if (error == beast_http::error::bad_method) return Cause::method;
    if (error == beast_http::error::bad_target) return Cause::target;
    if (error == beast_http::error::bad_version) return Cause::version;
    if (error == beast_http::error::header_limit) return Cause::too_large;
    if (error == beast_http::error::need_more) return Cause::cut;
    const bool is_second = fields_before.has("Content-Length") || fields_before.has("Transfer-Encoding");
    if (error == beast_http::error::bad_content_length) {
        return is_second ? Cause::contradictory_framing : Cause::content_length;
    }
    if (error == beast_http::error::multiple_content_length ||
        error == beast_http::error::bad_transfer_encoding) {
        return Cause::contradictory_framing;
    }
    return Cause::field;
}

}  // namespace

std::expected<ParsedHead, HeadFault> parse_with_beast(std::string_view text, std::size_t bytes_max) {
    BeastParser parser;
    parser.header_limit(static_cast<std::uint32_t>(bytes_max));
    error_code error;
    const std::size_t taken = parser.feed(text, error);
    if (error) return std::unexpected(HeadFault{cause_of(error, parser.head().headers), taken});
    ParsedHead& head = parser.head();
    head.keep_alive = parser.keep_alive();
    head.chunked = parser.chunked();
    if (const auto length = parser.content_length()) head.content_length = *length;
    return std::move(head);
}

class ChunkParser::Parser final : public BeastParser {
  public:
    Section section;

  private:
    void on_field_impl(beast_http::field /*field*/, BeastView name, BeastView value,
                       error_code& /*error*/) override {
        section.trailers.add(std::string(view_of(name)), std::string(view_of(value)));
    }
    void on_chunk_header_impl(std::uint64_t size, BeastView extensions, error_code& /*error*/) override {
        section.size_bytes = size;
        section.extensions = view_of(extensions);
    }
};

/// Beast reads chunks behind a head only. That of the request was read long ago, by a parser that ended with
/// it: the checks in between decide whether there will be a body to read.
ChunkParser::ChunkParser() : parser_(std::make_unique<Parser>()) {
    constexpr std::string_view head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    error_code error;
    parser_->feed(head, error);
    assert(!error && parser_->is_header_done());
}

ChunkParser::~ChunkParser() = default;

std::optional<ChunkParser::Section> ChunkParser::read_section(std::string_view text) {
    parser_->section = {};
    error_code error;
    const std::size_t taken = parser_->feed(text, error);
    if (error || taken != text.size()) return std::nullopt;
    return std::move(parser_->section);
}

void ChunkParser::pass_data(std::string_view data) {
    error_code error;
    [[maybe_unused]] const std::size_t taken = parser_->feed(data, error);
    assert(!error && taken == data.size());
}

}  // namespace safelight::http
