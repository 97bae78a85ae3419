// The bytes of a connection that were received and not used yet.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace safelight::http {

/// Small while a connection idles, and grown only by what a head or a chunk's line needs.
class InputBuffer {
  public:
    [[nodiscard]] std::string_view view() const { return {storage_.data() + begin_, end_ - begin_}; }
    [[nodiscard]] bool empty() const { return begin_ == end_; }

    void consume(std::size_t bytes) {
        begin_ += bytes;
        if (begin_ == end_) begin_ = end_ = 0;
    }

    /// Room for at least one byte behind what is there. Earlier views are no longer valid.
    [[nodiscard]] std::span<char> prepare() {
        if (end_ == storage_.size() && begin_ > 0) {
            std::memmove(storage_.data(), storage_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        if (end_ == storage_.size()) storage_.resize(std::max(bytes_initial, storage_.size() * 2));
        return std::span(storage_).subspan(end_);
    }
    void commit(std::size_t bytes) { end_ += bytes; }

    /// Gives back what a large head took. Only while empty.
    void shrink() {
        if (storage_.size() > bytes_initial) std::vector<char>(bytes_initial).swap(storage_);
    }

  private:
    static constexpr std::size_t bytes_initial = 4'096;

    std::vector<char> storage_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace safelight::http
