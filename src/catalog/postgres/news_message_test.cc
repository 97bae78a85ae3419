#include "catalog/postgres/news_message.h"

#include <gtest/gtest.h>

namespace safelight::postgres {
namespace {

using Kind = JobNewsItem::Kind;

const JobId first = *JobId::parse("01934b7e-0000-7000-8000-000000000001");
const JobId second = *JobId::parse("01934b7e-0000-7000-8000-000000000002");

TEST(NewsMessage, IsReadAsItWasWritten) {
    const std::vector<JobNewsItem> items{{Kind::claimable, {first}},
                                         {Kind::claimable, {second}},
                                         {Kind::changed, {first}},
                                         {Kind::claimable, {first, Lane::bulk}},
                                         {Kind::claimable, {first}}};
    const std::string text = compose_news("node", items);
    EXPECT_EQ(text,
              "node claimable 01934b7e-0000-7000-8000-000000000001 01934b7e-0000-7000-8000-000000000002"
              " changed 01934b7e-0000-7000-8000-000000000001"
              " claimable-bulk 01934b7e-0000-7000-8000-000000000001"
              " claimable 01934b7e-0000-7000-8000-000000000001");
    const NewsMessage message = parse_news(text);
    EXPECT_EQ(message.node, "node");
    EXPECT_EQ(message.items, items);
}

TEST(NewsMessage, FitsTheServerWhenItIsFull) {
    std::vector<JobNewsItem> items;
    for (std::size_t i = 0; i < news_items_max; ++i)
        items.push_back(
            {Kind::claimable, {first, i % 2 == 0 ? Lane::overflow_interactive : Lane::overflow_normal}});
    EXPECT_LT(compose_news("0123456789abcdef", items).size(), 8'000U);
    EXPECT_EQ(parse_news(compose_news("0123456789abcdef", items)).items, items);
}

TEST(NewsMessage, WhatIsNotKnownIsLeftOut) {
    EXPECT_TRUE(parse_news("").items.empty());
    EXPECT_TRUE(parse_news("node").items.empty());
    EXPECT_TRUE(parse_news("node " + first.to_string()).items.empty()) << "of no kind";
    EXPECT_TRUE(parse_news("claimable " + first.to_string()).items.empty()) << "that is the node";
    EXPECT_TRUE(parse_news("node renamed " + first.to_string()).items.empty());
    EXPECT_EQ(
        parse_news("node renamed " + first.to_string() + " changed nonsense  " + second.to_string()).items,
        std::vector<JobNewsItem>{})
        << "nonsense ends a kind";
    EXPECT_TRUE(parse_news("node claimable-later " + first.to_string()).items.empty()) << "no lane";
    EXPECT_EQ(parse_news("node claimable " + second.to_string() + " renamed " + first.to_string()).items,
              (std::vector<JobNewsItem>{{Kind::claimable, {second}}}));
}

}  // namespace
}  // namespace safelight::postgres
