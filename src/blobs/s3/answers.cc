#include "blobs/s3/answers.h"

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>
#include <sstream>

#include "base/text.h"

namespace safelight::s3 {
namespace {

constexpr std::size_t code_length_max = 64;

/// pugixml neither reads document types nor expands entities of their making. Empty when the root is another.
pugi::xml_node root_of(pugi::xml_document& document, std::string_view xml, const char* name) {
    if (!document.load_buffer(xml.data(), xml.size())) return {};
    const pugi::xml_node root = document.document_element();
    return std::string_view(root.name()) == name ? root : pugi::xml_node();
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Names come encoded where the answer says so: XML cannot hold every character.
std::optional<std::string> decoded(std::string_view text, bool is_encoded) {
    if (!is_encoded) return std::string(text);
    std::string name;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            name.push_back(text[i] == '+' ? ' ' : text[i]);
            continue;
        }
        const auto byte = hex_decode(text.substr(i + 1, 2));
        if (!byte || byte->size() != 1) return std::nullopt;
        name.push_back(static_cast<char>(byte->front()));
        i += 2;
    }
    return name;
}

bool is_true(const pugi::xml_node& root, const char* name) {
    return std::string_view(root.child_value(name)) == "true";
}

bool is_url_encoded(const pugi::xml_node& root) {
    return std::string_view(root.child_value("EncodingType")) == "url";
}

std::string text_of(const pugi::xml_document& document) {
    std::ostringstream text;
    document.save(text, "", pugi::format_raw | pugi::format_no_declaration);
    return text.str();
}

}  // namespace

std::optional<ObjectPage> parse_object_page(std::string_view xml) {
    pugi::xml_document document;
    const pugi::xml_node root = root_of(document, xml, "ListBucketResult");
    if (!root) return std::nullopt;
    ObjectPage page;
    for (const pugi::xml_node& node : root.children("Contents")) {
        auto name = decoded(node.child_value("Key"), is_url_encoded(root));
        const auto size = number(node.child_value("Size"));
        const auto time = parse_rfc3339(node.child_value("LastModified"));
        if (!name || name->empty() || !size || !time) return std::nullopt;
        page.objects.push_back({std::move(*name), *size, *time});
    }
    if (is_true(root, "IsTruncated")) {
        page.next_token = root.child_value("NextContinuationToken");
        if (page.next_token.empty()) return std::nullopt;
    }
    return page;
}

std::optional<UploadPage> parse_upload_page(std::string_view xml) {
    pugi::xml_document document;
    const pugi::xml_node root = root_of(document, xml, "ListMultipartUploadsResult");
    if (!root) return std::nullopt;
    UploadPage page;
    for (const pugi::xml_node& node : root.children("Upload")) {
        auto name = decoded(node.child_value("Key"), is_url_encoded(root));
        std::string id = node.child_value("UploadId");
        const auto time = parse_rfc3339(node.child_value("Initiated"));
        if (!name || name->empty() || id.empty() || !time) return std::nullopt;
        page.uploads.push_back({std::move(*name), std::move(id), *time});
    }
    if (is_true(root, "IsTruncated")) {
        auto name = decoded(root.child_value("NextKeyMarker"), is_url_encoded(root));
        if (!name || name->empty()) return std::nullopt;
        page.next_name = std::move(*name);
        page.next_id = root.child_value("NextUploadIdMarker");
    }
    return page;
}

std::optional<std::string> parse_upload_id(std::string_view xml) {
    pugi::xml_document document;
    const pugi::xml_node root = root_of(document, xml, "InitiateMultipartUploadResult");
    std::string id = root.child_value("UploadId");
    if (id.empty()) return std::nullopt;
    return id;
}

bool is_completed_upload(std::string_view xml) {
    pugi::xml_document document;
    return static_cast<bool>(root_of(document, xml, "CompleteMultipartUploadResult"));
}

std::optional<std::vector<DeletedObject>> parse_deletions(std::string_view xml) {
    pugi::xml_document document;
    const pugi::xml_node root = root_of(document, xml, "DeleteResult");
    if (!root) return std::nullopt;
    std::vector<DeletedObject> objects;
    for (const pugi::xml_node& node : root.children("Deleted"))
        objects.push_back({node.child_value("Key"), true});
    for (const pugi::xml_node& node : root.children("Error")) {
        const bool was_not_there = std::string_view(node.child_value("Code")) == "NoSuchKey";
        objects.push_back({node.child_value("Key"), was_not_there});
    }
    return objects;
}

std::string error_code_in(std::string_view xml) {
    pugi::xml_document document;
    std::string code = root_of(document, xml, "Error").child_value("Code");
    const bool is_word =
        code.size() <= code_length_max && std::ranges::all_of(code, [](char c) {
            return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        });
    return is_word ? code : std::string();
}

std::string completion(std::span<const std::string> etags) {
    pugi::xml_document document;
    pugi::xml_node root = document.append_child("CompleteMultipartUpload");
    unsigned part_number = 0;
    for (const std::string& etag : etags) {
        pugi::xml_node part = root.append_child("Part");
        part.append_child("PartNumber").text().set(++part_number);
        part.append_child("ETag").text().set(etag.c_str());
    }
    return text_of(document);
}

std::string batch_deletion(std::span<const std::string> names) {
    pugi::xml_document document;
    pugi::xml_node root = document.append_child("Delete");
    for (const std::string& name : names)
        root.append_child("Object").append_child("Key").text().set(name.c_str());
    return text_of(document);
}

std::string bucket_location(std::string_view region) {
    if (region == "us-east-1") return {};
    pugi::xml_document document;
    pugi::xml_node root = document.append_child("CreateBucketConfiguration");
    root.append_attribute("xmlns").set_value("http://s3.amazonaws.com/doc/2006-03-01/");
    root.append_child("LocationConstraint").text().set(std::string(region).c_str());
    return text_of(document);
}

}  // namespace safelight::s3
