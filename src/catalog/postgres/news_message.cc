#include "catalog/postgres/news_message.h"

#include <optional>

#include "catalog/postgres/errors.h"

namespace safelight::postgres {
namespace {

constexpr std::string_view claimable = "claimable";
constexpr std::string_view changed = "changed";

std::string_view name_of(JobNewsItem::Kind kind) {
    return kind == JobNewsItem::Kind::claimable ? claimable : changed;
}

/// Up to the next space, which is taken too.
std::string_view take_word(std::string_view& text) {
    const auto end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return word;
}

}  // namespace

std::string compose_news(std::string_view node, std::span<const JobNewsItem> items) {
    std::string text{node};
    std::optional<JobNewsItem::Kind> kind;
    for (const JobNewsItem& item : items) {
        if (kind != item.kind) {
            kind = item.kind;
            text.append(" ").append(name_of(item.kind));
        }
        text.append(" ").append(item.job_id.to_string());
    }
    return text;
}

NewsMessage parse_news(std::string_view text) {
    NewsMessage message{.node = take_word(text), .items = {}};
    std::optional<JobNewsItem::Kind> kind;
    while (!text.empty()) {
        const std::string_view word = take_word(text);
        if (const auto id = JobId::parse(word)) {
            if (kind) message.items.push_back({*kind, *id});
        } else if (word == claimable) {
            kind = JobNewsItem::Kind::claimable;
        } else if (word == changed) {
            kind = JobNewsItem::Kind::changed;
        } else {
            kind.reset();
        }
    }
    return message;
}

Result<std::string> news_channel(Connection& connection) {
    TRY_ASSIGN(Answer answer, connection.query("SELECT 'safelight_' || md5(nspname) FROM pg_class"
                                               " JOIN pg_namespace ON pg_namespace.oid = relnamespace"
                                               " WHERE pg_class.oid = to_regclass('jobs')"));
    if (!answer.next())
        return std::unexpected(error_with(ErrorCode::unavailable, "there is no table of jobs yet"));
    return std::string{answer.text(0)};
}

}  // namespace safelight::postgres
