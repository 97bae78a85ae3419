#include "queue/redis/reply.h"

#include <hiredis/hiredis.h>

namespace safelight::redis {

bool ReplyView::is_nil() const {
    return reply_ == nullptr || reply_->type == REDIS_REPLY_NIL;
}

bool ReplyView::is_error() const {
    return reply_ != nullptr && reply_->type == REDIS_REPLY_ERROR;
}

bool ReplyView::is_array() const {
    return reply_ != nullptr && reply_->type == REDIS_REPLY_ARRAY;
}

std::string_view ReplyView::text() const {
    if (reply_ == nullptr) return {};
    switch (reply_->type) {
        case REDIS_REPLY_STRING:
        case REDIS_REPLY_STATUS:
        case REDIS_REPLY_ERROR:
            return {reply_->str, static_cast<std::size_t>(reply_->len)};
        default:
            return {};
    }
}

std::optional<std::int64_t> ReplyView::integer() const {
    if (reply_ == nullptr || reply_->type != REDIS_REPLY_INTEGER) return std::nullopt;
    return reply_->integer;
}

std::size_t ReplyView::size() const {
    return is_array() ? reply_->elements : 0;
}

ReplyView ReplyView::operator[](std::size_t index) const {
    return ReplyView(index < size() ? reply_->element[index] : nullptr);
}

ReplyView value_of(ReplyView pairs, std::string_view name) {
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
        if (pairs[i].text() == name) return pairs[i + 1];
    }
    return ReplyView(nullptr);
}

void Reply::Free::operator()(redisReply* reply) const {
    ::freeReplyObject(reply);
}

}  // namespace safelight::redis
