#include "catalog/postgres/news_message.h"

#include <optional>

#include "catalog/postgres/errors.h"

namespace safelight::postgres {
namespace {

constexpr std::string_view claimable = "claimable";
constexpr std::string_view changed = "changed";

/// What items have in common that stand behind one word.
struct Heading {
    JobNewsItem::Kind kind = JobNewsItem::Kind::changed;
    Lane lane = Lane::normal;
    bool operator==(const Heading&) const = default;
};

Heading heading_of(const JobNewsItem& item) {
    if (item.kind == JobNewsItem::Kind::changed) return {};
    return {item.kind, item.job.lane};
}

std::string word_of(const Heading& heading) {
    if (heading.kind == JobNewsItem::Kind::changed) return std::string(changed);
    std::string word{claimable};
    if (heading.lane != Lane::normal) word.append("-").append(name_of(heading.lane));
    return word;
}

std::optional<Heading> parse_heading(std::string_view word) {
    if (word == changed) return Heading{};
    if (word == claimable) return Heading{JobNewsItem::Kind::claimable, Lane::normal};
    const auto end = word.find('-');
    if (end == std::string_view::npos || word.substr(0, end) != claimable) return std::nullopt;
    const auto lane = lane_from_name(word.substr(end + 1));
    if (!lane) return std::nullopt;
    return Heading{JobNewsItem::Kind::claimable, *lane};
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
    std::optional<Heading> heading;
    for (const JobNewsItem& item : items) {
        if (heading != heading_of(item)) {
            heading = heading_of(item);
            text.append(" ").append(word_of(*heading));
        }
        text.append(" ").append(item.job.id.to_string());
    }
    return text;
}

NewsMessage parse_news(std::string_view text) {
    NewsMessage message{.node = take_word(text), .items = {}};
    std::optional<Heading> heading;
    while (!text.empty()) {
        const std::string_view word = take_word(text);
        if (const auto id = JobId::parse(word)) {
            if (heading) message.items.push_back({heading->kind, {*id, heading->lane}});
        } else {
            heading = parse_heading(word);
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
