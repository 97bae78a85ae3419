// What all sources together may hold beyond the least that each needs.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace safelight::s3 {

/// Any thread may call; never blocks: whoever finds nothing left reads in small pieces.
class ReadBudget {
  public:
    explicit ReadBudget(std::size_t bytes) : left_(bytes) {}
    ReadBudget(const ReadBudget&) = delete;
    ReadBudget& operator=(const ReadBudget&) = delete;

    /// A part of the budget, given back when destroyed.
    class Share {
      public:
        Share() = default;
        Share(ReadBudget& budget, std::size_t bytes) : budget_(&budget), bytes_(bytes) {}
        ~Share() { give_back(); }
        Share(Share&& other) noexcept
            : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
        Share& operator=(Share&& other) noexcept {
            if (this == &other) return *this;
            give_back();
            budget_ = std::exchange(other.budget_, nullptr);
            bytes_ = std::exchange(other.bytes_, 0);
            return *this;
        }
        [[nodiscard]] std::size_t bytes() const { return bytes_; }

      private:
        void give_back() {
            if (budget_ != nullptr) budget_->left_ += bytes_;
        }
        ReadBudget* budget_ = nullptr;
        std::size_t bytes_ = 0;
    };

    /// All of it, or nothing.
    [[nodiscard]] Share take(std::size_t bytes) {
        std::size_t left = left_.load();
        while (left >= bytes) {
            if (left_.compare_exchange_weak(left, left - bytes)) return {*this, bytes};
        }
        return {};
    }

    [[nodiscard]] std::size_t left() const { return left_.load(); }

  private:
    std::atomic<std::size_t> left_;
};

}  // namespace safelight::s3
