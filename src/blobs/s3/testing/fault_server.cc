#include "blobs/s3/testing/fault_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "blobs/s3/testing/sockets.h"

namespace safelight::s3 {
namespace {

std::size_t content_length(std::string_view head) {
    const std::string lower = to_lower_ascii(head);
    constexpr std::string_view name = "\r\ncontent-length:";
    const std::size_t at = lower.find(name);
    if (at == std::string::npos) return 0;
    const std::string_view value = trim(std::string_view(lower).substr(at + name.size(), 20));
    std::size_t length = 0;
    std::from_chars(value.data(), value.data() + value.size(), length);
    return length;
}

std::optional<SeenRequest> read_request(int connection, const std::stop_token& stop) {
    std::string text;
    std::size_t head_bytes = std::string::npos;
    while (head_bytes == std::string::npos) {
        if (!wait_readable(connection, stop) || !receive(connection, text)) return std::nullopt;
        head_bytes = text.find("\r\n\r\n");
    }
    SeenRequest request;
    request.head = text.substr(0, head_bytes + 2);
    request.body = text.substr(head_bytes + 4);
    const std::size_t length = content_length(request.head);
    while (request.body.size() < length) {
        if (!wait_readable(connection, stop) || !receive(connection, request.body)) return std::nullopt;
    }
    const std::size_t first_space = request.head.find(' ');
    request.method = request.head.substr(0, first_space);
    request.target =
        request.head.substr(first_space + 1, request.head.find(' ', first_space + 1) - first_space - 1);
    return request;
}

std::string without_header(const std::string& head, const std::string& name) {
    if (name.empty()) return head;
    const std::size_t begin = to_lower_ascii(head).find("\r\n" + name + ":");
    if (begin == std::string::npos) return head;
    return head.substr(0, begin) + head.substr(head.find("\r\n", begin + 2));
}

}  // namespace

Treatment answer(const std::string& status, const std::string& body, const std::string& headers) {
    return {.answer = "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " +
                      std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body};
}

Treatment refuse(const std::string& status, const std::string& s3_code) {
    return answer(status, "<?xml version=\"1.0\"?><Error><Code>" + s3_code +
                              "</Code><Message>text of the server</Message></Error>");
}

Treatment ConditionalPlan::operator()(const SeenRequest& request) {
    if (request.is("DELETE")) objects_.erase(request.target);
    if (!request.is("PUT") || request.target.contains('?')) return pass();
    const bool is_new = objects_.insert(request.target).second;
    if (!is_new && to_lower_ascii(request.head).contains("\r\nif-none-match: *"))
        return refuse("412 Precondition Failed", "PreconditionFailed");
    return {.is_passed = true, .without = "if-none-match"};
}

FaultServer::FaultServer(int upstream_port, Plan plan)
    : upstream_port_(upstream_port),
      plan_(std::move(plan)),
      listener_(new_listener(port_)),
      acceptor_([this](const std::stop_token& stop) { accept_all(stop); }) {}

FaultServer::~FaultServer() {
    acceptor_.request_stop();
    acceptor_.join();
    threads_.clear();
}

void FaultServer::accept_all(const std::stop_token& stop) {
    while (wait_readable(listener_.get(), stop)) {
        Descriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!connection.is_open()) continue;
        ++connections_;
        threads_.emplace_back(
            [this](const std::stop_token& own_stop, const Descriptor& socket) { serve(own_stop, socket); },
            std::move(connection));
    }
}

void FaultServer::serve(const std::stop_token& stop, const Descriptor& connection) {
    while (serve_one(stop, connection.get())) {
    }
}

bool FaultServer::serve_one(const std::stop_token& stop, int connection) {
    auto request = read_request(connection, stop);
    if (!request) return false;
    Treatment treatment;
    {
        const std::lock_guard lock(mutex_);
        request->number = requests_.size();
        requests_.push_back(*request);
        treatment = plan_(*request);
    }
    if (treatment.is_passed) {
        treatment.answer = upstream_answer(*request, treatment.without);
        if (treatment.is_answer_lost) treatment.answer.clear();
    }
    send_all(connection, std::string_view(treatment.answer).substr(0, treatment.bytes_max));
    if (treatment.hangs) (void)wait_readable(connection, stop);  // its end
    return treatment.stays_open;
}

/// Everything until the real server closes the connection.
std::string FaultServer::upstream_answer(const SeenRequest& request, const std::string& without) const {
    const Descriptor upstream = connected(upstream_port_);
    if (!upstream.is_open()) return {};
    send_all(upstream.get(),
             without_header(request.head, without) + "Connection: close\r\n\r\n" + request.body);
    std::string text;
    while (receive(upstream.get(), text)) {
    }
    return text;
}

std::vector<SeenRequest> FaultServer::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

std::size_t FaultServer::count(std::string_view method, std::string_view in_target) const {
    const auto seen = requests();
    return static_cast<std::size_t>(std::ranges::count_if(
        seen, [&](const SeenRequest& request) { return request.is(method, in_target); }));
}

}  // namespace safelight::s3
