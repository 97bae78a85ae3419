// The contract and the code say the same.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>

#include "api/api.h"
#include "api/problems.h"
#include "api/testing/api_server.h"
#include "embedded/api_documents.h"

namespace safelight {
namespace {

namespace json = boost::json;

const json::value& contract() {
    static const json::value document = json::parse(find_embedded(api_documents(), "openapi.json")->bytes);
    return document;
}

const std::set<std::string> verbs{"get", "head", "post", "put", "patch", "delete", "options"};

std::string upper(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return result;
}

/// OpenAPI has no word for a parameter that takes slashes.
std::string without_dots(std::string pattern) {
    if (const auto dots = pattern.find("...}"); dots != std::string::npos) pattern.erase(dots, 3);
    return pattern;
}

std::set<std::pair<std::string, std::string>> documented() {
    std::set<std::pair<std::string, std::string>> operations;
    for (const auto& path : contract().at("paths").as_object()) {
        for (const auto& member : path.value().as_object()) {
            if (verbs.contains(std::string(member.key())))
                operations.emplace(upper(member.key()), path.key());
        }
    }
    return operations;
}

TEST(Contract, EveryOperationIsRoutedAndEveryRouteIsDocumented) {
    const testing::ApiServer api;
    std::set<std::pair<std::string, std::string>> routed;
    for (const http::Route& route : api.router.routes())
        routed.emplace(route.method, without_dots(route.pattern));
    auto operations = documented();
    for (const auto& operation : routed)
        EXPECT_TRUE(operations.contains(operation)) << operation.first << operation.second;
    for (const auto& [method, path] : operations) {
        EXPECT_TRUE(routed.contains({method == "HEAD" ? "GET" : method, path})) << method << " " << path;
    }
}

TEST(Contract, EveryProblemTypeIsInTheContractAndNoOther) {
    std::set<std::string> known;
    for (const ProblemType& type : problem_types()) known.insert(uri_of(type));
    std::set<std::string> listed;
    for (const auto& uri :
         contract().at("components").at("schemas").at("ProblemTypeUri").at("enum").as_array()) {
        listed.emplace(uri.as_string());
    }
    EXPECT_EQ(listed, known);
}

TEST(Contract, OperationsHaveDistinctIdsTagsSummariesAndAProblemForTheRest) {
    std::set<std::string> ids;
    std::set<std::string> tags;
    for (const auto& tag : contract().at("tags").as_array()) tags.emplace(tag.at("name").as_string());
    for (const auto& path : contract().at("paths").as_object()) {
        for (const auto& member : path.value().as_object()) {
            if (!verbs.contains(std::string(member.key()))) continue;
            const json::object& operation = member.value().as_object();
            EXPECT_TRUE(ids.emplace(operation.at("operationId").as_string()).second) << path.key();
            EXPECT_TRUE(tags.contains(std::string(operation.at("tags").at(0).as_string()))) << path.key();
            EXPECT_TRUE(operation.contains("summary")) << path.key();
            EXPECT_TRUE(operation.at("responses").as_object().contains("default")) << path.key();
        }
    }
}

/// Every schema that describes an object says whether more members may come.
void expect_closed(const json::value& value, const std::string& where) {
    if (const auto* object = value.if_object()) {
        const auto* properties = object->if_contains("properties");
        if (properties != nullptr && properties->is_object() && object->contains("type")) {
            EXPECT_TRUE(object->contains("additionalProperties")) << where;
        }
        for (const auto& member : *object)
            expect_closed(member.value(), where + "/" + std::string(member.key()));
    } else if (const auto* array = value.if_array()) {
        for (const auto& item : *array) expect_closed(item, where);
    }
}

TEST(Contract, ObjectsAreClosed) {
    expect_closed(contract().at("components").at("schemas"), "schemas");
}

void expect_references_lead_somewhere(const json::value& value) {
    if (const auto* object = value.if_object()) {
        if (const auto* reference = object->if_contains("$ref")) {
            const std::string target(reference->as_string());
            boost::system::error_code error;
            EXPECT_NE(contract().find_pointer(target.substr(1), error), nullptr) << target;
        }
        for (const auto& member : *object) expect_references_lead_somewhere(member.value());
    } else if (const auto* array = value.if_array()) {
        for (const auto& item : *array) expect_references_lead_somewhere(item);
    }
}

TEST(Contract, ReferencesLeadSomewhere) {
    expect_references_lead_somewhere(contract());
}

}  // namespace
}  // namespace safelight
