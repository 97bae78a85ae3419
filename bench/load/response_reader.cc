#include "bench/load/response_reader.h"

#include <charconv>

#include "base/text.h"

namespace safelight::bench {
namespace {

constexpr std::string_view line_end = "\r\n";

template <class Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

ResponseReader::State ResponseReader::take(std::string_view bytes) {
    buffer_.append(bytes);
    while (!has_head_) {
        const auto head_length = buffer_.find("\r\n\r\n");
        if (head_length == std::string::npos) return State::incomplete;
        if (take_head(std::string_view(buffer_).substr(0, head_length)) == State::broken)
            return State::broken;
        buffer_.erase(0, head_length + 4);
        has_head_ = status_ >= 200;
    }
    return take_body();
}

ResponseReader::State ResponseReader::end() {
    keeps_connection_ = false;
    if (!has_head_ || is_chunked_ || length_) return State::broken;
    body_ = std::move(buffer_);
    return State::complete;
}

ResponseReader::State ResponseReader::take_head(std::string_view head) {
    const auto status_line_length = std::min(head.find(line_end), head.size());
    const std::string_view status_line = head.substr(0, status_line_length);
    const auto status = status_line.size() >= 12 ? parse_number<int>(status_line.substr(9, 3)) : std::nullopt;
    if (!status_line.starts_with("HTTP/1.") || !status || *status < 100) return State::broken;
    status_ = *status;
    keeps_connection_ = status_line.starts_with("HTTP/1.1");
    head.remove_prefix(std::min(status_line_length + line_end.size(), head.size()));
    while (!head.empty()) {
        const std::string_view line = head.substr(0, head.find(line_end));
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return State::broken;
        if (!take_field(line.substr(0, colon), trim(line.substr(colon + 1)))) return State::broken;
        head.remove_prefix(std::min(line.size() + line_end.size(), head.size()));
    }
    if (status_ == 204 || status_ == 304) length_ = 0;
    return State::incomplete;
}

bool ResponseReader::take_field(std::string_view name, std::string_view value) {
    const std::string lower_name = to_lower_ascii(name);
    if (lower_name == "content-length") {
        length_ = parse_number<std::size_t>(value);
        return length_.has_value();
    }
    if (lower_name == "transfer-encoding") {
        is_chunked_ = to_lower_ascii(value) == "chunked";
        return is_chunked_;
    }
    if (lower_name == "connection") keeps_connection_ = to_lower_ascii(value) != "close";
    return true;
}

ResponseReader::State ResponseReader::take_body() {
    if (is_chunked_) return take_chunks();
    if (!length_) return State::incomplete;
    if (buffer_.size() < *length_) return State::incomplete;
    if (buffer_.size() > *length_) return State::broken;
    body_ = std::move(buffer_);
    return State::complete;
}

ResponseReader::State ResponseReader::take_chunks() {
    for (;;) {
        const auto line_length = buffer_.find(line_end);
        if (line_length == std::string::npos) return State::incomplete;
        const std::string_view line = std::string_view(buffer_).substr(0, line_length);
        if (in_trailer_) {
            const bool is_last = line.empty();
            buffer_.erase(0, line_length + line_end.size());
            if (is_last) return buffer_.empty() ? State::complete : State::broken;
            continue;
        }
        const auto size = parse_number<std::size_t>(trim(line.substr(0, line.find(';'))), 16);
        if (!size) return State::broken;
        const std::size_t data_at = line_length + line_end.size();
        if (*size == 0) {
            in_trailer_ = true;
            buffer_.erase(0, data_at);
            continue;
        }
        if (buffer_.size() - data_at < *size + line_end.size()) return State::incomplete;
        if (std::string_view(buffer_).substr(data_at + *size, line_end.size()) != line_end)
            return State::broken;
        body_.append(buffer_, data_at, *size);
        buffer_.erase(0, data_at + *size + line_end.size());
    }
}

}  // namespace safelight::bench
